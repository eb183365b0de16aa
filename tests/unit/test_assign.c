/* Who owns a case: rules, language and load, the ladder; bad policies name the place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "routing/assign.h"

static struct assign_policy *shipped;

static int
open_policy(void **state)
{
    (void)state;
    struct err err = {0};
    shipped = assign_policy_load("deploy/policy", &err);
    if (!shipped)
        print_message("%s\n", err.text);
    return shipped ? 0 : -1;
}

static int
close_policy(void **state)
{
    (void)state;
    assign_policy_free(shipped);
    return 0;
}

static void
test_rules_first_match_wins(void **state)
{
    (void)state;
    static const struct {
        const char *product, *channel, *regulator, *tier, *priority, *flag, *expect;
    } table[] = {
        {"Credit card or prepaid card", "web", NULL, NULL, "P3", NULL, "banking"},
        {"信用卡", "web", NULL, NULL, "P3", NULL, "banking"},
        {"Flight delay", "phone", NULL, NULL, "P3", NULL, "travel"},
        {NULL, "web", NULL, NULL, "P3", NULL, NULL},
        {"mortgage", "social", NULL, NULL, "P3", NULL, "public"},
        {"mortgage", "social", "CFPB", NULL, "P3", NULL, "regulator"},
        {"mortgage", "regulator", NULL, NULL, "P3", NULL, "regulator-channel"},
        {"mortgage", "social", "CFPB", NULL, "P3", "injury", "safety-first"},
        {"mortgage", "web", NULL, "GOLD", "P1", NULL, "vip-in-trouble"},
        {"mortgage", "web", NULL, "gold", "P2", NULL, "banking"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i,
                      table[i].expect ? table[i].expect : "(default)");
        struct str flag = str_from(table[i].flag);
        struct assign_facts facts = {.n_flags = table[i].flag ? 1 : 0, .flags = &flag};
        facts.field[ASSIGN_PRODUCT] = str_from(table[i].product);
        facts.field[ASSIGN_CHANNEL] = str_from(table[i].channel);
        facts.field[ASSIGN_REGULATOR] = str_from(table[i].regulator);
        facts.field[ASSIGN_TIER] = str_from(table[i].tier);
        facts.field[ASSIGN_PRIORITY] = str_from(table[i].priority);
        const struct assign_rule *rule = assign_match(shipped, &facts);
        if (!table[i].expect) {
            assert_null(rule);
            continue;
        }
        assert_non_null(rule);
        assert_true(str_eq(rule->name, str_from(table[i].expect)));
    }
}

/* Loads by the member's place in the team. */
struct loads {
    const struct assign_team *team;
    const int64_t *open;
};

static int64_t
load_of(void *ctx, struct str team, struct str member)
{
    const struct loads *loads = ctx;
    assert_true(str_eq(team, loads->team->name));
    for (size_t i = 0; i < loads->team->n_members; i++)
        if (str_eq(loads->team->members[i].name, member))
            return loads->open[i];
    assert_true(false);
    return 0;
}

static void
test_owner_by_language_and_load(void **state)
{
    (void)state;
    struct str en[] = {STR("en")};
    struct str both[] = {STR("zh"), STR("en")};
    struct assign_member members[] = {
        {STR("a"), 1, en, 10}, {STR("b"), 2, both, 20}, {STR("c"), 1, en, 10}};
    struct assign_team team = {
        .name = STR("t"), .lead = STR("lead"), COUNT_OF(members), members};
    static const struct {
        int64_t open[3];
        const char *language, *expect;
        bool speaks;
    } table[] = {
        {{0, 0, 0}, "en", "a", true},   /* a tie: first in the file            */
        {{1, 0, 0}, "en", "b", true},   /* least load                          */
        {{1, 1, 1}, "en", "b", true},   /* 1 of 20 is less than 1 of 10        */
        {{1, 2, 1}, "en", "a", true},   /* 2 of 20 equals 1 of 10: first       */
        {{0, 99, 0}, "zh", "b", true},  /* the language counts before the load */
        {{5, 11, 4}, "fr", "c", false}, /* nobody speaks it: anyone           */
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].expect);
        struct loads loads = {&team, table[i].open};
        struct assign_choice choice =
            assign_owner(&team, str_from(table[i].language), load_of, &loads);
        assert_true(str_eq(choice.owner, str_from(table[i].expect)));
        assert_int_equal(choice.speaks, table[i].speaks);
        assert_int_equal(choice.open, table[i].open[choice.member - members]);
    }
    team.n_members = 0;
    struct loads none = {&team, NULL};
    struct assign_choice lead = assign_owner(&team, STR("en"), load_of, &none);
    assert_true(str_eq(lead.owner, STR("lead")));
    assert_null(lead.member);
}

static void
test_a_rung_is_a_named_person(void **state)
{
    (void)state;
    static const struct {
        const char *team, *owner, *role;
        int64_t level;
        const char *expect;
    } table[] = {
        {"banking", "dev", "team_lead", 1, "banking-lead"},
        {"BANKING", "dev", "team_lead", 1, "banking-lead"},
        {"banking", "dev", "head_of_complaints", 2, "head-of-complaints"},
        {"banking", "dev", "executive", 3, "board-member-for-customers"},
        /* the role says it, not the number: another ladder begins higher */
        {"banking", "dev", "head_of_complaints", 1, "head-of-complaints"},
        /* nobody's desk: the default team answers for it */
        {"no such team", "x", "team_lead", 1, "front-office-lead"},
        {NULL, NULL, "team_lead", 1, "front-office-lead"},
        /* a role that nobody has: the next higher one by its number */
        {"banking", "dev", "duty_manager", 1, "banking-lead"},
        {"banking", "dev", "duty_manager", 2, "head-of-complaints"},
        {"banking", "dev", "duty_manager", 99, "head-of-complaints"},
        /* without a role the number says it */
        {"banking", "dev", NULL, 1, "banking-lead"},
        {"banking", "dev", NULL, 3, "board-member-for-customers"},
        {"banking", "dev", NULL, 0, "banking-lead"},
        /* to himself is nowhere */
        {"banking", "banking-lead", "team_lead", 1, "head-of-complaints"},
        {"customer-relations", "head-of-complaints", "team_lead", 1,
         "board-member-for-customers"},
        {"customer-relations", "board-member-for-customers", "executive", 3,
         "board-member-for-customers"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s %s %lld\n", i, table[i].team ? table[i].team : "-",
                      table[i].role ? table[i].role : "-", (long long)table[i].level);
        struct str person =
            assign_escalate(shipped, str_from(table[i].team), str_from(table[i].owner),
                            str_from(table[i].role), table[i].level);
        assert_true(str_eq(person, str_from(table[i].expect)));
    }
}

/* A team may have people of its own for a role. */
static void
test_roles_of_a_team(void **state)
{
    (void)state;
    struct assign_role own = {STR("head_of_complaints"), STR("uta")};
    struct assign_role all = {STR("head_of_complaints"), STR("max")};
    struct str rungs[] = {STR("team_lead"), STR("head_of_complaints")};
    struct assign_team teams[] = {
        {.name = STR("a"), .lead = STR("la"), .roles = {1, &own}},
        {.name = STR("b"), .lead = STR("lb")},
    };
    struct assign_policy policy = {
        .default_team = STR("b"),
        .senior_owner = STR("senior"),
        .roles = {1, &all},
        .n_rungs = COUNT_OF(rungs),
        .rungs = rungs,
        .n_teams = COUNT_OF(teams),
        .teams = teams,
    };
    struct str role = STR("head_of_complaints");
    assert_true(
        str_eq(assign_escalate(&policy, STR("a"), STR("x"), role, 2), STR("uta")));
    assert_true(
        str_eq(assign_escalate(&policy, STR("b"), STR("x"), role, 2), STR("max")));
    policy.n_rungs = 0;
    assert_true(
        str_eq(assign_escalate(&policy, STR("b"), STR("x"), STR("?"), 1), STR("senior")));
}

static void
test_bad_policies_are_refused(void **state)
{
    (void)state;
#define HEAD "\"senior\":{\"team\":\"t\",\"owner\":\"o\"},\"escalation\":[],"
    static const struct {
        const char *text, *expect;
    } table[] = {
        {"{" HEAD "\"default_team\":\"t\",\"teams\":[],\"rules\":[]}",
         "default_team \"t\""},
        {"{" HEAD "\"default_team\":\"t\",\"teams\":[{\"name\":\"t\"}],\"rules\":[]}",
         "$.teams[0].lead"},
        {"{" HEAD "\"default_team\":\"t\",\"teams\":[{\"name\":\"t\",\"lead\":\"l\"}],"
         "\"rules\":[{\"name\":\"r\",\"team\":\"x\"}]}",
         "$.rules[0]"},
        {"{" HEAD "\"default_team\":\"t\",\"teams\":[{\"name\":\"t\",\"lead\":\"l\"}],"
         "\"rules\":[{\"name\":\"r\",\"team\":\"t\",\"chanel\":[]}]}",
         "unknown key \"chanel\""},
        {"{" HEAD "\"default_team\":\"t\",\"transfer_limit\":-1,"
         "\"teams\":[{\"name\":\"t\",\"lead\":\"l\"}],\"rules\":[]}",
         "$.transfer_limit"},
        {"{\"senior\":{\"team\":\"t\",\"owner\":\"o\"},\"escalation\":[\"boss\"],"
         "\"default_team\":\"t\",\"teams\":[{\"name\":\"t\",\"lead\":\"l\"}],\"rules\":[]"
         "}",
         "escalation \"boss\": nobody"},
        {"{" HEAD "\"default_team\":\"t\",\"teams\":[{\"name\":\"t\",\"lead\":\"l\","
         "\"roles\":{\"boss\":\"\"}}],\"rules\":[]}",
         "role \"boss\" has no person"},
        {"{" HEAD "\"default_team\":\"t\",\"teams\":[{\"name\":\"t\",\"lead\":\"\"}],"
         "\"rules\":[]}",
         "a team needs a name and a lead"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].expect);
        char dir[] = "/tmp/redress-routing-XXXXXX";
        char path[64];
        assert_non_null(mkdtemp(dir));
        (void)snprintf(path, sizeof(path), "%s/routing.json", dir);
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        fputs(table[i].text, out);
        assert_int_equal(fclose(out), 0);
        struct err err = {0};
        assert_null(assign_policy_load(dir, &err));
        print_message("  %s\n", err.text);
        assert_int_equal(err.action, ERR_STOP);
        assert_non_null(strstr(err.text, table[i].expect));
        unlink(path);
        rmdir(dir);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_first_match_wins),
        cmocka_unit_test(test_owner_by_language_and_load),
        cmocka_unit_test(test_a_rung_is_a_named_person),
        cmocka_unit_test(test_roles_of_a_team),
        cmocka_unit_test(test_bad_policies_are_refused),
    };
    return cmocka_run_group_tests(tests, open_policy, close_policy);
}
