#include "base/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
bug_stop(const char *file, int line, const char *what)
{
    fprintf(stderr, "{\"level\":\"error\",\"event\":\"bug\",\"msg\":\"%s:%d: %s\"}\n",
            file, line, what);
    abort();
}

bool
str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int
str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    if (c != 0)
        return c;
    return (a.len > b.len) - (a.len < b.len);
}

bool
str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq((struct str){s.ptr, prefix.len}, prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len &&
           str_eq((struct str){s.ptr + (s.len - suffix.len), suffix.len}, suffix);
}

bool
str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    return true;
}

struct str
str_sub(struct str s, size_t from, size_t len)
{
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return (struct str){s.ptr ? s.ptr + from : NULL, len};
}

static bool
ascii_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str
str_trim(struct str s)
{
    while (s.len > 0 && ascii_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && ascii_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool
str_to_i64(struct str s, int64_t *ret_value)
{
    char digits[24];
    if (s.len == 0 || s.len >= sizeof(digits) || ascii_space(s.ptr[0]))
        return false;
    memcpy(digits, s.ptr, s.len);
    digits[s.len] = '\0';
    char *end = NULL;
    errno = 0;
    long long value = strtoll(digits, &end, 10);
    if (errno != 0 || end != digits + s.len)
        return false;
    *ret_value = (int64_t)value;
    return true;
}

bool
str_to_double(struct str s, double *ret_value)
{
    char digits[64];
    if (s.len == 0 || s.len >= sizeof(digits) || ascii_space(s.ptr[0]))
        return false;
    memcpy(digits, s.ptr, s.len);
    digits[s.len] = '\0';
    char *end = NULL;
    errno = 0;
    double value = strtod(digits, &end);
    if (errno != 0 || end != digits + s.len || value != value || value > 1e300 ||
        value < -1e300)
        return false;
    *ret_value = value;
    return true;
}

struct str
str_cut_utf8(struct str s, size_t max_len)
{
    if (s.len <= max_len)
        return s;
    size_t n = max_len;
    /* Step back over continuation bytes (10xxxxxx) to the start of a character. */
    while (n > 0 && ((unsigned char)s.ptr[n] & 0xc0) == 0x80)
        n--;
    return (struct str){s.ptr, n};
}

static const char *const DEAD_REASON_NAMES[] = {
    [DEAD_NONE] = "none",
    [DEAD_BAD_JSON] = "bad_json",
    [DEAD_BAD_ENCODING] = "bad_encoding",
    [DEAD_BAD_CLOUDEVENT] = "bad_cloudevent",
    [DEAD_UNKNOWN_TYPE] = "unknown_type",
    [DEAD_MISSING_FIELD] = "missing_field",
    [DEAD_BAD_FIELD] = "bad_field",
    [DEAD_TIME_OUT_OF_RANGE] = "time_out_of_range",
    [DEAD_TOO_LARGE] = "too_large",
    [DEAD_UNROUTABLE] = "unroutable",
    [DEAD_UNKNOWN_COMPLAINT] = "unknown_complaint",
    [DEAD_BAD_SCHEMA] = "bad_schema",
};
_Static_assert(COUNT_OF(DEAD_REASON_NAMES) == DEAD_REASON_COUNT,
               "a name for each reason");

const char *
dead_reason_name(enum dead_reason reason)
{
    BUG_IF(reason >= DEAD_REASON_COUNT);
    return DEAD_REASON_NAMES[reason];
}

bool
err_set(struct err *err, enum err_action action, const char *fmt, ...)
{
    *err = (struct err){.action = action};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return false;
}

bool
err_dead(struct err *err, enum dead_reason reason, const char *path, const char *fmt, ...)
{
    *err = (struct err){.action = ERR_DEAD_LETTER, .reason = reason};
    if (path)
        (void)snprintf(err->path, sizeof(err->path), "%s", path);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return false;
}

bool
err_prefix(struct err *err, const char *fmt, ...)
{
    char prefix[160];
    char old[sizeof(err->text)];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(prefix, sizeof(prefix), fmt, args);
    va_end(args);
    memcpy(old, err->text, sizeof(old));
    /* A long chain is cut at the end: the first words say where, which matters more. */
    int n = snprintf(err->text, sizeof(err->text), "%s: ", prefix);
    if (n > 0 && (size_t)n < sizeof(err->text))
        (void)snprintf(err->text + n, sizeof(err->text) - (size_t)n, "%.*s",
                       (int)(sizeof(err->text) - (size_t)n - 1), old);
    return false;
}
