/* zone.h - local time: IANA time zones as plain tables of their changes.
 *
 * The only room that includes ICU's calendars: a zone is read once, when a policy is
 * loaded; its table is then const and may be shared by threads, which ICU's calendars may
 * not.  Which rules a zone has is ICU's own data (see `icuinfo`).
 * Local times are milliseconds as if the local clock were UTC.  A local time that comes
 * twice means the first; one that is skipped means the instant of the jump: so local to
 * UTC never runs backwards. */
#ifndef REDRESS_ZONE_H
#define REDRESS_ZONE_H

#include "base/base.h"

/* From at_ms (UTC) on, local = UTC + offset_ms. */
struct zone_change {
    int64_t at_ms;
    int64_t offset_ms;
};
struct zone {
    struct str name;         /* IANA                              */
    int64_t first_offset_ms; /* before changes[0]                 */
    size_t n_changes;
    const struct zone_change *changes; /* rising                  */
};

int64_t zone_to_local(const struct zone *zone, int64_t utc_ms);
int64_t zone_to_utc(const struct zone *zone, int64_t local_ms);

/* Changes from 1990 up to 2100; outside the first and last offsets go on.  *ret_zone owns
 * its changes and name: zone_release().  ERR_STOP if there is no such zone. */
MUST_CHECK bool zone_load(struct str name, struct zone *ret_zone, struct err *err);
void zone_release(struct zone *zone);

#endif
