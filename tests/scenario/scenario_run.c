/* scenario_run FILE.scn ...: runs scenarios, each against a pipeline of its own.
 *   --real         on the running stack of the environment (CLOCK=event), not in process
 *   --policy DIR   policy files (default deploy/policy)
 *   -v             names each scenario as it passes
 *   -t             tells each complaint's timeline and last state (for writing scenarios)
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>

struct options {
    const char *policy_dir;
    bool verbose;
    bool tell;
    bool real;
};

static struct str
next_line(struct scenario *s)
{
    const char *end = s->text.len ? memchr(s->text.ptr, '\n', s->text.len) : NULL;
    size_t len = end ? (size_t)(end - s->text.ptr) : s->text.len;
    struct str line = str_sub(s->text, 0, len);
    s->text = str_sub(s->text, len + (end ? 1 : 0), s->text.len);
    s->line++;
    return line;
}

/* The lines up to the one that is `end`; without their last line feed. */
static struct str
heredoc(struct scenario *s, struct str end)
{
    const char *from = s->text.ptr;
    size_t len = 0;
    while (s->text.len > 0) {
        struct str line = next_line(s);
        if (str_eq(line, end))
            return (struct str){from, len > 0 ? len - 1 : 0};
        len += line.len + 1;
    }
    scenario_fail(s, "no line %.*s", STR_ARG(end));
    return STR("");
}

static void
backend_failed(struct scenario *s, const struct err *err)
{
    scenario_fail(s, "%s", err->text);
}

static void
send_message(struct scenario *s, const struct raw_message *message)
{
    struct err err = {0};
    s->last = message;
    if (message && !s->backend->publish(s->backend->ctx, message, &err))
        backend_failed(s, &err);
}

/* at TIME TYPE [REF] key=value ... | at TIME raw [header=value ...] <<END | at TIME again
 */
static void
run_at(struct scenario *s, const struct word *words, size_t n_words)
{
    if (n_words < 3 || !words_time(words[1].value, s->now_ms, &s->now_ms)) {
        scenario_fail(s, "at TIME EVENT ...; a time is 2026-03-02T09:00:00Z or +2d3h");
        return;
    }
    struct str what = words[2].value;
    struct str mark = words[n_words - 1].value;
    if (str_eq(what, STR("again"))) {
        if (!s->last) {
            scenario_fail(s, "there is nothing to send again");
            return;
        }
        struct raw_message *copy = ARENA_NEW(&s->arena, struct raw_message);
        *copy = *s->last;
        copy->timestamp_ms = s->now_ms;
        send_message(s, copy);
    } else if (str_eq(what, STR("raw")) && str_starts(mark, STR("<<"))) {
        struct str body = heredoc(s, str_sub(mark, 2, mark.len));
        send_message(s, event_raw(s, words + 3, n_words - 4, body));
    } else {
        send_message(s, event_message(s, what, words + 3, n_words - 3));
    }
}

static void
run_advance(struct scenario *s, const struct word *words, size_t n_words)
{
    struct err err = {0};
    if (n_words != 2 || !words_time(words[1].value, s->now_ms, &s->now_ms))
        scenario_fail(s, "advance TIME");
    else if (!s->backend->advance(s->backend->ctx, s->now_ms, &err))
        backend_failed(s, &err);
}

static void
run_clock(struct scenario *s, const struct word *words, size_t n_words)
{
    if (n_words != 3 || !str_eq(words[1].value, STR("wall")) ||
        !words_time(words[2].value, s->now_ms, &s->now_ms))
        scenario_fail(s, "clock wall TIME");
    else if (s->local)
        local_use_wall(s->backend->ctx, s->now_ms);
    else
        s->over = true;
}

static void
run_policy(struct scenario *s, const struct word *words, size_t n_words)
{
    struct err err = {0};
    if (n_words != 2)
        scenario_fail(s, "policy NAME");
    else if (!s->backend->policy(s->backend->ctx, words[1].value, &err))
        backend_failed(s, &err);
}

static void
run_line(struct scenario *s, struct str line)
{
    struct word words[WORDS_MAX];
    size_t n_words = 0;
    struct err err = {0};
    if (!words_split(s, line, words, &n_words) || n_words == 0)
        return;
    struct str verb = words[0].value;
    if (str_eq(verb, STR("at"))) {
        run_at(s, words, n_words);
    } else if (str_eq(verb, STR("advance"))) {
        run_advance(s, words, n_words);
    } else if (str_eq(verb, STR("clock"))) {
        run_clock(s, words, n_words);
    } else if (str_eq(verb, STR("policy"))) {
        run_policy(s, words, n_words);
    } else if (str_eq(verb, STR("only")) && n_words == 2) {
        s->over = !s->local; /* only local */
    } else if (str_eq(verb, STR("expect"))) {
        if (s->backend->settle(s->backend->ctx, &err))
            expect_run(s, words + 1, n_words - 1);
        else
            backend_failed(s, &err);
    } else {
        scenario_fail(
            s,
            "unknown word \"%.*s\"; at, advance, expect, clock, policy, only are "
            "known",
            STR_ARG(verb));
    }
}

static bool
read_file(const char *path, struct buf *ret)
{
    char chunk[8192];
    size_t n = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buf_add(ret, chunk, n);
    fclose(file);
    return true;
}

static void
tell_complaint(struct scenario *s, struct str ref)
{
    const struct timeline_row *rows = NULL;
    struct str id = event_complaint_id(s, ref);
    size_t n_rows = s->backend->timeline(s->backend->ctx, id, &rows);
    printf("\n%.*s  %.*s\n", STR_ARG(ref), STR_ARG(id));
    for (size_t i = 0; i < n_rows; i++) {
        char at[TIME_TEXT_BYTES];
        printf("  %s %3lld %-24.*s %.*s %.*s\n", time_print(rows[i].occurred_at, at),
               (long long)rows[i].seq, STR_ARG(rows[i].type), STR_ARG(rows[i].told),
               STR_ARG(rows[i].refused_type));
    }
    const struct field *field = NULL;
    while ((field = field_next(field))) {
        struct str text;
        if (s->backend->complaint(s->backend->ctx, id, field, &text) &&
            !str_is_null(text) && text.len < 200)
            printf("  %s=%.*s", field->name, STR_ARG(text));
    }
    putchar('\n');
}

/* What left the stack, and every complaint that the scenario names. */
static void
tell(struct scenario *s)
{
    const struct outcome *outcomes = NULL;
    size_t n = s->backend->outcomes(s->backend->ctx, &outcomes);
    for (size_t i = 0; i < s->n_refs; i++)
        tell_complaint(s, s->refs[i].ref);
    for (size_t i = 0; i < n; i++)
        printf("\n%.*s  %.*s\n", STR_ARG(outcomes[i].topic), STR_ARG(outcomes[i].value));
}

static void
run_text(struct scenario *s, struct str text, const struct options *options)
{
    s->text = text;
    while (s->text.len > 0 && s->failures < 20 && !s->over)
        run_line(s, next_line(s));
    if (options->tell)
        tell(s);
    if (s->checks == 0 && !s->over)
        scenario_fail(s, "expects nothing");
    if (options->verbose || s->failures > 0)
        printf("%s  %s (%d checks%s)\n", s->failures ? "FAILED" : "ok    ", s->path,
               s->checks, s->over ? ", the rest is not for a stack" : "");
}

/* The salt of the local stack, deploy/local/up.sh. */
static struct str
real_salt(void)
{
    const char *salt = getenv("REDRESS_SALT");
    return str_from(salt ? salt : "redress-local-salt");
}

/* True if the scenario passed; one without a check is a defect. */
static bool
run_file(const char *path, const struct options *options)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct err err = {0};
    struct local *local = NULL;
    struct real *real = NULL;
    struct scenario s = {.path = path,
                         .source = STR("scn"),
                         .salt = options->real ? real_salt() : STR("scenario"),
                         .local = !options->real};
    if (!read_file(path, &text)) {
        scenario_fail(&s, "cannot be read");
        return false;
    }
    if (options->real)
        real = real_new(&err);
    else
        local = local_new(options->policy_dir, s.salt, &err);
    if (local || real) {
        s.backend = local ? local_backend(local) : real_backend(real);
        run_text(&s, buf_str(&text), options);
    } else {
        scenario_fail(&s, "%s", err.text);
    }
    local_drop(local);
    real_drop(real);
    arena_release(&s.arena);
    return s.failures == 0;
}

int
main(int argc, char **argv)
{
    struct options options = {.policy_dir = "deploy/policy"};
    int passed = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc)
            options.policy_dir = argv[++i];
        else if (strcmp(argv[i], "--real") == 0)
            options.real = true;
        else if (strcmp(argv[i], "-v") == 0)
            options.verbose = true;
        else if (strcmp(argv[i], "-t") == 0)
            options.tell = true;
        else if (run_file(argv[i], &options))
            passed++;
        else
            failed++;
    }
    printf("scenarios: %d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0 ? 1 : 0;
}
