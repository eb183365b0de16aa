/* times.h - points in time as milliseconds since 1970-01-01T00:00:00Z (int64_t, UTC).
 *
 * Parsing and printing only; the clock itself is in now.h, which cores must not include.
 * Time zones and business calendars are services/sla's. */
#ifndef REDRESS_TIMES_H
#define REDRESS_TIMES_H

#include "base/base.h"

#define TIME_NONE INT64_MIN

/* RFC 3339 (CloudEvents `time`): date, 'T' or 't' or ' ', time, fraction of any length
 * (cut to milliseconds), zone 'Z' or +hh:mm.  Leap second 60 counts as the next second.
 * False if it is not of that form or names no real date. Years 0000-9999. */
MUST_CHECK bool time_parse(struct str s, int64_t *ret_ms);
/* Also a bare date (midnight UTC), a local form without zone (read as UTC): for imports.
 */
MUST_CHECK bool time_parse_loose(struct str s, int64_t *ret_ms);
/* Also what exports write: 2019/2/3, 2019/11/29 15:06:49, 2019/2/3 9:05 (read as UTC):
 * for the order of training texts, where a guess is better than none. */
MUST_CHECK bool time_parse_any(struct str s, int64_t *ret_ms);

#define TIME_TEXT_BYTES 32
/* "2026-11-22T05:33:49.123Z"; returns text. */
const char *time_print(int64_t ms, char text[TIME_TEXT_BYTES]);

/* Proleptic Gregorian; month 1-12, day 1-31.  Days since 1970-01-01. */
int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);

#endif
