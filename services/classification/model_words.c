/* Finding rows, and a memory of those of words: the same few thousand words make nearly
 * all of what people write. */
#include "classification/model.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PLACES_BITS 15
#define STORE (UINT32_C(1) << 19) /* of 8 bytes */

/* The code points looked at, then the rows; n_cp + n_rows of them, rounded up to 8. */
struct entry {
    uint64_t hash;  /* of the token                                       */
    uint64_t model; /* its checksum: other bytes, other rows              */
    uint32_t model_rows;
    uint32_t own; /* the word's row or MODEL_NO_ROW */
    uint16_t n_cp;
    uint16_t n_rows;
};
struct model_words {
    uint32_t place[1 << PLACES_BITS]; /* in store; 0: none, the latest stays */
    uint32_t used;
    uint64_t store[STORE];
};

struct model_words *
model_words_new(struct arena *arena)
{
    struct model_words *words = ARENA_NEW(arena, struct model_words);
    words->used = 1;
    return words;
}

/* The row of a bucket that has the tag.  Eight tags at once: which of them is the right
 * one cannot be foretold.  Behind the tags stand the rows, so eight are always there. */
static inline uint32_t
row_of(const struct model *m, const uint32_t *bucket, uint16_t tag)
{
    uint32_t row = bucket[0];
    uint32_t end = bucket[1];
#ifdef __SSE2__
    __m128i wanted = _mm_set1_epi16((short)tag);
    for (; row < end; row += 8) {
        __m128i tags = _mm_loadu_si128((const __m128i *)(const void *)(m->tag + row));
        unsigned found = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi16(tags, wanted));
        uint32_t at = row + (found ? (uint32_t)__builtin_ctz(found) / 2 : 8);
        if (found)
            return at < end ? at : MODEL_NO_ROW;
    }
#else
    for (; row < end; row++)
        if (m->tag[row] == tag)
            return row;
#endif
    return MODEL_NO_ROW;
}

/* Each step asks for the memory of the next one. */
void
model_find(const struct model *m, const uint64_t *hash, size_t n, uint32_t *ret)
{
    uint32_t shift = 64 - m->header->bucket_bits;
    BUG_IF(n > MODEL_FIND);
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(m->bucket + (hash[i] >> shift));
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(m->tag + m->bucket[hash[i] >> shift]);
    for (size_t i = 0; i < n; i++)
        ret[i] = row_of(m, m->bucket + (hash[i] >> shift), (uint16_t)hash[i]);
    for (size_t i = 0; m->alias && i < n; i++)
        if (ret[i] != MODEL_NO_ROW)
            ret[i] = m->alias[ret[i]];
}

static struct entry *
entry_at(struct model_words *words, uint32_t at)
{
    return (struct entry *)(void *)(words->store + at);
}

static uint32_t *
data_of(struct entry *entry)
{
    return (uint32_t *)(void *)(entry + 1);
}

/* Room for the largest entry; when there is none all is forgotten. */
static struct entry *
make_room(struct model_words *words)
{
    const uint32_t most = (sizeof(struct entry) +
                           (FEATURES_WORD + FEATURES_CHARS_MOST) * sizeof(uint32_t)) /
                              8 +
                          1;
    if (words->used + most > STORE) {
        memset(words->place, 0, sizeof(words->place));
        words->used = 1;
    }
    return entry_at(words, words->used);
}

static struct entry *
look_up(struct model_words *words, const struct model *m,
        const struct features_scratch *text, const struct features_word *word,
        uint32_t *place)
{
    uint64_t hash[FEATURES_CHARS_MOST + 1];
    uint32_t row[FEATURES_CHARS_MOST + 1] = {0};
    const struct features_token *t = &text->token[word->token];
    struct entry *entry = make_room(words);
    size_t n = features_chars(text, word->token, hash);
    hash[n] = word->hash;
    model_find(m, hash, n + 1, row);
    *entry = (struct entry){
        .hash = t->hash,
        .model = m->header->checksum,
        .model_rows = m->header->n_rows,
        .own = row[n],
        .n_cp = t->len < FEATURES_WORD ? t->len : FEATURES_WORD,
    };
    uint32_t *data = data_of(entry);
    memcpy(data, text->cp + t->start, entry->n_cp * sizeof(*data));
    for (size_t i = 0; i < n; i++)
        if (row[i] != MODEL_NO_ROW)
            data[entry->n_cp + entry->n_rows++] = row[i];
    *place = words->used;
    words->used +=
        (uint32_t)((sizeof(*entry) +
                    sizeof(*data) * ((size_t)entry->n_cp + entry->n_rows) + 7) /
                   8);
    return entry;
}

static uint32_t *
place_of(struct model_words *words, const struct model *m, uint64_t hash)
{
    uint64_t h = (hash ^ m->header->checksum) * UINT64_C(0x9E3779B97F4A7C15);
    return &words->place[h >> (64 - PLACES_BITS)];
}

/* Valid until the next call. */
static struct entry *
entry_of(struct model_words *words, const struct model *m,
         const struct features_scratch *text, const struct features_word *word,
         uint32_t *place)
{
    const struct features_token *t = &text->token[word->token];
    size_t n_cp = t->len < FEATURES_WORD ? t->len : FEATURES_WORD;
    struct entry *entry = entry_at(words, *place);
    /* Hashes are no secret: whoever makes two words of one hash gets no other's rows. */
    if (*place == 0 || entry->hash != t->hash || entry->model != m->header->checksum ||
        entry->model_rows != m->header->n_rows || entry->n_cp != n_cp ||
        memcmp(data_of(entry), text->cp + t->start, n_cp * sizeof(uint32_t)) != 0)
        entry = look_up(words, m, text, word, place);
    return entry;
}

/* Some words at a time, so that the memory of all of them is asked for at once. */
uint32_t
model_words_rows(struct model_words *words, const struct model *m,
                 const struct features_scratch *text, struct model_scratch *s)
{
    uint32_t *place[32];
    uint32_t n_seen = 0;
    for (size_t from = 0; from < text->n_word; from += COUNT_OF(place)) {
        size_t n = text->n_word - from;
        n = n < COUNT_OF(place) ? n : COUNT_OF(place);
        const struct features_word *word = &text->word[from];
        for (size_t i = 0; i < n; i++) {
            place[i] = place_of(words, m, text->token[word[i].token].hash);
            __builtin_prefetch(place[i]);
        }
        for (size_t i = 0; i < n; i++) {
            __builtin_prefetch(words->store + *place[i]);
            __builtin_prefetch(words->store + *place[i] + 8);
        }
        for (size_t i = 0; i < n; i++) {
            struct entry *entry = entry_of(words, m, text, &word[i], place[i]);
            const uint32_t *row = data_of(entry) + entry->n_cp;
            for (uint32_t k = 0; k < entry->n_rows; k++)
                s->seen[n_seen++] = row[k];
            s->end[from + i] = n_seen;
            s->own[from + i] = entry->own;
        }
    }
    return n_seen;
}
