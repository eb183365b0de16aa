/* Labelled texts as counts of n-grams, then as the solver's rows. */
#include "classification/train_parts.h"

#include <math.h>
#include <stdlib.h>

#include "base/times.h"

#define WORDS_MAX (UINT32_C(1) << 26)
#define BYTES_MAX ((size_t)24 * 1024 * 1024 * 1024)

struct train_set *
train_set_new(const struct features_table *table, struct arena *arena)
{
    struct train_set *set = ARENA_NEW(arena, struct train_set);
    set->arena = arena;
    set->table = table;
    set->scratch = ARENA_NEW(arena, struct features_scratch);
    buf_init(&set->docs, BYTES_MAX);
    buf_init(&set->cells, BYTES_MAX);
    buf_init(&set->words, BYTES_MAX);
    buf_init(&set->slot_memory, BYTES_MAX);
    buf_init(&set->touched, BYTES_MAX);
    return set;
}

void
train_set_drop(struct train_set *set)
{
    buf_release(&set->docs);
    buf_release(&set->cells);
    buf_release(&set->words);
    buf_release(&set->slot_memory);
    buf_release(&set->touched);
}

uint32_t
train_n(const struct train_set *set)
{
    return set->n_docs;
}

static struct train_word *
words_of(const struct train_set *set)
{
    return (struct train_word *)(void *)set->words.ptr;
}

static bool
grow_slots(struct train_set *set)
{
    uint32_t bits = set->slot_bits ? set->slot_bits + 1 : 16;
    size_t n = (size_t)1 << bits;
    buf_clear(&set->slot_memory);
    if (!buf_reserve(&set->slot_memory, n * sizeof(uint32_t)))
        return false;
    set->slots = (uint32_t *)(void *)set->slot_memory.ptr;
    memset(set->slots, 0, n * sizeof(uint32_t));
    set->slot_bits = bits;
    for (uint32_t i = 0; i < set->n_words; i++) {
        size_t at = words_of(set)[i].hash >> (64 - bits);
        while (set->slots[at])
            at = (at + 1) & (n - 1);
        set->slots[at] = i + 1;
    }
    return true;
}

/* Number of the word with this hash, made if it is new; false: too many. */
static bool
word_number(struct train_set *set, uint64_t hash, uint16_t block, uint32_t *ret)
{
    if (set->n_words >= ((size_t)1 << set->slot_bits) / 2 && !grow_slots(set))
        return false;
    size_t mask = ((size_t)1 << set->slot_bits) - 1;
    size_t at = hash >> (64 - set->slot_bits);
    for (; set->slots[at]; at = (at + 1) & mask) {
        *ret = set->slots[at] - 1;
        if (words_of(set)[*ret].hash == hash)
            return true;
    }
    struct train_word word = {.hash = hash, .block = block};
    if (set->n_words == WORDS_MAX || !buf_add(&set->words, &word, sizeof(word)))
        return false;
    *ret = set->n_words++;
    set->slots[at] = set->n_words;
    return true;
}

static bool
find_label(struct train_set *set, struct str name, uint32_t *ret, struct err *err)
{
    for (*ret = 0; *ret < set->n_labels; ++*ret)
        if (str_eq(set->label[*ret], name))
            return true;
    if (str_empty(name) || name.len > TRAIN_LABEL_BYTES)
        return err_dead(err, DEAD_BAD_FIELD, "$.label", "a label has 1 to %d bytes",
                        TRAIN_LABEL_BYTES);
    if (set->n_labels == MODEL_LABELS)
        return err_set(err, ERR_STOP, "more than %d labels: is it a label at all?",
                       MODEL_LABELS);
    set->label[set->n_labels++] = arena_str(set->arena, name);
    return true;
}

static bool
count_gram(struct train_set *set, uint64_t hash, uint16_t block)
{
    uint32_t number = 0;
    if (!word_number(set, hash, block, &number))
        return false;
    struct train_word *word = &words_of(set)[number];
    if (word->count == 0 && !buf_add(&set->touched, &number, sizeof(number)))
        return false;
    if (word->count < UINT16_MAX)
        word->count++;
    return true;
}

/* The text in scratch as cells; counts go back to zero. */
static bool
add_cells(struct train_set *set, struct train_doc *doc)
{
    const struct features_scratch *s = set->scratch;
    bool ok = true;
    buf_clear(&set->touched);
    for (size_t i = 0; ok && i < s->n_gram; i++)
        ok = count_gram(set, s->gram[i].hash,
                        i < s->n_word_gram ? FEATURES_WORDS : FEATURES_CHARS);
    for (size_t i = 0; ok && i < s->n_token; i++) {
        uint64_t hash[FEATURES_CHARS_MOST];
        size_t n_hash = features_chars(s, i, hash);
        for (size_t k = 0; ok && k < n_hash; k++)
            ok = count_gram(set, hash[k], FEATURES_CHARS);
    }
    const uint32_t *touched = (const uint32_t *)(const void *)set->touched.ptr;
    size_t n = set->touched.len / sizeof(uint32_t);
    for (size_t i = 0; ok && i < n; i++) {
        struct train_word *word = &words_of(set)[touched[i]];
        struct train_cell cell = {touched[i], word->count, word->block};
        doc->hash += (word->hash ^ word->count) * UINT64_C(0x9E3779B97F4A7C15);
        word->docs++;
        word->count = 0;
        ok = buf_add(&set->cells, &cell, sizeof(cell));
    }
    doc->n_cells = (uint32_t)n;
    return ok;
}

bool
train_add(struct train_set *set, struct str subject, struct str text, struct str label,
          int64_t time_ms, struct err *err)
{
    struct train_doc doc = {
        .time_ms = time_ms,
        .first_cell = set->cells.len / sizeof(struct train_cell),
    };
    if (!find_label(set, label, &doc.label, err))
        return false;
    features_read(set->table, subject, text, set->scratch);
    if (!add_cells(set, &doc) || !buf_add(&set->docs, &doc, sizeof(doc)))
        return err_set(err, ERR_STOP, "too much text to train on at once; take a sample");
    set->n_docs++;
    set->n_times += time_ms != TIME_NONE;
    return true;
}

/* --- as a matrix -------------------------------------------------------------------- */

static int
by_hash(const void *a, const void *b)
{
    const struct train_doc *left = a;
    const struct train_doc *right = b;
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    if (left->label != right->label)
        return left->label < right->label ? -1 : 1;
    return left->time_ms < right->time_ms ? -1 : left->time_ms > right->time_ms;
}

static int
by_time(const void *a, const void *b)
{
    const struct train_doc *const *left = a;
    const struct train_doc *const *right = b;
    if ((*left)->time_ms != (*right)->time_ms)
        return (*left)->time_ms < (*right)->time_ms ? -1 : 1;
    return by_hash(*left, *right);
}

static int
by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int
by_word_hash(const void *a, const void *b)
{
    const struct train_word *const *left = a;
    const struct train_word *const *right = b;
    return (*left)->hash < (*right)->hash ? -1 : (*left)->hash > (*right)->hash;
}

static int
by_docs(const void *a, const void *b)
{
    const struct train_word *const *left = a;
    const struct train_word *const *right = b;
    if ((*left)->docs != (*right)->docs)
        return (*left)->docs > (*right)->docs ? -1 : 1;
    return by_word_hash(a, b);
}

/* Labels by name, so that their order in the files does not matter. */
static void
sort_labels(struct train_set *set, struct train_doc *docs, struct train_matrix *m)
{
    uint32_t place[MODEL_LABELS];
    m->label_name = ARENA_ARRAY(set->arena, struct str, set->n_labels);
    memcpy(m->label_name, set->label, set->n_labels * sizeof(struct str));
    qsort(m->label_name, set->n_labels, sizeof(struct str), by_name);
    for (uint32_t i = 0; i < set->n_labels; i++)
        for (uint32_t k = 0; k < set->n_labels; k++)
            if (str_eq(set->label[i], m->label_name[k]))
                place[i] = k;
    for (uint32_t i = 0; i < set->n_docs; i++)
        docs[i].label = place[docs[i].label];
    memcpy(set->label, m->label_name, set->n_labels * sizeof(struct str));
    m->n_labels = set->n_labels;
    m->width = m->n_labels == 2 ? 1 : m->n_labels;
}

/* Rows for the n-grams of at least two texts; the rarest go when there are too many. */
static bool
choose_rows(struct train_set *set, uint32_t max_rows, struct train_matrix *m,
            struct err *err)
{
    struct train_word **kept = ARENA_ARRAY(set->arena, struct train_word *, set->n_words);
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->n_words; i++) {
        words_of(set)[i].row = UINT32_MAX;
        if (words_of(set)[i].docs >= 2)
            kept[n++] = &words_of(set)[i];
    }
    if (n == 0)
        return err_dead(err, DEAD_BAD_FIELD, "$.text", "no two texts share a word");
    if (n > max_rows) {
        qsort(kept, n, sizeof(struct train_word *), by_docs);
        n = max_rows;
    }
    qsort(kept, n, sizeof(struct train_word *), by_word_hash);
    m->n_rows = n;
    m->hash = ARENA_ARRAY(set->arena, uint64_t, n);
    m->idf = ARENA_ARRAY(set->arena, float, n);
    m->block = ARENA_ARRAY(set->arena, uint8_t, n);
    for (uint32_t i = 0; i < n; i++) {
        kept[i]->row = i;
        m->hash[i] = kept[i]->hash;
        m->block[i] = (uint8_t)kept[i]->block;
        m->idf[i] = (float)(log((1.0 + set->n_docs) / (1.0 + kept[i]->docs)) + 1);
    }
    return true;
}

static int
by_row(const void *a, const void *b)
{
    const struct feature_node *left = a;
    const struct feature_node *right = b;
    return left->index < right->index ? -1 : left->index > right->index;
}

/* One text: rows and counts, then the constant and the end. */
static void
make_row(const struct train_set *set, struct train_matrix *m, const struct train_doc *doc,
         uint32_t text)
{
    const struct train_cell *cell =
        (const struct train_cell *)(const void *)set->cells.ptr + doc->first_cell;
    uint32_t n = 0;
    for (uint32_t i = 0; i < doc->n_cells; i++)
        n += words_of(set)[cell[i].row].row != UINT32_MAX;
    struct feature_node *x = ARENA_ARRAY(set->arena, struct feature_node, n + 2);
    uint16_t *count = ARENA_ARRAY(set->arena, uint16_t, n + 1);
    uint32_t at = 0;
    for (uint32_t i = 0; i < doc->n_cells; i++) {
        uint32_t row = words_of(set)[cell[i].row].row;
        if (row != UINT32_MAX)
            x[at++] = (struct feature_node){(int)row + 1, cell[i].n};
    }
    qsort(x, n, sizeof(*x), by_row);
    for (uint32_t i = 0; i < n; i++)
        count[i] = (uint16_t)x[i].value;
    x[n] = (struct feature_node){(int)m->n_rows + 1, 1};
    x[n + 1] = (struct feature_node){-1, 0};
    m->x[text] = x;
    m->count[text] = count;
    m->n_cells += n;
}

static void
fill_row(const struct train_matrix *m, uint32_t text, const struct train_choice *choice,
         const float tf[64])
{
    double squares[FEATURES_BLOCKS] = {0};
    struct feature_node *x = m->x[text];
    for (uint32_t i = 0; x[i].index <= (int)m->n_rows; i++) {
        int row = x[i].index - 1;
        uint32_t n = m->count[text][i];
        double times = (double)(n < 64 ? tf[n] : model_tf(n, (float)choice->tf));
        x[i].value = times * (double)m->idf[row];
        squares[m->block[row]] += x[i].value * x[i].value;
    }
    double scale[FEATURES_BLOCKS] = {1 / sqrt(squares[FEATURES_WORDS]),
                                     choice->chars / sqrt(squares[FEATURES_CHARS])};
    for (uint32_t i = 0; x[i].index <= (int)m->n_rows; i++)
        x[i].value *= scale[m->block[x[i].index - 1]];
}

void
train_matrix_fill(struct train_matrix *m, const struct train_choice *choice)
{
    float tf[64];
    for (uint32_t i = 0; i < COUNT_OF(tf); i++)
        tf[i] = model_tf(i, (float)choice->tf);
    for (uint32_t i = 0; i < m->n; i++)
        fill_row(m, i, choice, tf);
}

/* One time for all (the day of an export) is no order. */
static bool
has_order(const struct train_set *set, const struct train_doc *docs)
{
    bool differ = false;
    for (uint32_t i = 1; i < set->n_docs; i++)
        differ = differ || docs[i].time_ms != docs[0].time_ms;
    return differ && set->n_times == set->n_docs;
}

static void
set_folds(struct train_set *set, struct train_doc *docs, struct train_matrix *m)
{
    m->by_time = has_order(set, docs);
    m->n_folds = TRAIN_FOLDS;
    for (uint32_t i = 0; i < set->n_docs; i++)
        docs[i].fold = m->by_time ? 1 : (uint32_t)((docs[i].hash >> 20) % TRAIN_FOLDS);
    if (!m->by_time)
        return;
    struct train_doc **order = ARENA_ARRAY(set->arena, struct train_doc *, set->n_docs);
    for (uint32_t i = 0; i < set->n_docs; i++)
        order[i] = &docs[i];
    qsort(order, set->n_docs, sizeof(struct train_doc *), by_time);
    for (uint32_t i = 0; i < set->n_docs; i++)
        order[i]->fold =
            TRAIN_FOLDS - 1 - (uint32_t)((uint64_t)i * TRAIN_FOLDS / set->n_docs);
}

bool
train_matrix_make(struct train_set *set, uint32_t max_rows, struct train_matrix *ret,
                  struct err *err)
{
    struct train_matrix m = {.n = set->n_docs};
    struct train_doc *docs = (struct train_doc *)(void *)set->docs.ptr;
    if (!choose_rows(set, max_rows, &m, err))
        return false;
    sort_labels(set, docs, &m);
    qsort(docs, set->n_docs, sizeof(*docs), by_hash);
    set_folds(set, docs, &m);
    m.x = ARENA_ARRAY(set->arena, struct feature_node *, m.n);
    m.label = ARENA_ARRAY(set->arena, uint32_t, m.n);
    m.fold = ARENA_ARRAY(set->arena, uint32_t, m.n);
    m.count = ARENA_ARRAY(set->arena, uint16_t *, m.n);
    for (uint32_t i = 0; i < m.n; i++) {
        make_row(set, &m, &docs[i], i);
        m.label[i] = docs[i].label;
        m.fold[i] = docs[i].fold;
    }
    buf_release(&set->cells);
    buf_release(&set->words);
    *ret = m;
    return true;
}
