/* policy check: all mistakes of a folder, each once with its place, and none that is not
 * one.  A row changes one or more files of the shipped policies by text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/times.h"
#include "ctl/policy_check.h"

#define SHIPPED "deploy/policy"

struct change {
    const char *file;
    const char *find; /* NULL: the whole file */
    const char *put;
};
struct row {
    const char *what;
    bool donor; /* the shipped files stand in for bad values */
    struct change changes[4];
    const char *expect; /* "file path: beginning of the text" of errors, a line each */
};

static const struct row table[] = {
    {"the shipped files", false, {{NULL, NULL, NULL}}, ""},
    {"two mistakes in two files of two services",
     false,
     {{"sla.json", "\"policies\"", "\"polices\""},
      {"triage.json", "\"severity\"", "\"gravity\""},
      {NULL, NULL, NULL}},
     "sla.json $.policies: missing\n"
     "sla.json $: unknown key \"polices\"\n"
     "triage.json $.severity: missing\n"
     "triage.json $: unknown key \"gravity\"\n"},
    {"three mistakes in one file",
     true,
     {{"routing.json", "\"default_team\": \"front-office\"", "\"default_team\": 3"},
      {"routing.json", "\"capacity\": 60", "\"capacity\": \"many\""},
      {"routing.json", "\"team\": \"safety\"}", "\"team\": \"ghosts\"}"},
      {NULL, NULL, NULL}},
     "routing.json $.default_team: must be a string\n"
     "routing.json $.rules[0]: team \"ghosts\" is not in $.teams\n"
     "routing.json $.teams[0].members[0].capacity: must be a whole number\n"},
    {"a file that is no JSON hides no other",
     false,
     {{"calendars/GB.json", NULL, "{\"name\": }"},
      {"sla/us_cfpb.json", NULL, "x"},
      {"sla/eu_adr.json", "\"statutory\"", "\"statutary\""},
      {NULL, NULL, NULL}},
     "calendars/GB.json : line 1, column 10\n"
     "sla/eu_adr.json $.clocks: unknown key \"statutary\"\n"
     "sla/us_cfpb.json : line 1, column 1\n"},
    {"presets are looked at behind a broken sla.json",
     false,
     {{"sla.json", NULL, "["},
      {"sla/eu_adr.json", "\"statutory\"", "\"statutary\""},
      {NULL, NULL, NULL}},
     "sla.json : line 1\n"
     "sla/eu_adr.json $.clocks: unknown key \"statutary\"\n"},
    {"a name that was lost with a mistake is none of its own",
     false,
     {{"sla.json", "\"default\": [", "\"default\": 7, \"other\": ["}, {NULL, NULL, NULL}},
     "sla.json $.ladders.default: must be an array\n"},
    {"a key given twice, in a file that is rewritten on the way",
     false,
     {{"sla.json", "\"calendars\": [", "\"version\": \"2\", \"calendars\": ["},
      {"triage.json", "\"severity\": {", "\"version\": \"2\", \"severity\": {"},
      {NULL, NULL, NULL}},
     "sla.json : line 4, column 11: duplicate object key\n"
     "triage.json : line 4, column 11: duplicate object key\n"},
    {"models: each mistake of each entry",
     false,
     {{"models.json", NULL,
       "{\"version\":\"1\",\"models\":[{\"task\":\"mood\",\"file\":"
       "\"models/x.model\"},{\"task\":\"kind\",\"file\":\"models/y.model\"},"
       "{\"task\":\"kind\",\"file\":\"models/y.model\",\"treshold\":0.5}],"
       "\"review\":[\"kinds\"]}"},
      {"models/y.model", NULL, "text"},
      {NULL, NULL, NULL}},
     "models.json $.models[0].task: is no task\n"
     "models.json $.models[1].file: models/y.model: not a usable model: too short\n"
     "models.json $.models[2].file: models/y.model: not a usable model\n"
     "models.json $.models[2]: unknown key \"treshold\"\n"
     "models.json $.review[0]: is no task\n"},
    {"a model that nobody asks yet, cut on its way",
     false,
     {{"models/new.model", NULL, "text"}, {NULL, NULL, NULL}},
     "models/new.model : not a usable model: too short\n"},
    {"models.json is no JSON",
     false,
     {{"models.json", NULL, "{"}, {NULL, NULL, NULL}},
     "models.json : line 1\n"},
    {"places behind one that was taken out keep their numbers",
     false,
     {{"sla.json", "\"warn\": [50, 80], \"ladder\"",
       "\"warn\": [50, 0, 200], \"ladder\""},
      {NULL, NULL, NULL}},
     "sla.json $.policies[0].clocks.first_response.warn[1]: must be a percent\n"
     "sla.json $.policies[0].clocks.first_response.warn[2]: must be a percent\n"},
};

/* --- files -------------------------------------------------------------------------- */

static char *
slurp(const char *place)
{
    FILE *in = fopen(place, "rb");
    assert_non_null(in);
    const size_t room = (size_t)1024 * 1024;
    char *text = calloc(1, room);
    assert_non_null(text);
    assert_true(fread(text, 1, room - 1, in) > 0);
    (void)fclose(in);
    return text;
}

/* A file that the shipped folder may lack. */
static void
put_new(struct policy_dir *dir, const struct change *change)
{
    struct err err = {0};
    char folder[] = "/tmp/test-policy-XXXXXX";
    char place[128];
    const char *slash = strrchr(change->file, '/');
    assert_non_null(mkdtemp(folder));
    (void)snprintf(place, sizeof(place), "%s/%s", folder,
                   slash ? slash + 1 : change->file);
    FILE *out = fopen(place, "wb");
    assert_non_null(out);
    (void)fputs(change->put, out);
    (void)fclose(out);
    if (!policy_dir_put(dir, place, &err))
        fail_msg("%s", err.text);
    /* The link would lead nowhere. */
    assert_true(
        policy_dir_write(dir, str_from(change->file), str_from(change->put), &err));
    (void)remove(place);
    (void)rmdir(folder);
}

static void
change_file(struct policy_dir *dir, const struct change *change)
{
    struct err err = {0};
    char place[400];
    if (!change->find && !policy_dir_find(dir, str_from(change->file))) {
        put_new(dir, change);
        return;
    }
    if (!change->find) {
        assert_true(
            policy_dir_write(dir, str_from(change->file), str_from(change->put), &err));
        return;
    }
    (void)snprintf(place, sizeof(place), "%s/%s", dir->path, change->file);
    char *text = slurp(place);
    char *at = strstr(text, change->find);
    if (!at)
        fail_msg("%s does not hold %s", change->file, change->find);
    CLEANUP(buf_release) struct buf changed = {0};
    buf_add(&changed, text, (size_t)(at - text));
    buf_add_c(&changed, change->put);
    buf_add_c(&changed, at + strlen(change->find));
    assert_true(policy_dir_write(dir, str_from(change->file), buf_str(&changed), &err));
    free(text);
}

static struct policy_check *
open_check(struct policy_dir *dir, const struct change *changes)
{
    struct err err = {0};
    if (!policy_dir_open(dir, SHIPPED, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; changes[i].file; i++)
        change_file(dir, &changes[i]);
    struct policy_check *check = calloc(1, sizeof(*check));
    assert_non_null(check);
    *check = (struct policy_check){.dir = dir, .arena = &dir->arena};
    assert_true(time_parse(STR("2026-06-01T00:00:00Z"), &check->now_ms));
    return check;
}

static int
by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* "file path: text", sorted. */
static size_t
lines_of(const struct policy_check *check, bool warnings, const char **lines)
{
    size_t n = 0;
    for (size_t i = 0; i < check->n; i++) {
        const struct policy_finding *finding = &check->findings[i];
        if (finding->warning == warnings)
            lines[n++] =
                arena_printf(check->arena, "%.*s %.*s: %.*s", STR_ARG(finding->file),
                             STR_ARG(finding->path), STR_ARG(finding->text))
                    .ptr;
    }
    qsort(lines, n, sizeof(*lines), by_text);
    return n;
}

static void
errors(void **state)
{
    (void)state;
    static const enum policy_kind kinds[] = {POLICY_RULES, POLICY_TRIAGE, POLICY_SLA,
                                             POLICY_ROUTING};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct policy_dir *dir = calloc(1, sizeof(*dir));
        const char *lines[FINDINGS_MAX];
        print_message("row %zu: %s\n", i, table[i].what);
        assert_non_null(dir);
        struct policy_check *check = open_check(dir, table[i].changes);
        check->donor = table[i].donor ? SHIPPED : NULL;
        policy_lint(check);
        for (size_t k = 0; k < COUNT_OF(kinds); k++)
            policy_check_stage(check, policy_dir_stage(kinds[k]));
        size_t n = lines_of(check, false, lines);
        const char *expect = table[i].expect;
        for (size_t k = 0; k < n; k++) {
            print_message("  %s\n", lines[k]);
            size_t len = strcspn(expect, "\n");
            if (len == 0)
                fail_msg("one error too many");
            assert_memory_equal(lines[k], expect, len);
            expect += len + 1;
        }
        assert_string_equal(expect, "");
        free(check);
        policy_dir_close(dir);
        free(dir);
    }
}

/* --- warnings ----------------------------------------------------------------------- */

static void
warnings(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct change changes[4];
        const char *expect; /* among the warnings; NULL: none at all */
    } rows[] = {
        {"nothing", {{NULL, NULL, NULL}}, NULL},
        {"a model that nobody asks",
         {{"models.json", NULL, "{\"version\":\"1\",\"models\":[]}"}, {NULL, NULL, NULL}},
         "models/kind.model : never asked"},
        {"a rule behind one that always matches",
         {{"routing.json", "\"rules\": [",
           "\"rules\": [{\"name\": \"all\", \"team\": \"retail\"},"},
          {NULL, NULL, NULL}},
         "routing.json $.rules[1]: \"safety-first\" never matches: \"all\" before it"},
        {"a policy that a wider one hides",
         {{"sla.json", "\"policies\": [",
           "\"policies\": [{\"name\": \"a\", \"match\": {\"brand\": [\"X\", \"Y\"]}, "
           "\"clocks\": {}}, {\"name\": \"b\", \"match\": {\"brand\": \"y\", \"tier\": "
           "\"best\"}, \"clocks\": {}},"},
          {NULL, NULL, NULL}},
         "sla.json $.policies[1]: \"b\" never matches: \"a\" before it"},
        {"two policies of one name",
         {{"sla.json", "\"policies\": [",
           "\"policies\": [{\"name\": \"default\", \"match\": {\"brand\": \"X\"}, "
           "\"clocks\": {}},"},
          {NULL, NULL, NULL}},
         "sla.json $.policies[1].name: \"default\" is the name of $.policies[0], too"},
        {"a preset that ends before it begins",
         {{"sla/eu_adr.json", "\"in_force\": {",
           "\"in_force\": {\"from\": \"2012-01-01\", \"to\": \"2011-01-01\", "},
          {NULL, NULL, NULL}},
         "sla/eu_adr.json $.in_force: never in force: it ends on 2011-01-01"},
        {"a calendar that ends",
         {{"calendars/US.json", "\"years\": [2024, 2027]", "\"years\": [2024, 2025]"},
          {NULL, NULL, NULL}},
         "calendars/US.json $.years: no holidays are known for 2026"},
        {"holidays that are not settled",
         {{"calendars/US.ics", NULL,
           "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\n"
           "UID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20260704\r\n"
           "STATUS:TENTATIVE\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"},
          {NULL, NULL, NULL}},
         "calendars/US.json : its holidays from 2026-07-04 on are not settled"},
        {"a role that nobody has",
         {{"sla.json", "\"to\": \"executive\"", "\"to\": \"emperor\""},
          {NULL, NULL, NULL}},
         "sla.json $.ladders.default[2].to: role \"emperor\" is not known"},
        {"a preset that is not listed",
         {{"sla.json", "\"us_cfpb\", ", ""}, {NULL, NULL, NULL}},
         "sla/us_cfpb.json : not in use"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct policy_dir *dir = calloc(1, sizeof(*dir));
        const char *lines[FINDINGS_MAX];
        print_message("row %zu: %s\n", i, rows[i].what);
        assert_non_null(dir);
        struct policy_check *check = open_check(dir, rows[i].changes);
        policy_lint(check);
        size_t n = lines_of(check, true, lines);
        bool found = !rows[i].expect && n == 0;
        for (size_t k = 0; k < n; k++) {
            print_message("  %s\n", lines[k]);
            found |= rows[i].expect &&
                     strncmp(lines[k], rows[i].expect, strlen(rows[i].expect)) == 0;
        }
        assert_true(found);
        free(check);
        policy_dir_close(dir);
        free(dir);
    }
}

/* --- files given -------------------------------------------------------------------- */

static void
kinds_by_content(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *name; /* in the folder; NULL: refused */
    } rows[] = {
        {"{\"policies\":[],\"calendars\":[]}", "sla.json"},
        {"{\"name\":\"x_y\",\"regulators\":[],\"clocks\":{}}", "sla/x_y.json"},
        {"{\"name\":\"XX\",\"week\":{},\"zone\":\"UTC\"}", "calendars/XX.json"},
        {"{\"teams\":[],\"rules\":[]}", "routing.json"},
        {"{\"salvageability\":{}}", "triage.json"},
        {"{\"version\":\"1\",\"models\":[]}", "models.json"},
        {"{\"nothing\":1}", NULL},
        {"{\"broken\"", NULL},
        {"{\"name\":\"../../etc/x\",\"regulators\":[],\"clocks\":{}}", "sla/given.json"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct policy_dir *dir = calloc(1, sizeof(*dir));
        struct err err = {0};
        char folder[] = "/tmp/test-policy-XXXXXX";
        char place[64];
        print_message("row %zu: %s\n", i, rows[i].text);
        assert_non_null(dir);
        assert_non_null(mkdtemp(folder));
        (void)snprintf(place, sizeof(place), "%s/given.json", folder);
        FILE *out = fopen(place, "wb");
        assert_non_null(out);
        (void)fputs(rows[i].text, out);
        (void)fclose(out);
        assert_true(policy_dir_open(dir, SHIPPED, &err));
        assert_int_equal(policy_dir_put(dir, place, &err), rows[i].name != NULL);
        if (rows[i].name) {
            const struct policy_file *file = policy_dir_find(dir, str_from(rows[i].name));
            assert_non_null(file);
            assert_true(file->given);
        }
        char gone[256];
        (void)snprintf(gone, sizeof(gone), "%s", dir->path);
        policy_dir_close(dir);
        assert_int_not_equal(rmdir(gone), 0); /* it is not there any more */
        (void)remove(place);
        assert_int_equal(rmdir(folder), 0);
        free(dir);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors),
        cmocka_unit_test(warnings),
        cmocka_unit_test(kinds_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
