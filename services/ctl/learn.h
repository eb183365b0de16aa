/* learn.h - what train, evaluate and classify share: their input, card and score. */
#ifndef REDRESS_CTL_LEARN_H
#define REDRESS_CTL_LEARN_H

#include <jansson.h>

#include "base/buf.h"
#include "classification/model.h"
#include "classification/train.h"
#include "ctl/ctl.h"
#include "ctl/rows.h"

#define LEARN_FILES 32
#define LEARN_ARENA_BYTES ((size_t)64 * 1024 * 1024 * 1024) /* a cap, not a need */

/* Takes every "--name VALUE" and "--name=VALUE" out of argv; `brief` ("-o") may be NULL.
 * False + exit status when there are too many or a value is missing. */
MUST_CHECK bool learn_take(struct ctl *ctl, const char *name, const char *brief,
                           const char **values, size_t max, size_t *ret_n,
                           enum ctl_exit *ret_exit);

/* A line of input. Views into the row. */
struct learn_text {
    struct str id, subject, text, label;
    int64_t time_ms; /* occurred_at or date; TIME_NONE */
    char id_number[32];
    char label_number[32];
};
/* Reads a row; false: says on standard error which line of which file is left out. */
MUST_CHECK bool learn_read(const char *file, struct rows *rows, json_t *row,
                           bool labelled, struct learn_text *ret);
/* Hands over each good line; *left_out counts the bad ones.  fn false: stop with err. */
MUST_CHECK bool learn_each(const char *file, bool labelled,
                           bool (*fn)(void *ctx, const struct learn_text *text,
                                      struct err *err),
                           void *ctx, int64_t *left_out, struct err *err);

struct learn_data {
    const char *file;
    int64_t rows, left_out;
    char sha256[65]; /* "" for standard input */
};
MUST_CHECK bool learn_hash(const char *file, char hex[65], struct err *err);

struct learn_origin {
    const char *task, *licence, *source, *date; /* NULL: not said */
    const struct learn_data *data;
    size_t n_data;
    double wanted;
};
/* The model card as JSON. */
void learn_card(const struct learn_origin *origin, const struct train_result *result,
                struct buf *out);
/* For people; false: not JSON. */
MUST_CHECK bool learn_card_show(struct str card, struct buf *out);
/* Members "labels" to "curve" of a score, without braces. */
void learn_score_json(const struct score *score, const struct str *labels,
                      struct buf *out);
void learn_score_show(const struct score *score, const struct str *labels,
                      struct buf *out);

#endif
