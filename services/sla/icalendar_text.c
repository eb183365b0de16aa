#include "sla/icalendar_text.h"

/* VCALENDAR, VEVENT, VALARM and some room. */
#define DEPTH_MAX 6

struct nesting {
    const char *file;
    struct icalendar_lines *lines;
    uint32_t line;
    size_t depth;
    size_t n_calendars;
    struct str open[DEPTH_MAX];
};

static bool
fault(const struct nesting *at, struct err *err, const char *what)
{
    return err_set(err, ERR_STOP, "%.120s: line %u: %s", at->file, at->line, what);
}

/* --- characters --------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at the start of s; 0 if there is none. */
static size_t
utf8_len(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    if (p[0] < 0x80)
        return p[0] >= 0x20 || p[0] == '\t' ? 1 : 0;
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || len > s.len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool no_character = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
    return overlong || no_character ? 0 : len;
}

static bool
is_text(struct str s)
{
    while (s.len > 0) {
        size_t len = utf8_len(s);
        if (len == 0)
            return false;
        s = str_sub(s, len, s.len - len);
    }
    return true;
}

/* --- components --------------------------------------------------------------------- */

static bool
begin(struct nesting *at, struct str name, struct err *err)
{
    bool is_event = str_eq_nocase(name, STR("VEVENT"));
    if (at->depth == DEPTH_MAX)
        return fault(at, err, "components are nested too deep");
    if ((at->depth == 0) != str_eq_nocase(name, STR("VCALENDAR")))
        return fault(at, err, "components must stand within one BEGIN:VCALENDAR");
    if (is_event && at->depth != 1)
        return fault(at, err, "an event within another component; is an END missing?");
    if (is_event && at->lines->n_events == ICALENDAR_EVENTS_MAX)
        return fault(at, err, "too many events, 4096 at most; cut the file");
    at->n_calendars += at->depth == 0;
    if (is_event)
        at->lines->line[at->lines->n_events++] = at->line;
    at->open[at->depth++] = name;
    return true;
}

/* A whole logical line, unfolded. */
static bool
take_line(struct nesting *at, struct str line, struct err *err)
{
    const struct str begins = STR("BEGIN:");
    const struct str ends = STR("END:");
    if (str_eq_nocase(str_sub(line, 0, begins.len), begins))
        return begin(at, str_trim(str_sub(line, begins.len, line.len)), err);
    if (str_eq_nocase(str_sub(line, 0, ends.len), ends)) {
        struct str name = str_trim(str_sub(line, ends.len, line.len));
        if (at->depth == 0 || !str_eq_nocase(at->open[at->depth - 1], name))
            return fault(at, err, "this END closes nothing that is open");
        at->depth--;
        return true;
    }
    if (!str_empty(str_trim(line)) && at->depth == 0)
        return fault(at, err,
                     "not an iCalendar file: it must begin with BEGIN:VCALENDAR");
    return true;
}

/* One physical line without its end. */
static struct str
next_line(struct str *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
    struct str line = str_sub(*rest, 0, len);
    *rest = str_sub(*rest, len + (end != NULL), rest->len);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static bool
is_fold(struct str rest)
{
    return rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t');
}

static bool
unfold_all(struct nesting *at, struct str rest, struct buf *plain, struct err *err)
{
    uint32_t physical = 0;
    while (rest.len > 0) {
        size_t from = plain->len;
        at->line = physical + 1;
        buf_add_str(plain, next_line(&rest));
        physical++;
        while (is_fold(rest)) {
            struct str more = next_line(&rest);
            buf_add_str(plain, str_sub(more, 1, more.len));
            physical++;
        }
        struct str line = {plain->ptr + from, plain->len - from};
        if (!is_text(line))
            return fault(at, err, "not UTF-8, or a control character; save it as UTF-8");
        if (!take_line(at, line, err))
            return false;
        buf_add_c(plain, "\r\n");
    }
    at->line = physical > 0 ? physical : 1;
    return true;
}

bool
icalendar_unfold(struct str text, const char *file, struct buf *ret_plain,
                 struct icalendar_lines *ret_lines, struct err *err)
{
    struct nesting at = {.file = file, .lines = ret_lines};
    if (text.len > ICALENDAR_BYTES_MAX)
        return err_set(err, ERR_STOP, "%.120s: larger than 1 MiB; cut it to some years",
                       file);
    ret_lines->n_events = 0;
    /* Each line may grow by one byte; names in at.open point into the buffer, so it must
     * not move. */
    if (!buf_reserve(ret_plain, 2 * text.len + 4))
        return err_set(err, ERR_STOP, "%.120s: too large", file);
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = str_sub(text, 3, text.len);
    if (!unfold_all(&at, text, ret_plain, err))
        return false;
    if (at.depth > 0)
        return fault(&at, err, "the file ends within a component: is it cut off?");
    if (at.n_calendars == 0)
        return fault(&at, err, "holds no BEGIN:VCALENDAR");
    return true;
}
