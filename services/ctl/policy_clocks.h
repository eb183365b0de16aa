/* policy_clocks.h - the clocks of a case as its events told of them.
 *
 * Pure: takes the events of one complaint in the order of complaints.routed and keeps of
 * each start of a clock its last row, its pauses with what caused them, and its lawful
 * extensions.  All memory is the arena's. */
#ifndef REDRESS_CTL_POLICY_CLOCKS_H
#define REDRESS_CTL_POLICY_CLOCKS_H

#include "base/arena.h"
#include "gen/complaint_event.h"

#define TOLD_CLOCKS_MAX 2048
#define TOLD_PAUSES_MAX 64
#define TOLD_EXTENSIONS_MAX 32

struct told_pause {
    int64_t from_ms;
    int64_t to_ms; /* TIME_NONE: not over yet */
    struct str why;
};
struct told_extension {
    int64_t at_ms;
    int64_t until_ms;
    struct str approver;
    struct str reason;
};
/* One start of one clock. */
struct told_clock {
    struct sla_clock row; /* as said last; calendar and zone null if never said */
    size_t n_pauses;
    size_t n_extensions;
    bool pauses_lost; /* more pauses than are kept, or one whose begin was not seen */
    struct told_pause pauses[TOLD_PAUSES_MAX];
    struct told_extension extensions[TOLD_EXTENSIONS_MAX];
};
struct told_case {
    struct arena *arena;
    struct str complaint_id;
    enum state state;
    struct str waiting_why; /* reason given with the last complaint.waiting, referred */
    int64_t n_events;
    size_t n_clocks;
    struct told_clock *clocks[TOLD_CLOCKS_MAX];
};

/* An event of any complaint; others are passed over. Strings are copied. */
void told_case_take(struct told_case *told, const struct complaint_event *ev);

#endif
