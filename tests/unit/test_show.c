/* The story of a case in words: what each event says, and that odd rows do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/times.h"
#include "ctl/show.h"
#include "gen/event_type.h"

static json_t *
json(const char *text)
{
    json_error_t fault;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &fault);
    if (!value)
        fail_msg("%s: %s", fault.text, text);
    return value;
}

/* --- one event ---------------------------------------------------------------------- */

static void
test_events_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *type, *detail, *who, *what;
    } table[] = {
        {"complaint.submitted",
         "{\"channel\":\"review_site\",\"product\":\"kettles\",\"severity\":3}",
         "customer", "complains by review site; about kettles; severity 3"},
        {"complaint.remedy_refused",
         "{\"reason\":\"An insult.\",\"from\":\"proposed\",\"state\":\"open\"}",
         "customer", "refuses what was offered: \"An insult.\" (proposed → open)"},
        {"complaint.reopened", "{\"appeal\":true,\"reason\":\"No.\"}", "customer",
         "appeals against the rejection: \"No.\""},
        {"complaint.reopened", "{}", "customer", "reopens the complaint"},
        {"complaint.acknowledged", "{\"automatic\":true}", "machine",
         "acknowledges the complaint (automatic notice)"},
        {"complaint.acknowledged", "{\"automatic\":false}", "returns",
         "acknowledges the complaint"},
        {"complaint.rejected", "{\"appeal_until\":\"2026-04-09T17:00:00.000Z\"}",
         "returns",
         "rejects it without a reason; the customer may appeal until 2026-04-09 17:00"},
        {"complaint.step_refused",
         "{\"refused_type\":\"complaint.remedy_accepted\",\"reason\":\"no remedy is on "
         "offer\"}",
         "customer", "\"remedy accepted\" is refused: no remedy is on offer"},
        {"complaint.resolved",
         "{\"remedy\":\"refund\",\"amount\":49.9,\"currency\":\"GBP\"}", "returns",
         "resolves it by refund, 49.9 GBP"},
        {"complaint.message", "{\"other_customer_ignored\":true}", "customer",
         "writes again (another customer was named; the complaint's number decides)"},
        {"triage.changed",
         "{\"before\":\"P2\",\"priority\":\"P1\",\"triage_class\":\"immediate\","
         "\"why\":\"promise p1 not kept\"}",
         "triage", "priority P2 → P1 (immediate): promise p1 not kept"},
        {"sla.breached",
         "{\"clock\":\"first_response\",\"due_at\":\"2026-03-03T17:00:00.000Z\"}",
         "clock", "first response is BREACHED; it was due 2026-03-03 17:00"},
        {"assign.escalated",
         "{\"to\":\"lee\",\"role\":\"team_lead\",\"escalation_level\":1}", "routing",
         "it goes up to lee (team lead), level 1"},
        {"assign.notified",
         "{\"notice\":\"delay\",\"about\":\"promise_overdue\",\"due_at\":null}",
         "routing", "tells the customer: delay (promise overdue)"},
        {"complaint.from_the_future", "{\"a\":1,\"b\":[2],\"c\":\"x\"}", "somewhere",
         "complaint.from_the_future a=1 c=x"},
        {"complaint.corrected", "{\"kind\":\"inquiry\",\"severity\":4}", "returns",
         "corrects kind to inquiry, severity to 4"},
        {"complaint.reach", "{\"shares\":900}", "public",
         "it is read in public: 900 shares"},
        /* wrong types where text is expected */
        {"complaint.rejected", "{\"reason\":{\"a\":1},\"from\":7,\"state\":[]}",
         "returns", "rejects it without a reason"},
        {"complaint.step_refused", "{\"refused_type\":5}", "somewhere",
         "\"5\" is refused: "},
        {"sla.warned", "[]", "clock", ":  % of the time is gone"},
        {"sla.warned", "null", "clock", ":  % of the time is gone"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s %s\n", i, table[i].type, table[i].detail);
        CLEANUP(buf_release) struct buf out = {0};
        json_t *event = json_pack("{s:s, s:s, s:o}", "type", table[i].type, "stage",
                                  "somewhere", "detail", json(table[i].detail));
        show_event(&out, event);
        assert_string_equal(out.ptr, table[i].what);
        assert_string_equal(show_who(event, "returns"), table[i].who);
        json_decref(event);
    }
}

/* After closing, a bad rating or a reopening breaches the recovery window before its end.
 */
static void
test_breached_early(void **state)
{
    (void)state;
    static const struct {
        const char *at, *what;
    } table[] = {
        {"2026-04-24T08:00:00.000Z", "recovery window is BREACHED before its end "
                                     "2026-05-21 08:00: the customer came back, or was "
                                     "not content, within it"},
        {"2026-05-21T08:00:00.000Z",
         "recovery window is BREACHED; it was due 2026-05-21 08:00"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu\n", i);
        CLEANUP(buf_release) struct buf out = {0};
        json_t *event = json_pack("{s:s, s:s, s:o}", "type", "sla.breached",
                                  "occurred_at", table[i].at, "detail",
                                  json("{\"clock\":\"recovery_window\",\"due_at\":"
                                       "\"2026-05-21T08:00:00.000Z\"}"));
        show_event(&out, event);
        assert_string_equal(out.ptr, table[i].what);
        json_decref(event);
    }
}

/* Every type that the pipeline writes about a complaint has words. */
static void
test_every_type_has_words(void **state)
{
    (void)state;
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        const char *name = event_type_name((enum event_type)type);
        bool of_others = type == EVENT_TYPE_UNKNOWN || type == EVENT_TYPE_TICK ||
                         strncmp(name, "customer.", 9) == 0 ||
                         strncmp(name, "feedback.", 9) == 0;
        if (of_others)
            continue;
        print_message("%s\n", name);
        CLEANUP(buf_release) struct buf out = {0};
        json_t *event =
            json_pack("{s:s, s:s, s:{}}", "type", name, "stage", "sla", "detail");
        show_event(&out, event);
        assert_true(out.len > 0);
        assert_string_not_equal(out.ptr, name);
        assert_string_not_equal(show_who(event, ""), "");
        json_decref(event);
    }
}

/* --- lines -------------------------------------------------------------------------- */

static size_t
columns_of(const char *line, size_t len)
{
    size_t columns = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        columns += c < 0x80 || c >= 0xc0; /* a character */
        columns += c >= 0xe4 && c < 0xea; /* a Chinese one is as wide as two */
    }
    return columns;
}

static void
check_width(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        if (columns_of(text, len) > SHOW_COLUMNS)
            fail_msg("%zu columns: %.*s", columns_of(text, len), (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void
test_wrapping(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expect; /* NULL: only the width counts */
    } table[] = {
        {"one two", "  label           one two\n"},
        {"two\nlines\tand \x1b[31mcolour\x07",
         "  label           two lines and [31mcolour\n"},
        {"mirror \xe2\x80\xae"
         "back",
         "  label           mirror back\n"},
        {"", ""},
        {"\xe6\x8a\x95\xe8\xaf\x89", "  label           \xe6\x8a\x95\xe8\xaf\x89\n"},
        {"\xff\xfe broken \xe6\x8a", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu\n", i);
        CLEANUP(buf_release) struct buf out = {0};
        show_line(&out, "label", str_from(table[i].text));
        if (table[i].expect)
            assert_string_equal(out.ptr ? out.ptr : "", table[i].expect);
    }
    const char *parts[] = {"word ", "\xe6\x8a\x95\xe8\xaf\x89\xe6\x97\xa0\xe9\x97\xa8",
                           "x"};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        CLEANUP(buf_release) struct buf text = {0};
        CLEANUP(buf_release) struct buf out = {0};
        for (int n = 0; n < 300; n++)
            buf_add_c(&text, parts[i]);
        show_line(&out, "label", buf_str(&text));
        check_width(out.ptr);
        size_t letters = 0;
        for (size_t k = 0; k < out.len; k++)
            letters += out.ptr[k] != ' ' && out.ptr[k] != '\n';
        for (size_t k = 0; k < text.len; k++)
            letters -= text.ptr[k] != ' ';
        assert_int_equal(letters, strlen("label")); /* nothing was lost */
    }
}

/* --- the whole story ---------------------------------------------------------------- */

static struct show_rows
rows_of(const char *complaint, const char *clocks, const char *events)
{
    struct show_rows rows = {.complaint = json(complaint),
                             .clocks = json(clocks),
                             .events = json(events),
                             .owners = json("[]"),
                             .remedies = json("[]"),
                             .links = json("[]"),
                             .elsewhere = json("[]")};
    assert_true(time_parse(STR("2026-03-10T00:00:00Z"), &rows.now_ms));
    return rows;
}

static void
test_story(void **state)
{
    (void)state;
    struct show_rows rows = rows_of(
        "{\"complaint_id\":\"id\",\"complaint_ref\":\"R1\",\"state\":\"rejected\","
        "\"priority\":\"P2\",\"triage_class\":\"urgent\",\"score\":44.1,\"extra\":"
        "{\"secret\":1},\"order_ref\":\"secret\",\"reasons\":[{\"name\":\"severity\","
        "\"value\":3,\"weight\":24},{\"name\":\"ageing\",\"value\":1,\"weight\":3}],"
        "\"evidence\":[{\"kind\":\"repeat\",\"at\":\"2026-03-02T09:00:00.000Z\","
        "\"event_id\":\"e1\",\"also\":[\"e2\",\"nothing\"]}]}",
        "[{\"clock\":\"resolution\",\"start_no\":1,\"status\":\"running\","
        "\"due_at\":\"2026-03-09T22:00:00+00:00\",\"policy\":\"p\"},"
        "{\"clock\":\"promise\",\"promise_id\":\"p1\",\"status\":\"paused\","
        "\"due_at\":\"2026-03-12T00:00:00+00:00\",\"paused_ms\":7200000}]",
        "[{\"type\":\"complaint.submitted\",\"event_id\":\"e1\",\"occurred_at\":"
        "\"2026-03-02T09:00:00+00:00\",\"detail\":{\"priority\":\"P3\",\"team\":\"t\"}},"
        "{\"type\":\"triage.aged\",\"occurred_at\":\"2026-03-05T09:00:00+00:00\","
        "\"detail\":{\"priority\":\"P2\",\"why\":\"72 hours old\"}},"
        "{\"type\":\"complaint.rejected\",\"occurred_at\":\"2026-03-06T09:00:00+00:00\","
        "\"detail\":{\"reason\":\"not ours\",\"appeal_until\":"
        "\"2026-04-05T09:00:00.000Z\"}}]");
    json_decref(rows.elsewhere);
    rows.elsewhere = json("[{\"event_id\":\"e2\",\"type\":\"complaint.submitted\","
                          "\"complaint_ref\":\"R0\",\"occurred_at\":"
                          "\"2026-01-02T09:00:00+00:00\"}]");
    json_t *story = show_story(&rows);
    CLEANUP(buf_release) struct buf out = {0};
    show_text(&out, story);
    static const char *const lines[] = {
        "\nR1: complaint\n",
        "Why P2 (urgent): score 44.1",
        "severity 3 of 5 (24 points)",
        "its age (+3)",
        "    2026-03-05 09:00  P3 → P2: 72 hours old\n",
        "complained about the same before - submitted; submitted of R0 at\n"
        "                    2026-01-02 09:00",
        "  resolution          due 2026-03-09 22:00  running, OVERDUE by 2 h",
        "  promise p1          due 2026-03-12 00:00  paused, 2 d left; paused 2 h in all",
        "\"not ours\"; the customer may appeal until\n                  2026-04-05 "
        "09:00, 26 d 9 h left",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        print_message("line %s\n", lines[i]);
        assert_non_null(strstr(out.ptr, lines[i]));
    }
    char *text = json_dumps(story, 0);
    assert_null(strstr(text, "secret"));
    assert_null(strstr(out.ptr, "secret"));
    assert_true(json_is_null(
        json_object_get(json_object_get(story, "complaint"), "owner"))); /* stable keys */
    free(text);
    json_decref(story);
    show_rows_release(&rows);
}

/* A change stands in its cause's row and in a row of its own: told once. */
static void
test_change_is_told_once(void **state)
{
    (void)state;
    struct show_rows rows =
        rows_of("{\"priority\":\"P1\",\"triage_class\":\"immediate\"}", "[]",
                "[{\"type\":\"complaint.submitted\",\"detail\":{\"priority\":\"P2\","
                "\"triage_class\":\"urgent\"}},"
                "{\"type\":\"triage.promise_broken\",\"detail\":{\"before\":\"P2\","
                "\"priority\":\"P1\",\"triage_class\":\"immediate\"}},"
                "{\"type\":\"triage.changed\",\"detail\":{\"before\":\"P2\","
                "\"priority\":\"P1\",\"triage_class\":\"immediate\"}},"
                "{\"type\":\"triage.changed\",\"detail\":{\"before\":\"P1\","
                "\"priority\":\"P1\",\"triage_class\":\"urgent\"}}]");
    json_t *story = show_story(&rows);
    json_t *changes = json_object_get(json_object_get(story, "priority"), "changes");
    static const char *const classes[] = {"urgent", "immediate", "urgent"};
    assert_int_equal(json_array_size(changes), COUNT_OF(classes));
    for (size_t i = 0; i < COUNT_OF(classes); i++)
        assert_string_equal(show_get(json_array_get(changes, i), "triage_class"),
                            classes[i]);
    json_decref(story);
    show_rows_release(&rows);
}

/* A reopening takes the right to appeal with it: it was used. */
static void
test_appeal_is_used_once(void **state)
{
    (void)state;
    struct show_rows rows = rows_of(
        "{}", "[]",
        "[{\"type\":\"complaint.rejected\",\"occurred_at\":\"2026-03-06T09:00:00+00:00\","
        "\"detail\":{\"appeal_until\":\"2026-04-05T09:00:00.000Z\"}},"
        "{\"type\":\"complaint.reopened\",\"detail\":{\"appeal\":true}}]");
    json_t *story = show_story(&rows);
    assert_true(json_is_null(json_object_get(story, "appeal")));
    json_decref(story);
    show_rows_release(&rows);
}

/* One line a task of which something is to be said; why a person should look. */
static void
test_classification(void **state)
{
    (void)state;
#define FINDING(task, label, by)                                                         \
    "{\"task\":\"" task "\",\"label\":\"" label "\",\"decided_by\":\"" by "\""
#define MODEL(label, share)                                                              \
    ",\"model\":\"m1\",\"model_label\":\"" label "\",\"model_confidence\":" share        \
    ",\"confidence\":" share
    static const struct {
        const char *complaint, *finding, *line; /* NULL: no line */
        const char *why;
    } table[] = {
        {"{\"kind\":\"complaint\"}",
         FINDING("kind", "complaint", "model")
             MODEL("complaint", "0.9999") ",\"reasons\":[\"broken\",\"refund\"]}",
         "  kind            complaint: model m1, 99 % sure, by \"broken\", \"refund\"\n",
         ""},
        {"{\"kind\":\"inquiry\",\"needs_review\":true}",
         FINDING("kind", "inquiry", "upstream")
             MODEL("complaint", "0.83") ",\"upstream_label\":\"inquiry\"}",
         "  kind            inquiry: upstream said so; the model would say complaint, 83 "
         "%\n",
         "upstream calls it no complaint, the model rather would"},
        {"{\"kind\":\"complaint\",\"needs_review\":true}",
         FINDING("kind", "complaint", "rule")
             MODEL("complaint",
                   "0.96") ",\"upstream_label\":\"praise\",\"reasons\":[\"injury\"]}",
         "  kind            complaint: rule injury; upstream said praise; the model says "
         "so, "
         "too, 96 %\n",
         "a rule makes it a complaint, upstream does not"},
        {"{\"kind\":\"suggestion\",\"needs_review\":true}",
         FINDING("kind", "suggestion", "model")
             MODEL("praise", "0.5") ",\"by_phrases\":true,\"needs_review\":true,"
                                    "\"reasons\":[\"kind-suggestion\"]}",
         "  kind            suggestion: phrases kind-suggestion; the model would say "
         "praise, "
         "50 % - IN DOUBT\n",
         "its kind is in doubt"},
        /* a person has spoken */
        {"{\"kind\":\"inquiry\",\"needs_review\":false}",
         FINDING("kind", "complaint",
                 "default") ",\"needs_review\":true,\"corrected_label\":\"inquiry\"}",
         "  kind            complaint: the default, nobody said so; corrected by a "
         "person to "
         "inquiry\n",
         ""},
        {"{\"product\":\"kettles\"}",
         FINDING("product", "kettles", "upstream") ",\"upstream_label\":\"kettles\","
                                                   "\"corrected_label\":\"kettles\"}",
         "  product         kettles: upstream said so; confirmed by a person\n", ""},
        /* a later message */
        {"{\"severity\":5}", FINDING("severity", "2", "default") "}",
         "  severity        2: the default, nobody said so; now 5 through what came "
         "later\n",
         ""},
        {"{\"severity\":5,\"needs_review\":true}",
         FINDING("severity", "5", "model") MODEL("5", "0.64") ",\"needs_review\":true}",
         "  severity        5: model m1, 64 % sure - IN DOUBT\n",
         "a danger that only an unsure model sees"},
        /* nothing to tell */
        {"{\"severity\":2}", FINDING("severity", "2", "default") MODEL("1", "0.5") "}",
         NULL, ""},
        {"{}", FINDING("double_deviation", "no", "model") MODEL("no", "0.99") "}", NULL,
         ""},
        {"{}", FINDING("double_deviation", "yes", "rule") ",\"reasons\":[\"again\"]}",
         "  handling failed yes: rule again\n", ""},
        {"{}", FINDING("language", "en", "model") MODEL("en", "1") "}", NULL, ""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        CLEANUP(buf_release) struct buf list = {0};
        print_message("row %zu: %s\n", i, table[i].finding);
        struct show_rows rows = rows_of(table[i].complaint, "[]", "[]");
        buf_printf(&list, "[%s]", table[i].finding);
        buf_add(&list, "", 1);
        rows.findings = json(list.ptr);
        json_t *story = show_story(&rows);
        show_findings(&out, story);
        buf_add(&out, "", 1);
        if (table[i].line && !strstr(out.ptr, table[i].line))
            fail_msg("%s", out.ptr);
        const char *check = strstr(out.ptr, "  please check    ");
        assert_int_equal(check != NULL, table[i].why[0] != 0);
        if (check && !strstr(check, table[i].why))
            fail_msg("%s", check);
        if (!table[i].line)
            assert_string_equal(out.ptr, "\nClassified as\n");
        json_t *findings =
            json_object_get(json_object_get(story, "classification"), "findings");
        assert_int_equal(json_array_size(findings), 1);
        json_decref(story);
        show_rows_release(&rows);
    }
}

#define TEN "unbroken-n"
#define UNBROKEN "\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\""

/* Whatever stands in a row: no crash, and no line is too wide. */
static void
test_odd_rows(void **state)
{
    (void)state;
    static const char *const values[] = {
        "null",
        "true",
        "-1e300",
        "\"\"",
        "\"\\u001b[2J\\n\\n\"",
        "[]",
        "{}",
        "[[[1]]]",
        "\"0000-00-00T99:99:99Z\"",
        "\"9999-12-31T23:59:59.999Z\"",
        "{\"type\":[1]}",
        "[null,{},[],{\"also\":{}},{\"also\":[1,null]}]",
        "9223372036854775807",
        UNBROKEN,
    };
    static const char *const keys[] = {
        "complaint_id",  "state",         "priority",    "reasons",
        "evidence",      "checklist",     "score",       "recovery_ends_at",
        "text",          "remedy_advice", "offered",     "limit_amount",
        "owner",         "type",          "occurred_at", "detail",
        "clock",         "status",        "due_at",      "met_at",
        "seq",           "promise_id",    "paused_ms",   "team",
        "assigned_at",   "step",          "remedy",      "link",
        "complaint_ref", "event_id",      "transfers",   "failed_recoveries",
        "flags",         "stage",         "task",        "label",
        "decided_by",    "model_label",   "model",       "corrected_label",
        "kind",          "severity",      "confidence",  "model_confidence",
    };
    for (size_t v = 0; v < COUNT_OF(values); v++) {
        json_t *row = json_object();
        for (size_t k = 0; k < COUNT_OF(keys); k++)
            json_object_set_new(row, keys[k], json(values[v]));
        json_object_set_new(row, "status", json("\"met_late\""));
        json_t *typed = json_deep_copy(row);
        json_object_set_new(typed, "type", json("\"complaint.rejected\""));
        json_object_set_new(typed, "status", json("\"running\""));
        json_t *list = json_pack("[O, O, o, n]", row, typed, json(values[v]));
        print_message("value %s\n", values[v]);
        struct show_rows rows = {.complaint = row,
                                 .clocks = json_incref(list),
                                 .events = json_incref(list),
                                 .owners = json_incref(list),
                                 .remedies = json_incref(list),
                                 .links = json_incref(list),
                                 .findings = json_incref(list),
                                 .elsewhere = list};
        json_t *story = show_story(&rows);
        CLEANUP(buf_release) struct buf out = {0};
        show_text(&out, story);
        assert_true(out.len > 0);
        assert_null(memchr(out.ptr, 0x1b, out.len));
        check_width(out.ptr);
        char *text = json_dumps(story, 0);
        assert_non_null(text);
        free(text);
        json_decref(story);
        json_decref(typed);
        show_rows_release(&rows);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_in_words),
        cmocka_unit_test(test_breached_early),
        cmocka_unit_test(test_every_type_has_words),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_story),
        cmocka_unit_test(test_change_is_told_once),
        cmocka_unit_test(test_appeal_is_used_once),
        cmocka_unit_test(test_classification),
        cmocka_unit_test(test_odd_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
