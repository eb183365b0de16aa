/* projection_rig.h - events for tests of the projection, as they stand in
 * complaints.routed. */
#ifndef REDRESS_TEST_PROJECTION_RIG_H
#define REDRESS_TEST_PROJECTION_RIG_H

#include "gen/complaint_event.h"
#include "projection/inputs.h"

#define RIG_T0 INT64_C(1772442000000) /* 2026-03-02T09:00:00Z */

/* A life of two complaints of two customers, with every kind of row in it; the last event
 * erases nobody.  Events and all they point to live in the arena. */
size_t projection_life(struct arena *arena, struct complaint_event *events, size_t max);
/* A case with everything that is read of it: notice, hand-over, warning, escalation,
 * changes of priority (one that changes nothing), kind drift, rejection, and two late
 * reopenings, the second of the first's case (complaints 1, 2, 3). */
size_t projection_case(struct arena *arena, struct complaint_event *events, size_t max);
/* The n-th UUID of a kind ("e" events, "c" complaints). */
struct str projection_uuid(struct arena *arena, char kind, unsigned n);

#endif
