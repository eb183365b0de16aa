/* Labelled lines on their way into a training. */
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#include "base/times.h"
#include "ctl/learn.h"

static bool
digest_part(EVP_MD_CTX *ctx, struct str s)
{
    uint64_t len = s.len;
    return EVP_DigestUpdate(ctx, &len, sizeof(len)) == 1 &&
           EVP_DigestUpdate(ctx, s.ptr ? s.ptr : "", s.len) == 1;
}

/* Sum of the rows' SHA-256 as a 256-bit number: the same in any order. */
void
learn_digest_add(struct learn_digest *digest, const struct learn_text *text)
{
    unsigned char row[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    BUG_IF(!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 ||
           !digest_part(ctx, text->label) || !digest_part(ctx, text->subject) ||
           !digest_part(ctx, text->text) ||
           EVP_DigestUpdate(ctx, &text->time_ms, sizeof(text->time_ms)) != 1 ||
           EVP_DigestFinal_ex(ctx, row, &len) != 1 || len != sizeof(digest->sum));
    EVP_MD_CTX_free(ctx);
    unsigned int carry = 0;
    for (size_t i = sizeof(digest->sum); i-- > 0; carry >>= 8) {
        carry += (unsigned int)digest->sum[i] + row[i];
        digest->sum[i] = (unsigned char)carry;
    }
}

bool
learn_train_add(struct train_set *set, const struct learn_text *text,
                struct learn_origin *origin, struct err *err)
{
    int64_t ms = text->time_ms;
    learn_digest_add(&origin->digest, text);
    if (ms != TIME_NONE && (origin->first_ms == TIME_NONE || ms < origin->first_ms))
        origin->first_ms = ms;
    if (ms != TIME_NONE && (origin->last_ms == TIME_NONE || ms > origin->last_ms))
        origin->last_ms = ms;
    return train_add(set, text->subject, text->text, text->label, ms, err);
}

struct taking {
    struct train_set *set;
    struct learn_origin *origin;
};

static bool
take(void *ctx, const struct learn_text *text, struct err *err)
{
    const struct taking *taking = ctx;
    return learn_train_add(taking->set, text, taking->origin, err);
}

bool
learn_train_files(struct train_set *set, const struct learn_fields *fields,
                  const char *const *files, size_t n_files, struct learn_data *data,
                  struct learn_origin *origin, struct err *err)
{
    struct taking taking = {set, origin};
    struct learn_reader reader = {.fn = take, .ctx = &taking};
    for (size_t i = 0; i < n_files; i++) {
        data[i].file = files[i];
        if (!learn_each(files[i], fields, &reader, &data[i].count, err))
            return false;
        learn_tell(files[i], fields, &data[i].count);
    }
    return true;
}

void
learn_progress(void *ctx, const char *what, uint32_t done, uint32_t of)
{
    (void)ctx;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%-12s %3u of %u%s", what, done, of, done == of ? "\n" : "");
}

bool
learn_say_more(struct err *err, bool corrections)
{
    if (err->action != ERR_DEAD_LETTER)
        return false;
    size_t len = strlen(err->text);
    (void)snprintf(err->text + len, sizeof(err->text) - len, "; %s",
                   corrections
                       ? "more corrections are needed, or labelled lines with --labels"
                       : "give more lines with --labels, or say with --label-field where "
                         "the labels stand");
    return false;
}
