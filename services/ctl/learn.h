/* learn.h - what train, evaluate and classify share: their input, card and score. */
#ifndef REDRESS_CTL_LEARN_H
#define REDRESS_CTL_LEARN_H

#include <jansson.h>

#include "base/buf.h"
#include "classification/model.h"
#include "classification/train.h"
#include "ctl/ctl.h"
#include "ctl/learn_json.h"
#include "ctl/learn_lines.h"

#define LEARN_FILES 32
#define LEARN_SAID_BYTES 4096                               /* of an origin, a licence */
#define LEARN_ARENA_BYTES ((size_t)64 * 1024 * 1024 * 1024) /* a cap, not a need */

/* Takes every "--name VALUE" and "--name=VALUE" out of argv; `brief` ("-o") may be NULL.
 * False + exit status when there are too many or a value is missing. */
MUST_CHECK bool learn_take(struct ctl *ctl, const char *name, const char *brief,
                           const char **values, size_t max, size_t *ret_n,
                           enum ctl_exit *ret_exit);

/* Whether a value (NULL: not given) can stand in a card. */
MUST_CHECK bool learn_is_text(const char *option, const char *value, size_t max_bytes,
                              enum ctl_exit *ret_exit);

/* --- input -------------------------------------------------------------------------- */

/* Which members of a line are meant. */
struct learn_fields {
    bool labelled;        /* a line without a label is left out; else one without an id */
    bool need_text;       /* and one without a text      */
    const char *label;    /* --label-field; NULL: "label" */
    const char *text;     /* --text-field; NULL: "text"   */
    const char *map_file; /* --map; NULL: labels as they stand */
    json_t *map;          /* label -> label or null       */
};
/* Reads map_file into map; learn_fields_release() frees it. */
MUST_CHECK bool learn_fields_load(struct learn_fields *fields, struct err *err);
void learn_fields_release(struct learn_fields *fields);

/* A line of input; views that end with the call. */
struct learn_text {
    struct learn_value id;
    struct str subject, text, label;
    int64_t time_ms; /* occurred_at, received_at, date or time; TIME_NONE */
};
struct learn_count {
    int64_t lines;      /* that are not blank                             */
    int64_t rows;       /* handed over                                    */
    int64_t no_object;  /* left out: nothing of JSON in it                */
    int64_t no_id;      /* left out of classify                           */
    int64_t no_label;   /* left out: the label is missing or cannot be one */
    int64_t no_text;    /* left out of a training; answered by classify   */
    int64_t mapped_out; /* left out: null in the map                      */
    int64_t unmapped;   /* not in the map: the label stays                */
    int64_t repaired;   /* U+FFFD put in, a name twice, broken JSON, cut  */
    int64_t first_bad;  /* line number; 0: none                           */
    char sha256[65];    /* of the file                                    */
};
/* Hands over each line that can be used.  idle (may be NULL): before each wait for more.
 * fn false: stop with err. */
struct learn_reader {
    bool (*fn)(void *ctx, const struct learn_text *text, struct err *err);
    bool (*idle)(void *ctx);
    void *ctx;
};
MUST_CHECK bool learn_each(const char *file, const struct learn_fields *fields,
                           const struct learn_reader *reader, struct learn_count *ret,
                           struct err *err);
int64_t learn_left_out(const struct learn_count *count);
/* One line on standard error about what was left out or repaired, if anything was; never
 * a word of a text. */
void learn_tell(const char *file, const struct learn_fields *fields,
                const struct learn_count *count);

/* --- training ----------------------------------------------------------------------- */

struct learn_data {
    const char *file;
    struct learn_count count;
};
/* Order-free digest of all rows. */
struct learn_digest {
    unsigned char sum[32];
};
void learn_digest_add(struct learn_digest *digest, const struct learn_text *text);

/* What the card says of where a model comes from. */
struct learn_origin {
    const char *task, *licence, *source, *date; /* NULL: not said */
    double wanted;
    struct learn_digest digest;
    int64_t first_ms, last_ms; /* of the texts; TIME_NONE */
    /* Beside the model only, since the model's bytes depend on the rows alone. */
    const struct learn_data *data;
    size_t n_data;
};
/* Reads all files into the set, counts and tells; files may be none. */
MUST_CHECK bool learn_train_files(struct train_set *set,
                                  const struct learn_fields *fields,
                                  const char *const *files, size_t n_files,
                                  struct learn_data *data, struct learn_origin *origin,
                                  struct err *err);
/* One labelled text into the set and the origin. */
MUST_CHECK bool learn_train_add(struct train_set *set, const struct learn_text *text,
                                struct learn_origin *origin, struct err *err);
/* Progress of a training on standard error where that is a terminal. */
void learn_progress(void *ctx, const char *what, uint32_t done, uint32_t of);
/* "C,BALANCE,RATIO,CHARS,TF"; NULL: to be chosen. */
MUST_CHECK bool learn_choice(const char *text, struct train_options *options,
                             enum ctl_exit *ret_exit);
/* Adds to err, if it is about the texts, what to do; returns false. */
bool learn_say_more(struct err *err, bool corrections);

/* --- answers ------------------------------------------------------------------------ */

/* What was said of texts whose label is known. */
struct learn_said {
    const struct str *label;
    uint32_t n_labels;
    struct buf docs; /* struct scored, indexes into label */
    uint32_t sure,
        sure_right;  /* not for review, by the answering model's own threshold */
    int64_t took_us; /* of CPU, for reading and answering */
};
#define LEARN_FOLDS 20
struct learn_folds {
    uint32_t n_folds;
    const struct train_options *options;
    uint32_t texts[LEARN_FOLDS], right[LEARN_FOLDS];
    int64_t left_out; /* lines */
};
/* Cross-validation: each text is answered by a model that was trained, chosen and
 * calibrated without it; equal texts stand in one fold.  What is said lives in the arena
 * but for said->docs. */
MUST_CHECK bool learn_folds_run(struct learn_folds *folds,
                                const struct learn_fields *fields,
                                const char *const *files, size_t n_files,
                                struct arena *arena, struct learn_said *said,
                                struct err *err);

/* The rows of complaint.corrected's history (learn_corrections.c). */
struct learn_corrections {
    const char *task;
    int64_t since_ms;  /* corrections from then on; INT64_MIN: all */
    int64_t corrected; /* complaints with a label for the task     */
    int64_t rows;      /* of them with a text                      */
    int64_t erased;    /* left out: the customer was erased        */
    int64_t merged;    /* left out: lives on in another complaint  */
    int64_t no_text;
};
/* Adds a row a complaint, in the order of their ids.  fn as in learn_reader. */
MUST_CHECK bool learn_corrections_each(
    const struct ctl *ctl, struct learn_corrections *corrections,
    bool (*fn)(void *ctx, const struct learn_text *text, struct err *err), void *ctx,
    struct err *err);
/* Whether corrections speak of the task. */
bool learn_corrections_know(const char *task);

/* --- output ------------------------------------------------------------------------- */

/* Whether a model can be written at path, before hours are spent on it. */
MUST_CHECK bool learn_out_check(const char *path, struct err *err);
/* Model and card, both or none, also under a signal. */
MUST_CHECK bool learn_out_write(const char *path, struct str model, struct str card,
                                struct err *err);

/* The model card as JSON.  beside: the checksum of the model that it lies beside, with
 * all that changes from day to day and from file to file; 0: as it stands in the model.
 */
void learn_card(const struct learn_origin *origin, const struct train_result *result,
                uint64_t beside, struct buf *out);
/* The card beside the model if it is the model's, else the model's own. */
MUST_CHECK bool learn_card_find(const char *path, const struct model *model,
                                struct buf *out);
/* For people; false: not JSON. */
MUST_CHECK bool learn_card_show(struct str card, struct buf *out);
/* (learn_score.c) Members "texts" to "reliability" of a score, without braces. */
void learn_score_json(const struct score *score, const struct str *labels,
                      struct buf *out);
void learn_score_show(const struct score *score, const struct str *labels,
                      struct buf *out);
/* Member "threshold"; wanted 0: not said.  "at" is null where no confidence will do. */
void learn_threshold_json(double wanted, double at, double kept, double accuracy,
                          struct buf *out);
/* The same from a card or score, in words and tables. */
void learn_threshold_show(const json_t *threshold, struct buf *out);
void learn_tables_show(const json_t *score, struct buf *out);

#endif
