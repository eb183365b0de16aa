#include "register_rig.h"

struct bench *
bench_new(void)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    b->turn = turn_new();
    b->driver = (struct turn_driver){
        .def = &register_stage,
        .store = store_new(),
        .settings = {.salt = SALT},
        .clock_ms = TIME_NONE,
    };
    return b;
}

void
bench_drop(struct bench *b)
{
    store_drop(b->driver.store);
    turn_drop(b->turn);
    arena_release(&b->arena);
    free(b);
}

static struct str
header_of(const struct output *output, const char *name)
{
    for (size_t h = 0; h < output->n_headers; h++)
        if (str_eq(output->headers[h].name, str_from(name)))
            return output->headers[h].value;
    return STR("");
}

static void
collect_outputs(struct bench *b)
{
    const struct output *outputs;
    size_t n = turn_outputs(b->turn, &outputs);
    struct err err;
    for (size_t i = 0; i < n; i++) {
        struct str value = arena_str(&b->arena, outputs[i].value);
        if (outputs[i].topic == OUTPUT_DEAD_LETTER) {
            b->n_dead++;
            b->dead_value = value;
            snprintf(b->dead_reason, sizeof(b->dead_reason), "%.*s",
                     STR_ARG(header_of(&outputs[i], "redress-error-reason")));
            snprintf(b->dead_origin, sizeof(b->dead_origin), "%.*s/%.*s/%.*s %.*s",
                     STR_ARG(header_of(&outputs[i], "redress-error-topic")),
                     STR_ARG(header_of(&outputs[i], "redress-error-partition")),
                     STR_ARG(header_of(&outputs[i], "redress-error-offset")),
                     STR_ARG(header_of(&outputs[i], "redress-error-encoding")));
            continue;
        }
        assert_true(b->n_rows < COUNT_OF(b->rows));
        if (!wire_decode(&complaint_event_wire, value, &b->arena, &b->rows[b->n_rows],
                         &err))
            fail_msg("%s", err.text);
        b->n_rows++;
    }
    store_commit(b->driver.store);
    turn_clear(b->turn);
}

size_t
give(struct bench *b, const struct complaint_event *ev)
{
    struct buf value = {0};
    struct err err;
    size_t before = b->n_rows;
    assert_true(wire_encode(&complaint_event_wire, ev, &value, &err));
    struct raw_message message = {
        .topic = STR("complaints.keyed"),
        .offset = b->n_given++,
        .timestamp_ms = ev->occurred_at,
        .key = ev->customer_key,
        .value = buf_str(&value),
    };
    if (!turn_run(b->turn, &b->driver, &message, ev->occurred_at, &err))
        fail_msg("%s", err.text);
    collect_outputs(b);
    buf_release(&value);
    return b->n_rows - before;
}

const struct complaint_event *
last(const struct bench *b)
{
    assert_true(b->n_rows > 0);
    return &b->rows[b->n_rows - 1];
}

/* --- events as the door makes them ----------------------------------------------------
 */

static const struct origin origin = {.topic = {"complaints.inbound", 18}, .offset = 7};

struct complaint_event
event(struct bench *b, enum event_type type, const char *customer, const char *ref,
      int64_t at_ms)
{
    struct str name = str_from(customer);
    struct str source = STR("shop");
    struct str ce_id = arena_printf(&b->arena, "e%lld", (long long)b->n_given);
    struct str hash = ident_customer_hash(&b->arena, SALT, STR("id"), &name, 1);
    return (struct complaint_event){
        .event_id = ident_event_id(&b->arena, source, ce_id),
        .type = type,
        .stage = STAGE_DOOR,
        .source = source,
        .ce_id = ce_id,
        .complaint_id = ident_complaint_id(&b->arena, SALT, hash, source, str_from(ref)),
        .customer_hash = hash,
        .customer_key = ident_customer_key(hash),
        .customer_key_kind = CUSTOMER_KEY_ID,
        .named_by = NAMED_BY_REF,
        .complaint_ref = str_from(ref),
        .occurred_at = at_ms,
        .recorded_at = at_ms,
        .origin = &origin,
    };
}

struct complaint_event
by_id(struct bench *b, enum event_type type, struct str complaint_id, int64_t at_ms)
{
    struct complaint_event ev = event(b, type, "", "", at_ms);
    ev.complaint_id = complaint_id;
    ev.customer_key = ident_key_of(&b->arena, complaint_id);
    ev.customer_hash = STR_NULL;
    ev.complaint_ref = STR_NULL;
    ev.named_by = NAMED_BY_ID;
    return ev;
}

size_t
submit(struct bench *b, const char *customer, const char *ref, const char *text,
       int64_t at_ms)
{
    struct submission submission = {.channel = CHANNEL_WEB, .text = str_from(text)};
    struct complaint_event ev =
        event(b, EVENT_TYPE_COMPLAINT_SUBMITTED, customer, ref, at_ms);
    ev.submission = &submission;
    return give(b, &ev);
}

size_t
act(struct bench *b, enum event_type type, const char *ref, int64_t at_ms,
    struct action action)
{
    struct complaint_event ev = event(b, type, "c1", ref, at_ms);
    ev.action = &action;
    return give(b, &ev);
}

void
check_row(const struct bench *b, const char *type, int64_t seq, const char *state)
{
    const struct complaint_event *row = last(b);
    print_message("row %zu: %s seq %lld %s\n", b->n_rows, event_type_name(row->type),
                  (long long)row->seq, state_name(row->register_->state));
    assert_string_equal(event_type_name(row->type), type);
    assert_true(row->has_seq);
    assert_int_equal(row->seq, seq);
    assert_int_equal(row->register_->last_seq, seq);
    assert_string_equal(state_name(row->register_->state), state);
    assert_int_equal(row->stage, STAGE_REGISTER);
}

void
tick(struct bench *b, int64_t at_ms)
{
    struct complaint_event ev = {.event_id = STR("tick"),
                                 .type = EVENT_TYPE_TICK,
                                 .customer_key = STR(""),
                                 .occurred_at = at_ms};
    give(b, &ev);
    b->n_rows--; /* passed on by the turn itself */
}

struct str
id_of(struct bench *b, const char *customer, const char *ref)
{
    return event(b, EVENT_TYPE_UNKNOWN, customer, ref, 0).complaint_id;
}
