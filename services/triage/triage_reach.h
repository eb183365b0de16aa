/* triage_reach.h - how far a complaint is seen, and how fast that grows.
 *
 * A telling says totals at a time.  They may come late and out of order: the list is kept
 * by time, totals never fall.  Growth is a straight line through the logarithm of the
 * points (least squares, newer tellings weigh more), so that one odd telling does not
 * decide; it fades while nothing is told and ends with the window.
 * Pure: no clock, no I/O, no heap; changed lists live in the arena. */
#ifndef REDRESS_TRIAGE_REACH_H
#define REDRESS_TRIAGE_REACH_H

#include "gen/reach.h"
#include "triage/triage.h"

#define TRIAGE_TELLINGS 12

/* Views, and what shares and replies count as views. */
double triage_reach_points(const struct triage_policy *policy, int64_t views,
                           int64_t shares, int64_t replies);
/* Takes a telling in; updates totals, reach_at and doubling_hours. Whoever has reach is
 * read in public. */
void triage_take_reach(const struct triage_policy *policy, const struct reach *reach,
                       int64_t at, struct arena *arena, struct triage_case *c);
/* Hours in which the points double, of the tellings as they are; 0: not growing. */
double triage_doubling_hours(const struct triage_policy *policy,
                             const struct triage_telling *tellings, size_t n);
/* 1 right after the newest telling, halved each half life, 0 after the window. */
double triage_growth_left(const struct triage_policy *policy, const struct triage_case *c,
                          int64_t at_ms);

#endif
