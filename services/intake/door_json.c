#include "intake/door_json.h"

#include <stdlib.h>

#include "intake/door_bytes.h"
#include "intake/normalise.h"
#include "intake/redact.h"

struct parser {
    const char *start;
    const char *at;
    const char *end;
    struct arena *arena;
    int depth;
    uint32_t n_values;
    enum dead_reason reason; /* DEAD_NONE while all is well */
    const char *what;
};

/* What a string may hold without a closer look: 0x20-0x7f but the quote and backslash. */
static bool
plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static bool
all_plain(uint64_t word)
{
    return bytes_printable(word) && bytes_lack(word, '"') && bytes_lack(word, '\\');
}

static bool
fail(struct parser *p, enum dead_reason reason, const char *what)
{
    if (p->reason == DEAD_NONE) {
        p->reason = reason;
        p->what = what;
    }
    return false;
}

size_t
door_utf8_len(const char *at, const char *end)
{
    const unsigned char *u = (const unsigned char *)at;
    size_t left = (size_t)(end - at);
    if (left == 0)
        return 0;
    if (u[0] < 0x80)
        return 1;
    if (u[0] < 0xc2 || left < 2 || (u[1] & 0xc0) != 0x80)
        return 0;
    if (u[0] < 0xe0)
        return 2;
    if (left < 3 || (u[2] & 0xc0) != 0x80)
        return 0;
    if (u[0] < 0xf0) {
        bool overlong = u[0] == 0xe0 && u[1] < 0xa0;
        bool surrogate = u[0] == 0xed && u[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (u[0] > 0xf4 || left < 4 || (u[3] & 0xc0) != 0x80)
        return 0;
    bool overlong = u[0] == 0xf0 && u[1] < 0x90;
    bool beyond = u[0] == 0xf4 && u[1] >= 0x90;
    return overlong || beyond ? 0 : 4;
}

bool
door_utf8_valid(struct str s)
{
    const char *at = s.ptr;
    const char *end = s.ptr + s.len;
    while (at < end) {
        size_t n = door_utf8_len(at, end);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

/* ---- strings ----------------------------------------------------------------------- */

static bool
hex4(const char *at, const char *end, unsigned *ret_unit)
{
    if (end - at < 4)
        return false;
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        unit = unit * 16 + (unsigned)digit;
    }
    *ret_unit = unit;
    return true;
}

static size_t
put_utf8(char *out, unsigned cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

/* Behind "\u"; moves on; a pair of surrogates is one character. */
static bool
read_unicode(struct parser *p, unsigned *ret_cp)
{
    unsigned cp = 0;
    if (!hex4(p->at, p->end, &cp))
        return fail(p, DEAD_BAD_JSON, "malformed \\u escape");
    p->at += 4;
    if (cp >= 0xdc00 && cp <= 0xdfff)
        return fail(p, DEAD_BAD_ENCODING, "lone surrogate");
    if (cp >= 0xd800 && cp <= 0xdbff) {
        unsigned low = 0;
        if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u' ||
            !hex4(p->at + 2, p->end, &low) || low < 0xdc00 || low > 0xdfff)
            return fail(p, DEAD_BAD_ENCODING, "lone surrogate");
        p->at += 6;
        cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
    }
    *ret_cp = cp ? cp : 0xfffd;
    return true;
}

/* Behind a backslash: one escape into out; *ret_n bytes. */
static bool
read_escape(struct parser *p, char *out, size_t *ret_n)
{
    static const char FROM[] = "\"\\/bfnrt";
    static const char TO[] = "\"\\/\b\f\n\r\t";
    if (p->at == p->end)
        return fail(p, DEAD_BAD_JSON, "unfinished string");
    char c = *p->at++;
    if (c == 'u') {
        unsigned cp = 0;
        if (!read_unicode(p, &cp))
            return false;
        *ret_n = put_utf8(out, cp);
        return true;
    }
    const char *found = c ? strchr(FROM, c) : NULL;
    if (!found)
        return fail(p, DEAD_BAD_JSON, "unknown escape");
    out[0] = TO[found - FROM];
    *ret_n = 1;
    return true;
}

/* Moves to the closing quote or a backslash, checking what it passes. */
static bool
pass_plain(struct parser *p)
{
    for (;;) {
        while (p->end - p->at >= 8 && all_plain(bytes_load(p->at)))
            p->at += 8;
        while (p->at < p->end && plain((unsigned char)*p->at))
            p->at++;
        if (p->at == p->end)
            return fail(p, DEAD_BAD_JSON, "unfinished string");
        unsigned char c = (unsigned char)*p->at;
        if (c == '"' || c == '\\')
            return true;
        if (c < 0x20)
            return fail(p, DEAD_BAD_JSON, "control character in a string");
        size_t n = door_utf8_len(p->at, p->end);
        if (n == 0)
            return fail(p, DEAD_BAD_ENCODING, "not UTF-8");
        p->at += n;
    }
}

/* An upper bound of the string's length from here: no escape is shorter than its
 * character. */
static size_t
rest_of_string(const struct parser *p)
{
    const char *at = p->at;
    while (at < p->end && *at != '"')
        at += *at == '\\' && p->end - at > 1 ? 2 : 1;
    return (size_t)(at - p->at);
}

/* At the opening quote. */
static bool
read_string(struct parser *p, struct str *ret)
{
    const char *first = ++p->at;
    if (!pass_plain(p))
        return false;
    if (*p->at == '"') {
        *ret = (struct str){first, (size_t)(p->at - first)};
        p->at++;
        return true;
    }
    size_t used = (size_t)(p->at - first);
    char *out = arena_alloc(p->arena, used + rest_of_string(p) + 4);
    memcpy(out, first, used);
    while (*p->at != '"') {
        size_t n = 0;
        p->at++;
        if (!read_escape(p, out + used, &n))
            return false;
        used += n;
        const char *from = p->at;
        if (!pass_plain(p))
            return false;
        memcpy(out + used, from, (size_t)(p->at - from));
        used += (size_t)(p->at - from);
    }
    p->at++;
    *ret = (struct str){out, used};
    return true;
}

/* ---- values ------------------------------------------------------------------------ */

static void
skip_space(struct parser *p)
{
    while (p->at < p->end &&
           (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

static bool
read_digits(struct parser *p)
{
    const char *first = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return p->at > first;
}

static bool
next_is(struct parser *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool
read_number(struct parser *p, struct str *ret)
{
    const char *first = p->at;
    (void)next_is(p, '-');
    if (!next_is(p, '0') && !read_digits(p))
        return fail(p, DEAD_BAD_JSON, "not a value");
    if (next_is(p, '.') && !read_digits(p))
        return fail(p, DEAD_BAD_JSON, "malformed number");
    if (next_is(p, 'e') || next_is(p, 'E')) {
        (void)(next_is(p, '+') || next_is(p, '-'));
        if (!read_digits(p))
            return fail(p, DEAD_BAD_JSON, "malformed number");
    }
    *ret = (struct str){first, (size_t)(p->at - first)};
    return true;
}

static bool
read_word(struct parser *p, struct str word)
{
    if (!str_starts((struct str){p->at, (size_t)(p->end - p->at)}, word))
        return fail(p, DEAD_BAD_JSON, "not a value");
    p->at += word.len;
    return true;
}

static int
by_key(const void *a, const void *b)
{
    const struct door_json *const *left = a;
    const struct door_json *const *right = b;
    return str_cmp((*left)->key, (*right)->key);
}

/* Small objects are compared key by key, large ones sorted: n log n for a hostile one. */
static bool
keys_differ(struct parser *p, const struct door_json *object)
{
    if (object->count <= 24) {
        for (const struct door_json *a = object->first; a; a = a->next)
            for (const struct door_json *b = a->next; b; b = b->next)
                if (a->key.len == b->key.len && str_eq(a->key, b->key))
                    return fail(p, DEAD_BAD_JSON, "duplicate key");
        return true;
    }
    const struct door_json **sorted =
        arena_array(p->arena, object->count, sizeof(const struct door_json *));
    size_t n = 0;
    for (const struct door_json *member = object->first; member; member = member->next)
        sorted[n++] = member;
    qsort(sorted, n, sizeof(const struct door_json *), by_key);
    for (size_t i = 1; i < n; i++)
        if (str_eq(sorted[i - 1]->key, sorted[i]->key))
            return fail(p, DEAD_BAD_JSON, "duplicate key");
    return true;
}

static struct door_json *read_value(struct parser *p);

static bool
read_key(struct parser *p, struct str *ret_key)
{
    skip_space(p);
    if (p->at == p->end || *p->at != '"')
        return fail(p, DEAD_BAD_JSON, "a key must be a string");
    if (!read_string(p, ret_key))
        return false;
    skip_space(p);
    return next_is(p, ':') || fail(p, DEAD_BAD_JSON, "no colon behind a key");
}

/* Behind the opening bracket. */
static bool
read_children(struct parser *p, struct door_json *parent)
{
    bool object = parent->type == DOOR_JSON_OBJECT;
    char close = object ? '}' : ']';
    struct door_json **link = &parent->first;
    if (++p->depth > DOOR_JSON_DEPTH_MAX)
        return fail(p, DEAD_TOO_LARGE, "nested too deeply");
    skip_space(p);
    if (next_is(p, close)) {
        p->depth--;
        return true;
    }
    do {
        struct str key = STR_NULL;
        if (object && !read_key(p, &key))
            return false;
        struct door_json *child = read_value(p);
        if (!child)
            return false;
        child->key = key;
        *link = child;
        link = &child->next;
        parent->count++;
        skip_space(p);
    } while (next_is(p, ','));
    if (!next_is(p, close))
        return fail(p, DEAD_BAD_JSON, "no comma or bracket behind a value");
    p->depth--;
    return !object || keys_differ(p, parent);
}

static bool
read_into(struct parser *p, struct door_json *value)
{
    switch (*p->at) {
    case '{':
    case '[':
        value->type = *p->at++ == '{' ? DOOR_JSON_OBJECT : DOOR_JSON_ARRAY;
        return read_children(p, value);
    case '"':
        value->type = DOOR_JSON_STRING;
        return read_string(p, &value->text);
    case 't':
        value->type = DOOR_JSON_TRUE;
        return read_word(p, STR("true"));
    case 'f':
        value->type = DOOR_JSON_FALSE;
        return read_word(p, STR("false"));
    case 'n':
        value->type = DOOR_JSON_NULL;
        return read_word(p, STR("null"));
    default:
        value->type = DOOR_JSON_NUMBER;
        return read_number(p, &value->text);
    }
}

/* NULL with p->reason set. Depth is bounded, so is the recursion. */
static struct door_json * /* NOLINTNEXTLINE(misc-no-recursion) */
read_value(struct parser *p)
{
    skip_space(p);
    if (p->at == p->end) {
        (void)fail(p, DEAD_BAD_JSON, "ends too early");
        return NULL;
    }
    if (++p->n_values > DOOR_JSON_VALUES_MAX) {
        (void)fail(p, DEAD_TOO_LARGE, "too many values");
        return NULL;
    }
    struct door_json *value = ARENA_NEW(p->arena, struct door_json);
    return read_into(p, value) ? value : NULL;
}

/* UTF-16 and UTF-32 show NULs among the first four bytes (RFC 4627, 3); a byte order mark
 * of theirs is no UTF-8 anyway. */
static bool
looks_wide(struct str text)
{
    size_t n = text.len < 4 ? text.len : 4;
    return n > 0 && memchr(text.ptr, '\0', n) != NULL;
}

bool
door_json_parse(struct arena *arena, struct str text, const char *path,
                struct door_json **ret_value, struct err *err)
{
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_sub(text, 3, text.len);
    if (looks_wide(text))
        return err_dead(err, DEAD_BAD_ENCODING, path, "not UTF-8: UTF-16 or UTF-32");
    struct parser p = {
        .start = text.ptr, .at = text.ptr, .end = text.ptr + text.len, .arena = arena};
    struct door_json *value = read_value(&p);
    if (value) {
        skip_space(&p);
        if (p.at != p.end)
            (void)fail(&p, DEAD_BAD_JSON, "something follows the value");
    }
    /* Latin-1 and the like may break the syntax before they break the encoding. */
    if (p.reason == DEAD_BAD_JSON && !door_utf8_valid(text)) {
        p.reason = DEAD_BAD_ENCODING;
        p.what = "not UTF-8";
    }
    if (p.reason != DEAD_NONE)
        return err_dead(err, p.reason, path, "%s (near byte %zu)", p.what,
                        (size_t)(p.at - p.start));
    *ret_value = value;
    return true;
}

const struct door_json *
door_json_get(const struct door_json *object, struct str key)
{
    for (const struct door_json *member = object->first; member; member = member->next)
        if (str_eq(member->key, key))
            return member;
    return NULL;
}

/* ---- printing ---------------------------------------------------------------------- */

static bool
print_clean(struct arena *arena, struct str text, struct buf *out)
{
    return buf_add_json(out, redact_text(arena, normalise_text(arena, text)));
}

static bool
print_number(struct arena *arena, struct str text, struct buf *out)
{
    struct str clean = redact_text(arena, text);
    return clean.ptr == text.ptr ? buf_add_str(out, text) : buf_add_json(out, clean);
}

bool /* NOLINTNEXTLINE(misc-no-recursion) */
door_json_print(struct arena *arena, const struct door_json *value, struct buf *out)
{
    static const char *const WORDS[] = {"null", "false", "true"};
    if (value->type <= DOOR_JSON_TRUE)
        return buf_add_c(out, WORDS[value->type]);
    if (value->type == DOOR_JSON_NUMBER)
        return print_number(arena, value->text, out);
    if (value->type == DOOR_JSON_STRING)
        return print_clean(arena, value->text, out);
    bool object = value->type == DOOR_JSON_OBJECT;
    bool ok = buf_add_char(out, object ? '{' : '[');
    for (const struct door_json *child = value->first; ok && child; child = child->next) {
        ok = child == value->first || buf_add_char(out, ',');
        if (ok && object)
            ok = print_clean(arena, child->key, out) && buf_add_char(out, ':');
        ok = ok && door_json_print(arena, child, out);
    }
    return ok && buf_add_char(out, object ? '}' : ']');
}
