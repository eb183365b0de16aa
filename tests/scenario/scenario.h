/* scenario.h - the scenario language: what a .scn file says, run against a backend.
 *
 * A scenario is a script of events with their times and of expectations; README.md has
 * the language.  The same file runs in process (local.c: all stages, a fake event clock)
 * and on a running stack (real.c); expectations see both through struct backend, as text.
 * A failure is printed as file:line and counted; the script goes on.  One thread. */
#ifndef REDRESS_SCENARIO_H
#define REDRESS_SCENARIO_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/times.h"
#include "stage/turn.h"

#define WORDS_MAX 64
#define REFS_MAX 64

/* key OP value, or a bare word in value with an empty key and op. */
struct word {
    struct str key;
    char op[3];
    struct str value;
    bool quoted;
};

/* One row of a case's timeline. */
struct timeline_row {
    int64_t seq; /* 0: none */
    struct str type;
    struct str refused_type; /* of complaint.step_refused, else null */
    int64_t occurred_at;
    struct str told; /* for -t: state, priority, what a clock did; may be null */
};

/* A message that left the stack: CloudEvents JSON, or a dead letter. */
struct outcome {
    struct str topic; /* without prefix */
    struct str value; /* JSON; of a dead letter its headers as a JSON object */
};

struct field;

/* What a scenario runs against.  Answers are text, null when there is nothing; they live
 * as long as the scenario.  False: err is filled and the scenario ends. */
struct backend {
    void *ctx;
    bool (*publish)(void *ctx, const struct raw_message *message, struct err *err);
    bool (*advance)(void *ctx, int64_t to_ms, struct err *err);
    /* Policy files of tests/scenario/policies/NAME over the shipped ones, from now on. */
    bool (*policy)(void *ctx, struct str name, struct err *err);
    /* Until all that was published has had its effect. */
    bool (*settle)(void *ctx, struct err *err);
    /* False: this backend does not show the field, so it is not checked. */
    bool (*complaint)(void *ctx, struct str complaint_id, const struct field *field,
                      struct str *ret);
    /* start_no from 1; 0: the last one. */
    bool (*clock)(void *ctx, struct str complaint_id, struct str clock, int64_t start_no,
                  const struct field *field, struct str *ret);
    size_t (*timeline)(void *ctx, struct str complaint_id,
                       const struct timeline_row **ret_rows);
    size_t (*outcomes)(void *ctx, const struct outcome **ret_outcomes);
};

struct scenario {
    const char *path;
    int line;
    struct arena arena;
    struct str text; /* of the file from the next line on */
    struct backend *backend;
    int64_t now_ms;
    struct str salt;
    struct str source;
    struct {
        struct str ref;
        struct str customer; /* null: submitted without one */
    } refs[REFS_MAX];
    size_t n_refs;
    bool settled;
    const struct raw_message *last; /* for `again` */
    int n_messages;
    bool local; /* the backend is local.c's */
    bool over;  /* the rest of the file is not for this backend */
    int failures;
    int checks;
};

/* --- words.c --------------------------------------------------------------------------
 */
/* Splits a line; false with a message for a quote that does not end or too many words. */
bool words_split(struct scenario *s, struct str line, struct word *words, size_t *ret_n);
/* "2026-03-02T09:00:00Z", or "+2d3h" from from_ms. */
bool words_time(struct str text, int64_t from_ms, int64_t *ret_ms);
/* Prints "path:line: ..." and counts it. */
void scenario_fail(struct scenario *s, const char *fmt, ...) PRINTF(2, 3);

/* --- event.c --------------------------------------------------------------------------
 */
/* at TIME TYPE [REF] key=value ... as a structured CloudEvent; NULL after a failure. */
const struct raw_message *event_message(struct scenario *s, struct str type,
                                        const struct word *words, size_t n_words);
/* The lines up to `end` as they are, headers from the words. */
const struct raw_message *event_raw(struct scenario *s, const struct word *words,
                                    size_t n_words, struct str body);
/* complaint_id of a ref, from the customer that the scenario gave with it. */
struct str event_complaint_id(struct scenario *s, struct str ref);

/* --- fields.c -------------------------------------------------------------------------
 */
/* The vocabulary of `expect complaint` and `expect clock`: where a name stands in the
 * last sections of a case and in which column of bi.complaints or bi.sla_clocks. */
enum section {
    SECTION_REGISTER,
    SECTION_CLASSIFICATION,
    SECTION_TRIAGE,
    SECTION_SLA,
    SECTION_ROUTING,
    SECTION_SUBMISSION,
    SECTION_CLOCK,
    SECTION_COUNT
};
struct sections {
    const void *at[SECTION_COUNT]; /* struct register_section ... ; NULL: none so far */
};
struct field {
    const char *name;
    enum section section;
    enum field_kind {
        FIELD_STR,
        FIELD_INT,
        FIELD_LONG,
        FIELD_TIME,
        FIELD_SECONDS,
        FIELD_BOOL,
        FIELD_DOUBLE,
        FIELD_ENUM,
        FIELD_STRINGS,
        FIELD_EVIDENCE,
        FIELD_FINDINGS
    } kind;
    size_t offset;
    size_t has_offset;             /* of the has_ member, SIZE_MAX without       */
    const char *(*enum_name)(int); /* FIELD_ENUM                                 */
    const char *sql;               /* column of the view; NULL: not shown there  */
};
const struct field *field_find(struct str name, bool of_clock);
/* The next field of a complaint; NULL starts and ends. */
const struct field *field_next(const struct field *field);
/* As text; null for null. */
struct str field_text(struct arena *arena, const struct field *field,
                      const struct sections *sections);

/* --- expect.c -------------------------------------------------------------------------
 */
void expect_run(struct scenario *s, const struct word *words, size_t n_words);

/* --- policy_dir.c ---------------------------------------------------------------------
 */
/* A folder of its own with the policy files of base and those of tests/scenario/policies/
 * NAME over them; the caller removes it. */
MUST_CHECK bool policy_dir_make(const char *base, struct str name, char *ret_dir,
                                size_t size, struct err *err);
void policy_dir_remove(const char *dir);

/* --- local.c, real.c ---------------------------------------------------------------- */
struct local;
struct local *local_new(const char *policy_dir, struct str salt, struct err *err);
void local_drop(struct local *local);
struct backend *local_backend(struct local *local);
struct real;
struct real *real_new(struct err *err);
void real_drop(struct real *real);
struct backend *real_backend(struct real *real);
/* `clock wall`: the machine's time is what `advance` says; before the first event only.
 */
void local_use_wall(struct local *local, int64_t now_ms);

#endif
