#include "zone/zone.h"

#include <stdlib.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "base/times.h"

#define ZONE_CHANGES_MAX 1024

static void
calendar_close(UCalendar **calendar)
{
    if (*calendar)
        ucal_close(*calendar);
}

static int64_t
offset_at(UCalendar *calendar, UErrorCode *status)
{
    return (int64_t)ucal_get(calendar, UCAL_ZONE_OFFSET, status) +
           ucal_get(calendar, UCAL_DST_OFFSET, status);
}

/* ICU takes any unknown name for GMT, so the name is asked for first. */
static bool
zone_open(struct str name, UCalendar **ret_calendar, struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar id[64];
    UChar canonical[64];
    UBool is_system = 0;
    int32_t len = 0;
    u_strFromUTF8(id, COUNT_OF(id), &len, name.ptr,
                  (int32_t)i64_min((int64_t)name.len, 63), &status);
    ucal_getCanonicalTimeZoneID(id, len, canonical, COUNT_OF(canonical), &is_system,
                                &status);
    if (U_FAILURE(status) || !is_system)
        return err_set(err, ERR_STOP, "time zone \"%.*s\" is unknown; use an IANA name",
                       STR_ARG(name));
    UCalendar *calendar = ucal_open(id, len, NULL, UCAL_GREGORIAN, &status);
    if (U_FAILURE(status))
        return err_set(err, ERR_STOP, "time zone \"%.*s\": %s", STR_ARG(name),
                       u_errorName(status));
    *ret_calendar = calendar;
    return true;
}

bool
zone_load(struct str name, struct zone *ret_zone, struct err *err)
{
    CLEANUP(calendar_close) UCalendar *calendar = NULL;
    if (!zone_open(name, &calendar, err))
        return false;
    UErrorCode status = U_ZERO_ERROR;
    UDate at = (UDate)(days_from_civil(1990, 1, 1) * DAY_MS);
    const UDate end = (UDate)(days_from_civil(2100, 1, 1) * DAY_MS);
    struct zone_change changes[ZONE_CHANGES_MAX];
    size_t n = 0;
    ucal_setMillis(calendar, at, &status);
    int64_t first_offset_ms = offset_at(calendar, &status);
    int64_t offset_ms = first_offset_ms;
    while (
        U_SUCCESS(status) && n < COUNT_OF(changes) &&
        ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, &at, &status) &&
        at < end) {
        ucal_setMillis(calendar, at, &status);
        int64_t after_ms = offset_at(calendar, &status);
        if (after_ms != offset_ms)
            changes[n++] = (struct zone_change){(int64_t)at, after_ms};
        offset_ms = after_ms;
    }
    if (U_FAILURE(status))
        return err_set(err, ERR_STOP, "time zone \"%.*s\": %s", STR_ARG(name),
                       u_errorName(status));

    struct zone_change *own = calloc(n + 1, sizeof(*own));
    char *own_name = calloc(name.len + 1, 1);
    BUG_IF(!own || !own_name);
    memcpy(own, changes, n * sizeof(*own));
    memcpy(own_name, name.ptr, name.len);
    *ret_zone = (struct zone){.name = {own_name, name.len},
                              .first_offset_ms = first_offset_ms,
                              .n_changes = n,
                              .changes = own};
    return true;
}

void
zone_release(struct zone *zone)
{
    free((void *)(uintptr_t)zone->changes);
    free((void *)(uintptr_t)zone->name.ptr);
    *zone = (struct zone){0};
}

/* --- local time ------------------------------------------------------------------- */

int64_t
zone_to_local(const struct zone *zone, int64_t utc_ms)
{
    size_t low = 0;
    size_t high = zone->n_changes; /* the first change after utc_ms */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at_ms <= utc_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return utc_ms + (low == 0 ? zone->first_offset_ms : zone->changes[low - 1].offset_ms);
}

/* Offset in force before changes[i]. */
static int64_t
offset_before(const struct zone *zone, size_t i)
{
    return i == 0 ? zone->first_offset_ms : zone->changes[i - 1].offset_ms;
}

int64_t
zone_to_utc(const struct zone *zone, int64_t local_ms)
{
    /* The first stretch between changes whose local end lies after local_ms.  Stretches
     * are longer than their jumps, so their local ends rise. */
    size_t low = 0;
    size_t high = zone->n_changes;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at_ms + offset_before(zone, middle) <= local_ms)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t utc_ms = local_ms - offset_before(zone, low);
    if (low > 0 && utc_ms < zone->changes[low - 1].at_ms)
        return zone->changes[low - 1].at_ms; /* skipped by the jump */
    return utc_ms;
}
