#include "triage/triage_lists.h"

#define OFFERED_BYTES 120

void
triage_put_evidence(struct triage_case *c, struct arena *arena,
                    const struct evidence *evidence)
{
    struct evidence *all = ARENA_ARRAY(arena, struct evidence, TRIAGE_EVIDENCE);
    size_t n = c->n_evidence;
    if (n == TRIAGE_EVIDENCE)
        n--; /* full: the first ones tell the story, the last one is the newest */
    for (size_t i = 0; i < n; i++)
        all[i] = c->evidence[i];
    all[n++] = *evidence;
    c->evidence = all;
    c->n_evidence = n;
}

void
triage_add_evidence(struct triage_case *c, struct arena *arena, const char *kind,
                    struct str event_id, int64_t at, struct str also)
{
    struct evidence one = {.kind = str_from(kind), .event_id = event_id, .at = at};
    if (!str_empty(also)) {
        struct str *ids = ARENA_NEW(arena, struct str);
        *ids = also;
        one.also = ids;
        one.n_also = 1;
    }
    triage_put_evidence(c, arena, &one);
}

static void
evidence_without(struct triage_case *c, struct arena *arena, size_t without)
{
    struct evidence *all = ARENA_ARRAY(arena, struct evidence, TRIAGE_EVIDENCE);
    size_t n = 0;
    for (size_t i = 0; i < c->n_evidence; i++)
        if (i != without)
            all[n++] = c->evidence[i];
    c->evidence = all;
    c->n_evidence = n;
}

bool
triage_drop_evidence(struct triage_case *c, struct arena *arena, const char *kind,
                     struct str event_id)
{
    size_t i = c->n_evidence;
    while (i > 0 && !(str_eq(c->evidence[i - 1].kind, str_from(kind)) &&
                      str_eq(c->evidence[i - 1].event_id, event_id)))
        i--;
    if (i == 0)
        return false;
    evidence_without(c, arena, i - 1);
    return true;
}

bool
triage_drop_kind(struct triage_case *c, struct arena *arena, const char *kind)
{
    bool dropped = false;
    for (size_t i = c->n_evidence; i-- > 0;)
        if (str_eq(c->evidence[i].kind, str_from(kind))) {
            evidence_without(c, arena, i);
            dropped = true;
        }
    return dropped;
}

bool
triage_has_evidence(const struct triage_case *c, const char *kind)
{
    for (size_t i = 0; i < c->n_evidence; i++)
        if (str_eq(c->evidence[i].kind, str_from(kind)))
            return true;
    return false;
}

void
triage_failed_again(struct triage_case *c, struct arena *arena, const char *kind,
                    struct str event_id, int64_t at, struct str also)
{
    if (c->failed_recoveries < INT32_MAX)
        c->failed_recoveries++;
    triage_add_evidence(c, arena, kind, event_id, at, also);
}

/* Copies the promises with room for one more; drops number `without` if it is inside. */
static struct triage_promise *
promises_copy(struct triage_case *c, struct arena *arena, size_t without)
{
    struct triage_promise *all =
        ARENA_ARRAY(arena, struct triage_promise, TRIAGE_PROMISES);
    size_t n = 0;
    for (size_t i = 0; i < c->n_promises; i++)
        if (i != without)
            all[n++] = c->promises[i];
    c->promises = all;
    c->n_promises = n;
    return all;
}

size_t
triage_find_promise(const struct triage_case *c, struct str promise_id)
{
    size_t i = 0;
    while (i < c->n_promises && !str_eq(c->promises[i].promise_id, promise_id))
        i++;
    return i;
}

/* Full: a broken one that nobody kept goes first, else the oldest. */
static void
put_promise(struct triage_case *c, struct arena *arena,
            const struct triage_promise *promise)
{
    size_t without = SIZE_MAX;
    if (c->n_promises == TRIAGE_PROMISES) {
        without = 0;
        while (without < c->n_promises && !c->promises[without].broken)
            without++;
        without = without == c->n_promises ? 0 : without;
    }
    struct triage_promise *all = promises_copy(c, arena, without);
    all[c->n_promises++] = *promise;
}

void
triage_add_promise(struct triage_case *c, struct arena *arena,
                   const struct triage_promise *promise)
{
    /* The same id promised again replaces the old date: it is one promise. */
    for (size_t i = c->n_promises; i-- > 0;)
        if (str_eq(c->promises[i].promise_id, promise->promise_id))
            triage_drop_promise(c, arena, i);
    put_promise(c, arena, promise);
}

void
triage_break_promise(struct triage_case *c, struct arena *arena, size_t i)
{
    struct triage_promise *all = promises_copy(c, arena, SIZE_MAX);
    all[i].broken = true;
    triage_failed_again(c, arena, "broken_promise", all[i].event_id, all[i].due_at,
                        STR_NULL);
}

void
triage_mend_promise(struct triage_case *c, struct arena *arena, size_t i)
{
    struct triage_promise *all = promises_copy(c, arena, SIZE_MAX);
    all[i].broken = false;
    if (triage_drop_evidence(c, arena, "broken_promise", all[i].event_id) &&
        c->failed_recoveries > 0)
        c->failed_recoveries--;
}

void
triage_drop_promise(struct triage_case *c, struct arena *arena, size_t i)
{
    (void)promises_copy(c, arena, i);
}

void
triage_move_promises(struct triage_case *c, struct triage_case *target,
                     struct arena *arena)
{
    for (size_t i = 0; i < c->n_promises; i++)
        put_promise(target, arena, &c->promises[i]);
    c->promises = NULL;
    c->n_promises = 0;
}

/* Adds at the end of a list of at most max; the oldest goes. */
static void
add_str(struct arena *arena, const struct str **list, size_t *n_list, size_t max,
        struct str item)
{
    struct str *all = ARENA_ARRAY(arena, struct str, max);
    size_t n = 0;
    for (size_t i = *n_list >= max ? *n_list - max + 1 : 0; i < *n_list; i++)
        all[n++] = (*list)[i];
    all[n++] = item;
    *list = all;
    *n_list = n;
}

void
triage_add_offered(struct triage_case *c, struct arena *arena, struct str remedy)
{
    remedy = str_cut_utf8(remedy, OFFERED_BYTES);
    if (c->n_offered > 0 && str_eq(c->offered[c->n_offered - 1], remedy))
        return;
    add_str(arena, &c->offered, &c->n_offered, TRIAGE_OFFERED, remedy);
}

void
triage_refuse_offer(struct triage_case *c, struct arena *arena)
{
    if (c->n_offered > 0)
        add_str(arena, &c->refused, &c->n_refused, TRIAGE_OFFERED,
                c->offered[c->n_offered - 1]);
}

void
triage_add_transfer(struct triage_case *c, struct arena *arena, struct str event_id,
                    int64_t at)
{
    struct triage_transfer *all =
        ARENA_ARRAY(arena, struct triage_transfer, TRIAGE_TRANSFERS);
    size_t n = 0;
    for (size_t i = c->n_transfer_events == TRIAGE_TRANSFERS ? 1 : 0;
         i < c->n_transfer_events; i++)
        all[n++] = c->transfer_events[i];
    all[n++] = (struct triage_transfer){.event_id = event_id, .at = at};
    c->transfer_events = all;
    c->n_transfer_events = n;
    if (c->transfers_unanswered < INT32_MAX)
        c->transfers_unanswered++;
}

void
triage_answer_transfers(struct triage_case *c, struct arena *arena, int64_t at)
{
    if (c->n_transfer_events == 0) {
        c->transfers_unanswered = 0;
        return;
    }
    struct triage_transfer *all =
        ARENA_ARRAY(arena, struct triage_transfer, TRIAGE_TRANSFERS);
    size_t n = 0;
    for (size_t i = 0; i < c->n_transfer_events; i++)
        if (c->transfer_events[i].at > at)
            all[n++] = c->transfer_events[i];
    if (n == c->n_transfer_events)
        return; /* an answer from before all of them */
    c->transfer_events = all;
    c->n_transfer_events = n;
    c->transfers_unanswered = (int32_t)n;
}
