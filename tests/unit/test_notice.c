/* What complainants are told: words, dates, limits; each event the same notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gen/submission.h"
#include "routing/assign.h"
#include "routing/stages.h"
#include "state/store.h"

static struct notice_policy shipped;

static int
open_policy(void **state)
{
    (void)state;
    struct err err = {0};
    if (notice_policy_load(&shipped, "deploy/policy", &err))
        return 0;
    print_message("%s\n", err.text);
    return -1;
}

static int
close_policy(void **state)
{
    (void)state;
    notice_policy_release(&shipped);
    return 0;
}

/* A case about which everything is known, and a notice that uses it. */
static struct assign_case
a_case(const char *language)
{
    return (struct assign_case){
        .complaint_id = STR("0123456789ab-8000"),
        .complaint_ref = STR("R1"),
        .customer_key = STR("0123456789ab"),
        .language = str_from(language),
        .kind = KIND_COMPLAINT,
        .state = STATE_OPEN,
        .routing = {.team = STR("desk"), .owner = STR("ann")},
    };
}

static struct notice_facts
facts_of(const struct assign_case *c, enum occasion occasion)
{
    return (struct notice_facts){
        .occasion = occasion,
        .event_id = STR("e1"),
        .cause = STR("cause"),
        .at_ms = 1000,
        .c = c,
        .promise_id = STR("p1"),
        .promise = STR("a call"),
        .reason = STR("a reason"),
        .remedy = STR("refund"),
        .has_amount = true,
        .amount = 12.5,
        .currency = STR("EUR"),
        .referred_to = STR("them"),
        .case_ref = STR("T1"),
        .into_ref = STR("R2"),
        .previous_ref = STR("R0"),
        .clock = CLOCK_RESOLUTION,
        .due_at = DAY_MS,
        .until = 2 * DAY_MS,
        .previous = DAY_MS,
        .appeal_until = 30 * DAY_MS,
    };
}

static json_t *
printed(const struct notice_facts *facts)
{
    CLEANUP(buf_release) struct buf out = {.max_bytes = (size_t)2 * 1024 * 1024};
    json_error_t fault;
    assert_true(notice_print(&shipped, facts, &out));
    json_t *json = json_loadb(out.ptr, out.len, JSON_REJECT_DUPLICATES, &fault);
    if (!json)
        fail_msg("%s in %.*s", fault.text, (int)out.len, out.ptr);
    return json;
}

static const char *
data_of(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json_object_get(json, "data"), key));
}

static void
test_every_template_fills(void **state)
{
    (void)state;
    static const char *const LANGUAGES[] = {"en", "zh"};
    for (int occasion = 0; occasion < OCCASION_COUNT; occasion++)
        for (int kind = 0; kind < KIND_COUNT; kind++)
            for (size_t l = 0; l < COUNT_OF(LANGUAGES); l++) {
                struct assign_case c = a_case(LANGUAGES[l]);
                c.kind = (enum kind)kind;
                print_message("%s %s %s\n", occasion_key((enum occasion)occasion),
                              kind_name(c.kind), LANGUAGES[l]);
                struct notice_facts facts = facts_of(&c, (enum occasion)occasion);
                json_t *json = printed(&facts);
                assert_non_null(strstr(data_of(json, "title"), "R1"));
                assert_null(strchr(data_of(json, "title"), '{'));
                assert_null(strchr(data_of(json, "text"), '{'));
                assert_string_equal(data_of(json, "language"), LANGUAGES[l]);
                json_decref(json);
                /* And where nothing but the case is known. */
                facts = (struct notice_facts){.occasion = (enum occasion)occasion,
                                              .event_id = STR("e"),
                                              .c = &c,
                                              .due_at = TIME_NONE,
                                              .until = TIME_NONE,
                                              .previous = TIME_NONE,
                                              .appeal_until = TIME_NONE};
                json = printed(&facts);
                assert_true(strlen(data_of(json, "text")) > 20);
                assert_null(strchr(data_of(json, "text"), '{'));
                json_decref(json);
            }
}

static void
test_the_cloudevent_is_whole(void **state)
{
    (void)state;
    struct assign_case c = a_case("en");
    struct notice_facts facts = facts_of(&c, OCCASION_DELAY_EXTENDED);
    struct customer recipient = {.email = STR("a@b.example")};
    facts.recipient = &recipient;
    json_t *json = printed(&facts);
    static const struct {
        const char *name, *expect;
    } table[] = {
        {"specversion", "1.0"},
        {"id", "e1"},
        {"source", "redress/routing"},
        {"type", "notification.delay"},
        {"subject", "0123456789ab-8000"},
        {"time", "1970-01-01T00:00:01.000Z"},
        {"datacontenttype", "application/json"},
        {"partitionkey", "0123456789ab"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].name);
        assert_string_equal(json_string_value(json_object_get(json, table[i].name)),
                            table[i].expect);
    }
    assert_string_equal(data_of(json, "about"), "extended");
    assert_string_equal(data_of(json, "cause"), "cause");
    assert_string_equal(data_of(json, "until"), "1970-01-03T00:00:00.000Z");
    json_t *to = json_object_get(json_object_get(json, "data"), "recipient");
    assert_string_equal(json_string_value(json_object_get(to, "email")), "a@b.example");
    assert_null(json_object_get(to, "phone"));
    json_decref(json);
}

static void
test_dates_are_local(void **state)
{
    (void)state;
    static const struct {
        const char *language, *zone, *at, *expect;
    } table[] = {
        {"en", "Etc/UTC", "2026-03-05T17:00:59.999Z", " 2026-03-05 17:00 (UTC)"},
        {"en", "Europe/London", "2026-03-28T17:00:00Z",
         " 2026-03-28 17:00 (London time)"},
        {"en", "Europe/London", "2026-03-29T17:00:00Z",
         " 2026-03-29 18:00 (London time)"},
        {"en", "Europe/London", "2026-06-30T23:00:00Z",
         " the end of 2026-06-30 (London time)"},
        {"en", "Europe/London", "2026-06-30T23:01:00Z",
         " 2026-07-01 00:01 (London time)"},
        {"en", "America/New_York", "2027-01-01T05:00:00Z",
         " the end of 2026-12-31 (New York time)"},
        {"zh", "Asia/Shanghai", "2026-03-05T09:00:00Z", "2026年3月5日17:00（北京时间）"},
        {"zh", "Asia/Shanghai", "2028-02-29T16:00:00Z", "2028年2月29日24:00（北京时间）"},
        /* no zone, and one that the file does not list: the language's own */
        {"zh", NULL, "2026-03-05T09:00:00Z", "2026年3月5日17:00（北京时间）"},
        {"en", "Mars/Olympus", "2026-03-05T09:00:00Z", " 2026-03-05 09:00 (UTC)"},
        {"en", "Etc/UTC", "1969-12-31T23:30:00Z", " 1969-12-31 23:30 (UTC)"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].expect);
        struct assign_case c = a_case(table[i].language);
        c.zone = str_from(table[i].zone);
        struct notice_facts facts = facts_of(&c, OCCASION_PROMISE);
        assert_true(time_parse(str_from(table[i].at), &facts.due_at));
        json_t *json = printed(&facts);
        print_message("  %s\n", data_of(json, "text"));
        assert_non_null(strstr(data_of(json, "text"), table[i].expect));
        json_decref(json);
    }
}

static void
test_amounts(void **state)
{
    (void)state;
    static const struct {
        bool has;
        double amount;
        const char *currency, *expect; /* NULL: no line of it */
    } table[] = {
        {true, 20, "EUR", "20 EUR"},     {true, 12.5, "EUR", "12.50 EUR"},
        {true, 0.07, "GBP", "0.07 GBP"}, {true, 1234567.89, NULL, "1234567.89."},
        {true, 0, "EUR", "0 EUR"},       {true, 1e300, "EUR", NULL},
        {false, 5, "EUR", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].expect ? table[i].expect : "-");
        struct assign_case c = a_case("en");
        struct notice_facts facts = facts_of(&c, OCCASION_WAITING_DECISION);
        facts.has_amount = table[i].has;
        facts.amount = table[i].amount;
        facts.currency = str_from(table[i].currency);
        json_t *json = printed(&facts);
        if (table[i].expect)
            assert_non_null(strstr(data_of(json, "text"), table[i].expect));
        else
            assert_null(strstr(data_of(json, "text"), "Amount"));
        json_decref(json);
    }
}

/* What people wrote is a value, never a template, and never too long for one. */
static void
test_values_stay_values(void **state)
{
    (void)state;
    struct assign_case c = a_case("en");
    struct notice_facts facts = facts_of(&c, OCCASION_REJECTION);
    facts.reason = STR("see {owner} {nothing} \"quoted\" \\ \t\n");
    json_t *json = printed(&facts);
    assert_non_null(strstr(data_of(json, "text"), "{owner} {nothing} \"quoted\" \\"));
    json_decref(json);

    size_t len = 32768;
    char *huge = malloc(len);
    assert_non_null(huge);
    for (size_t i = 0; i + 3 <= len; i++)
        huge[i] = "\xe6\x8a\x95"[i % 3];
    facts.reason = (struct str){huge, len - len % 3};
    json = printed(&facts);
    assert_int_equal(strlen(data_of(json, "reason")), len - len % 3);
    assert_true(strlen(data_of(json, "text")) < (size_t)3 * NOTICE_MAX_VALUE_BYTES);
    assert_non_null(strstr(data_of(json, "text"), "\xe6\x8a\x95…"));
    json_decref(json);
    free(huge);
}

static void
test_language(void **state)
{
    (void)state;
    static const struct {
        const char *found, *said;
        enum notice_language expect;
    } table[] = {
        {"zh", NULL, NOTICE_ZH},         {"en", "zh", NOTICE_EN},
        {"other", "zh-Hant", NOTICE_ZH}, {"other", "fr", NOTICE_EN},
        {NULL, NULL, NOTICE_EN},         {NULL, "ZH", NOTICE_ZH},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu\n", i);
        struct assign_case c = a_case(table[i].found);
        c.said_language = str_from(table[i].said);
        assert_int_equal(notice_language_of(&c), table[i].expect);
    }
}

/* --- what is told of what was told ---------------------------------------------------
 */

static bool
promise(struct assign_case *c, struct arena *arena, const char *id, int64_t due_ms,
        struct notice_facts *ret)
{
    struct action said = {.promise_id = arena_str(arena, str_from(id)),
                          .promise = STR("p"),
                          .has_due_at = true,
                          .due_at = due_ms};
    struct complaint_event ev = {
        .event_id = STR("e"), .type = EVENT_TYPE_COMPLAINT_PROMISED, .action = &said};
    struct notice_before before = {.state = STATE_OPEN};
    return notice_choose(c, &before, &ev, arena, ret);
}

/* A stranger may promise without end: the list does not grow, the dates of the clocks
 * stay in it. */
static void
test_dates_kept_are_bounded(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct assign_told first = {.clock = CLOCK_FIRST_RESPONSE, .due_at = 5};
    struct assign_case c = a_case("en");
    struct notice_facts facts;
    c.acknowledged = true;
    c.n_told = 1;
    c.told = &first;
    for (int i = 0; i < 100; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "p%d", i);
        assert_true(promise(&c, &arena, id, 1000 + i, &facts));
        assert_true(c.n_told <= NOTICE_MAX_TOLD);
    }
    assert_int_equal(c.n_told, NOTICE_MAX_TOLD);
    assert_int_equal(c.told[0].clock, CLOCK_FIRST_RESPONSE);
    assert_true(str_eq(c.told[1].promise_id, STR("p69")));
    assert_true(str_eq(c.told[NOTICE_MAX_TOLD - 1].promise_id, STR("p99")));
    assert_false(promise(&c, &arena, "p99", 1099, &facts));
    arena_release(&arena);
}

static void
test_dates_go_on_at_the_target(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct assign_told told[] = {
        {.clock = CLOCK_RESOLUTION, .due_at = 1},
        {.clock = CLOCK_STATUTORY, .due_at = 2},
        {.clock = CLOCK_PROMISE, .promise_id = STR("a"), .due_at = 3, .overdue = true},
        {.clock = CLOCK_PROMISE, .promise_id = STR("b"), .due_at = 4},
        {.clock = CLOCK_PROMISE, .promise_id = STR("c"), .due_at = 5},
    };
    struct assign_told own = {
        .clock = CLOCK_PROMISE, .promise_id = STR("c"), .due_at = 9};
    struct assign_case source = a_case("en");
    struct assign_case target = a_case("en");
    source.n_told = COUNT_OF(told);
    source.told = told;
    target.n_told = 1;
    target.told = &own;
    notice_take_over(&target, &source, &arena);
    assert_int_equal(target.n_told, 3);
    assert_int_equal(target.told[0].due_at, 9);
    assert_int_equal(target.told[1].clock, CLOCK_STATUTORY);
    assert_true(str_eq(target.told[2].promise_id, STR("b")));
    arena_release(&arena);
}

/* Breaches of the same instant are one apology; each date is owned up to once. */
static void
test_overdue_once(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct assign_told told[] = {
        {.clock = CLOCK_FIRST_RESPONSE, .due_at = 5},
        {.clock = CLOCK_RESOLUTION, .due_at = 5},
        {.clock = CLOCK_STATUTORY, .due_at = 7},
    };
    static const struct {
        enum clock clock;
        enum event_type type;
        int64_t due_at;
        bool expect;
    } table[] = {
        {CLOCK_FIRST_RESPONSE, EVENT_TYPE_SLA_WARNED, 5, false},
        {CLOCK_OWNER, EVENT_TYPE_SLA_BREACHED, 5, false},
        {CLOCK_NEXT_RESPONSE, EVENT_TYPE_SLA_BREACHED, 5, false}, /* was never told */
        {CLOCK_FIRST_RESPONSE, EVENT_TYPE_SLA_BREACHED, 5, true},
        {CLOCK_RESOLUTION, EVENT_TYPE_SLA_BREACHED, 5, false}, /* said just now */
        {CLOCK_FIRST_RESPONSE, EVENT_TYPE_SLA_BREACHED, 5, false},
        {CLOCK_STATUTORY, EVENT_TYPE_SLA_BREACHED, 7, true},
        {CLOCK_STATUTORY, EVENT_TYPE_SLA_BREACHED, 7, false},
        {CLOCK_FIRST_RESPONSE, EVENT_TYPE_SLA_BREACHED, 5, false},
    };
    struct assign_case c = a_case("en");
    c.acknowledged = true;
    c.n_told = COUNT_OF(told);
    c.told = told;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, clock_name(table[i].clock));
        struct sla_fired fired = {.clock = table[i].clock, .due_at = table[i].due_at};
        struct sla_section sla = {.fired = &fired};
        struct complaint_event ev = {
            .event_id = STR("e"), .type = table[i].type, .stage = STAGE_SLA, .sla = &sla};
        struct notice_before before = {.state = STATE_OPEN};
        struct notice_facts facts;
        assert_int_equal(notice_choose(&c, &before, &ev, &arena, &facts),
                         table[i].expect);
    }
    arena_release(&arena);
}

/* --- the stage: once, and the same again -----------------------------------------------
 */

struct sent {
    size_t notices;
    char first[8192];
};

/* Runs a submission through a new store `times` times; what the last store held counts.
 */
static void
submit(struct sent *sent, int times, bool history)
{
    struct err err = {0};
    struct store *store = store_new();
    struct turn *turn = turn_new();
    struct turn_driver driver = {.def = &assign_stage,
                                 .store = store,
                                 .policy = assign_policy_load("deploy/policy", &err),
                                 .settings = {.salt = STR("salt")},
                                 .clock_ms = TIME_NONE};
    assert_non_null(driver.policy);
    struct submission said = {.channel = CHANNEL_WEB};
    struct register_section reg = {.state = STATE_OPEN,
                                   .complaint_ref = STR("R1"),
                                   .received_at = DAY_MS,
                                   .history = history};
    struct complaint_event ev = {.event_id = STR("11111111-1111-8111-8111-111111111111"),
                                 .type = EVENT_TYPE_COMPLAINT_SUBMITTED,
                                 .stage = STAGE_REGISTER,
                                 .complaint_id = STR("0123456789ab-8000"),
                                 .customer_key = STR("0123456789ab"),
                                 .occurred_at = DAY_MS,
                                 .recorded_at = DAY_MS,
                                 .submission = &said,
                                 .register_ = &reg};
    CLEANUP(buf_release) struct buf bytes = {0};
    assert_true(wire_encode(&complaint_event_wire, &ev, &bytes, &err));
    *sent = (struct sent){0};
    for (int i = 0; i < times; i++) {
        const struct output *outputs = NULL;
        struct raw_message message = {.topic = STR("t"),
                                      .offset = i,
                                      .timestamp_ms = DAY_MS,
                                      .key = ev.customer_key,
                                      .value = buf_str(&bytes)};
        assert_true(turn_run(turn, &driver, &message, DAY_MS, &err));
        size_t n = turn_outputs(turn, &outputs);
        for (size_t k = 0; k < n; k++) {
            assert_int_not_equal(outputs[k].topic, OUTPUT_DEAD_LETTER);
            if (outputs[k].topic != 1)
                continue;
            assert_true(outputs[k].value.len < sizeof(sent->first));
            if (sent->notices++ == 0)
                memcpy(sent->first, outputs[k].value.ptr, outputs[k].value.len);
        }
        turn_clear(turn);
        store_commit(store);
    }
    assign_policy_free((void *)(uintptr_t)driver.policy);
    turn_drop(turn);
    store_drop(store);
}

static void
test_same_cause_same_notice(void **state)
{
    (void)state;
    static struct sent once;
    static struct sent again;
    submit(&once, 1, false);
    assert_int_equal(once.notices, 1);
    submit(&again, 1, false); /* a replay into an empty store: byte for byte */
    assert_string_equal(once.first, again.first);
    submit(&again, 2, false); /* should it come twice, it is said once */
    assert_int_equal(again.notices, 1);
    submit(&again, 1, true); /* history is told nothing */
    assert_int_equal(again.notices, 0);
}

/* Returns how many events went on. */
static size_t
hold(struct turn *turn, struct turn_driver *driver, const struct complaint_event *ev)
{
    CLEANUP(buf_release) struct buf bytes = {0};
    struct err err = {0};
    assert_true(wire_encode(&complaint_event_wire, ev, &bytes, &err));
    struct raw_message message = {.topic = STR("t"),
                                  .timestamp_ms = ev->occurred_at,
                                  .key = ev->customer_key,
                                  .value = buf_str(&bytes)};
    assert_true(turn_run(turn, driver, &message, ev->occurred_at, &err));
    const struct output *outputs = NULL;
    size_t n = turn_outputs(turn, &outputs);
    size_t events = 0;
    for (size_t i = 0; i < n; i++)
        events += outputs[i].topic == 0;
    turn_clear(turn);
    store_commit(driver->store);
    return events;
}

static void
look_for_address(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    (void)key;
    (void)due_ms;
    for (size_t i = 0; i + 11 <= value.len; i++)
        *(size_t *)ctx += memcmp(value.ptr + i, "a@b.example", 11) == 0;
}

/* A rung is told once, by its own event; of an erased customer no address stays. */
static void
test_rungs_and_erasure(void **state)
{
    (void)state;
    struct err err = {0};
    struct turn *turn = turn_new();
    struct turn_driver driver = {.def = &assign_stage,
                                 .store = store_new(),
                                 .policy = assign_policy_load("deploy/policy", &err),
                                 .settings = {.salt = STR("salt")},
                                 .clock_ms = TIME_NONE};
    assert_non_null(driver.policy);
    struct submission said = {.channel = CHANNEL_WEB};
    struct customer who = {.id = STR("c1"), .email = STR("a@b.example")};
    struct register_section reg = {.state = STATE_OPEN, .received_at = DAY_MS};
    struct complaint_event ev = {.event_id = STR("11111111-1111-8111-8111-111111111111"),
                                 .type = EVENT_TYPE_COMPLAINT_SUBMITTED,
                                 .stage = STAGE_REGISTER,
                                 .complaint_id = STR("0123456789ab-8000"),
                                 .customer_key = STR("0123456789ab"),
                                 .customer_hash = STR("0123456789abcdef"),
                                 .occurred_at = DAY_MS,
                                 .recorded_at = DAY_MS,
                                 .customer = &who,
                                 .submission = &said,
                                 .register_ = &reg};
    size_t found = 0;
    assert_int_equal(hold(turn, &driver, &ev), 2); /* itself, and that it was told */
    /* What a clock says shows the level of the instant; the rung's own event says whose.
     */
    struct sla_fired fired = {.clock = CLOCK_OWNER, .level = 1, .to = STR("executive")};
    struct sla_section sla = {.policy = STR("p"), .escalation_level = 1, .fired = &fired};
    struct complaint_event clock = {.event_id = STR("e3"),
                                    .type = EVENT_TYPE_SLA_BREACHED,
                                    .stage = STAGE_SLA,
                                    .complaint_id = ev.complaint_id,
                                    .customer_key = ev.customer_key,
                                    .occurred_at = DAY_MS,
                                    .recorded_at = DAY_MS,
                                    .sla = &sla};
    assert_int_equal(hold(turn, &driver, &clock), 1);
    clock.type = EVENT_TYPE_SLA_ESCALATED;
    assert_int_equal(hold(turn, &driver, &clock), 2);
    assert_int_equal(hold(turn, &driver, &clock), 1); /* climbed already */
    store_each(driver.store, true, look_for_address, &found);
    assert_int_equal(found, 2); /* the case's, and the customer's */

    struct complaint_event gone = {.event_id = STR("e2"),
                                   .type = EVENT_TYPE_CUSTOMER_ERASED,
                                   .stage = STAGE_REGISTER,
                                   .customer_key = ev.customer_key,
                                   .customer_hash = ev.customer_hash,
                                   .occurred_at = 2 * DAY_MS,
                                   .recorded_at = 2 * DAY_MS,
                                   .customer = &who};
    found = 0;
    assert_int_equal(hold(turn, &driver, &gone), 1);
    store_each(driver.store, true, look_for_address, &found);
    assert_int_equal(found, 0);
    assign_policy_free((void *)(uintptr_t)driver.policy);
    turn_drop(turn);
    store_drop(driver.store);
}

/* --- bad files -------------------------------------------------------------------------
 */

static void
write_file(const char *dir, const char *name, const char *text, size_t len)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

static void
test_bad_files_are_refused(void **state)
{
    (void)state;
    /* One place of the shipped file changed: what the start says of it. */
    static const struct {
        const char *file, *at, *key, *value, *expect;
    } table[] = {
        {"en", "notices/promise", "title", "\"Hello {owner}\"", "not in a title"},
        {"en", "notices/promise", "title", "\"Hello {ownr}\"", "unknown name {ownr}"},
        {"en", "notices/promise", "title", "\" \"", "a title has"},
        {"zh", "notices/promise", "lines", "[\"{nam}\"]", "unknown name {nam}"},
        {"zh", "notices/promise", "lines", "[\"{due_at\"]", "a { without"},
        {"zh", "notices/promise", "lines", "[\"due_at}\"]", "a } without"},
        {"zh", "notices/promise", "lines", "[\"{owner}\"]", "known in every case"},
        {"zh", "notices/promise", "lines", "[]", "known in every case"},
        {"zh", "notices/promise", "text", "\"x\"", "unknown key \"text\""},
        {"en", "notices", "reminder", "{}", "unknown key \"reminder\""},
        {"en", "notices", "delay.overdue", NULL, "delay.overdue"},
        {"en", "words/kinds", "inquiry", NULL, "inquiry"},
        {"en", "words/states", "external", "\"\"", "external"},
        {"en", "zones", "Mars/Olympus", "\"Mars\"", "no zone \"Mars/Olympus\""},
        {"en", "", "zone", "\"Europe/Paris\"", "is not in $.zones"},
        {"en", "appeal", "default", "\"\"", "default"},
        {"en", "", "notice", "1", "unknown key \"notice\""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].expect);
        char dir[] = "/tmp/redress-notices-XXXXXX";
        char path[64];
        assert_non_null(mkdtemp(dir));
        (void)snprintf(path, sizeof(path), "%s/notices", dir);
        assert_int_equal(mkdir(path, 0700), 0);
        static const char *const LANGUAGES[] = {"en", "zh"};
        for (size_t l = 0; l < COUNT_OF(LANGUAGES); l++) {
            char from[64];
            char to[32];
            json_error_t fault;
            (void)snprintf(from, sizeof(from), "deploy/policy/notices/%s.json",
                           LANGUAGES[l]);
            (void)snprintf(to, sizeof(to), "notices/%s.json", LANGUAGES[l]);
            json_t *json = json_load_file(from, 0, &fault);
            assert_non_null(json);
            json_t *at = json;
            char place[64];
            (void)snprintf(place, sizeof(place), "%s", table[i].at);
            char *slash = strchr(place, '/');
            if (slash)
                *slash = '\0';
            if (*place)
                at = json_object_get(at, place);
            if (slash)
                at = json_object_get(at, slash + 1);
            assert_non_null(at);
            if (strcmp(table[i].file, LANGUAGES[l]) == 0) {
                if (table[i].value)
                    json_object_set_new(
                        at, table[i].key,
                        json_loads(table[i].value, JSON_DECODE_ANY, &fault));
                else
                    json_object_del(at, table[i].key);
            }
            char *text = json_dumps(json, 0);
            assert_non_null(text);
            write_file(dir, to, text, strlen(text));
            free(text);
            json_decref(json);
        }
        struct err err = {0};
        struct notice_policy policy = {0};
        assert_false(notice_policy_load(&policy, dir, &err));
        notice_policy_release(&policy);
        print_message("  %s\n", err.text);
        assert_int_equal(err.action, ERR_STOP);
        assert_non_null(strstr(err.text, table[i].expect));
        for (size_t l = 0; l < COUNT_OF(LANGUAGES); l++) {
            (void)snprintf(path, sizeof(path), "%s/notices/%s.json", dir, LANGUAGES[l]);
            unlink(path);
        }
        (void)snprintf(path, sizeof(path), "%s/notices", dir);
        rmdir(path);
        rmdir(dir);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_template_fills),
        cmocka_unit_test(test_the_cloudevent_is_whole),
        cmocka_unit_test(test_dates_are_local),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_values_stay_values),
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_dates_kept_are_bounded),
        cmocka_unit_test(test_dates_go_on_at_the_target),
        cmocka_unit_test(test_overdue_once),
        cmocka_unit_test(test_same_cause_same_notice),
        cmocka_unit_test(test_rungs_and_erasure),
        cmocka_unit_test(test_bad_files_are_refused),
    };
    return cmocka_run_group_tests(tests, open_policy, close_policy);
}
