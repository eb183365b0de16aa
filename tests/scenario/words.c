#include "scenario.h"

#include <stdarg.h>
#include <stdio.h>

void
scenario_fail(struct scenario *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "%s:%d: ", s->path, s->line);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    s->failures++;
}

/* Reads a value in quotes; \" \\ \n \t inside. *at stands behind the first quote. */
static bool
quoted_value(struct scenario *s, struct str line, size_t *at, struct str *ret)
{
    char *text = arena_alloc(&s->arena, line.len + 1);
    size_t n = 0;
    while (*at < line.len && line.ptr[*at] != '"') {
        char c = line.ptr[(*at)++];
        if (c == '\\' && *at < line.len) {
            c = line.ptr[(*at)++];
            if (c == 'n')
                c = '\n';
            else if (c == 't')
                c = '\t';
        }
        text[n++] = c;
    }
    if (*at == line.len)
        return false;
    (*at)++;
    *ret = (struct str){text, n};
    return true;
}

/* Length of an operator at this place, 0 without. */
static size_t
operator_at(struct str line, size_t at)
{
    static const char *const ops[] = {":=", "!=", ">=", "<=", "=", ">", "<", "~"};
    for (size_t i = 0; i < COUNT_OF(ops); i++)
        if (str_starts(str_sub(line, at, 2), str_from(ops[i])))
            return strlen(ops[i]);
    return 0;
}

static bool
blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool
read_word(struct scenario *s, struct str line, size_t *at, struct word *ret)
{
    size_t from = *at;
    size_t op = 0;
    *ret = (struct word){.key = STR("")};
    if (str_starts(str_sub(line, from, 2), STR("<<"))) /* raw <<END */
        while (*at < line.len && !blank(line.ptr[*at]))
            (*at)++;
    while (*at < line.len && !blank(line.ptr[*at]) && line.ptr[*at] != '"' && !op) {
        op = operator_at(line, *at);
        if (!op)
            (*at)++;
    }
    if (op) {
        ret->key = str_sub(line, from, *at - from);
        memcpy(ret->op, line.ptr + *at, op);
        *at += op;
        from = *at;
    }
    if (*at < line.len && line.ptr[*at] == '"') {
        (*at)++;
        ret->quoted = true;
        return quoted_value(s, line, at, &ret->value);
    }
    while (*at < line.len && !blank(line.ptr[*at]))
        (*at)++;
    ret->value = str_sub(line, from, *at - from);
    return true;
}

bool
words_split(struct scenario *s, struct str line, struct word *words, size_t *ret_n)
{
    size_t at = 0;
    *ret_n = 0;
    for (;;) {
        while (at < line.len && blank(line.ptr[at]))
            at++;
        if (at == line.len || line.ptr[at] == '#')
            return true;
        if (*ret_n == WORDS_MAX) {
            scenario_fail(s, "more than %d words", WORDS_MAX);
            return false;
        }
        if (!read_word(s, line, &at, &words[*ret_n])) {
            scenario_fail(s, "a quote does not end");
            return false;
        }
        (*ret_n)++;
    }
}

/* "2d3h", "90m", "10s", "1w"; "0" is no time at all. */
static bool
read_duration(struct str text, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'w', 7 * DAY_MS},
                 {'d', DAY_MS},
                 {'h', HOUR_MS},
                 {'m', MINUTE_MS},
                 {'s', SECOND_MS}};
    int64_t total = 0;
    size_t at = 0;
    if (str_eq(text, STR("0")))
        return *ret_ms = 0, true;
    while (at < text.len) {
        int64_t n = 0;
        size_t digits = 0;
        while (at + digits < text.len && text.ptr[at + digits] >= '0' &&
               text.ptr[at + digits] <= '9')
            digits++;
        if (!str_to_i64(str_sub(text, at, digits), &n) || at + digits == text.len)
            return false;
        size_t u = 0;
        while (u < COUNT_OF(units) && units[u].unit != text.ptr[at + digits])
            u++;
        if (u == COUNT_OF(units))
            return false;
        total += n * units[u].ms;
        at += digits + 1;
    }
    *ret_ms = total;
    return text.len > 0;
}

bool
words_time(struct str text, int64_t from_ms, int64_t *ret_ms)
{
    int64_t step = 0;
    if (text.len > 1 && (text.ptr[0] == '+' || text.ptr[0] == '-')) {
        if (!read_duration(str_sub(text, 1, text.len), &step))
            return false;
        *ret_ms = text.ptr[0] == '+' ? from_ms + step : from_ms - step;
        return true;
    }
    return time_parse(text, ret_ms);
}
