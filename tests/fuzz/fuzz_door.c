/* Any message is refused with a reason and a path, or becomes an event that survives
 * encoding and whose text needs no second redaction.
 *
 * The first byte chooses: 0 structured mode, the rest is the event; else binary mode with
 * that inbound type, the rest is the data. */
#include "base/arena.h"
#include "intake/door.h"
#include "intake/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_settled(struct arena *arena, struct str text)
{
    BUG_IF(redact_text(arena, text).ptr != text.ptr);
}

static void
check_event(struct arena *arena, const struct complaint_event *ev)
{
    CLEANUP(buf_release) struct buf framed = {0};
    struct complaint_event again;
    struct err err = {0};
    if (ev->submission)
        check_settled(arena, ev->submission->text);
    if (ev->action)
        check_settled(arena, ev->action->text);
    /* Composing may lengthen a text beyond its limit; nothing else may go wrong. */
    if (!wire_encode(&complaint_event_wire, ev, &framed, &err)) {
        BUG_IF(err.reason != DEAD_TOO_LARGE);
        return;
    }
    BUG_IF(!wire_decode(&complaint_event_wire, buf_str(&framed), arena, &again, &err));
    BUG_IF(!str_eq(again.event_id, ev->event_id));
    BUG_IF(ev->customer_key.len != 12);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    if (size == 0)
        return 0;
    size_t n_types = 0;
    const struct door_type *types = door_types(&n_types);
    const char *type = event_type_name(types[data[0] % n_types].type);
    const struct header headers[] = {
        {STR("ce_specversion"), STR("1.0")},
        {STR("ce_id"), STR("e1")},
        {STR("ce_source"), STR("/fuzz")},
        {STR("ce_type"), str_from(type)},
    };
    const struct raw_message message = {
        .topic = STR("complaints.inbound"),
        .timestamp_ms = INT64_C(1767225600000),
        .value = {(const char *)data + 1, size - 1},
        .headers = headers,
        .n_headers = data[0] ? COUNT_OF(headers) : 0,
    };
    const struct door_context door = {&arena, STR("salt"), STR("CN"), true};
    struct door_result result;
    struct err err = {0};
    if (door_read(&door, &message, &result, &err)) {
        if (!result.is_fact)
            check_event(&arena, &result.event);
    } else {
        BUG_IF(err.action != ERR_DEAD_LETTER || err.reason == DEAD_NONE);
        BUG_IF(err.path[0] != '$' || err.text[0] == '\0');
    }
    arena_clear(&arena);
    return 0;
}
