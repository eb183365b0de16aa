/* expect ...: what must be so at this point of the script. */
#include "scenario.h"

#include <jansson.h>
#include <stdlib.h>

/* --- comparing ---------------------------------------------------------------------- */

/* 0, < 0, > 0; numbers as numbers, times as times, else by bytes. */
static int
compare(struct scenario *s, struct str a, struct str b)
{
    double x = 0;
    double y = 0;
    int64_t at = 0;
    int64_t until = 0;
    if (str_to_double(a, &x) && str_to_double(b, &y))
        return x - y > 1e-6 ? 1 : y - x > 1e-6 ? -1 : 0;
    if (time_parse(a, &at) && words_time(b, s->now_ms, &until))
        return (at > until) - (at < until);
    return str_cmp(a, b);
}

static bool
contains(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_eq(str_sub(text, i, part.len), part))
            return true;
    return false;
}

/* The expected value: @REF is an id, a bare - is null. */
static bool
holds(struct scenario *s, struct str got, const struct word *word,
      struct str *ret_expected)
{
    struct str value = word->value;
    if (!word->quoted && str_starts(value, STR("@")))
        value = event_complaint_id(s, str_sub(value, 1, value.len));
    *ret_expected = value;
    bool none = !word->quoted && str_eq(value, STR("-"));
    bool negative = word->op[0] == '!';
    if (none || str_is_null(got))
        return (none && str_is_null(got)) != negative;
    int order = compare(s, got, value);
    switch (word->op[0]) {
    case '=':
        return order == 0;
    case '!':
        return order != 0;
    case '~':
        return contains(got, value);
    case '>':
        return order > 0 || (order == 0 && word->op[1] == '=');
    case '<':
        return order < 0 || (order == 0 && word->op[1] == '=');
    default:
        return false;
    }
}

static void
check(struct scenario *s, const char *what, struct str name, struct str got,
      const struct word *word)
{
    struct str expected;
    s->checks++;
    if (!holds(s, got, word, &expected))
        scenario_fail(s, "%s %.*s: expected %.*s%s%.*s, got %s%.*s", what, STR_ARG(name),
                      STR_ARG(word->key), word->op, STR_ARG(expected),
                      str_is_null(got) ? "none" : "", STR_ARG(got));
}

/* --- complaint, clock --------------------------------------------------------------- */

static void
expect_complaint(struct scenario *s, struct str ref, const struct word *words, size_t n)
{
    struct str id = event_complaint_id(s, ref);
    for (size_t i = 0; i < n; i++) {
        const struct field *field = field_find(words[i].key, false);
        struct str got;
        if (!field)
            scenario_fail(s, "complaint has no field \"%.*s\"", STR_ARG(words[i].key));
        else if (s->backend->complaint(s->backend->ctx, id, field, &got))
            check(s, "complaint", ref, got, &words[i]);
    }
}

/* name: "resolution", "resolution#2" (its second start), "promise/p1". */
static void
expect_clock(struct scenario *s, struct str ref, struct str name,
             const struct word *words, size_t n)
{
    struct str id = event_complaint_id(s, ref);
    const char *mark = name.len ? memchr(name.ptr, '#', name.len) : NULL;
    size_t len = mark ? (size_t)(mark - name.ptr) : name.len;
    int64_t start_no = 0;
    if (mark && !str_to_i64(str_sub(name, len + 1, name.len), &start_no)) {
        scenario_fail(s, "%.*s: a number expected behind #", STR_ARG(name));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct field *field = field_find(words[i].key, true);
        if (!field) {
            scenario_fail(s, "a clock has no field \"%.*s\"", STR_ARG(words[i].key));
            continue;
        }
        struct str got;
        if (s->backend->clock(s->backend->ctx, id, str_sub(name, 0, len), start_no, field,
                              &got))
            check(s, "clock", name, got, &words[i]);
    }
}

/* --- timeline, events --------------------------------------------------------------- */

static struct str
row_text(struct arena *arena, const struct timeline_row *row)
{
    struct str prefix = STR("complaint.");
    struct str type = row->type;
    struct str refused = row->refused_type;
    if (str_starts(type, prefix))
        type = str_sub(type, prefix.len, type.len);
    if (str_starts(refused, prefix))
        refused = str_sub(refused, prefix.len, refused.len);
    if (str_is_null(refused))
        return arena_printf(arena, "%lld:%.*s", (long long)row->seq, STR_ARG(type));
    return arena_printf(arena, "%lld:%.*s(%.*s)", (long long)row->seq, STR_ARG(type),
                        STR_ARG(refused));
}

/* All rows with a seq, in order: 1:submitted 2:message 3:step_refused(closed). */
static void
expect_timeline(struct scenario *s, struct str ref, const struct word *words, size_t n)
{
    const struct timeline_row *rows = NULL;
    size_t n_rows =
        s->backend->timeline(s->backend->ctx, event_complaint_id(s, ref), &rows);
    struct str expected = STR("");
    struct str got = STR("");
    s->checks++;
    for (size_t i = 0; i < n; i++)
        expected = arena_printf(&s->arena, "%.*s %.*s", STR_ARG(expected),
                                STR_ARG(words[i].value));
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i].seq > 0) {
            struct str row = row_text(&s->arena, &rows[i]);
            got = arena_printf(&s->arena, "%.*s %.*s", STR_ARG(got), STR_ARG(row));
        }
    if (!str_eq(expected, got))
        scenario_fail(s, "timeline %.*s:\n    expected%.*s\n    got     %.*s",
                      STR_ARG(ref), STR_ARG(expected), STR_ARG(got));
}

/* Counts of rows by type, also of those without seq: sla.breached=1 triage.changed>=2. */
static void
expect_events(struct scenario *s, struct str ref, const struct word *words, size_t n)
{
    const struct timeline_row *rows = NULL;
    size_t n_rows =
        s->backend->timeline(s->backend->ctx, event_complaint_id(s, ref), &rows);
    for (size_t i = 0; i < n; i++) {
        int count = 0;
        for (size_t k = 0; k < n_rows; k++)
            count += str_eq(rows[k].type, words[i].key);
        check(s, "events", ref, arena_printf(&s->arena, "%d", count), &words[i]);
    }
}

/* --- messages that left the stack --------------------------------------------------- */

/* "data.due.0.clock" in a JSON object; null if it is not there. */
static struct str
json_path(struct arena *arena, json_t *json, struct str path)
{
    while (json && path.len > 0) {
        const char *dot = memchr(path.ptr, '.', path.len);
        size_t len = dot ? (size_t)(dot - path.ptr) : path.len;
        struct str name = arena_str(arena, str_sub(path, 0, len));
        int64_t index = 0;
        if (json_is_array(json))
            json = str_to_i64(name, &index) ? json_array_get(json, (size_t)index) : NULL;
        else
            json = json_object_get(json, name.ptr);
        path = dot ? str_sub(path, len + 1, path.len) : STR("");
    }
    if (!json || json_is_null(json))
        return STR_NULL;
    if (json_is_string(json))
        return arena_str(arena,
                         (struct str){json_string_value(json), json_string_length(json)});
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    struct str result = arena_str(arena, str_from(text));
    free(text);
    return result;
}

static bool
outcome_matches(struct scenario *s, const struct outcome *outcome,
                const struct word *words, size_t n)
{
    json_t *json =
        json_loadb(outcome->value.ptr, outcome->value.len, JSON_DECODE_ANY, NULL);
    bool all = json != NULL;
    for (size_t i = 0; i < n && all; i++) {
        struct str expected;
        if (!str_eq(words[i].key, STR("count")))
            all =
                holds(s, json_path(&s->arena, json, words[i].key), &words[i], &expected);
    }
    json_decref(json);
    return all;
}

/* The messages of a topic that have the given fields, counted; without count at least
 * one. */
static void
expect_outcomes(struct scenario *s, const char *topic, const struct word *words, size_t n)
{
    const struct outcome *outcomes = NULL;
    size_t n_outcomes = s->backend->outcomes(s->backend->ctx, &outcomes);
    const struct word any = {STR("count"), ">=", STR("1"), false};
    const struct word *count = &any;
    int matching = 0;
    for (size_t i = 0; i < n; i++)
        if (str_eq(words[i].key, STR("count")))
            count = &words[i];
    for (size_t i = 0; i < n_outcomes; i++)
        matching += str_eq(outcomes[i].topic, str_from(topic)) &&
                    outcome_matches(s, &outcomes[i], words, n);
    int before = s->failures;
    check(s, topic, STR(""), arena_printf(&s->arena, "%d", matching), count);
    for (size_t i = 0; i < n_outcomes && s->failures > before; i++)
        if (str_eq(outcomes[i].topic, str_from(topic)))
            fprintf(stderr, "    there is %.*s\n",
                    (int)i64_min((int64_t)outcomes[i].value.len, 300),
                    outcomes[i].value.ptr);
}

void
expect_run(struct scenario *s, const struct word *words, size_t n_words)
{
    static const struct {
        const char *what;
        const char *topic;
    } topics[] = {
        {"dead", "complaints.deadletter"},
        {"notification", "complaints.notifications"},
        {"feedback", "products.feedback"},
        {"alert", "products.alerts"},
    };
    struct str what = n_words ? words[0].value : STR("");
    for (size_t i = 0; i < COUNT_OF(topics); i++)
        if (str_eq(what, str_from(topics[i].what))) {
            expect_outcomes(s, topics[i].topic, words + 1, n_words - 1);
            return;
        }
    if (n_words < 2) {
        scenario_fail(s,
                      "expect complaint|clock|timeline|events|dead|notification|feedback|"
                      "alert ...");
        return;
    }
    struct str ref = words[1].value;
    if (str_eq(what, STR("complaint")))
        expect_complaint(s, ref, words + 2, n_words - 2);
    else if (str_eq(what, STR("clock")) && n_words > 2)
        expect_clock(s, ref, words[2].value, words + 3, n_words - 3);
    else if (str_eq(what, STR("timeline")))
        expect_timeline(s, ref, words + 2, n_words - 2);
    else if (str_eq(what, STR("events")))
        expect_events(s, ref, words + 2, n_words - 2);
    else
        scenario_fail(s, "nothing is known of \"%.*s\"", STR_ARG(what));
}
