/* calendar_policy.h - deploy/policy/calendars/<name>.json -> struct calendar.
 *
 * A set owns its calendars, their zones and all strings.  A calendar is read once by name
 * and may be asked for in another zone: then it is a second calendar of the same name. */
#ifndef REDRESS_SLA_CALENDAR_POLICY_H
#define REDRESS_SLA_CALENDAR_POLICY_H

#include "base/arena.h"
#include "conf/policy.h"
#include "sla/calendar.h"

#define CALENDAR_SET_MAX 128

struct calendar_set {
    struct arena arena;
    size_t n_zones;
    struct zone zones[CALENDAR_SET_MAX];
    size_t n_calendars;
    const struct calendar *calendars[CALENDAR_SET_MAX];
};

/* Reads dir/calendars/<name>.json and the iCalendar files that it names; the hash of all
 * of them goes to ret_hash. Its own days stand over those of the files. ERR_STOP. */
MUST_CHECK bool calendar_set_read(struct calendar_set *set, const char *dir,
                                  struct str name, char ret_hash[17], struct err *err);
/* A calendar that was read, in a zone (null: its own). NULL with err at node if unknown.
 */
const struct calendar *calendar_set_find(struct calendar_set *set, struct str name,
                                         struct str zone, const struct policy_node *node,
                                         struct err *err);
void calendar_set_release(struct calendar_set *set);

/* "2026-04-15" as days since 1970-01-01. */
MUST_CHECK bool calendar_date(const struct policy_node *node, int64_t *ret_day,
                              struct err *err);

#endif
