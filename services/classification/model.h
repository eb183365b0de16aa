/* model.h - a trained linear classifier: one file, in memory as it stands, read only.
 *
 * Layout (little endian), one part behind the other, all sizes from the header's counts:
 *   header | labels | directory of buckets | tags | rows | 16 bytes of 0 | text
 * A row is an n-gram: its bucket is the head of its hash, its 16-bit tag the tail, so
 * what was not seen in training is not found (but for 4 in 65,536).  It is idf (16 bits,
 * 1/2048), scale (the upper half of a float), and one signed byte a label, a weight in
 * steps of the scale; two labels share one weight.
 * Score of a label = sum over blocks of (tf-idf, of length 1 in each block) . weights;
 * probabilities = softmax(slope * score + offset); confidence = a logistic step from the
 * best one's, the second's and which it is; all of it fitted on held-out texts.
 * Invariant: an opened model was checked whole; no later access can leave its bytes, and
 * no score of it overflows.  That holds since the bytes are a private copy: a file that
 * is mapped changes under us (or ends, SIGBUS) when somebody copies over it in place.
 * Thread rule: const after opening; a scratch belongs to one thread. */
#ifndef REDRESS_CLASSIFICATION_MODEL_H
#define REDRESS_CLASSIFICATION_MODEL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "classification/features.h"

#define MODEL_LABELS 512 /* of one task                            */
#define MODEL_ROWS (UINT32_C(1) << 23)
#define MODEL_REASONS 5
#define MODEL_REASON_BYTES 64
#define MODEL_NAME_BYTES 256   /* of a label or a task: UTF-8, not empty */
#define MODEL_WEIGHT_MOST 1e6F /* of a reason, whatever a file says */
#define MODEL_SURE_NEVER 2.0F  /* a threshold that no confidence reaches */

/* The file's first bytes, as they stand in it. */
struct model_header {
    char magic[8]; /* "REDRESSM" */
    uint32_t format;
    uint32_t features; /* FEATURES_VERSION of the training */
    uint64_t file_bytes;
    uint64_t checksum; /* of the file with this field 0 */
    uint32_t n_labels;
    uint32_t n_rows;
    uint32_t bucket_bits;
    uint32_t task_bytes; /* text: task, labels, card */
    uint32_t card_bytes;
    uint32_t text_bytes;
    float slope;
    float threshold; /* below it a person looks */
    float tf;        /* power of an n-gram's count in the text; 0: 1 + ln count */
    float sure_slope, sure_offset; /* model_confidence(); the label's own is added */
    float sure_spread;
};
struct model_label {
    uint32_t name_at; /* in text */
    uint32_t name_bytes;
    float offset;
    float sure; /* added to the log-odds of the confidence where it is the best */
};

struct model {
    const struct model_header *header;
    const struct model_label *labels;
    const uint32_t *bucket; /* n + 1 */
    const uint16_t *tag;
    const unsigned char *rows;
    const char *text;
    uint32_t width;     /* weights a row */
    uint32_t row_bytes; /* 4 + width     */
    void *mapped;       /* NULL: memory of somebody else */
    size_t mapped_bytes;
    float tf[64];          /* of a count below 64 */
    const uint32_t *alias; /* what a row is called; NULL: as it stands (model_pool.h) */
};

/* What a document has of a row. */
struct model_hit {
    uint32_t row;
    uint32_t count;
    float share; /* what one occurrence adds to the answer */
    float times; /* count as reasons take it */
};
struct model_words;
struct model_scratch {
    uint32_t max_rows;
    bool no_reasons;       /* set by who wants none */
    uint32_t *place;       /* of a row: 1 + its number in hit; 0 between two documents */
    struct model_hit *hit; /* all 0 between two documents */
    uint32_t *gram;        /* of each n-gram: 1 + its number in hit, 0: no row     */
    uint32_t *seen;        /* the same of the characters of each word, one word   */
    uint32_t *end;         /* behind the other: where those of a word end in seen  */
    uint32_t *own;         /* of each word: as in gram */
    float *chars;          /* of each word: what its characters add                */
    float *word;           /* of each token: what it adds                          */
    uint32_t *maybe;       /* n-grams that may be reasons                          */
    float *weight;         /* of each of those                                     */
    struct model_words *words;
    _Alignas(16) float score[MODEL_LABELS + 8]; /* written in eights */
};

/* Only words that every text has, folded, a blank between them: never a reason. */
bool model_common_words(struct str text);
struct model_reason {
    struct str text; /* words of the document, folded; view into the answer */
    float weight;    /* log-odds that they add                              */
};
struct model_answer {
    uint32_t label;
    float confidence;
    bool known;                      /* something of the text is in the model; else the
                                      * label is what is most frequent: a guess  */
    bool sure;                       /* known, and confidence at the threshold   */
    float probability[MODEL_LABELS]; /* of each label                            */
    size_t n_reasons;
    struct model_reason reason[MODEL_REASONS]; /* strongest first */
    char reason_text[MODEL_REASONS][MODEL_REASON_BYTES];
};

/* Reads the file; ERR_STOP with what is wrong in it. */
MUST_CHECK bool model_open(struct model *ret, const char *path, struct err *err);
void model_close(struct model *model);
/* The same over bytes that stay, aligned to 8; nothing to close. */
MUST_CHECK bool model_from(struct model *ret, struct str bytes, struct err *err);

struct str model_task(const struct model *model);
struct str model_label_name(const struct model *model, uint32_t label);
struct str model_card(const struct model *model); /* JSON */

/* For models of up to max_rows rows, one after the other; lives in the arena.  It
 * remembers the rows of words (4 MiB), which changes no answer. */
void model_scratch_new(struct model_scratch *ret, uint32_t max_rows, struct arena *arena);
/* The answer for what features_read() left in `text`; allocates nothing, linear time. */
void model_classify(const struct model *model, const struct features_scratch *text,
                    struct model_scratch *scratch, struct model_answer *ret);

/* --- between model*.c --------------------------------------------------------------- */

#define MODEL_NO_ROW UINT32_MAX
#define MODEL_FIND 168 /* hashes at once */
/* The rows of n hashes, MODEL_NO_ROW for those that have none; n <= MODEL_FIND. */
void model_find(const struct model *model, const uint64_t *hash, size_t n, uint32_t *ret);
struct model_words *model_words_new(struct arena *arena);
/* For each word of the text its row or MODEL_NO_ROW (own), and the rows of its characters
 * (seen) up to end.  Gives how many those are in all. */
uint32_t model_words_rows(struct model_words *words, const struct model *model,
                          const struct features_scratch *text,
                          struct model_scratch *scratch);
/* Counts the rows of the text into hit; those of words come first. Gives how many those
 * are. */
size_t model_count(const struct model *model, const struct features_scratch *text,
                   struct model_scratch *scratch, size_t *ret_n_hit);
/* As before model_count(). */
void model_uncount(struct model_scratch *scratch, size_t n_hit);
/* From the scores and what is known: confidence of each label and the best. Gives the
 * second. */
uint32_t model_answer_labels(const struct model *model, struct model_scratch *scratch,
                             struct model_answer *ret);
/* Reasons why `best` and not `second`, after the scores. */
void model_explain(const struct model *model, const struct features_scratch *text,
                   struct model_scratch *scratch, size_t n_hit, uint32_t best,
                   uint32_t second, struct model_answer *ret);
/* Reasons from the shares. */
void model_tell(const struct features_scratch *text, struct model_scratch *scratch,
                struct model_answer *ret);

static inline const unsigned char *
model_row(const struct model *model, uint32_t row)
{
    return model->rows + (size_t)row * model->row_bytes;
}
static inline float
model_row_idf(const unsigned char *row)
{
    uint16_t steps;
    memcpy(&steps, row, sizeof(steps));
    return (float)steps * (1.0F / 2048);
}
static inline float
model_row_scale(const unsigned char *row)
{
    uint16_t half;
    memcpy(&half, row + 2, sizeof(half));
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* --- writing (train) ---------------------------------------------------------------- */

/* Rows ascend by hash.  weight: n_rows * width, width 1 for two labels. */
struct model_parts {
    struct str task, card;
    const struct str *label;
    const float *offset;
    uint32_t n_labels;
    uint32_t n_rows;
    const uint64_t *hash;
    const float *idf;
    const float *weight;
    float slope, threshold, tf;
    float sure_slope, sure_offset, sure_spread;
    const float *sure; /* of each label; NULL: 0 */
};
/* False when it would be larger than the buffer's maximum. */
MUST_CHECK bool model_write(const struct model_parts *parts, struct buf *out);
/* Sets the checksum of a model's bytes (tests change them on purpose). */
void model_seal(char *bytes, size_t len);

/* How spread the probability is that the best label has not: 0 when the second has all
 * of it. */
float model_spread(float best, float second);
/* The confidence that a best label deserves:
 * logistic(slope * log-odds of the best + spread * model_spread() + offset). */
float model_confidence(float best, float second, float slope, float spread, float offset);
/* What n times the same n-gram count: n to the power, 1 + ln n for power 0. */
float model_tf(uint32_t n, float power);
uint32_t model_bucket_bits(uint32_t n_rows);

#endif
