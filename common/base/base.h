/* base.h - the vocabulary every room shares: strings, errors, cleanup, bounds.
 *
 * Rules:  a `struct str` is a view, never NUL-terminated, never owned.
 *         library code fills `struct err` and returns false; it never logs.
 *         outputs are named ret_x and are written only on success.
 * Thread rule: everything here is pure or works on its arguments only. */
#ifndef REDRESS_BASE_H
#define REDRESS_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))
/* Runs fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* Our own fault: says where and aborts.  Never for what an outsider can send. */
#define BUG_IF(condition)                                                                \
    do {                                                                                 \
        if (condition)                                                                   \
            bug_stop(__FILE__, __LINE__, #condition);                                    \
    } while (0)
NORETURN void bug_stop(const char *file, int line, const char *what);

/* A view of bytes owned by somebody else.  ptr == NULL means "absent" (null). */
struct str {
    const char *ptr;
    size_t len;
};

#define STR_NULL ((struct str){NULL, 0})
/* A literal as a view; the length is known at compile time. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* For "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct str
str_from(const char *c_string)
{
    return (struct str){c_string, c_string ? strlen(c_string) : 0};
}
static inline bool
str_is_null(struct str s)
{
    return s.ptr == NULL;
}
/* Null or of no length. */
static inline bool
str_empty(struct str s)
{
    return s.len == 0;
}
/* Byte order; null equals empty. */
bool str_eq(struct str a, struct str b);
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* ASCII letters only; for protocol words, not for people's text. */
static inline char
ascii_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c;
}
bool str_eq_nocase(struct str a, struct str b);
struct str str_sub(struct str s, size_t from, size_t len);
/* Cuts ASCII white space at both ends. */
struct str str_trim(struct str s);
/* Whole string must be a decimal number in range; false otherwise. */
MUST_CHECK bool str_to_i64(struct str s, int64_t *ret_value);
MUST_CHECK bool str_to_double(struct str s, double *ret_value);
/* The longest prefix of at most max_len bytes that ends on a UTF-8 boundary. */
struct str str_cut_utf8(struct str s, size_t max_len);

/* What the caller must do about a failure - not what caused it. */
enum err_action {
    ERR_NONE,
    ERR_DEAD_LETTER, /* this event can never succeed: park it, go on             */
    ERR_RETRY,       /* a dependency is away: abort the batch, back off          */
    ERR_STOP,        /* our own fault, a fence or configuration: exit non-zero   */
};

/* Why an event became a dead letter; the names are a contract (DEAD_REASON_NAMES). */
enum dead_reason {
    DEAD_NONE,
    DEAD_BAD_JSON,
    DEAD_BAD_ENCODING,
    DEAD_BAD_CLOUDEVENT,
    DEAD_UNKNOWN_TYPE,
    DEAD_MISSING_FIELD,
    DEAD_BAD_FIELD,
    DEAD_TIME_OUT_OF_RANGE,
    DEAD_TOO_LARGE,
    DEAD_UNROUTABLE,
    DEAD_UNKNOWN_COMPLAINT,
    DEAD_BAD_SCHEMA,
    DEAD_REASON_COUNT,
};
/* "bad_json", ...; "none" for DEAD_NONE.  Static, never NULL. */
const char *dead_reason_name(enum dead_reason reason);

struct err {
    enum err_action action;
    enum dead_reason reason; /* with ERR_DEAD_LETTER                               */
    char path[128];          /* with ERR_DEAD_LETTER: JSON path, "" if none        */
    char text[320];          /* one line for a person: what, which id, what to do  */
};
/* Fills *err and returns false, so a failure is one statement.  The text never holds
 * complaint text or personal data. */
bool err_set(struct err *err, enum err_action action, const char *fmt, ...) PRINTF(3, 4);
/* The same for a dead letter; path may be NULL. */
bool err_dead(struct err *err, enum dead_reason reason, const char *path, const char *fmt,
              ...) PRINTF(4, 5);
/* Puts "<prefix>: " before the text; returns false. */
bool err_prefix(struct err *err, const char *fmt, ...) PRINTF(2, 3);

/* Integer helpers. */
static inline int64_t
i64_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t
i64_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
