/* Training texts from the history: what a person said of a complaint, and its text.
 *
 * complaints.routed is read twice, since it alone is kept for ever: first for the labels,
 * then for the texts of those complaints, so that memory is for what was corrected. */
#include <stdio.h>
#include <stdlib.h>

#include <uthash.h>

#include "ctl/learn.h"
#include "gen/complaint_event.h"

#define ROUTED "complaints.routed"
#define MEMORY_BYTES ((size_t)16 * 1024 * 1024 * 1024)

struct customer_cases;

struct corrected {
    struct str id, label, subject, text;
    int64_t time_ms;
    bool merged, erased;
    struct corrected *next; /* of the same customer */
    UT_hash_handle hh;
};
struct customer_cases {
    struct str hash;
    struct corrected *first;
    UT_hash_handle hh;
};

struct history {
    struct learn_corrections *of;
    struct corrected *cases;
    struct customer_cases *customers;
    struct arena arena; /* what is kept       */
    struct arena event; /* the event at hand  */
    struct err *err;
    bool failed;
};

bool
learn_corrections_know(const char *task)
{
    static const char *const TASKS[] = {"kind", "product", "issue", "severity"};
    for (size_t i = 0; i < COUNT_OF(TASKS); i++)
        if (strcmp(task, TASKS[i]) == 0)
            return true;
    return false;
}

/* What a correction says of the task, in the history's memory; null: nothing. */
static struct str
label_of(struct history *h, const struct action *a)
{
    const char *task = h->of->task;
    if (!a)
        return STR_NULL;
    if (strcmp(task, "kind") == 0)
        return a->has_kind && a->kind != KIND_UNKNOWN ? str_from(kind_name(a->kind))
                                                      : STR_NULL;
    if (strcmp(task, "severity") == 0)
        return a->has_severity ? arena_printf(&h->arena, "%d", (int)a->severity)
                               : STR_NULL;
    struct str said = strcmp(task, "product") == 0 ? a->product : a->issue;
    if (str_empty(said) || said.len > TRAIN_LABEL_BYTES)
        return STR_NULL;
    return arena_str(&h->arena, said);
}

static struct corrected *
find_case(const struct history *h, struct str id)
{
    struct corrected *found = NULL;
    if (!str_empty(id))
        HASH_FIND(hh, h->cases, id.ptr, (unsigned)id.len, found);
    return found;
}

static bool
room_left(struct history *h)
{
    if (h->arena.used_bytes < MEMORY_BYTES - ((size_t)8 << 20))
        return true;
    h->failed = true;
    return err_set(h->err, ERR_STOP,
                   "more corrections than memory is meant for; take a part with --since");
}

static bool
decode(struct history *h, const struct kafka_message *message, struct complaint_event *ev)
{
    struct err err = {0};
    arena_clear(&h->event);
    return !str_is_null(message->value) &&
           wire_decode(&complaint_event_wire, message->value, &h->event, ev, &err);
}

static bool
note_label(void *ctx, const struct kafka_message *message)
{
    struct history *h = ctx;
    struct complaint_event ev;
    if (!decode(h, message, &ev) || ev.type != EVENT_TYPE_COMPLAINT_CORRECTED ||
        str_empty(ev.complaint_id) || ev.occurred_at < h->of->since_ms)
        return true;
    struct str label = label_of(h, ev.action);
    if (str_is_null(label))
        return true;
    struct corrected *c = find_case(h, ev.complaint_id);
    if (!c) {
        c = ARENA_NEW(&h->arena, struct corrected);
        c->id = arena_str(&h->arena, ev.complaint_id);
        HASH_ADD_KEYPTR(hh, h->cases, c->id.ptr, (unsigned)c->id.len, c);
        h->of->corrected++;
    }
    c->label = label; /* the last correction wins */
    return room_left(h);
}

/* Under its customer, so that an erasure finds it. */
static void
note_customer(struct history *h, struct corrected *c, struct str hash)
{
    struct customer_cases *of = NULL;
    HASH_FIND(hh, h->customers, hash.ptr, (unsigned)hash.len, of);
    if (!of) {
        of = ARENA_NEW(&h->arena, struct customer_cases);
        of->hash = arena_str(&h->arena, hash);
        HASH_ADD_KEYPTR(hh, h->customers, of->hash.ptr, (unsigned)of->hash.len, of);
    }
    c->next = of->first;
    of->first = c;
}

static void
note_erasure(struct history *h, struct str hash)
{
    struct customer_cases *of = NULL;
    if (!str_empty(hash))
        HASH_FIND(hh, h->customers, hash.ptr, (unsigned)hash.len, of);
    for (struct corrected *c = of ? of->first : NULL; c; c = c->next) {
        c->erased = true;
        c->text = STR_NULL;
        c->subject = STR_NULL;
    }
}

static bool
note_text(void *ctx, const struct kafka_message *message)
{
    struct history *h = ctx;
    struct complaint_event ev;
    if (!decode(h, message, &ev))
        return true;
    if (ev.type == EVENT_TYPE_CUSTOMER_ERASED)
        note_erasure(h, ev.customer_hash);
    struct corrected *c = find_case(h, ev.complaint_id);
    if (!c)
        return true;
    if (ev.register_ && ev.register_->state == STATE_MERGED)
        c->merged = true;
    if (ev.type != EVENT_TYPE_COMPLAINT_SUBMITTED || !ev.submission ||
        !str_is_null(c->text))
        return true;
    c->subject = arena_str(&h->arena, ev.submission->subject);
    c->text = str_is_null(ev.submission->text)
                  ? STR("")
                  : arena_str(&h->arena, ev.submission->text);
    c->time_ms = ev.occurred_at;
    if (!str_empty(ev.customer_hash))
        note_customer(h, c, ev.customer_hash);
    return room_left(h);
}

static int
by_id(struct corrected *a, struct corrected *b)
{
    return str_cmp(a->id, b->id);
}

static bool
hand_over(struct history *h,
          bool (*fn)(void *ctx, const struct learn_text *text, struct err *err),
          void *ctx)
{
    struct learn_corrections *of = h->of;
    HASH_SORT(h->cases, by_id);
    for (struct corrected *c = h->cases; c; c = c->hh.next) {
        struct learn_text text = {
            .id = {LEARN_STRING, c->id},
            .subject = c->subject,
            .text = c->text,
            .label = c->label,
            .time_ms = c->time_ms,
        };
        bool empty = str_empty(c->text) && str_empty(c->subject);
        of->erased += c->erased;
        of->merged += !c->erased && c->merged;
        of->no_text += !c->erased && !c->merged && empty;
        if (c->erased || c->merged || empty)
            continue;
        of->rows++;
        if (!fn(ctx, &text, h->err))
            return false;
    }
    return true;
}

bool
learn_corrections_each(const struct ctl *ctl, struct learn_corrections *corrections,
                       bool (*fn)(void *ctx, const struct learn_text *text,
                                  struct err *err),
                       void *ctx, struct err *err)
{
    struct history h = {.of = corrections, .err = err};
    arena_init(&h.arena, MEMORY_BYTES);
    bool ok = scan_topic(ctl, ROUTED, note_label, &h, err) && !h.failed;
    if (ok && h.cases)
        ok = scan_topic(ctl, ROUTED, note_text, &h, err) && !h.failed;
    ok = ok && hand_over(&h, fn, ctx);
    HASH_CLEAR(hh, h.cases);
    HASH_CLEAR(hh, h.customers);
    arena_release(&h.arena);
    arena_release(&h.event);
    return ok;
}
