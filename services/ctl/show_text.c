/* show_text.c - the story for a person: what it is, why this priority, what to do. */
#include "ctl/show.h"

#include <math.h>
#include <string.h>

#include "base/times.h"

/* --- lines -------------------------------------------------------------------------- */

/* The character at ptr: its bytes, its columns (0: does not reach the terminal). */
static size_t
next_char(const char *ptr, size_t len, size_t *ret_columns)
{
    unsigned char c = (unsigned char)*ptr;
    size_t bytes = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint32_t code = c < 0x80 ? c : c < 0xe0 ? c & 0x1fU : c < 0xf0 ? c & 0x0fU : c & 7U;
    bytes = bytes < len ? bytes : len;
    for (size_t i = 1; i < bytes; i++)
        code = code << 6 | ((unsigned char)ptr[i] & 0x3fU);
    bool hidden = code < 0x20 || (code >= 0x7f && code < 0xa0) ||
                  (code >= 0x200b && code <= 0x200f) ||
                  (code >= 0x202a && code <= 0x202e) ||
                  (code >= 0x2060 && code <= 0x2069) || code == 0xfeff;
    bool wide =
        (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
        (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
        (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
    *ret_columns = hidden ? 0 : wide ? 2 : 1;
    return bytes;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The blank of "2026-03-02 09:00" is no place to break. */
static bool
inside_time(struct str text, size_t at)
{
    return at >= 10 && at + 5 < text.len && text.ptr[at] == ' ' &&
           text.ptr[at - 3] == '-' && text.ptr[at - 6] == '-' && text.ptr[at + 3] == ':';
}

/* Chinese stops and closing marks do not begin a line. */
static bool
closes(const char *ptr, size_t len)
{
    static const char *const marks[] = {"，", "。", "、", "；", "：", "！",
                                        "？", "）", "」", "》", "”",  "…"};
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (len >= strlen(marks[i]) && memcmp(ptr, marks[i], strlen(marks[i])) == 0)
            return true;
    return false;
}

/* A word, or one wide character; longer than a line: what fits. */
static size_t
next_word(struct str text, size_t most, size_t *ret_columns)
{
    size_t at = 0;
    size_t columns = 0;
    while (at < text.len && (!is_blank(text.ptr[at]) || inside_time(text, at))) {
        size_t width = 0;
        size_t bytes = next_char(text.ptr + at, text.len - at, &width);
        if (columns > 0 && (width == 2 || columns + width > most))
            break;
        at += bytes;
        columns += width;
        if (width < 2)
            continue;
        /* One mark stays with the character before it. */
        if (closes(text.ptr + at, text.len - at)) {
            at += next_char(text.ptr + at, text.len - at, &width);
            columns += width;
        }
        break;
    }
    *ret_columns = columns;
    return at;
}

static void
add_shown(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len;) {
        size_t width = 0;
        size_t bytes = next_char(text.ptr + i, text.len - i, &width);
        if (width > 0)
            buf_add(out, text.ptr + i, bytes);
        i += bytes;
    }
}

void
show_wrap(struct buf *out, size_t at, size_t indent, struct str text)
{
    bool begun = false;
    for (size_t i = 0; i < text.len;) {
        size_t columns = 0;
        bool blank = false;
        while (i < text.len && is_blank(text.ptr[i])) {
            blank = true;
            i++;
        }
        struct str rest = str_sub(text, i, text.len);
        size_t bytes = next_word(rest, SHOW_COLUMNS - indent, &columns);
        blank = blank && begun;
        if (bytes == 0)
            break;
        if (begun && at + blank + columns > SHOW_COLUMNS) {
            buf_printf(out, "\n%*s", (int)indent, "");
            at = indent;
            blank = false;
        }
        if (blank)
            buf_add_char(out, ' ');
        add_shown(out, str_sub(rest, 0, bytes));
        at += blank + columns;
        begun = true;
        i += bytes;
    }
    buf_add_char(out, '\n');
}

void
show_pad(struct buf *out, struct str text, size_t columns)
{
    size_t at = 0;
    for (size_t i = 0; i < text.len;) {
        size_t width = 0;
        size_t bytes = next_char(text.ptr + i, text.len - i, &width);
        if (at + width > columns)
            break;
        if (width > 0)
            buf_add(out, text.ptr + i, bytes);
        at += width;
        i += bytes;
    }
    buf_printf(out, "%*s", (int)(columns - at), "");
}

#define LABEL 18

void
show_line(struct buf *out, const char *label, struct str text)
{
    if (str_empty(text))
        return;
    buf_printf(out, "  %-*s", LABEL - 2, label);
    show_wrap(out, LABEL, LABEL, text);
}

/* What did not go through show_wrap(): the last look before a terminal. */
static void
clean(struct buf *out)
{
    CLEANUP(buf_release) struct buf dirty = *out;
    *out = (struct buf){.max_bytes = dirty.max_bytes};
    for (struct str rest = buf_str(&dirty); rest.len > 0;) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
        add_shown(out, str_sub(rest, 0, len));
        if (end)
            buf_add_char(out, '\n');
        rest = str_sub(rest, len + 1, rest.len);
    }
}

static void
line(struct buf *out, const char *label, struct buf *text)
{
    show_line(out, label, buf_str(text));
    buf_clear(text);
}

/* --- why this priority -------------------------------------------------------------- */

static const struct {
    const char *part, *label;
    bool factor; /* components multiply, else they are added */
    int digits;  /* of its value; below 0: it has none       */
} parts[] = {
    {"severity", "severity", true, 1},  {"salvageability", "salvageability", true, 2},
    {"exposure", "exposure", false, 2}, {"on_top", "on top", false, 1},
    {"instead", "but", true, -1},
};

/* "severity 90: severity 4 of 5 (38 points); the handling failed, too (×3)" */
static void
print_part(struct buf *out, const json_t *priority, size_t part)
{
    CLEANUP(buf_release) struct buf text = {0};
    size_t i = 0;
    json_t *reason = NULL;
    size_t n = 0;
    json_array_foreach(json_object_get(priority, "reasons"), i, reason)
    {
        double weight = show_number(reason, "weight");
        if (!show_is(reason, "part", parts[part].part))
            continue;
        buf_add_c(&text, n++ ? "; " : "");
        buf_add_c(&text, show_get(reason, "text"));
        if (show_is(reason, "name", "severity"))
            buf_printf(&text, " (%.4g points)", weight);
        else
            buf_printf(&text, parts[part].factor ? " (×%.3g)" : " (%+.3g)", weight);
    }
    bool exposure = strcmp(parts[part].part, "exposure") == 0;
    if (n == 0 && !exposure)
        return;
    if (n == 0)
        buf_add_c(&text, "nobody outside looks on");
    buf_printf(out, "  %-*s", LABEL - 2, parts[part].label);
    if (parts[part].digits >= 0)
        buf_printf(out, "%8.*f  ", parts[part].digits,
                   fmax(-1e6, fmin(show_number(priority, parts[part].part), 1e6)));
    else
        buf_printf(out, "%8s  ", "");
    show_wrap(out, LABEL + 10, LABEL + 10, buf_str(&text));
}

static void
print_changes(struct buf *out, const json_t *changes)
{
    size_t i = 0;
    json_t *change = NULL;
    if (json_array_size(changes) > 0)
        buf_add_c(out, "  how it came about:\n");
    json_array_foreach(changes, i, change)
    {
        CLEANUP(buf_release) struct buf text = {0};
        buf_add_c(out, "    ");
        show_time(out, show_ms(change, "at"));
        buf_add_c(out, "  ");
        buf_printf(&text, "%s%s%s", show_get(change, "before"),
                   *show_get(change, "before") ? " → " : "", show_get(change, "after"));
        if (*show_get(change, "triage_class"))
            buf_printf(&text, " (%s)", show_get(change, "triage_class"));
        if (*show_get(change, "why"))
            buf_printf(&text, ": %s", show_get(change, "why"));
        show_wrap(out, 22, 22, buf_str(&text));
    }
}

static void
print_priority(struct buf *out, const json_t *story)
{
    const json_t *p = json_object_get(story, "priority");
    if (!*show_get(p, "priority"))
        return;
    CLEANUP(buf_release) struct buf text = {0};
    buf_printf(&text, "Why %s (%s): score %.1f = severity × salvageability × exposure%s",
               show_get(p, "priority"), show_get(p, "triage_class"),
               fmin(show_number(p, "score"), 1e9),
               fabs(show_number(p, "on_top")) < 0.05 ? "" : ", and what comes on top");
    buf_add_char(out, '\n');
    show_wrap(out, 0, 4, buf_str(&text));
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        print_part(out, p, i);
    print_changes(out, json_object_get(p, "changes"));
}

/* --- evidence, remedy --------------------------------------------------------------- */

/* " (remedy refused of R1)": which event shows it. */
static void
add_event(struct buf *out, const json_t *row, const char *key)
{
    const char *type = show_get(row, key);
    const char *dot = strchr(type, '.');
    if (!*type)
        return;
    buf_printf(out, "%s", dot ? dot + 1 : type);
    for (size_t i = out->len; i-- > 0 && out->ptr[i] != ' ';)
        if (out->ptr[i] == '_')
            out->ptr[i] = ' ';
    if (*show_get(row, "complaint_ref"))
        buf_printf(out, " of %s", show_get(row, "complaint_ref"));
}

static void
print_evidence(struct buf *out, const json_t *story)
{
    size_t i = 0;
    size_t k = 0;
    json_t *evidence = NULL;
    json_t *also = NULL;
    const json_t *list =
        json_object_get(json_object_get(story, "double_deviation"), "evidence");
    if (json_array_size(list) == 0)
        return;
    buf_add_c(out, "\nThe handling failed, too (double deviation)\n");
    json_array_foreach(list, i, evidence)
    {
        CLEANUP(buf_release) struct buf text = {0};
        buf_add_c(out, "  ");
        show_time(out, show_ms(evidence, "at"));
        buf_add_c(out, "  ");
        buf_add_c(&text, show_get(evidence, "text"));
        if (*show_get(evidence, "event")) {
            buf_add_c(&text, " - ");
            add_event(&text, evidence, "event");
        }
        json_array_foreach(json_object_get(evidence, "also"), k, also)
        {
            if (!*show_get(also, "type"))
                continue;
            buf_add_c(&text, "; ");
            add_event(&text, also, "type");
            buf_add_c(&text, " at ");
            show_time(&text, show_ms(also, "occurred_at"));
        }
        show_wrap(out, 20, 20, buf_str(&text));
    }
}

static void
add_amount(struct buf *out, const json_t *row, const char *amount, const char *currency)
{
    if (!json_is_number(json_object_get(row, amount)))
        return;
    buf_printf(out, " %.12g", show_number(row, amount));
    if (*show_get(row, currency))
        buf_printf(out, " %s", show_get(row, currency));
}

static void
print_items(struct buf *out, const char *label, const json_t *list)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(list, i, item)
    {
        CLEANUP(buf_release) struct buf text = {0};
        const char *said = json_string_value(item);
        buf_printf(&text, "[ ] %s", said ? said : "");
        line(out, i == 0 ? label : "", &text);
    }
}

static void
print_remedy(struct buf *out, const json_t *story)
{
    CLEANUP(buf_release) struct buf text = {0};
    const json_t *r = json_object_get(story, "remedy");
    const json_t *steps = json_object_get(r, "steps");
    const json_t *advice = json_object_get(r, "advice");
    size_t i = 0;
    json_t *step = NULL;
    if (!json_is_string(advice) && json_array_size(steps) == 0)
        return;
    buf_add_c(out, "\nRemedy\n");
    show_value(&text, advice, true);
    line(out, "advice", &text);
    print_items(out, "checklist", json_object_get(r, "checklist"));
    add_amount(&text, r, "limit_amount", "limit_currency");
    if (text.len)
        buf_add_c(&text, " without asking anybody");
    line(out, "limit", &text);
    json_array_foreach(steps, i, step)
    {
        show_time(&text, show_ms(step, "occurred_at"));
        buf_printf(&text, " %s", show_get(step, "step"));
        if (*show_get(step, "remedy")) {
            buf_add_char(&text, ' ');
            show_value(&text, json_object_get(step, "remedy"), true);
        }
        add_amount(&text, step, "amount", "currency");
        if (*show_get(step, "reason"))
            buf_printf(&text, ": \"%s\"", show_get(step, "reason"));
        line(out, i == 0 ? "so far" : "", &text);
    }
}

/* --- head --------------------------------------------------------------------------- */

static void
print_head(struct buf *out, const json_t *story)
{
    CLEANUP(buf_release) struct buf text = {0};
    const json_t *c = json_object_get(story, "complaint");
    size_t i = 0;
    json_t *headline = NULL;
    buf_printf(&text, "Complaint %s (times UTC; %s ", show_get(c, "complaint_id"),
               show_true(story, "event_clock") ? "as of the last event," : "now");
    show_time(&text, show_ms(story, "as_of"));
    buf_add_c(&text, ")");
    show_wrap(out, 0, 4, buf_str(&text));
    buf_clear(&text);
    json_array_foreach(json_object_get(story, "headline"), i, headline)
        show_wrap(out, 0, 4, str_from(json_string_value(headline)));
    buf_add_char(out, '\n');
    if (*show_get(c, "text"))
        buf_printf(&text, "\"%s\"", show_get(c, "text"));
    line(out, "they wrote", &text);
    show_time(&text, show_ms(c, "received_at"));
    if (show_ms(c, "first_response_at") != TIME_NONE) {
        buf_add_c(&text, "; first answer ");
        show_time(&text, show_ms(c, "first_response_at"));
    }
    if (show_true(c, "history"))
        buf_add_c(&text, " (imported history: no timers ran)");
    line(out, "received", &text);
    show_value(&text, json_object_get(c, "desired_remedy"), true);
    line(out, "they ask for", &text);
    buf_add_c(&text, show_get(c, "flags"));
    if (show_true(c, "needs_review"))
        buf_printf(&text, "%sa person should look at the classification",
                   text.len ? "; " : "");
    line(out, "flags", &text);
}

void
show_text(struct buf *out, const json_t *story)
{
    print_head(out, story);
    show_findings(out, story);
    print_priority(out, story);
    print_evidence(out, story);
    print_remedy(out, story);
    show_life(out, story);
    clean(out);
}
