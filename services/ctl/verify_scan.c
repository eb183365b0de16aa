#include "ctl/verify_scan.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "gen/complaint_event.h"
#include "gen/product_fact.h"
#include "stage/topics.h"

#define MARK_THERE 0x80u

void
key_set_add(struct key_set *set, struct str key)
{
    if (set->n == set->room) {
        set->room = set->room ? set->room * 2 : 1024;
        set->keys = realloc(set->keys, set->room * sizeof(*set->keys));
        BUG_IF(!set->keys);
    }
    set->keys[set->n++] = arena_str(&set->arena, key);
}

static int
by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

size_t
key_set_settle(struct key_set *set)
{
    if (set->n == 0)
        return 0;
    qsort(set->keys, set->n, sizeof(*set->keys), by_bytes);
    size_t kept = 1;
    for (size_t i = 1; i < set->n; i++)
        if (!str_eq(set->keys[i], set->keys[kept - 1]))
            set->keys[kept++] = set->keys[i];
    size_t doubles = set->n - kept;
    set->n = kept;
    return doubles;
}

void
key_set_release(struct key_set *set)
{
    arena_release(&set->arena);
    free(set->keys);
    *set = (struct key_set){0};
}

/* --- inbound ------------------------------------------------------------------------ */

static bool
prepare_inbound(struct verify_scan *scan, struct err *err)
{
    struct chain_reader *reader = chain_open(scan->ctl, err);
    struct chain_lag *lag = calloc(1, sizeof(*lag));
    BUG_IF(!lag);
    bool ok = reader && chain_ends(reader, 0, lag, err);
    struct inbound_marks *inbound = &scan->inbound;
    for (int32_t p = 0; ok && p < lag->partitions; p++) {
        inbound->partitions = lag->partitions;
        inbound->low[p] = lag->lows[p];
        inbound->end[p] = lag->ends[p];
        inbound->marks[p] = calloc((size_t)(lag->ends[p] - lag->lows[p]) + 1, 1);
        BUG_IF(!inbound->marks[p]);
    }
    /* How far complaints.keyed has expired decides whether it can be counted. */
    ok = ok && chain_ends(reader, 1, lag, err);
    scan->keyed_whole = ok;
    for (int32_t p = 0; ok && p < lag->partitions; p++)
        scan->keyed_whole = scan->keyed_whole && lag->lows[p] == 0;
    chain_close(reader);
    free(lag);
    return ok;
}

static unsigned char *
mark_of(struct inbound_marks *inbound, int64_t partition, int64_t offset)
{
    if (partition < 0 || partition >= inbound->partitions ||
        offset < inbound->low[partition] || offset >= inbound->end[partition])
        return NULL;
    return &inbound->marks[partition][offset - inbound->low[partition]];
}

static void
mark_met(struct verify_scan *scan, int64_t partition, int64_t offset)
{
    unsigned char *mark = mark_of(&scan->inbound, partition, offset);
    if (mark && (*mark & ~MARK_THERE) < 3)
        (*mark)++;
}

static bool
see_inbound(void *ctx, const struct kafka_message *message)
{
    struct verify_scan *scan = ctx;
    unsigned char *mark = mark_of(&scan->inbound, message->partition, message->offset);
    if (mark)
        *mark |= MARK_THERE;
    return true;
}

static void
judge_inbound(struct verify_scan *scan)
{
    struct inbound_marks *inbound = &scan->inbound;
    for (int32_t p = 0; p < inbound->partitions; p++) {
        for (int64_t at = inbound->low[p]; at < inbound->end[p]; at++) {
            unsigned char mark = inbound->marks[p][at - inbound->low[p]];
            unsigned met = mark & ~MARK_THERE;
            if (!(mark & MARK_THERE))
                continue;
            scan->inbound_messages++;
            scan->lost += met == 0;
            scan->doubled += met > 1;
            if (met != 1 && !scan->example[0])
                (void)snprintf(scan->example, sizeof(scan->example),
                               "%s[%d] @%lld met %u times", scan->inbound_topic, (int)p,
                               (long long)at, met);
        }
    }
}

/* --- the topics after it -------------------------------------------------------------
 */

static void
see_origin(struct verify_scan *scan, const struct origin *origin)
{
    if (origin && str_eq(origin->topic, str_from(scan->inbound_topic)))
        mark_met(scan, origin->partition, origin->offset);
}

static bool
see_keyed(void *ctx, const struct kafka_message *message)
{
    struct verify_scan *scan = ctx;
    struct complaint_event ev;
    struct err err = {0};
    scan->keyed++;
    if (wire_decode(&complaint_event_wire, message->value, &scan->arena, &ev, &err) &&
        ev.stage != STAGE_COLLECT)
        see_origin(scan, ev.origin);
    arena_clear(&scan->arena);
    return true;
}

static bool
see_observed(void *ctx, const struct kafka_message *message)
{
    struct verify_scan *scan = ctx;
    struct product_fact fact;
    struct err err = {0};
    /* Only teams' answers come straight from the door; other facts carry no origin. */
    if (wire_decode(&product_fact_wire, message->value, &scan->arena, &fact, &err))
        see_origin(scan, fact.origin);
    arena_clear(&scan->arena);
    return true;
}

static bool
see_routed(void *ctx, const struct kafka_message *message)
{
    struct verify_scan *scan = ctx;
    struct complaint_event ev;
    struct err err = {0};
    if (wire_decode(&complaint_event_wire, message->value, &scan->arena, &ev, &err) &&
        ev.type != EVENT_TYPE_TICK)
        key_set_add(&scan->routed, ev.event_id);
    arena_clear(&scan->arena);
    return true;
}

static bool
see_letter(void *ctx, const struct kafka_message *message)
{
    struct verify_scan *scan = ctx;
    struct str topic = kafka_header_last(message, STR("redress-error-topic"));
    struct str stage = kafka_header_last(message, STR("redress-error-stage"));
    int64_t partition = -1;
    int64_t offset = -1;
    if (!str_to_i64(kafka_header_last(message, STR("redress-error-partition")),
                    &partition) ||
        !str_to_i64(kafka_header_last(message, STR("redress-error-offset")), &offset))
        partition = offset = -1;
    if (str_eq(stage, STR("door")) && str_eq(topic, str_from(scan->inbound_topic)))
        mark_met(scan, partition, offset);
    key_set_add(&scan->letters,
                arena_printf(&scan->arena, "%.*s/%lld/%lld/%.*s", STR_ARG(topic),
                             (long long)partition, (long long)offset, STR_ARG(stage)));
    arena_clear(&scan->arena);
    return true;
}

static bool
see_item(void *ctx, const struct kafka_message *message)
{
    struct verify_scan *scan = ctx;
    json_error_t fault;
    json_t *event = json_loadb(message->value.ptr, message->value.len, 0, &fault);
    const char *id =
        json_string_value(json_object_get(json_object_get(event, "data"), "feedback_id"));
    if (id)
        key_set_add(&scan->items, str_from(id));
    json_decref(event);
    return true;
}

bool
verify_scan_run(struct verify_scan *scan, struct err *err)
{
    char name[TOPIC_NAME_BYTES];
    (void)snprintf(scan->inbound_topic, sizeof(scan->inbound_topic), "%s",
                   topic_full_name(&scan->ctl->settings, "complaints.inbound", name));
    if (!prepare_inbound(scan, err) ||
        !scan_topic(scan->ctl, "complaints.inbound", see_inbound, scan, err) ||
        !scan_topic(scan->ctl, "complaints.keyed", see_keyed, scan, err) ||
        !scan_topic(scan->ctl, "products.observed", see_observed, scan, err) ||
        !scan_topic(scan->ctl, "complaints.deadletter", see_letter, scan, err) ||
        !scan_topic(scan->ctl, "complaints.routed", see_routed, scan, err) ||
        !scan_topic(scan->ctl, "products.feedback", see_item, scan, err))
        return false;
    judge_inbound(scan);
    scan->routed_doubles = key_set_settle(&scan->routed);
    (void)key_set_settle(&scan->letters);
    (void)key_set_settle(&scan->items);
    return true;
}

void
verify_scan_release(struct verify_scan *scan)
{
    for (int32_t p = 0; p < scan->inbound.partitions; p++)
        free(scan->inbound.marks[p]);
    key_set_release(&scan->routed);
    key_set_release(&scan->letters);
    key_set_release(&scan->items);
    arena_release(&scan->arena);
}
