/* The projection without a server: folding, timeline facts, reading messages, and that
 * the columns are those of the SQL. */
#include "projection/detail.h"
#include "projection/rows.h"

#include "projection_rig.h"
#include "wire/wire.h"

#include "gen/sql_assignments.h"
#include "gen/sql_complaint_events.h"
#include "gen/sql_complaints.h"
#include "gen/sql_customers.h"
#include "gen/sql_dead_letters.h"
#include "gen/sql_erase.h"
#include "gen/sql_feedback_items.h"
#include "gen/sql_findings.h"
#include "gen/sql_inherit.h"
#include "gen/sql_offsets_advance.h"
#include "gen/sql_remedies.h"
#include "gen/sql_sla_clocks.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define assert_str(actual, expect)                                                       \
    do {                                                                                 \
        print_message("  %.*s\n", STR_ARG(actual));                                      \
        assert_true(str_eq((actual), str_from(expect)));                                 \
    } while (0)

static struct projection_rows
fold_life(struct arena *arena, size_t from, size_t n)
{
    struct complaint_event *events = ARENA_ARRAY(arena, struct complaint_event, 16);
    struct projection_item *items = ARENA_ARRAY(arena, struct projection_item, 16);
    size_t all = projection_life(arena, events, 16);
    struct projection_rows rows;

    if (n == 0)
        n = all - from;
    for (size_t i = 0; i < n; i++)
        items[i] = (struct projection_item){&events[from + i], (int64_t)(from + i)};
    projection_fold(items, n, arena, &rows);
    return rows;
}

static void
test_fold(void **state)
{
    struct arena arena = {0};
    struct projection_rows rows = fold_life(&arena, 0, 0);
    (void)state;

    assert_int_equal(rows.n_events, 13); /* a tick is none */
    assert_int_equal(rows.n_complaints, 2);
    const struct projection_complaint *c = &rows.complaints[0];
    assert_int_equal(c->sections, 127);
    assert_int_equal(c->offset, 11);
    assert_int_equal(c->register_->state, STATE_RESOLVED);
    assert_int_equal(c->triage->priority, PRIORITY_P1);
    assert_str(c->routing->team, "fraud");
    assert_str(c->resolution->cause, "courier lost it");
    assert_str(c->submitted->submission->brand, "Acme");
    assert_true(c->reach.has_views && c->reach.views == 10);
    assert_true(c->reach.has_shares && c->reach.shares == 3 && !c->reach.has_replies);
    /* A null section is no word at all: the second complaint's stay its first. */
    assert_int_equal(rows.complaints[1].triage->priority, PRIORITY_P2);
    assert_int_equal(rows.complaints[1].sections, 63);

    assert_int_equal(rows.n_clocks, 4);
    assert_int_equal(rows.clocks[0].clock->status, CLOCK_STATUS_MET_LATE);
    assert_int_equal(rows.clocks[0].offset, 10);

    assert_int_equal(rows.n_customers, 2);
    assert_str(rows.customers[0].said.name, "Anna Schmidt");
    assert_str(rows.customers[0].said.tier, "gold");
    assert_true(rows.customers[0].first_at < rows.customers[0].last_at);

    assert_int_equal(rows.n_assignments, 3);
    assert_true(rows.assignments[0].first && rows.assignments[1].first);
    assert_false(rows.assignments[2].first);

    static const char *const steps[] = {"offered", "refused", "given"};
    assert_int_equal(rows.n_remedies, COUNT_OF(steps));
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        assert_string_equal(rows.remedies[i].step, steps[i]);
    arena_release(&arena);
}

/* A part of the life says only what it says. */
static void
test_fold_part(void **state)
{
    struct arena arena = {0};
    struct projection_rows rows = fold_life(&arena, 2, 3);
    (void)state;

    assert_int_equal(rows.n_complaints, 1);
    assert_int_equal(rows.complaints[0].sections,
                     SECTION_REGISTER | SECTION_ROUTING | SECTION_SLA);
    assert_null(rows.complaints[0].submitted);
    assert_null(rows.complaints[0].triage);
    assert_int_equal(rows.n_customers, 0);
    assert_int_equal(rows.n_assignments, 2);
    assert_true(rows.assignments[0].first);
    arena_release(&arena);
}

/* A late reopening takes its submission from the first case, also through a chain in one
 * batch; a case that only follows another has one of its own. */
static void
test_inheritance(void **state)
{
    static const struct {
        const char *what;
        size_t from, n; /* of the case's events */
        size_t expect;
        bool second_seq;
    } table[] = {
        {"both in the batch", 0, 0, 2, false}, {"the first only", 0, 14, 1, false},
        {"the second only", 14, 2, 1, false},  {"what comes later", 15, 1, 0, false},
        {"reopened in time", 13, 1, 0, true},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        struct complaint_event *events = ARENA_ARRAY(&arena, struct complaint_event, 24);
        struct projection_item items[24];
        struct projection_rows rows;
        size_t all = projection_case(&arena, events, 24);
        size_t n = table[i].n ? table[i].n : all - table[i].from;
        print_message("row %zu: %s\n", i, table[i].what);
        for (size_t k = 0; k < n; k++)
            items[k] = (struct projection_item){&events[table[i].from + k], (int64_t)k};
        if (table[i].second_seq)
            events[table[i].from].seq = 2;
        projection_fold(items, n, &arena, &rows);
        assert_int_equal(rows.n_inheritances, table[i].expect);
        if (i == 0) /* of the first case, not of the one between */
            assert_memory_equal(rows.inheritances[1].from, rows.inheritances[0].from,
                                PROJECTION_UUID);
        arena_release(&arena);
    }
}

static void
test_erasure(void **state)
{
    struct arena arena = {0};
    struct complaint_event ev = {
        .event_id = projection_uuid(&arena, 'e', 1),
        .type = EVENT_TYPE_CUSTOMER_ERASED,
        .customer_hash = STR("33333333333333333333333333333333"),
        .customer = &(const struct customer){.email = STR("anna@x.org")},
        .occurred_at = RIG_T0,
    };
    struct projection_item item = {&ev, 7};
    struct projection_rows rows;
    (void)state;

    assert_true(projection_ends_batch(&ev));
    projection_fold(&item, 1, &arena, &rows);
    assert_int_equal(rows.n_customers, 0); /* what the request names is not written */
    assert_int_equal(rows.n_erasures, 1);
    assert_int_equal(rows.n_events, 1);
    ev.type = EVENT_TYPE_CUSTOMER_UPDATED;
    assert_false(projection_ends_batch(&ev));
    arena_release(&arena);
}

static void
test_check(void **state)
{
    static const struct {
        const char *event_id, *complaint_id;
        bool expect;
    } table[] = {
        {"e0000000-0000-8000-8000-000000000001", NULL, true},
        {"e0000000-0000-8000-8000-000000000001", "c0000000-0000-8000-8000-000000000001",
         true},
        {"e0000000-0000-8000-8000-000000000001", "", false},
        {"e0000000-0000-8000-8000-000000000001", "c1", false},
        {"", NULL, false},
        {"tick-1", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        struct complaint_event ev = {.event_id = str_from(table[i].event_id),
                                     .complaint_id = str_from(table[i].complaint_id)};
        print_message("row %zu\n", i);
        assert_int_equal(projection_check(&ev, &err), table[i].expect);
        if (!table[i].expect)
            assert_int_equal(err.reason, DEAD_BAD_SCHEMA);
    }
}

static void
test_detail(void **state)
{
    static const struct {
        size_t event;
        const char *detail;
        const char *text; /* NULL: none */
    } table[] = {
        {0,
         "{\"channel\":\"social\",\"brand\":\"Acme\",\"regulator\":\"CFPB\",\"views\":10,"
         "\"kind\":\"complaint\",\"product\":\"card\",\"issue\":\"late\",\"severity\":4,"
         "\"state\":\"open\",\"priority\":\"P2\",\"triage_class\":\"urgent\","
         "\"triage_score\":61.25,\"team\":\"cards\",\"owner\":\"kim\"}",
         NULL},
        {2, "{\"state\":\"open\"}", "still waiting"},
        {3,
         "{\"team\":\"fraud\",\"said\":{\"reason\":\"ask "
         "0301234567\"},\"state\":\"open\"}",
         NULL},
        {4,
         "{\"clock\":\"first_response\",\"start_no\":1,"
         "\"due_at\":\"2026-03-03T09:00:00.000Z\"}",
         NULL},
        {5,
         "{\"priority\":\"P1\",\"triage_class\":\"urgent\",\"triage_score\":88,"
         "\"double_deviation\":true}",
         NULL},
        {7,
         "{\"remedy\":\"refund\",\"amount\":12.5,\"currency\":\"EUR\","
         "\"state\":\"proposed\",\"from\":\"open\"}",
         NULL},
        {9,
         "{\"state\":\"open\",\"refused_type\":\"complaint.closed\",\"reason\":\"it is "
         "open\"}",
         NULL},
        {11,
         "{\"score\":2,\"said\":{\"comment\":\"write to me: anna@x.org\"},"
         "\"state\":\"resolved\"}",
         NULL},
        {12, "{}", NULL},
    };
    struct arena arena = {0};
    struct buf scratch = {0};
    struct complaint_event *events = ARENA_ARRAY(&arena, struct complaint_event, 16);
    (void)state;

    (void)projection_life(&arena, events, 16);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, event_type_name(events[table[i].event].type));
        assert_str(projection_detail(&events[table[i].event], &scratch), table[i].detail);
        struct str text = projection_text(&events[table[i].event]);
        assert_int_equal(str_is_null(text), table[i].text == NULL);
        if (table[i].text)
            assert_str(text, table[i].text);
    }
    struct detail more[] = {{STR("a\"b"), STR("[1]")}, {STR("reason"), STR("\"why\"")}};
    events[2].n_detail = 2;
    events[2].detail = more;
    assert_str(projection_detail(&events[2], &scratch),
               "{\"state\":\"open\",\"a\\\"b\":[1],\"reason\":\"why\"}");
    assert_str(projection_reasons(events[0].triage, &scratch),
               "[{\"name\":\"severity\",\"value\":0.5,\"weight\":2}]");
    assert_str(projection_evidence(events[0].triage, &scratch),
               "[{\"kind\":\"words\",\"at\":\"2026-03-02T09:00:00.000Z\"}]");
    static const struct {
        double value;
        const char *expect;
    } numbers[] = {{0, "0"},
                   {-0.125, "-0.125"},
                   {100, "100"},
                   {0.1, "0.1"},
                   {0.29, "0.29"},
                   {0.57, "0.57"},
                   {0.8731, "0.8731"},
                   {-0.0001, "-0.0001"},
                   {0.00004, "4e-05"},
                   {-0.0, "-0"},
                   {61.25, "61.25"},
                   {1.0 / 3, "0.3333333333333333"},
                   {1e12, "1000000000000"},
                   {-5, "-5"},
                   {1.005, "1.005"},
                   {0.1 + 0.2, "0.30000000000000004"}};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct reason reason = {STR("n"), numbers[i].value, 1, STR_NULL};
        struct triage_section one = {.n_reasons = 1, .reasons = &reason};
        char expect[96];
        (void)snprintf(expect, sizeof expect,
                       "[{\"name\":\"n\",\"value\":%s,\"weight\":1}]", numbers[i].expect);
        assert_str(projection_reasons(&one, &scratch), expect);
    }
    assert_true(str_is_null(projection_checklist(events[0].triage, &scratch)));
    buf_release(&scratch);
    arena_release(&arena);
}

/* "$3::bigint[]" for column 3, and as many as there are columns. */
static void
test_columns(void **state)
{
    static const char *const names[PG_TYPE_COUNT] = {
        [PG_TEXT] = "text",
        [PG_JSON] = "json",
        [PG_JSONB] = "jsonb",
        [PG_UUID] = "uuid",
        [PG_BOOL] = "boolean",
        [PG_INT2] = "smallint",
        [PG_INT4] = "integer",
        [PG_INT8] = "bigint",
        [PG_FLOAT8] = "double precision",
        [PG_TIMESTAMPTZ] = "timestamptz",
    };
    static const char *const sql[ROWS_TABLES] = {
        [ROWS_OFFSETS] = sql_offsets_advance, [ROWS_EVENTS] = sql_complaint_events,
        [ROWS_ASSIGNMENTS] = sql_assignments, [ROWS_COMPLAINTS] = sql_complaints,
        [ROWS_INHERIT] = sql_inherit,         [ROWS_FINDINGS] = sql_findings,
        [ROWS_CLOCKS] = sql_sla_clocks,       [ROWS_CUSTOMERS] = sql_customers,
        [ROWS_REMEDIES] = sql_remedies,       [ROWS_FEEDBACK] = sql_feedback_items,
        [ROWS_DEAD] = sql_dead_letters,       [ROWS_ERASE] = sql_erase,
    };
    struct rows *rows = calloc(1, sizeof *rows);
    (void)state;

    assert_non_null(rows);
    rows_begin(rows);
    for (size_t t = 0; t < ROWS_TABLES; t++) {
        size_t n = rows_columns((enum rows_table)t);
        char want[64];
        for (size_t i = 0; i < n; i++) {
            (void)snprintf(want, sizeof want, "$%zu::%s[]", i + 1,
                           names[rows->columns[t][i].type]);
            print_message("table %zu: %s\n", t, want);
            assert_non_null(strstr(sql[t], want));
        }
        (void)snprintf(want, sizeof want, "$%zu::", n + 1);
        assert_null(strstr(sql[t], want));
    }
    rows_release(rows);
    free(rows);
}

static void
test_rows(void **state)
{
    struct arena arena = {0};
    struct projection_rows fold = fold_life(&arena, 0, 0);
    struct rows *rows = calloc(1, sizeof *rows);
    (void)state;

    assert_non_null(rows);
    for (int round = 0; round < 3; round++) { /* memory is kept, rows are not */
        rows_begin(rows);
        rows_add_fold(rows, &fold, &arena);
        assert_int_equal(rows_count(rows, ROWS_EVENTS), 13);
        assert_int_equal(rows_count(rows, ROWS_COMPLAINTS), 2);
        /* What the table has of a clock is not written again, until it may be in doubt.
         */
        assert_int_equal(rows_count(rows, ROWS_CLOCKS), round == 1 ? 0 : 4);
        if (round == 1)
            rows_forget(rows);
        for (size_t t = 0; t < ROWS_TABLES; t++)
            for (size_t i = 0; i < rows_columns((enum rows_table)t); i++)
                assert_int_equal(rows->columns[t][i].n_items,
                                 rows->columns[t][0].n_items);
    }
    rows_release(rows);
    free(rows);
    arena_release(&arena);
}

static void
test_read_dead(void **state)
{
    static const struct kafka_header good[] = {
        {{"redress-error-topic", 19}, {"forged", 6}},
        {{"redress-error-reason", 20}, {"bad_json", 8}},
        {{"redress-error-detail", 20}, {"no JSON", 7}},
        {{"redress-error-stage", 19}, {"door", 4}},
        {{"redress-error-topic", 19}, {"complaints.inbound", 18}},
        {{"redress-error-partition", 23}, {"3", 1}},
        {{"redress-error-offset", 20}, {"812", 3}},
    };
    static const struct {
        size_t n_headers;
        const char *partition;
        bool refused;
    } table[] = {{7, "3", false}, {6, "3", true}, {0, "3", true},
                 {7, "-1", true}, {7, "x", true}, {7, "2147483648", true}};
    struct arena arena = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct kafka_header headers[7];
        struct input input;
        memcpy(headers, good, sizeof headers);
        headers[5].value = str_from(table[i].partition);
        struct kafka_message message = {.topic = STR("complaints.deadletter"),
                                        .partition = 1,
                                        .offset = 55,
                                        .timestamp_ms = RIG_T0,
                                        .n_headers = table[i].n_headers,
                                        .headers = headers};
        print_message("row %zu\n", i);
        input_read(INPUT_DEAD, &message, &arena, &input);
        assert_int_equal(input.refused, table[i].refused);
        if (input.refused)
            continue;
        assert_str(input.dead->topic, "complaints.inbound"); /* ours come last */
        assert_int_equal(input.dead->partition, 3);
        assert_int_equal(input.dead->offset, 812);
        assert_int_equal(input.dead->dead_offset, 55);
        assert_true(str_is_null(input.dead->path));
    }
    arena_release(&arena);
}

static void
test_read_feedback(void **state)
{
#define ITEM(status)                                                                     \
    "{\"type\":\"feedback.item\",\"time\":\"2026-03-02T09:00:00Z\",\"data\":{"           \
    "\"feedback_id\":\"f0000000-0000-8000-8000-000000000001\",\"cluster_key\":\"k\","    \
    "\"status\":\"" status "\",\"complaints\":3,\"customers\":2}}"
    static const struct {
        const char *value;
        enum dead_reason reason; /* DEAD_NONE: read */
        bool row;
    } table[] = {
        {ITEM("open"), DEAD_NONE, true},
        {ITEM("fixed"), DEAD_NONE, true},
        {"{\"type\":\"feedback.other\",\"data\":{}}", DEAD_NONE, false},
        {"{", DEAD_BAD_JSON, false},
        {NULL, DEAD_BAD_JSON, false},
        {"{\"type\":\"feedback.item\"}", DEAD_BAD_CLOUDEVENT, false},
        {"{\"type\":\"feedback.item\",\"data\":{\"feedback_id\":\"x\"}}", DEAD_BAD_FIELD,
         false},
    };
    struct arena arena = {0};
    struct input inputs[COUNT_OF(table)];
    (void)state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct kafka_message message = {.offset = (int64_t)i,
                                        .timestamp_ms = RIG_T0,
                                        .value = str_from(table[i].value)};
        print_message("row %zu: %s\n", i, table[i].value ? table[i].value : "null");
        input_read(INPUT_FEEDBACK, &message, &arena, &inputs[i]);
        assert_int_equal(inputs[i].refused, table[i].reason != DEAD_NONE);
        if (inputs[i].refused)
            assert_int_equal(inputs[i].why->reason, table[i].reason);
        assert_int_equal(inputs[i].feedback != NULL, table[i].row);
    }
    struct rows *rows = calloc(1, sizeof *rows);
    assert_non_null(rows);
    rows_begin(rows);
    inputs_to_rows(STR("products.feedback"), inputs, COUNT_OF(inputs), rows, &arena);
    assert_int_equal(rows_count(rows, ROWS_FEEDBACK), 1); /* one item, folded */
    assert_int_equal(rows_count(rows, ROWS_DEAD), 4);
    rows_release(rows);
    free(rows);
    arena_release(&arena);
}

static void
test_read_routed(void **state)
{
    struct arena arena = {0};
    struct buf framed = {0};
    struct complaint_event events[16];
    struct err err;
    struct input input;
    (void)state;

    (void)projection_life(&arena, events, 16);
    assert_true(wire_encode(&complaint_event_wire, &events[0], &framed, &err));
    struct kafka_message message = {
        .offset = 9, .timestamp_ms = RIG_T0, .value = buf_str(&framed)};
    input_read(INPUT_ROUTED, &message, &arena, &input);
    assert_false(input.refused);
    assert_int_equal(input.ev->type, EVENT_TYPE_COMPLAINT_SUBMITTED);
    message.value.len--;
    input_read(INPUT_ROUTED, &message, &arena, &input);
    assert_true(input.refused);
    assert_int_equal(input.why->reason, DEAD_BAD_SCHEMA);
    message.value = STR_NULL;
    input_read(INPUT_ROUTED, &message, &arena, &input);
    assert_true(input.refused);
    buf_release(&framed);
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold),        cmocka_unit_test(test_fold_part),
        cmocka_unit_test(test_inheritance), cmocka_unit_test(test_erasure),
        cmocka_unit_test(test_check),       cmocka_unit_test(test_detail),
        cmocka_unit_test(test_columns),     cmocka_unit_test(test_rows),
        cmocka_unit_test(test_read_dead),   cmocka_unit_test(test_read_feedback),
        cmocka_unit_test(test_read_routed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
