/* The door: every dead letter with its path, limits, times, who an event is about. */
#include <stdlib.h>

#include "door_rig.h"
#include "ident/ident.h"

/* ---- dead letters ------------------------------------------------------------------ */

static const struct dead {
    const char *type;
    const char *data;
    enum dead_reason expect;
    const char *path;
} DEAD[] = {
    {"complaint.unheard_of", "{}", DEAD_UNKNOWN_TYPE, "$.type"},
    {"tick", "{}", DEAD_UNKNOWN_TYPE, "$.type"},
    {"sla.breached", "{}", DEAD_UNKNOWN_TYPE, "$.type"},
    {"unknown", "{}", DEAD_UNKNOWN_TYPE, "$.type"},
    /* data itself */
    {"complaint.submitted", "null", DEAD_MISSING_FIELD, "$.data"},
    {"complaint.submitted", "[]", DEAD_BAD_FIELD, "$.data"},
    {"complaint.submitted", "\"text\"", DEAD_BAD_FIELD, "$.data"},
    /* required fields */
    {"complaint.submitted", "{}", DEAD_MISSING_FIELD, "$.data.complaint_ref"},
    {"complaint.submitted", "{\"channel\":\"web\",\"text\":\"t\"}", DEAD_MISSING_FIELD,
     "$.data.complaint_ref"},
    {"complaint.submitted", "{\"complaint_ref\":null,\"channel\":\"web\",\"text\":\"t\"}",
     DEAD_MISSING_FIELD, "$.data.complaint_ref"},
    {"complaint.submitted", "{\"complaint_ref\":\"\",\"channel\":\"web\",\"text\":\"t\"}",
     DEAD_MISSING_FIELD, "$.data.complaint_ref"},
    {"complaint.submitted", "{" REF ",\"text\":\"t\"}", DEAD_MISSING_FIELD,
     "$.data.channel"},
    {"complaint.submitted", "{" REF ",\"channel\":\"\",\"text\":\"t\"}",
     DEAD_MISSING_FIELD, "$.data.channel"},
    {"complaint.submitted", "{" REF ",\"channel\":\"web\"}", DEAD_MISSING_FIELD,
     "$.data.text"},
    {"complaint.submitted",
     "{" REF ",\"channel\":\"web\",\"text\":\"\",\"subject\":null}", DEAD_MISSING_FIELD,
     "$.data.text"},
    {"complaint.message", "{" REF "}", DEAD_MISSING_FIELD, "$.data.text"},
    {"complaint.message", "{" REF ",\"text\":\" \\u0007\\n\"}", DEAD_MISSING_FIELD,
     "$.data.text"},
    {"complaint.rated", "{" REF "}", DEAD_MISSING_FIELD, "$.data.score"},
    {"complaint.assigned", "{" REF "}", DEAD_MISSING_FIELD, "$.data.team"},
    {"complaint.transferred", "{" REF ",\"team\":\"\"}", DEAD_MISSING_FIELD,
     "$.data.team"},
    {"complaint.waiting", "{" REF "}", DEAD_MISSING_FIELD, "$.data.for"},
    {"complaint.promised", "{" REF ",\"due_at\":\"2026-02-01T00:00:00Z\"}",
     DEAD_MISSING_FIELD, "$.data.promise_id"},
    {"complaint.promised", "{" REF ",\"promise_id\":\"p\"}", DEAD_MISSING_FIELD,
     "$.data.due_at"},
    {"complaint.promise_kept", "{" REF "}", DEAD_MISSING_FIELD, "$.data.promise_id"},
    {"complaint.remedy_offered", "{" REF "}", DEAD_MISSING_FIELD, "$.data.remedy"},
    {"complaint.merged", "{" REF "}", DEAD_MISSING_FIELD, "$.data.into"},
    {"complaint.referred", "{" REF "}", DEAD_MISSING_FIELD, "$.data.to"},
    {"complaint.extended", "{" REF "}", DEAD_MISSING_FIELD, "$.data.clock"},
    {"complaint.extended", "{" REF ",\"clock\":\"resolution\"}", DEAD_MISSING_FIELD,
     "$.data.until"},
    {"complaint.extended",
     "{" REF
     ",\"clock\":\"resolution\",\"until\":\"2026-02-01T00:00:00Z\",\"approver\":\"a\"}",
     DEAD_MISSING_FIELD, "$.data.reason"},
    {"complaint.extended",
     "{" REF
     ",\"clock\":\"resolution\",\"until\":\"2026-02-01T00:00:00Z\",\"reason\":\"a\"}",
     DEAD_MISSING_FIELD, "$.data.approver"},
    {"complaint.reach", "{" REF "}", DEAD_MISSING_FIELD, "$.data"},
    {"complaint.reach", "{" REF ",\"views\":null}", DEAD_MISSING_FIELD, "$.data"},
    {"complaint.corrected", "{" REF "}", DEAD_MISSING_FIELD, "$.data"},
    {"feedback.fixed", "{}", DEAD_MISSING_FIELD, "$.data.feedback_id"},
    {"feedback.fixed", "{\"feedback_id\":\"\"}", DEAD_MISSING_FIELD,
     "$.data.feedback_id"},
    /* types and values */
    {"complaint.submitted", "{\"complaint_ref\":7,\"channel\":\"web\",\"text\":\"t\"}",
     DEAD_BAD_FIELD, "$.data.complaint_ref"},
    {"complaint.submitted", "{" REF ",\"channel\":\"pigeon\",\"text\":\"t\"}",
     DEAD_BAD_FIELD, "$.data.channel"},
    {"complaint.submitted", "{" REF ",\"channel\":\"unknown\",\"text\":\"t\"}",
     DEAD_BAD_FIELD, "$.data.channel"},
    {"complaint.submitted", "{" WEB ",\"kind\":\"rant\"}", DEAD_BAD_FIELD, "$.data.kind"},
    {"complaint.submitted", "{" WEB ",\"kind\":\"unknown\"}", DEAD_BAD_FIELD,
     "$.data.kind"},
    {"complaint.submitted", "{" WEB ",\"product\":[]}", DEAD_BAD_FIELD, "$.data.product"},
    {"complaint.submitted", "{" WEB ",\"customer\":\"C1\"}", DEAD_BAD_FIELD,
     "$.data.customer"},
    {"complaint.submitted", "{" WEB ",\"customer\":{\"id\":42}}", DEAD_BAD_FIELD,
     "$.data.customer.id"},
    {"complaint.submitted", "{" WEB ",\"customer\":{\"since\":\"spring\"}}",
     DEAD_BAD_FIELD, "$.data.customer.since"},
    {"complaint.submitted", "{" WEB ",\"customer\":{\"followers\":-1}}", DEAD_BAD_FIELD,
     "$.data.customer.followers"},
    {"complaint.submitted", "{" WEB ",\"customer\":{\"vulnerable\":\"yes\"}}",
     DEAD_BAD_FIELD, "$.data.customer.vulnerable"},
    {"complaint.submitted", "{" WEB ",\"customer\":{\"lifetime_value\":1e999}}",
     DEAD_BAD_FIELD, "$.data.customer.lifetime_value"},
    {"complaint.submitted", "{" WEB ",\"reach\":{\"views\":-5}}", DEAD_BAD_FIELD,
     "$.data.reach.views"},
    {"complaint.submitted", "{" WEB ",\"reach\":{\"views\":99999999999999999999}}",
     DEAD_BAD_FIELD, "$.data.reach.views"},
    {"complaint.submitted", "{" WEB ",\"reach\":7}", DEAD_BAD_FIELD, "$.data.reach"},
    {"complaint.submitted", "{" WEB ",\"regulator\":{\"received_at\":\"2026-01-01\"}}",
     DEAD_BAD_FIELD, "$.data.regulator.received_at"},
    {"complaint.submitted", "{" WEB ",\"consent_to_publish\":1}", DEAD_BAD_FIELD,
     "$.data.consent_to_publish"},
    {"complaint.submitted", "{" WEB ",\"attachments\":\"a.jpg\"}", DEAD_BAD_FIELD,
     "$.data.attachments"},
    {"complaint.reach", "{" REF ",\"views\":1.5}", DEAD_BAD_FIELD, "$.data.views"},
    {"complaint.rated", "{" REF ",\"score\":0}", DEAD_BAD_FIELD, "$.data.score"},
    {"complaint.rated", "{" REF ",\"score\":6}", DEAD_BAD_FIELD, "$.data.score"},
    {"complaint.rated", "{" REF ",\"score\":\"5\"}", DEAD_BAD_FIELD, "$.data.score"},
    {"complaint.rated", "{" REF ",\"score\":4.5}", DEAD_BAD_FIELD, "$.data.score"},
    {"complaint.rated", "{" REF ",\"score\":true}", DEAD_BAD_FIELD, "$.data.score"},
    {"complaint.remedy_offered", "{" REF ",\"remedy\":\"r\",\"amount\":-0.01}",
     DEAD_BAD_FIELD, "$.data.amount"},
    {"complaint.remedy_offered", "{" REF ",\"remedy\":\"r\",\"amount\":\"5\"}",
     DEAD_BAD_FIELD, "$.data.amount"},
    {"complaint.waiting", "{" REF ",\"for\":\"godot\"}", DEAD_BAD_FIELD, "$.data.for"},
    {"complaint.extended",
     "{" REF ",\"clock\":\"cuckoo\",\"until\":\"2026-02-01T00:00:00Z\",\"reason\":\"r\","
     "\"approver\":\"a\"}",
     DEAD_BAD_FIELD, "$.data.clock"},
    {"complaint.corrected", "{" REF ",\"severity\":9}", DEAD_BAD_FIELD,
     "$.data.severity"},
    {"complaint.promised", "{" REF ",\"promise_id\":\"p\",\"due_at\":\"tomorrow\"}",
     DEAD_BAD_FIELD, "$.data.due_at"},
    {"complaint.acknowledged", "{" REF ",\"automatic\":\"yes\"}", DEAD_BAD_FIELD,
     "$.data.automatic"},
    {"complaint.closed", "{\"complaint_id\":\"17\"}", DEAD_BAD_FIELD,
     "$.data.complaint_id"},
    {"complaint.closed", "{\"complaint_id\":\"0123abcd-4567-4abc-9def-0123456789ab\"}",
     DEAD_BAD_FIELD, "$.data.complaint_id"}, /* version 4 */
    {"complaint.closed", "{\"complaint_id\":5}", DEAD_BAD_FIELD, "$.data.complaint_id"},
    {"feedback.fixed", "{\"feedback_id\":\"f1\"}", DEAD_BAD_FIELD, "$.data.feedback_id"},
    {"feedback.fixed", "{\"collective_id\":\"c1\"}", DEAD_BAD_FIELD,
     "$.data.collective_id"},
    /* times in data */
    {"complaint.promised",
     "{" REF ",\"promise_id\":\"p\",\"due_at\":\"1999-12-31T23:59:59Z\"}",
     DEAD_TIME_OUT_OF_RANGE, "$.data.due_at"},
    {"complaint.promised",
     "{" REF ",\"promise_id\":\"p\",\"due_at\":\"9999-12-31T00:00:00Z\"}",
     DEAD_TIME_OUT_OF_RANGE, "$.data.due_at"},
    /* nobody */
    {"complaint.closed", "{}", DEAD_UNROUTABLE, "$.data"},
    {"complaint.closed", "{\"customer\":{\"id\":\"C1\"}}", DEAD_UNROUTABLE, "$.data"},
    {"complaint.message", "{\"text\":\"t\"}", DEAD_UNROUTABLE, "$.data"},
    {"customer.updated", "{}", DEAD_UNROUTABLE, "$.data.customer"},
    {"customer.updated", "{\"customer\":{\"name\":\"Jo\"}}", DEAD_UNROUTABLE,
     "$.data.customer"},
    {"customer.erased", "{\"customer\":{\"email\":\"n/a\"}}", DEAD_UNROUTABLE,
     "$.data.customer"},
};

static void
test_dead_letters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(DEAD); i++) {
        struct door_result result;
        struct err err;
        print_message("row %zu: %s %s\n", i, DEAD[i].type, DEAD[i].data);
        assert_false(read_data(DEAD[i].type, DEAD[i].data, &result, &err));
        print_message("   %s %s: %s\n", dead_reason_name(err.reason), err.path, err.text);
        assert_int_equal(err.action, ERR_DEAD_LETTER);
        assert_string_equal(dead_reason_name(err.reason),
                            dead_reason_name(DEAD[i].expect));
        assert_string_equal(err.path, DEAD[i].path);
    }
    arena_clear(&arena);
}

/* A string of n bytes in the field; one more is too large. */
static void
test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *before;
        const char *after;
        size_t max_bytes;
        const char *path;
    } rows[] = {
        {"complaint.submitted", "{" REF ",\"channel\":\"web\",\"text\":\"", "\"}", 262144,
         "$.data.text"},
        {"complaint.submitted", "{" WEB ",\"subject\":\"", "\"}", 8192, "$.data.subject"},
        {"complaint.submitted",
         "{\"channel\":\"web\",\"text\":\"t\",\"complaint_ref\":\"", "\"}", 512,
         "$.data.complaint_ref"},
        {"complaint.submitted", "{" WEB ",\"customer\":{\"id\":\"", "\"}}", 512,
         "$.data.customer.id"},
        {"complaint.submitted", "{" WEB ",\"customer\":{\"name\":\"", "\"}}", 8192,
         "$.data.customer.name"},
        {"complaint.submitted", "{" WEB ",\"attachments\":[\"", "\"]}", 8190,
         "$.data.attachments"},
        {"complaint.responded", "{" REF ",\"text\":\"", "\"}", 262144, "$.data.text"},
        {"complaint.rejected", "{" REF ",\"reason\":\"", "\"}", 8192, "$.data.reason"},
        {"complaint.submitted", "{" WEB ",\"customer\":{\"tier\":\"", "\"}}", 8192,
         "$.data.customer.tier"},
        {"complaint.submitted", "{" WEB ",\"regulator\":{\"name\":\"", "\"}}", 8192,
         "$.data.regulator.name"},
        {"complaint.submitted", "{" WEB ",\"language\":\"", "\"}", 8192,
         "$.data.language"},
        {"complaint.assigned", "{" REF ",\"team\":\"", "\"}", 8192, "$.data.team"},
        {"complaint.assigned", "{" REF ",\"team\":\"t\",\"owner\":\"", "\"}", 8192,
         "$.data.owner"},
        {"complaint.resolved", "{" REF ",\"currency\":\"", "\"}", 8192,
         "$.data.currency"},
    };
    char *filler = malloc(262146);
    memset(filler, 'x', 262146);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t over = 0; over < 2; over++) {
            struct door_result result;
            struct err err;
            print_message("row %zu: %s %zu + %zu\n", i, rows[i].path, rows[i].max_bytes,
                          over);
            struct str data =
                arena_printf(&arena, "%s%.*s%s", rows[i].before,
                             (int)(rows[i].max_bytes + over), filler, rows[i].after);
            assert_int_equal(read_data(rows[i].type, data.ptr, &result, &err), over == 0);
            if (over) {
                assert_int_equal(err.reason, DEAD_TOO_LARGE);
                assert_string_equal(err.path, rows[i].path);
            }
            arena_clear(&arena);
        }
    free(filler);
    for (int n = 64; n <= 65; n++) {
        struct door_result result;
        struct err err;
        struct buf data = {0};
        buf_add_c(&data, "{" WEB ",\"attachments\":[0");
        for (int i = 1; i < n; i++)
            buf_printf(&data, ",%d", i);
        buf_add_c(&data, "]}");
        assert_int_equal(read_data("complaint.submitted", data.ptr, &result, &err),
                         n == 64);
        buf_release(&data);
    }
    arena_clear(&arena);
}

static void
test_times(void **state)
{
    (void)state;
    static const struct {
        const char *time;
        bool wall;
        enum dead_reason reason;
        int64_t expect_ms; /* TIME_NONE: a dead letter */
    } rows[] = {
        {NULL, true, DEAD_NONE, NOW_MS},
        {"2025-12-31T23:00:00.5Z", true, DEAD_NONE, NOW_MS - HOUR_MS + 500},
        {"2026-01-01T08:00:00+08:00", true, DEAD_NONE, NOW_MS},
        {"2000-01-01T00:00:00Z", true, DEAD_NONE, INT64_C(946684800000)},
        {"1999-12-31T23:59:59.999Z", true, DEAD_TIME_OUT_OF_RANGE, TIME_NONE},
        {"2026-01-02T00:00:00Z", true, DEAD_NONE, NOW_MS + DAY_MS},
        {"2026-01-02T00:00:00.001Z", true, DEAD_TIME_OUT_OF_RANGE, TIME_NONE},
        {"2026-01-02T00:00:00.001Z", false, DEAD_NONE, NOW_MS + DAY_MS + 1},
        {"2031-01-01T00:00:00Z", false, DEAD_NONE, INT64_C(1924992000000)},
        {"9999-01-01T00:00:00Z", false, DEAD_TIME_OUT_OF_RANGE, TIME_NONE},
        {"yesterday", true, DEAD_BAD_CLOUDEVENT, TIME_NONE},
        {"2026-02-30T00:00:00Z", true, DEAD_BAD_CLOUDEVENT, TIME_NONE},
        {"2026-01-01", true, DEAD_BAD_CLOUDEVENT, TIME_NONE},
        {"", true, DEAD_BAD_CLOUDEVENT, TIME_NONE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct door_result result;
        struct err err = {0};
        print_message("row %zu: %s\n", i, rows[i].time ? rows[i].time : "no time");
        struct raw_message message =
            message_of(envelope("/crm", "complaint.closed", rows[i].time, "{" REF "}"));
        bool ok = door_read(rows[i].wall ? &WALL : &EVENT, &message, &result, &err);
        assert_int_equal(ok, rows[i].expect_ms != TIME_NONE);
        if (ok) {
            assert_int_equal(result.event.occurred_at, rows[i].expect_ms);
            assert_int_equal(result.event.recorded_at, NOW_MS);
        } else {
            assert_int_equal(err.reason, rows[i].reason);
            assert_string_equal(err.path, "$.time");
        }
    }
    arena_clear(&arena);
}

/* ---- identity ---------------------------------------------------------------------- */

static const struct same {
    const char *first;  /* customer (and channel) of a submission */
    const char *second; /* of a later event                        */
    bool same;
    enum customer_key kind;
} SAME[] = {
    {"{\"id\":\"C1\"}", "{\"id\":\" C1 \",\"email\":\"x@y.z\"}", true, CUSTOMER_KEY_ID},
    {"{\"id\":\"C1\"}", "{\"id\":\"c1\"}", false, CUSTOMER_KEY_ID},
    {"{\"id\":\"C1\"}", "{\"email\":\"x@y.z\"}", false, CUSTOMER_KEY_EMAIL},
    {"{\"email\":\"Jo@Example.org\"}", "{\"email\":\"jo@example.ORG \"}", true,
     CUSTOMER_KEY_EMAIL},
    {"{\"id\":null,\"email\":\"jo@x.org\"}", "{\"id\":\"\",\"email\":\"jo@x.org\"}", true,
     CUSTOMER_KEY_EMAIL},
    {"{\"email\":\"jo@x.org\"}", "{\"email\":\"jo@x.org\",\"phone\":\"13800138000\"}",
     true, CUSTOMER_KEY_EMAIL},
    {"{\"phone\":\"138 0013 8000\"}", "{\"phone\":\"+8613800138000\"}", true,
     CUSTOMER_KEY_PHONE},
    {"{\"email\":\"none\",\"phone\":\"13800138000\"}", "{\"phone\":\"13800138000\"}",
     true, CUSTOMER_KEY_PHONE},
    {"{\"handle\":\"@Jo\"},\"channel\":\"social\"",
     "{\"handle\":\"jo\"},\"channel\":\"social\"", true, CUSTOMER_KEY_HANDLE},
    {"{\"handle\":\"@Jo\"},\"channel\":\"social\"",
     "{\"handle\":\"jo\"},\"channel\":\"chat\"", false, CUSTOMER_KEY_HANDLE},
    {"{\"handle\":\"@Jo\"},\"channel\":\"social\"", "{\"handle\":\"jo\"}", false,
     CUSTOMER_KEY_HANDLE}, /* unnamed: unknown */
    {"{\"name\":\"Jo\"}", "null", true, CUSTOMER_KEY_REF},
    {"null", "{}", true, CUSTOMER_KEY_REF},
    {"null", "{\"id\":\"C1\"}", false, CUSTOMER_KEY_ID},
    {"{\"id\":\"jo@x.org\"}", "{\"email\":\"jo@x.org\"}", false, CUSTOMER_KEY_EMAIL},
};

static void
test_same_customer_same_complaint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(SAME); i++) {
        print_message("row %zu: %s / %s\n", i, SAME[i].first, SAME[i].second);
        bool channel = strstr(SAME[i].first, "channel") != NULL;
        struct str first =
            arena_printf(&arena, "{" REF ",\"text\":\"t\"%s,\"customer\":%s}",
                         channel ? "" : ",\"channel\":\"web\"", SAME[i].first);
        struct str second =
            arena_printf(&arena, "{" REF ",\"customer\":%s}", SAME[i].second);
        struct complaint_event a = event_of("complaint.submitted", first.ptr);
        struct complaint_event b = event_of("complaint.closed", second.ptr);
        assert_int_equal(str_eq(a.complaint_id, b.complaint_id), SAME[i].same);
        assert_int_equal(str_eq(a.customer_hash, b.customer_hash), SAME[i].same);
        assert_int_equal(b.customer_key_kind, SAME[i].kind);
        assert_int_equal(b.named_by, NAMED_BY_REF);
        assert_int_equal(a.customer_hash.len, IDENT_HASH_HEX);
        assert_true(str_eq(a.customer_key, str_sub(a.customer_hash, 0, IDENT_KEY_HEX)));
        assert_true(str_eq(ident_key_of(&arena, a.complaint_id), a.customer_key));
    }
    arena_clear(&arena);
}

static void
test_naming(void **state)
{
    (void)state;
    struct complaint_event a = event_of("complaint.submitted", "{" WEB "}");
    /* by id: it beats customer and ref; in capitals too */
    struct str data = arena_printf(
        &arena, "{\"complaint_id\":\"%.*s\"," REF ",\"customer\":{\"id\":\"other\"}}",
        STR_ARG(a.complaint_id));
    struct complaint_event b = event_of("complaint.closed", data.ptr);
    assert_true(str_eq(a.complaint_id, b.complaint_id));
    assert_true(str_eq(a.customer_key, b.customer_key));
    assert_int_equal(b.named_by, NAMED_BY_ID);
    /* whom the publisher meant is kept, for register to see that it is another */
    assert_false(str_is_null(b.customer_hash));
    assert_false(str_eq(ident_customer_key(b.customer_hash), b.customer_key));
    assert_int_equal(b.customer_key_kind, CUSTOMER_KEY_ID);
    assert_str(b.complaint_ref, "R1");
    assert_str(b.customer->id, "other");
    b = event_of("complaint.closed",
                 "{\"complaint_id\":\"0123ABCD-4567-8ABC-9DEF-0123456789AB\"}");
    assert_str(b.complaint_id, ID_TEXT);
    assert_true(str_is_null(b.customer_hash));
    assert_int_equal(b.customer_key_kind, CUSTOMER_KEY_NONE);
    assert_str(b.customer_key, "0123abcd4567");

    /* another publisher speaks of it */
    struct door_result result;
    struct err err = {0};
    struct raw_message message = message_of(envelope(
        "/erp", "complaint.closed", NULL, "{" REF ",\"complaint_source\":\"/crm\"}"));
    assert_true(door_read(&WALL, &message, &result, &err));
    assert_true(str_eq(a.complaint_id, result.event.complaint_id));
    assert_str(result.event.complaint_source, "/crm");
    message = message_of(envelope("/erp", "complaint.closed", NULL, "{" REF "}"));
    assert_true(door_read(&WALL, &message, &result, &err));
    assert_false(str_eq(a.complaint_id, result.event.complaint_id));

    /* a customer has no complaint */
    b = event_of("customer.updated", "{\"customer\":{\"id\":\"C1\",\"tier\":\"gold\"}}");
    assert_true(str_is_null(b.complaint_id));
    assert_int_equal(b.named_by, NAMED_BY_NOTHING);
    struct complaint_event c =
        event_of("complaint.submitted", "{" WEB ",\"customer\":{\"id\":\"C1\"}}");
    assert_true(str_eq(b.customer_hash, c.customer_hash));

    /* another salt, other people */
    struct door_context other = WALL;
    other.salt = STR("pepper");
    message = message_of(envelope("/crm", "complaint.submitted", NULL, "{" WEB "}"));
    assert_true(door_read(&other, &message, &result, &err));
    assert_false(str_eq(a.customer_key, result.event.customer_key));
    assert_true(str_eq(a.event_id, result.event.event_id));
    arena_clear(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dead_letters),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_same_customer_same_complaint),
        cmocka_unit_test(test_naming),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
