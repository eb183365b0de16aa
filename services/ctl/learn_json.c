#include "ctl/learn_json.h"

#include "intake/door_json.h"

#define REPLACEMENT "\xef\xbf\xbd"

struct cursor {
    const char *at;
    const char *end;
};

static void
skip_blank(struct cursor *c)
{
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n'))
        c->at++;
}

static bool
take(struct cursor *c, char wanted)
{
    skip_blank(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* Behind an opening quote: what stands before the closing one; false if there is none.
 * Each run of backslashes is looked at once. */
static bool
take_string(struct cursor *c, struct str *ret)
{
    const char *start = c->at;
    const char *from = start;
    while (from < c->end) {
        const char *quote = memchr(from, '"', (size_t)(c->end - from));
        if (!quote)
            break;
        const char *slash = quote;
        while (slash > from && slash[-1] == '\\')
            slash--;
        if ((quote - slash) % 2 == 0) {
            *ret = (struct str){start, (size_t)(quote - start)};
            c->at = quote + 1;
            return true;
        }
        from = quote + 1;
    }
    *ret = (struct str){start, (size_t)(c->end - start)};
    c->at = c->end;
    return false;
}

/* An object or array, its brackets counted, whatever is in it; false if it breaks off. */
static bool
take_nested(struct cursor *c, struct str *ret)
{
    const char *start = c->at;
    size_t depth = 0;
    bool whole = false;
    while (c->at < c->end && !whole) {
        char ch = *c->at++;
        struct str inner;
        if (ch == '"' && !take_string(c, &inner))
            break;
        depth += ch == '{' || ch == '[';
        depth -= ch == '}' || ch == ']';
        whole = depth == 0;
    }
    *ret = (struct str){start, (size_t)(c->at - start)};
    return whole;
}

static bool
ends_word(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' ||
           c == '\n';
}

static struct str
take_word(struct cursor *c)
{
    const char *start = c->at;
    while (c->at < c->end && !ends_word(*c->at))
        c->at++;
    return (struct str){start, (size_t)(c->at - start)};
}

static size_t
digits(struct str s, size_t from)
{
    size_t at = from;
    while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9')
        at++;
    return at - from;
}

bool
learn_json_number(struct str s)
{
    size_t at = s.len > 0 && s.ptr[0] == '-';
    size_t n = digits(s, at);
    if (n == 0 || (n > 1 && s.ptr[at] == '0'))
        return false;
    at += n;
    if (at < s.len && s.ptr[at] == '.') {
        n = digits(s, at + 1);
        if (n == 0)
            return false;
        at += 1 + n;
    }
    if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
        at++;
        at += at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-');
        n = digits(s, at);
        if (n == 0)
            return false;
        at += n;
    }
    return at == s.len;
}

/* --- strings ------------------------------------------------------------------------ */

/* Bytes from `at` on that are themselves: UTF-8 without a backslash or NUL. */
static size_t
plain_bytes(const char *at, const char *end)
{
    const char *start = at;
    while (at < end) {
        uint64_t word = 0;
        if (end - at >= 8) {
            memcpy(&word, at, 8);
            uint64_t slash = word ^ UINT64_C(0x5c5c5c5c5c5c5c5c);
            uint64_t zero = ((word - UINT64_C(0x0101010101010101)) |
                             (slash - UINT64_C(0x0101010101010101)) | word) &
                            UINT64_C(0x8080808080808080);
            if (zero == 0) {
                at += 8;
                continue;
            }
        }
        if (*at == '\\' || *at == '\0')
            break;
        size_t n = door_utf8_len(at, end);
        if (n == 0)
            break;
        at += n;
    }
    return (size_t)(at - start);
}

static bool
hex4(const char *at, const char *end, uint32_t *ret)
{
    uint32_t unit = 0;
    if (end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = ascii_lower(at[i]);
        bool letter = c >= 'a' && c <= 'f';
        if (!letter && (c < '0' || c > '9'))
            return false;
        unit = unit * 16 + (uint32_t)(letter ? c - 'a' + 10 : c - '0');
    }
    *ret = unit;
    return true;
}

static void
add_code(struct buf *out, uint32_t cp)
{
    char b[4];
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; cp >>= 6)
        b[i] = (char)(0x80 | (cp & 0x3f));
    b[0] = (char)(lead[n] | cp);
    (void)buf_add(out, b, n);
}

/* Behind "\u"; gives the bytes it took. */
static size_t
add_unit(struct learn_json *json, const char *at, const char *end, bool keep_nul,
         struct buf *out)
{
    uint32_t unit = 0;
    uint32_t low = 0;
    if (!hex4(at, end, &unit)) {
        json->broken = true;
        (void)buf_add_c(out, REPLACEMENT);
        return 0;
    }
    bool high = unit >= 0xd800 && unit < 0xdc00;
    if (high && end - at >= 10 && at[4] == '\\' && at[5] == 'u' &&
        hex4(at + 6, end, &low) && low >= 0xdc00 && low < 0xe000) {
        add_code(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        return 10;
    }
    if ((unit >= 0xd800 && unit < 0xe000) || (unit == 0 && !keep_nul)) {
        json->repaired = true;
        (void)buf_add_c(out, REPLACEMENT);
    } else {
        add_code(out, unit);
    }
    return 4;
}

/* Behind a backslash; gives the bytes it took. */
static size_t
add_escape(struct learn_json *json, const char *at, const char *end, bool keep_nul,
           struct buf *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (at == end)
        return 0;
    if (*at == 'u')
        return 1 + add_unit(json, at + 1, end, keep_nul, out);
    const char *found = *at ? strchr(from, *at) : NULL;
    if (found) {
        (void)buf_add_char(out, to[found - from]);
        return 1;
    }
    json->broken = true; /* "\x": the backslash goes, what is behind it stays */
    return 0;
}

/* The string itself where nothing is to be done, else a copy in room. */
static struct str
decode(struct learn_json *json, struct str raw, bool keep_nul, struct buf *room)
{
    const char *at = raw.ptr;
    const char *end = raw.ptr + raw.len;
    size_t plain = plain_bytes(at, end);
    if (plain == raw.len)
        return raw;
    room->max_bytes = (size_t)4 << 30;
    buf_clear(room);
    while (at < end) {
        (void)buf_add(room, at, plain);
        at += plain;
        if (at < end && *at == '\\') {
            at++;
            at += add_escape(json, at, end, keep_nul, room);
        } else if (at < end && *at == '\0' && keep_nul) {
            (void)buf_add_char(room, *at++);
        } else if (at < end) {
            json->repaired = true;
            (void)buf_add_c(room, REPLACEMENT);
            at++;
            while (at < end && ((unsigned char)*at & 0xc0) == 0x80)
                at++;
        }
        plain = plain_bytes(at, end);
    }
    return buf_str(room);
}

/* --- the object --------------------------------------------------------------------- */

static enum learn_type
type_of(struct str word)
{
    if (str_eq(word, STR("null")))
        return LEARN_NULL;
    if (str_eq(word, STR("true")) || str_eq(word, STR("false")))
        return LEARN_BOOL;
    return learn_json_number(word) ? LEARN_NUMBER : LEARN_OTHER;
}

/* Place among the wanted names; n_names for any other. */
static size_t
find_name(struct learn_json *json, struct str raw)
{
    struct str name = raw;
    size_t i = 0;
    if (memchr(raw.ptr, '\\', raw.len)) {
        bool repaired = json->repaired;
        name = decode(json, raw, false, &json->key);
        json->repaired = repaired;
    }
    while (i < json->n_names && !str_eq(json->names[i], name))
        i++;
    return i;
}

/* False: nothing can be read behind it. */
static bool
take_value(struct learn_json *json, struct cursor *c, size_t name)
{
    bool whole = true;
    struct learn_value value;
    skip_blank(c);
    if (c->at == c->end)
        return false;
    if (*c->at == '"') {
        c->at++;
        whole = take_string(c, &value.text);
        value.type = LEARN_STRING;
        if (name < json->n_names)
            value.text =
                decode(json, value.text, json->keep_nul[name], &json->room[name]);
    } else if (*c->at == '{' || *c->at == '[') {
        whole = take_nested(c, &value.text);
        value.type = LEARN_OTHER;
        if (name < json->n_names)
            value.text = decode(json, value.text, true, &json->room[name]);
    } else {
        value.text = take_word(c);
        value.type = type_of(value.text);
        json->broken = json->broken || value.type == LEARN_OTHER;
        if (name < json->n_names && value.type == LEARN_OTHER)
            value.text = decode(json, value.text, true, &json->room[name]);
    }
    if (name < json->n_names) {
        json->repaired = json->repaired || json->values[name].type != LEARN_ABSENT;
        json->values[name] = value;
    }
    return whole;
}

/* A line that cannot be read on: its first name is looked for behind the break.  Linear:
 * only so many bytes are compared at each quote. */
static void
recover(struct learn_json *json, struct cursor c)
{
    struct str wanted = json->names[0];
    bool found = json->values[0].type != LEARN_ABSENT;
    json->broken = true;
    while (!found && c.at < c.end) {
        const char *quote = memchr(c.at, '"', (size_t)(c.end - c.at));
        if (!quote)
            return;
        c.at = quote + 1;
        struct str rest = {c.at, (size_t)(c.end - c.at)};
        struct cursor name = {c.at + wanted.len, c.end};
        found = str_starts(rest, wanted) && rest.len > wanted.len && *name.at == '"';
        name.at++;
        found = found && take(&name, ':');
        if (found)
            (void)take_value(json, &name, 0);
    }
}

/* False: broken, at c or in the string that begins there (a backslash before its closing
 * quote makes it swallow what follows). */
static bool
read_members(struct learn_json *json, struct cursor *c)
{
    struct cursor last = *c;
    bool whole = true;
    while (whole && !take(c, '}')) {
        struct str raw;
        whole = take(c, '"') && take_string(c, &raw) && take(c, ':');
        if (!whole)
            break;
        skip_blank(c);
        last = *c;
        bool string = c->at < c->end && *c->at == '"';
        whole = take_value(json, c, find_name(json, raw));
        if (!string)
            last = *c;
        if (whole && !take(c, ',')) {
            whole = take(c, '}');
            break;
        }
    }
    if (!whole)
        *c = last;
    return whole;
}

bool
learn_json_read(struct learn_json *json, struct str line)
{
    struct cursor c = {line.ptr, line.ptr + line.len};
    memset(json->values, 0, sizeof(json->values));
    json->repaired = false;
    json->broken = false;
    if (str_starts(line, STR("\xef\xbb\xbf")))
        c.at += 3;
    if (!take(&c, '{'))
        return false;
    if (!read_members(json, &c)) {
        recover(json, c);
        return true;
    }
    skip_blank(&c);
    json->broken = json->broken || c.at != c.end;
    return true;
}

void
learn_json_release(struct learn_json *json)
{
    buf_release(&json->key);
    for (size_t i = 0; i < LEARN_JSON_NAMES; i++)
        buf_release(&json->room[i]);
}
