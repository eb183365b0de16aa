#include "triage/triage_lists.h"

#define OFFERED_BYTES 120

void
triage_add_evidence(struct triage_case *c, struct arena *arena, const char *kind,
                    struct str event_id, int64_t at)
{
    struct evidence *all = ARENA_ARRAY(arena, struct evidence, TRIAGE_EVIDENCE);
    size_t n = c->n_evidence;
    if (n == TRIAGE_EVIDENCE)
        n--; /* full: the first ones tell the story, the last one is the newest */
    for (size_t i = 0; i < n; i++)
        all[i] = c->evidence[i];
    all[n++] = (struct evidence){str_from(kind), event_id, at};
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
    struct evidence *all = ARENA_ARRAY(arena, struct evidence, TRIAGE_EVIDENCE);
    size_t n = 0;
    for (size_t k = 0; k < c->n_evidence; k++)
        if (k != i - 1)
            all[n++] = c->evidence[k];
    c->evidence = all;
    c->n_evidence = n;
    return true;
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
                    struct str event_id, int64_t at)
{
    if (c->failed_recoveries < INT32_MAX)
        c->failed_recoveries++;
    triage_add_evidence(c, arena, kind, event_id, at);
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

void
triage_add_promise(struct triage_case *c, struct arena *arena,
                   const struct triage_promise *promise)
{
    /* The same id promised again replaces the old date: it is one promise. */
    size_t without = triage_find_promise(c, promise->promise_id);
    if (without == c->n_promises && c->n_promises == TRIAGE_PROMISES) {
        /* Full: a broken one that nobody kept goes first, else the oldest. */
        without = 0;
        while (without < c->n_promises && !c->promises[without].broken)
            without++;
        without = without == c->n_promises ? 0 : without;
    }
    struct triage_promise *all = promises_copy(c, arena, without);
    all[c->n_promises++] = *promise;
}

void
triage_break_promise(struct triage_case *c, struct arena *arena, size_t i)
{
    struct triage_promise *all = promises_copy(c, arena, SIZE_MAX);
    all[i].broken = true;
    triage_failed_again(c, arena, "broken_promise", all[i].event_id, all[i].due_at);
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
        if (!c->promises[i].broken)
            triage_add_promise(target, arena, &c->promises[i]);
    c->promises = NULL;
    c->n_promises = 0;
}

void
triage_add_offered(struct triage_case *c, struct arena *arena, struct str remedy)
{
    remedy = str_cut_utf8(remedy, OFFERED_BYTES);
    if (c->n_offered > 0 && str_eq(c->offered[c->n_offered - 1], remedy))
        return;
    struct str *all = ARENA_ARRAY(arena, struct str, TRIAGE_OFFERED);
    size_t from = c->n_offered == TRIAGE_OFFERED ? 1 : 0;
    size_t n = 0;
    for (size_t i = from; i < c->n_offered; i++)
        all[n++] = c->offered[i];
    all[n++] = remedy;
    c->offered = all;
    c->n_offered = n;
}
