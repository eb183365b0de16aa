/* The door: what of a message is stored, under every type; the schemas' examples; the
 * stage around it; and messages damaged at random. */
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "door_rig.h"
#include "intake/stages.h"
#include "wire/wire.h"

/* ---- what is stored ---------------------------------------------------------------- */

static void
test_submission(void **state)
{
    (void)state;
    struct complaint_event ev = event_of(
        "complaint.submitted",
        "{" REF ",\"channel\":\"social\",\"text\":\"cafe\\u0301\\r\\n4111 1111 1111 "
        "1111\\u0000!\","
        "\"subject\":\"DE89370400440532013000\",\"issue\":\"lid\",\"language\":\"en\","
        "\"brand\":\"b\",\"product\":\"kettle\",\"order_ref\":\"o1\",\"desired_remedy\":"
        "\"refund\","
        "\"kind\":\"complaint\",\"public_url\":\"https://x.org/4111111111111111\","
        "\"reach\":{\"views\":10,\"shares\":2e0,\"clicks\":7},"
        "\"regulator\":{\"name\":\"CFPB\",\"case_ref\":\"c\",\"received_at\":\"2025-12-"
        "01T00:00:00Z\"},"
        "\"previous_complaint_ref\":\"R0\",\"on_behalf_of\":\"mother\",\"consent_to_"
        "publish\":false,"
        "\"attachments\":[{\"name\":\"a 4111111111111111\"},\"u\",7],"
        "\"customer\":{\"id\":\"11010519491231002X\",\"name\":\"Jo 4111111111111111\","
        "\"email\":\"4111111111111111@x.org\",\"phone\":\"+86 138 0013 8000\","
        "\"handle\":\"@jo\",\"tier\":\"gold\",\"since\":\"2019-04-01\",\"lifetime_"
        "value\":-1.5,"
        "\"followers\":3,\"vulnerable\":true,\"shoe\":{\"size\":43}},"
        "\"note\":[\"GB82 WEST 1234 5698 7654 32\",4111111111111111,1e400,null,true],"
        "\"4111111111111111\":12345678901234567890123}");
    const struct submission *s = ev.submission;
    assert_int_equal(ev.type, EVENT_TYPE_COMPLAINT_SUBMITTED);
    assert_int_equal(ev.stage, STAGE_DOOR);
    assert_str(ev.source, "/crm");
    assert_str(ev.ce_id, "e1");
    assert_str(ev.origin->topic, "complaints.inbound");
    assert_int_equal(ev.origin->partition, 3);
    assert_int_equal(ev.origin->offset, 17);
    assert_false(ev.has_seq);
    assert_null(ev.action);
    assert_int_equal(s->channel, CHANNEL_SOCIAL);
    assert_str(s->text, "caf\xc3\xa9\n[card]\xef\xbf\xbd!");
    assert_str(s->subject, "[iban]");
    assert_str(s->issue, "lid");
    assert_str(s->language, "en");
    assert_str(s->brand, "b");
    assert_str(s->product, "kettle");
    assert_str(s->order_ref, "o1");
    assert_str(s->desired_remedy, "refund");
    assert_true(s->has_kind && s->kind == KIND_COMPLAINT);
    assert_str(s->public_url, "https://x.org/4111111111111111");
    assert_true(s->reach->has_views && s->reach->views == 10);
    assert_true(s->reach->has_shares && s->reach->shares == 2);
    assert_false(s->reach->has_replies);
    assert_str(s->regulator->name, "CFPB");
    assert_int_equal(s->regulator->received_at, INT64_C(1764547200000));
    assert_str(s->previous_complaint_ref, "R0");
    assert_str(s->on_behalf_of, "mother");
    assert_true(s->has_consent_to_publish && !s->consent_to_publish);
    assert_int_equal(s->n_attachments, 3);
    assert_str(s->attachments[0], "{\"name\":\"a [card]\"}");
    assert_str(s->attachments[2], "7");
    assert_str(ev.customer->id, "[resident-id]");
    assert_str(ev.customer->name, "Jo [card]");
    assert_str(ev.customer->email, "[card]@x.org");
    assert_str(ev.customer->phone, "+86 138 0013 8000");
    assert_str(ev.customer->tier, "gold");
    assert_int_equal(ev.customer->since, INT64_C(1554076800000));
    assert_true(ev.customer->lifetime_value == -1.5);
    assert_true(ev.customer->has_vulnerable && ev.customer->vulnerable);
    assert_str(ev.extra,
               "{\"reach\":{\"clicks\":7},\"customer\":{\"shoe\":{\"size\":43}},"
               "\"note\":[\"[iban]\",\"[card]\",1e400,null,true],"
               "\"[card]\":12345678901234567890123}");
    /* Hashed before it was hidden. */
    struct complaint_event again = event_of(
        "complaint.closed", "{" REF ",\"customer\":{\"id\":\"11010519491231002X\"}}");
    assert_true(str_eq(ev.complaint_id, again.complaint_id));
    arena_clear(&arena);
}

static void
test_actions(void **state)
{
    (void)state;
    const struct action *a;
    a = event_of("complaint.waiting",
                 "{" REF ",\"for\":\"third_party\",\"reason\":\"lab\"}")
            .action;
    assert_str(a->waiting_for, "third_party");
    assert_str(a->reason, "lab");
    a = event_of("complaint.referred",
                 "{" REF ",\"to\":\"ombudsman\",\"case_ref\":\"7\"}")
            .action;
    assert_str(a->referred_to, "ombudsman");
    assert_str(a->case_ref, "7");
    a = event_of("complaint.promised",
                 "{" REF ",\"promise_id\":\"p\",\"promise\":\"call\",\"due_at\":"
                 "\"2026-03-02T12:00:00+08:00\"}")
            .action;
    assert_true(a->has_due_at && a->due_at == INT64_C(1772424000000));
    a = event_of("complaint.reach", "{" REF ",\"views\":5}").action;
    assert_true(a->reach->has_views && a->reach->views == 5 && !a->reach->has_shares);
    a = event_of("complaint.corrected", "{" REF ",\"kind\":\"praise\",\"severity\":5}")
            .action;
    assert_true(a->has_kind && a->kind == KIND_PRAISE && a->severity == 5);
    a = event_of("complaint.acknowledged", "{" REF ",\"automatic\":true}").action;
    assert_true(a->has_automatic && a->automatic);
    a = event_of("complaint.rated", "{" REF ",\"score\":2.0,\"comment\":\"late\"}")
            .action;
    assert_true(a->has_score && a->score == 2);
    /* A field of another type is unknown here. */
    struct complaint_event ev =
        event_of("complaint.closed", "{" REF ",\"reason\":\"done\",\"score\":9}");
    assert_null(ev.action);
    assert_str(ev.extra, "{\"reason\":\"done\",\"score\":9}");

    struct door_result result;
    struct err err;
    assert_true(read_data("feedback.planned",
                          "{\"feedback_id\":\"" ID_TEXT
                          "\",\"due_at\":\"2026-06-30T00:00:00Z\"}",
                          &result, &err));
    assert_true(result.is_fact);
    assert_str(result.fact.cluster_key, "0123abcd4567");
    assert_str(result.fact.feedback_id, ID_TEXT);
    assert_true(result.fact.action->has_due_at);
    assert_int_equal(result.fact.type, EVENT_TYPE_FEEDBACK_PLANNED);
    arena_clear(&arena);
}

static void
test_binary_and_extensions(void **state)
{
    (void)state;
    static const struct header headers[] = {
        {{"ce_specversion", 14}, {"1.0", 3}},
        {{"ce_id", 5}, {"e1", 2}},
        {{"ce_source", 9}, {"/crm", 4}},
        {{"ce_type", 7}, {"complaint.closed", 16}},
        {{"ce_traceparent", 14}, {"00-ab-cd-01", 11}},
        {{"ce_partitionkey", 15}, {"4111111111111111", 16}},
    };
    struct raw_message message = message_of(STR("{" REF "}"));
    message.headers = headers;
    message.n_headers = COUNT_OF(headers);
    struct door_result result;
    struct err err = {0};
    assert_true(door_read(&WALL, &message, &result, &err));
    assert_str(result.event.traceparent, "00-ab-cd-01");
    assert_str(result.event.extensions, "{\"partitionkey\":\"[card]\"}");
    /* The mode makes no difference to who and what. */
    struct complaint_event same = event_of("complaint.closed", "{" REF "}");
    assert_true(str_eq(same.event_id, result.event.event_id));
    assert_true(str_eq(same.complaint_id, result.event.complaint_id));
    arena_clear(&arena);
}

/* ---- schemas ----------------------------------------------------------------------- */

static size_t
check_properties(const struct door_type *type, const struct field_set *set,
                 json_t *schema)
{
    (void)type;
    json_t *properties = json_object_get(schema, "properties");
    for (size_t i = 0; i < set->n_fields; i++) {
        const struct field *field = &set->fields[i];
        json_t *property = json_object_getn(properties, field->name.ptr, field->name.len);
        bool required = false;
        size_t k;
        json_t *name;
        print_message("   %.*s\n", STR_ARG(field->name));
        assert_non_null(property);
        json_array_foreach(json_object_get(schema, "required"), k, name) required =
            required || str_eq(str_from(json_string_value(name)), field->name);
        if (type->naming != set) /* customer.* needs a customer, by another rule */
            assert_int_equal(required, field->required);
        json_t *max = json_object_get(property, "maxLength");
        if (max)
            assert_int_equal(json_integer_value(max), field->max_bytes);
        if (field->inside)
            assert_int_equal(check_properties(type, field->inside, property),
                             json_object_size(json_object_get(property, "properties")));
    }
    return set->n_fields;
}

/* Each schema names the fields of the door's table, and its examples get through. */
static void
test_schemas_and_examples(void **state)
{
    (void)state;
    size_t n_types = 0;
    const struct door_type *types = door_types(&n_types);
    struct buf out = {0};
    glob_t files = {0};
    assert_int_equal(glob("schemas/inbound/*.schema.json", 0, NULL, &files), 0);
    assert_int_equal(files.gl_pathc, n_types);
    globfree(&files);
    for (size_t i = 0; i < n_types; i++) {
        const char *name = event_type_name(types[i].type);
        char path[128];
        (void)snprintf(path, sizeof(path), "schemas/inbound/%s.schema.json", name);
        print_message("%s\n", path);
        json_t *schema = json_load_file(path, 0, NULL);
        assert_non_null(schema);
        size_t n = check_properties(&types[i], &types[i].own, schema);
        if (types[i].naming)
            n += check_properties(&types[i], types[i].naming, schema);
        assert_int_equal(n, json_object_size(json_object_get(schema, "properties")));
        json_t *examples = json_object_get(schema, "examples");
        assert_true(json_array_size(examples) > 0);
        size_t k;
        json_t *example;
        json_array_foreach(examples, k, example)
        {
            struct door_result result;
            struct err err;
            char *data = json_dumps(example, 0);
            bool ok = read_data(name, data, &result, &err);
            if (!ok)
                print_message("%s: %s %s\n", data, err.path, err.text);
            assert_true(ok);
            buf_clear(&out);
            assert_true(
                result.is_fact
                    ? wire_encode(&product_fact_wire, &result.fact, &out, &err)
                    : wire_encode(&complaint_event_wire, &result.event, &out, &err));
            free(data);
        }
        json_decref(schema);
        arena_clear(&arena);
    }
    buf_release(&out);
}

/* ---- the stage --------------------------------------------------------------------- */

static void
test_stage(void **state)
{
    (void)state;
    struct turn *turn = turn_new();
    struct turn_driver driver = {
        .def = &door_stage,
        .settings = {.salt = STR("salt"),
                     .default_region = STR("CN"),
                     .wall_clock = true},
        .partition = 3,
        .clock_ms = TIME_NONE,
    };
    struct err err = {0};
    struct raw_message messages[] = {
        message_of(envelope("/crm", "complaint.submitted", NULL, "{" WEB "}")),
        message_of(envelope("/crm", "complaint.rated", NULL, "{" REF ",\"score\":9}")),
        message_of(
            envelope("/pd", "feedback.fixed", NULL, "{\"feedback_id\":\"" ID_TEXT "\"}")),
        message_of(STR_NULL),
    };
    messages[1].key = STR("k");
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        assert_true(turn_run(turn, &driver, &messages[i], NOW_MS, &err));
    const struct output *outputs = NULL;
    assert_int_equal(turn_outputs(turn, &outputs), 4);

    struct complaint_event ev;
    assert_int_equal(outputs[0].topic, 0);
    assert_int_equal(outputs[0].partition, -1);
    assert_true(wire_decode(&complaint_event_wire, outputs[0].value, &arena, &ev, &err));
    assert_true(str_eq(outputs[0].key, ev.customer_key));
    assert_str(ev.submission->text, "t");

    assert_int_equal(outputs[1].topic, OUTPUT_DEAD_LETTER);
    assert_true(str_eq(outputs[1].value, messages[1].value));
    assert_str(outputs[1].key, "k");
    bool reason = false;
    bool path = false;
    for (size_t i = 0; i < outputs[1].n_headers; i++) {
        const struct header *header = &outputs[1].headers[i];
        if (str_eq(header->name, STR("redress-error-reason")))
            reason = str_eq(header->value, STR("bad_field"));
        if (str_eq(header->name, STR("redress-error-path")))
            path = str_eq(header->value, STR("$.data.score"));
    }
    assert_true(reason && path);

    struct product_fact fact;
    assert_int_equal(outputs[2].topic, 1);
    assert_str(outputs[2].key, "0123abcd4567");
    assert_true(wire_decode(&product_fact_wire, outputs[2].value, &arena, &fact, &err));
    assert_str(fact.feedback_id, ID_TEXT);
    assert_int_equal(outputs[3].topic, OUTPUT_DEAD_LETTER);
    turn_drop(turn);
    arena_clear(&arena);
}

/* Whatever is done to a message, it is refused with a reason or can be written. */
static void
test_damage(void **state)
{
    (void)state;
    static const char ALPHABET[] = "{}[]\",:\\u0019dDeE.+-tfn \n\xc3\xa9\xe6\xf0\x9f\xff";
    struct buf out = {0};
    uint32_t random = 11;
    int accepted = 0;
    for (int round = 0; round < 30000; round++) {
        struct str text = envelope(
            "/crm", round % 2 ? "complaint.submitted" : "complaint.rated",
            "2026-01-01T00:00:00Z",
            "{" WEB ",\"score\":3,\"customer\":{\"phone\":\"13800138000\",\"since\":"
            "\"2019-04-01\"},\"reach\":{\"views\":4},\"x\":{\"y\":[1]}}");
        char *bytes = (char *)(uintptr_t)text.ptr;
        for (int edits = 1 + round % 3; edits > 0; edits--) {
            random = random * 1664525 + 1013904223;
            char c = ALPHABET[(random >> 8) % (sizeof(ALPHABET) - 1)];
            random = random * 1664525 + 1013904223;
            bytes[(random >> 8) % text.len] = c;
        }
        struct door_result result;
        struct err err = {0};
        struct raw_message message = message_of(text);
        if (door_read(&EVENT, &message, &result, &err)) {
            buf_clear(&out);
            assert_true(wire_encode(&complaint_event_wire, &result.event, &out, &err));
            accepted++;
        } else {
            assert_int_equal(err.action, ERR_DEAD_LETTER);
            assert_true(err.reason != DEAD_NONE && err.path[0] == '$');
        }
        arena_clear(&arena);
    }
    print_message("%d of 30000 accepted\n", accepted);
    assert_true(accepted > 1000);
    buf_release(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submission),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_binary_and_extensions),
        cmocka_unit_test(test_schemas_and_examples),
        cmocka_unit_test(test_stage),
        cmocka_unit_test(test_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
