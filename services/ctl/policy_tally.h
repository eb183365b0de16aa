/* policy_tally.h - what a history came to: recorded, and replayed under two policies.
 *
 * Cases are kept for one partition at a time (tally_settle() counts and forgets them);
 * groups by team and product, totals, parity and the cases that differ most stay.
 * Thread rule: one thread. */
#ifndef REDRESS_CTL_POLICY_TALLY_H
#define REDRESS_CTL_POLICY_TALLY_H

#include "base/arena.h"
#include "gen/complaint_event.h"

enum tally_run { TALLY_RECORDED, TALLY_BEFORE, TALLY_AFTER, TALLY_RUNS };

/* Beyond this many (team, product) the rest is one group. */
#define TALLY_GROUPS_MAX 10000
#define TALLY_MOST 20

struct tally_counts {
    int64_t cases;
    int64_t breaches[CLOCK_COUNT];
    int64_t warnings[CLOCK_COUNT];
    int64_t priorities[PRIORITY_COUNT];
    int64_t escalations;
};
/* One start of one clock. */
struct tally_clock {
    enum clock clock;
    enum clock_status status;
    bool breached;
    int32_t start_no;
    int64_t due_ms;
};
/* A case in one run. */
struct tally_side {
    enum priority priority;
    struct str team;
    struct str product;
    int32_t escalations;
    int32_t warnings[CLOCK_COUNT];
    size_t n_clocks;
    size_t room;
    struct tally_clock *clocks;
};
struct tally_case;
struct tally_group {
    struct str team;
    struct str product;
    struct tally_counts runs[TALLY_RUNS]; /* before and after */
};
/* A case that differs, for a person. */
struct tally_most {
    char complaint_id[40];
    int64_t weight;
    struct tally_counts runs[TALLY_RUNS];
    enum priority priority[TALLY_RUNS];
    struct str team[TALLY_RUNS];
};

struct tally {
    struct arena partition;   /* cases                        */
    struct arena kept;        /* groups and names             */
    int64_t from_ms;          /* cases received before it do not count */
    struct tally_case *cases; /* hash */
    size_t n_groups;
    size_t groups_room;
    struct tally_group *groups;
    void *group_index; /* hash */
    struct tally_counts totals[TALLY_RUNS];
    int64_t n_cases;
    int64_t n_differ;      /* before and after */
    int64_t n_due_earlier; /* clocks that are due at another time */
    int64_t n_due_later;
    int64_t n_parity; /* cases that the replay gives as recorded */
    size_t n_unequal;
    struct {
        char complaint_id[40];
        const char *why;
    } unequal[TALLY_MOST];
    size_t n_most;
    struct tally_most most[TALLY_MOST]; /* heaviest first */
};

void tally_init(struct tally *tally, int64_t from_ms);
void tally_release(struct tally *tally);
/* An event of a run, in order. */
void tally_take(struct tally *tally, enum tally_run run,
                const struct complaint_event *ev);
/* Compares recorded and before; call when both have come equally far. */
void tally_parity(struct tally *tally);
/* Counts the partition's cases and forgets them. */
void tally_settle(struct tally *tally);
/* Sum over the clocks. */
int64_t tally_sum(const int64_t by_clock[CLOCK_COUNT]);
bool tally_differs(const struct tally_counts *a, const struct tally_counts *b);
/* Groups that differ most first. */
void tally_sort(struct tally *tally);

#endif
