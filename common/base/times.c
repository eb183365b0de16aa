#include "base/times.h"

#include <stdio.h>

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013). */
int64_t
days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t yoe = year - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void
civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *ret_year = yoe + era * 400 + (*ret_month <= 2);
}

struct scan {
    const char *at;
    const char *end;
};

static bool
scan_digits(struct scan *scan, int count, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (scan->at == scan->end || *scan->at < '0' || *scan->at > '9')
            return false;
        value = value * 10 + (*scan->at++ - '0');
    }
    *ret_value = value;
    return true;
}

static bool
scan_char(struct scan *scan, char c)
{
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static int
month_days(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return DAYS[month - 1] + (month == 2 && leap);
}

static bool
scan_date(struct scan *scan, int64_t *ret_days)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!scan_digits(scan, 4, &year) || !scan_char(scan, '-') ||
        !scan_digits(scan, 2, &month) || !scan_char(scan, '-') ||
        !scan_digits(scan, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return false;
    *ret_days = days_from_civil(year, month, day);
    return true;
}

static int
scan_fraction_ms(struct scan *scan, bool *ret_ok)
{
    int ms = 0;
    int scale = 100;
    const char *first = scan->at;
    for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
        ms += (*scan->at - '0') * scale;
        scale /= 10;
    }
    *ret_ok = scan->at > first;
    return ms;
}

static bool
scan_zone(struct scan *scan, int64_t *ret_offset_ms)
{
    if (scan_char(scan, 'Z') || scan_char(scan, 'z')) {
        *ret_offset_ms = 0;
        return true;
    }
    int sign = scan_char(scan, '+') ? 1 : scan_char(scan, '-') ? -1 : 0;
    int hours = 0;
    int minutes = 0;
    if (sign == 0 || !scan_digits(scan, 2, &hours) || !scan_char(scan, ':') ||
        !scan_digits(scan, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_offset_ms = sign * (hours * HOUR_MS + minutes * MINUTE_MS);
    return true;
}

static bool
parse(struct str s, bool loose, int64_t *ret_ms)
{
    struct scan scan = {s.ptr, s.ptr + s.len};
    int64_t days = 0;
    if (s.len == 0 || !scan_date(&scan, &days))
        return false;
    if (loose && scan.at == scan.end) {
        *ret_ms = days * DAY_MS;
        return true;
    }
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!scan_char(&scan, 'T') && !scan_char(&scan, 't') && !scan_char(&scan, ' '))
        return false;
    if (!scan_digits(&scan, 2, &hour) || !scan_char(&scan, ':') ||
        !scan_digits(&scan, 2, &minute))
        return false;
    bool has_second = scan_char(&scan, ':');
    if (has_second ? !scan_digits(&scan, 2, &second) : !loose)
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    int ms = 0;
    if (has_second && scan_char(&scan, '.')) {
        bool ok = false;
        ms = scan_fraction_ms(&scan, &ok);
        if (!ok)
            return false;
    }
    int64_t offset_ms = 0;
    if (!(loose && scan.at == scan.end) && !scan_zone(&scan, &offset_ms))
        return false;
    if (scan.at != scan.end)
        return false;
    *ret_ms = days * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS +
              ms - offset_ms;
    return true;
}

bool
time_parse(struct str s, int64_t *ret_ms)
{
    return parse(s, false, ret_ms);
}

bool
time_parse_loose(struct str s, int64_t *ret_ms)
{
    return parse(s, true, ret_ms);
}

/* One or two digits. */
static bool
scan_short(struct scan *scan, int *ret_value)
{
    int more = 0;
    if (!scan_digits(scan, 1, ret_value))
        return false;
    if (scan_digits(scan, 1, &more))
        *ret_value = *ret_value * 10 + more;
    return true;
}

bool
time_parse_any(struct str s, int64_t *ret_ms)
{
    struct scan scan = {s.ptr, s.ptr + s.len};
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (s.len == 0)
        return false;
    if (parse(s, true, ret_ms))
        return true;
    if (!scan_digits(&scan, 4, &year) || !scan_char(&scan, '/') ||
        !scan_short(&scan, &month) || !scan_char(&scan, '/') || !scan_short(&scan, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return false;
    if (scan.at != scan.end &&
        (!scan_char(&scan, ' ') || !scan_short(&scan, &hour) || !scan_char(&scan, ':') ||
         !scan_digits(&scan, 2, &minute) ||
         (scan_char(&scan, ':') && !scan_digits(&scan, 2, &second))))
        return false;
    if (scan.at != scan.end || hour > 23 || minute > 59 || second > 60)
        return false;
    *ret_ms = days_from_civil(year, month, day) * DAY_MS + hour * HOUR_MS +
              minute * MINUTE_MS + second * SECOND_MS;
    return true;
}

const char *
time_print(int64_t ms, char text[TIME_TEXT_BYTES])
{
    int64_t days = ms / DAY_MS;
    int64_t rest = ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    int64_t year = 0;
    int month = 0;
    int day = 0;
    civil_from_days(days, &year, &month, &day);
    (void)snprintf(text, TIME_TEXT_BYTES, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ",
                   (long long)(year % 100000), month, day, (int)(rest / HOUR_MS),
                   (int)(rest / MINUTE_MS % 60), (int)(rest / SECOND_MS % 60),
                   (int)(rest % SECOND_MS));
    return text;
}
