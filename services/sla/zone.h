/* zone.h - IANA time zones out of ICU, as the plain tables that calendar.h counts with.
 *
 * The only file of this service that includes ICU: a zone is read once, when a policy is
 * loaded; its table is then const and may be shared by threads, which ICU's calendars
 * may not.  Which rules a zone has is ICU's own data (see `icuinfo`). */
#ifndef REDRESS_SLA_ZONE_H
#define REDRESS_SLA_ZONE_H

#include "sla/calendar.h"

/* Changes from 1990 up to 2100; outside the first and last offsets go on.  *ret_zone owns
 * its changes and name: zone_release().  ERR_STOP if there is no such zone. */
MUST_CHECK bool zone_load(struct str name, struct zone *ret_zone, struct err *err);
void zone_release(struct zone *zone);

#endif
