#include "ctl/policy_tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

/* A partition's cases; a history of many millions needs more partitions first. */
#define CASES_BYTES_MAX ((size_t)16 * 1024 * 1024 * 1024)

struct tally_case {
    char id[40];
    int64_t received_ms;
    struct tally_side sides[TALLY_RUNS];
    UT_hash_handle hh;
};
struct group_entry {
    size_t group;
    UT_hash_handle hh;
    char key[]; /* team, newline, product */
};

void
tally_init(struct tally *tally, int64_t from_ms)
{
    *tally = (struct tally){.from_ms = from_ms};
    arena_init(&tally->partition, CASES_BYTES_MAX);
    arena_init(&tally->kept, CASES_BYTES_MAX);
}

static void
forget_cases(struct tally *tally)
{
    HASH_CLEAR(hh, tally->cases);
    tally->cases = NULL;
    arena_clear(&tally->partition);
}

void
tally_release(struct tally *tally)
{
    struct group_entry *groups = tally->group_index;
    forget_cases(tally);
    HASH_CLEAR(hh, groups);
    arena_release(&tally->partition);
    arena_release(&tally->kept);
    free(tally->groups);
    *tally = (struct tally){0};
}

/* --- events ------------------------------------------------------------------------- */

static struct tally_case *
case_of(struct tally *tally, struct str id, bool make)
{
    struct tally_case *found = NULL;
    size_t n = id.len < sizeof(found->id) ? id.len : sizeof(found->id) - 1;
    HASH_FIND(hh, tally->cases, id.ptr, n, found);
    if (found || !make)
        return found;
    found = ARENA_NEW(&tally->partition, struct tally_case);
    memcpy(found->id, id.ptr, n);
    HASH_ADD(hh, tally->cases, id[0], n, found);
    return found;
}

static void
take_clock(struct tally *tally, struct tally_side *side, const struct sla_clock *row)
{
    size_t i = 0;
    while (i < side->n_clocks && !(side->clocks[i].clock == row->clock &&
                                   side->clocks[i].start_no == row->start_no))
        i++;
    if (i == side->room) {
        size_t room = side->room ? side->room * 2 : 8;
        struct tally_clock *clocks =
            ARENA_ARRAY(&tally->partition, struct tally_clock, room);
        if (side->n_clocks)
            memcpy(clocks, side->clocks, side->n_clocks * sizeof(*clocks));
        side->clocks = clocks;
        side->room = room;
    }
    if (i == side->n_clocks)
        side->n_clocks++;
    side->clocks[i] = (struct tally_clock){row->clock, row->status, row->has_breached_at,
                                           row->start_no, row->due_at};
}

static struct str
keep_name(struct tally *tally, struct str before, struct str now)
{
    if (str_is_null(now) || str_eq(before, now))
        return before;
    return arena_str(&tally->partition, now);
}

void
tally_take(struct tally *tally, enum tally_run run, const struct complaint_event *ev)
{
    if (str_empty(ev->complaint_id))
        return;
    struct tally_case *c = case_of(tally, ev->complaint_id, true);
    struct tally_side *side = &c->sides[run];
    if (ev->register_)
        c->received_ms = ev->register_->received_at;
    if (ev->triage)
        side->priority = ev->triage->priority;
    if (ev->classification)
        side->product = keep_name(tally, side->product, ev->classification->product);
    if (ev->routing)
        side->team = keep_name(tally, side->team, ev->routing->team);
    for (size_t i = 0; ev->sla && i < ev->sla->n_clocks; i++)
        take_clock(tally, side, &ev->sla->clocks[i]);
    if (ev->type == EVENT_TYPE_SLA_ESCALATED)
        side->escalations++;
    if (ev->type == EVENT_TYPE_SLA_WARNED && ev->sla && ev->sla->fired)
        side->warnings[ev->sla->fired->clock]++;
}

/* --- parity ------------------------------------------------------------------------- */

static const struct tally_clock *
same_start(const struct tally_side *side, const struct tally_clock *clock)
{
    for (size_t i = 0; i < side->n_clocks; i++)
        if (side->clocks[i].clock == clock->clock &&
            side->clocks[i].start_no == clock->start_no)
            return &side->clocks[i];
    return NULL;
}

/* What differs first; NULL if nothing does. */
static const char *
unequal(const struct tally_side *a, const struct tally_side *b)
{
    if (a->priority != b->priority)
        return "priority";
    if (a->n_clocks != b->n_clocks)
        return "clocks";
    for (size_t i = 0; i < a->n_clocks; i++) {
        const struct tally_clock *twin = same_start(b, &a->clocks[i]);
        if (!twin || twin->due_ms != a->clocks[i].due_ms)
            return "due times";
        if (twin->status != a->clocks[i].status ||
            twin->breached != a->clocks[i].breached)
            return "status of clocks";
    }
    if (a->escalations != b->escalations)
        return "escalations";
    if (memcmp(a->warnings, b->warnings, sizeof(a->warnings)) != 0)
        return "warnings";
    return str_eq(a->team, b->team) ? NULL : "team";
}

static bool
counts(const struct tally *tally, const struct tally_case *c)
{
    return c->received_ms >= tally->from_ms;
}

void
tally_parity(struct tally *tally)
{
    for (struct tally_case *c = tally->cases; c; c = c->hh.next) {
        if (!counts(tally, c))
            continue;
        const char *why = unequal(&c->sides[TALLY_RECORDED], &c->sides[TALLY_BEFORE]);
        if (!why) {
            tally->n_parity++;
        } else if (tally->n_unequal < TALLY_MOST) {
            memcpy(tally->unequal[tally->n_unequal].complaint_id, c->id, sizeof(c->id));
            tally->unequal[tally->n_unequal++].why = why;
        }
    }
}

/* --- counting ----------------------------------------------------------------------- */

static struct tally_counts
count_side(const struct tally_side *side)
{
    struct tally_counts sum = {.cases = 1, .escalations = side->escalations};
    sum.priorities[side->priority]++;
    for (int clock = 0; clock < CLOCK_COUNT; clock++)
        sum.warnings[clock] = side->warnings[clock];
    for (size_t i = 0; i < side->n_clocks; i++)
        sum.breaches[side->clocks[i].clock] += side->clocks[i].breached;
    return sum;
}

static void
add_counts(struct tally_counts *sum, const struct tally_counts *more)
{
    sum->cases += more->cases;
    sum->escalations += more->escalations;
    for (int i = 0; i < CLOCK_COUNT; i++) {
        sum->breaches[i] += more->breaches[i];
        sum->warnings[i] += more->warnings[i];
    }
    for (int i = 0; i < PRIORITY_COUNT; i++)
        sum->priorities[i] += more->priorities[i];
}

bool
tally_differs(const struct tally_counts *a, const struct tally_counts *b)
{
    return memcmp(a, b, sizeof(*a)) != 0;
}

int64_t
tally_sum(const int64_t by_clock[CLOCK_COUNT])
{
    int64_t sum = 0;
    for (int i = 0; i < CLOCK_COUNT; i++)
        sum += by_clock[i];
    return sum;
}

static struct tally_group *
group_of(struct tally *tally, struct str team, struct str product)
{
    struct group_entry *index = tally->group_index;
    struct group_entry *found = NULL;
    if (str_is_null(team))
        team = STR("(no team)");
    if (str_is_null(product))
        product = STR("(no product)");
    struct str key =
        arena_printf(&tally->partition, "%.*s\n%.*s", STR_ARG(team), STR_ARG(product));
    HASH_FIND(hh, index, key.ptr, key.len, found);
    if (!found && tally->n_groups >= TALLY_GROUPS_MAX) {
        team = product = STR("(others)");
        key = STR("(others)\n(others)");
        HASH_FIND(hh, index, key.ptr, key.len, found);
    }
    if (found)
        return &tally->groups[found->group];
    if (tally->n_groups == tally->groups_room) {
        tally->groups_room = tally->groups_room ? tally->groups_room * 2 : 64;
        tally->groups =
            realloc(tally->groups, tally->groups_room * sizeof(*tally->groups));
        BUG_IF(!tally->groups);
    }
    found = arena_alloc(&tally->kept, sizeof(*found) + key.len + 1);
    memcpy(found->key, key.ptr, key.len);
    found->group = tally->n_groups;
    HASH_ADD(hh, index, key[0], key.len, found);
    tally->group_index = index;
    tally->groups[tally->n_groups] = (struct tally_group){
        arena_str(&tally->kept, team), arena_str(&tally->kept, product), {{0}}};
    return &tally->groups[tally->n_groups++];
}

static int64_t
magnitude(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

static int64_t
weigh(const struct tally_counts *a, const struct tally_counts *b)
{
    int64_t weight = 3 * magnitude(a->escalations, b->escalations);
    for (int i = 0; i < CLOCK_COUNT; i++)
        weight += 10 * magnitude(a->breaches[i], b->breaches[i]) +
                  magnitude(a->warnings[i], b->warnings[i]);
    for (int i = 0; i < PRIORITY_COUNT; i++)
        weight += 2 * magnitude(a->priorities[i], b->priorities[i]);
    return weight;
}

static void
keep_most(struct tally *tally, const struct tally_case *c,
          const struct tally_counts *runs, int64_t weight)
{
    size_t i = tally->n_most;
    while (i > 0 && tally->most[i - 1].weight < weight)
        i--;
    if (i == TALLY_MOST)
        return;
    if (tally->n_most < TALLY_MOST)
        tally->n_most++;
    memmove(&tally->most[i + 1], &tally->most[i],
            (tally->n_most - 1 - i) * sizeof(tally->most[0]));
    struct tally_most *most = &tally->most[i];
    *most = (struct tally_most){.weight = weight};
    memcpy(most->complaint_id, c->id, sizeof(c->id));
    for (int run = TALLY_BEFORE; run <= TALLY_AFTER; run++) {
        most->runs[run] = runs[run];
        most->priority[run] = c->sides[run].priority;
        most->team[run] = arena_str(&tally->kept, c->sides[run].team);
    }
}

/* A target may move without a breach more or less: told, too. */
static void
count_due(struct tally *tally, const struct tally_case *c)
{
    const struct tally_side *before = &c->sides[TALLY_BEFORE];
    for (size_t i = 0; i < before->n_clocks; i++) {
        const struct tally_clock *twin =
            same_start(&c->sides[TALLY_AFTER], &before->clocks[i]);
        tally->n_due_earlier += twin && twin->due_ms < before->clocks[i].due_ms;
        tally->n_due_later += twin && twin->due_ms > before->clocks[i].due_ms;
    }
}

void
tally_settle(struct tally *tally)
{
    for (struct tally_case *c = tally->cases; c; c = c->hh.next) {
        struct tally_counts runs[TALLY_RUNS];
        if (!counts(tally, c))
            continue;
        tally->n_cases++;
        count_due(tally, c);
        for (int run = 0; run < TALLY_RUNS; run++) {
            const struct tally_side *side = &c->sides[run];
            runs[run] = count_side(side);
            add_counts(&tally->totals[run], &runs[run]);
            if (run != TALLY_RECORDED)
                add_counts(&group_of(tally, side->team, side->product)->runs[run],
                           &runs[run]);
        }
        int64_t weight = weigh(&runs[TALLY_BEFORE], &runs[TALLY_AFTER]);
        if (!str_eq(c->sides[TALLY_BEFORE].team, c->sides[TALLY_AFTER].team))
            weight += 2;
        if (weight == 0)
            continue;
        tally->n_differ++;
        keep_most(tally, c, runs, weight);
    }
    forget_cases(tally);
}

static int
by_weight(const void *left, const void *right)
{
    const struct tally_group *a = left;
    const struct tally_group *b = right;
    int64_t wa = weigh(&a->runs[TALLY_BEFORE], &a->runs[TALLY_AFTER]);
    int64_t wb = weigh(&b->runs[TALLY_BEFORE], &b->runs[TALLY_AFTER]);
    if (wa != wb)
        return wa > wb ? -1 : 1;
    int order = str_cmp(a->team, b->team);
    return order ? order : str_cmp(a->product, b->product);
}

void
tally_sort(struct tally *tally)
{
    struct group_entry *index = tally->group_index;
    HASH_CLEAR(hh, index); /* its numbers are wrong from here on */
    tally->group_index = NULL;
    if (tally->n_groups)
        qsort(tally->groups, tally->n_groups, sizeof(*tally->groups), by_weight);
}
