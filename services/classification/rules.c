#include "classification/rules.h"

#include <stdlib.h>

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

struct rules_node {
    uint32_t edges;   /* into labels and targets                          */
    uint32_t fail;    /* longest proper suffix that is a prefix of a phrase */
    uint32_t ends;    /* 1 + first phrase that ends here, 0: none         */
    uint32_t shorter; /* nearest suffix at which a phrase ends, 0: none */
    uint16_t n_edges;
};

/* A phrase that ends at a node. */
struct rules_ending {
    uint32_t next; /* 1 + another phrase that ends there, 0: none */
    uint16_t group;
    uint8_t len_bytes;
    bool word_start; /* must begin at a word's begin */
    bool word_end;
};

struct hit {
    uint32_t start;
    uint32_t end;
    uint16_t group;
};

/* --- words ----------------------------------------------------------------------------
 */

static bool
is_word_char(UChar32 c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!u_isalnum(c))
        return false;
    UErrorCode status = U_ZERO_ERROR;
    switch (uscript_getScript(c, &status)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_HANGUL:
    case USCRIPT_THAI:
        return false; /* no blanks between words */
    default:
        return true;
    }
}

static bool
word_before(struct str text, size_t at)
{
    if (at == 0)
        return false;
    UChar32 c = 0;
    int32_t i = (int32_t)at; /* texts are far below 2 GiB (rules_fold) */
    U8_PREV((const uint8_t *)text.ptr, 0, i, c);
    return c >= 0 && is_word_char(c);
}

static bool
word_after(struct str text, size_t at)
{
    if (at >= text.len)
        return false;
    UChar32 c = 0;
    U8_NEXT((const uint8_t *)text.ptr, at, text.len, c);
    return c >= 0 && is_word_char(c);
}

/* --- building ----------------------------------------------------------------------- */

/* A trie while it grows: children as lists. */
struct sprout {
    uint32_t child;   /* first, 0: none      */
    uint32_t sibling; /* next, 0: none       */
    uint32_t fail;
    uint32_t ends;
    uint8_t label;
};

static uint32_t
child_of(const struct sprout *trie, uint32_t node, uint8_t label)
{
    uint32_t child = trie[node].child;
    while (child != 0 && trie[child].label != label)
        child = trie[child].sibling;
    return child;
}

/* Folds one phrase and says how it is bounded. */
static bool
read_phrase(const struct rules_phrase *phrase, struct arena *arena, struct str *ret_text,
            struct rules_ending *ret, struct err *err)
{
    struct str text = str_trim(phrase->text);
    bool open_start = str_starts(text, STR("*"));
    bool open_end = text.len > 1 && str_ends(text, STR("*"));
    text = str_sub(text, open_start ? 1 : 0, text.len - (open_start ? 1 : 0));
    text = str_sub(text, 0, text.len - (open_end ? 1 : 0));
    struct str folded = str_trim(rules_fold(text, arena));
    if (folded.len == 0 || folded.len > RULES_PHRASE_BYTES)
        return err_set(err, ERR_STOP, "phrase \"%.*s\": 1 to %d bytes when folded",
                       (int)(phrase->text.len < 80 ? phrase->text.len : 80),
                       phrase->text.ptr ? phrase->text.ptr : "", RULES_PHRASE_BYTES);
    *ret = (struct rules_ending){
        .group = phrase->group,
        .len_bytes = (uint8_t)folded.len,
        .word_start = !open_start && word_after(folded, 0),
        .word_end = !open_end && word_before(folded, folded.len),
    };
    *ret_text = folded;
    return true;
}

static bool
grow(const struct rules_phrase *phrases, size_t n_phrases, size_t n_groups,
     struct arena *arena, struct sprout *trie, size_t *ret_nodes,
     struct rules_ending *endings, struct err *err)
{
    size_t n = 1; /* the root */
    for (size_t i = 0; i < n_phrases; i++) {
        struct str text = STR_NULL;
        if (phrases[i].group >= n_groups)
            return err_set(err, ERR_STOP, "phrase %zu: no group %u", i, phrases[i].group);
        if (!read_phrase(&phrases[i], arena, &text, &endings[i], err))
            return false;
        uint32_t node = 0;
        for (size_t k = 0; k < text.len; k++) {
            uint8_t label = (uint8_t)text.ptr[k];
            uint32_t child = child_of(trie, node, label);
            if (child == 0) {
                child = (uint32_t)n++;
                trie[child] =
                    (struct sprout){.sibling = trie[node].child, .label = label};
                trie[node].child = child;
            }
            node = child;
        }
        endings[i].next = trie[node].ends;
        trie[node].ends = (uint32_t)i + 1;
    }
    *ret_nodes = n;
    return true;
}

/* Breadth first, so that a suffix is complete before it is needed; order[] is the visit.
 */
static void
link_suffixes(struct sprout *trie, uint32_t *order, size_t n_nodes)
{
    size_t seen = 1;
    order[0] = 0;
    for (size_t i = 0; i < n_nodes; i++) {
        uint32_t node = order[i];
        for (uint32_t c = trie[node].child; c != 0; c = trie[c].sibling) {
            order[seen++] = c;
            if (node == 0)
                continue; /* fail stays the root */
            uint32_t fail = trie[node].fail;
            uint32_t to = child_of(trie, fail, trie[c].label);
            while (to == 0 && fail != 0) {
                fail = trie[fail].fail;
                to = child_of(trie, fail, trie[c].label);
            }
            trie[c].fail = to;
        }
    }
    BUG_IF(seen != n_nodes);
}

struct edge {
    uint8_t label;
    uint32_t target;
};

static int
by_label(const void *a, const void *b)
{
    return (int)((const struct edge *)a)->label - (int)((const struct edge *)b)->label;
}

/* The trie as flat tables, numbered in the order of the visit. */
static void
flatten(const struct sprout *trie, const uint32_t *order, const uint32_t *rank,
        size_t n_nodes, struct arena *arena, struct rules *ret)
{
    struct rules_node *nodes = ARENA_ARRAY(arena, struct rules_node, n_nodes);
    uint8_t *labels = ARENA_ARRAY(arena, uint8_t, n_nodes);
    uint32_t *targets = ARENA_ARRAY(arena, uint32_t, n_nodes);
    uint32_t used = 0;
    for (size_t i = 0; i < n_nodes; i++) {
        const struct sprout *from = &trie[order[i]];
        uint32_t fail = rank[from->fail];
        struct edge edges[256];
        size_t n = 0;
        for (uint32_t c = from->child; c != 0; c = trie[c].sibling)
            edges[n++] = (struct edge){trie[c].label, rank[c]};
        qsort(edges, n, sizeof(edges[0]), by_label);
        nodes[i] = (struct rules_node){
            .edges = used,
            .fail = fail,
            .ends = from->ends,
            .shorter = nodes[fail].ends ? fail : nodes[fail].shorter,
            .n_edges = (uint16_t)n,
        };
        for (size_t k = 0; k < n; k++) {
            labels[used] = edges[k].label;
            targets[used++] = edges[k].target;
        }
    }
    ret->nodes = nodes;
    ret->n_nodes = n_nodes;
    ret->labels = labels;
    ret->targets = targets;
}

/* Whole rows for the first nodes: a row is that of the suffix, with the node's own edges
 * over it.  A suffix is shorter, so its row is there already. */
static void
make_rows(struct rules *rules, struct arena *arena)
{
    rules->n_classes = 1;
    for (size_t i = 0; i + 1 < rules->n_nodes; i++)
        if (rules->classes[rules->labels[i]] == 0)
            rules->classes[rules->labels[i]] = (uint8_t)rules->n_classes++;
    size_t width = rules->n_classes;
    rules->n_dense =
        (uint32_t)(rules->n_nodes < RULES_DENSE ? rules->n_nodes : RULES_DENSE);
    uint32_t *rows = ARENA_ARRAY(arena, uint32_t, rules->n_dense * width);
    for (size_t i = 0; i < rules->n_dense; i++) {
        const struct rules_node *node = &rules->nodes[i];
        uint32_t *row = rows + i * width;
        if (i > 0)
            memcpy(row, rows + node->fail * width, width * sizeof(*row));
        for (uint32_t k = node->edges; k < node->edges + node->n_edges; k++)
            row[rules->classes[rules->labels[k]]] = rules->targets[k];
    }
    rules->rows = rows;
}

bool
rules_build(const struct rules_phrase *phrases, size_t n_phrases,
            const struct rules_group *groups, size_t n_groups, size_t near_bytes,
            struct arena *arena, struct rules *ret, struct err *err)
{
    if (n_groups > RULES_GROUPS || n_phrases > 200000)
        return err_set(err, ERR_STOP, "too many phrases or groups (%zu, %zu)", n_phrases,
                       n_groups);
    struct rules_ending *endings = ARENA_ARRAY(arena, struct rules_ending, n_phrases + 1);
    /* What is needed only while building goes with this arena. */
    CLEANUP(arena_release) struct arena work;
    arena_init(&work, 0);
    size_t most = 1;
    for (size_t i = 0; i < n_phrases; i++)
        most += RULES_PHRASE_BYTES;
    struct sprout *trie = ARENA_ARRAY(&work, struct sprout, most);
    size_t n_nodes = 0;
    if (!grow(phrases, n_phrases, n_groups, &work, trie, &n_nodes, endings, err))
        return false;
    uint32_t *order = ARENA_ARRAY(&work, uint32_t, n_nodes);
    link_suffixes(trie, order, n_nodes);

    struct rules rules = {
        .endings = endings, .n_groups = n_groups, .near_bytes = near_bytes};
    struct rules_group *copy = ARENA_ARRAY(arena, struct rules_group, n_groups + 1);
    for (size_t i = 0; i < n_groups; i++) {
        copy[i] = groups[i];
        for (size_t k = 0; k < groups[i].n_not_near; k++)
            if (groups[i].not_near[k] >= n_groups)
                return err_set(err, ERR_STOP, "group %zu: not_near names no group", i);
    }
    rules.groups = copy;
    uint32_t *rank = ARENA_ARRAY(&work, uint32_t, n_nodes);
    for (size_t i = 0; i < n_nodes; i++)
        rank[order[i]] = (uint32_t)i;
    flatten(trie, order, rank, n_nodes, arena, &rules);
    make_rows(&rules, arena);
    *ret = rules;
    return true;
}

/* --- matching ----------------------------------------------------------------------- */

static uint32_t
edge_to(const struct rules *rules, const struct rules_node *node, uint8_t label)
{
    const uint8_t *labels = rules->labels + node->edges;
    size_t low = 0;
    size_t high = node->n_edges;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (labels[mid] == label)
            return rules->targets[node->edges + mid];
        if (labels[mid] < label)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

/* Amortised constant: every step towards the root was paid for by a step away from it. */
static uint32_t
step(const struct rules *rules, uint32_t node, uint8_t label)
{
    while (node >= rules->n_dense) {
        uint32_t to = edge_to(rules, &rules->nodes[node], label);
        if (to != 0)
            return to;
        node = rules->nodes[node].fail;
    }
    return rules->rows[node * rules->n_classes + rules->classes[label]];
}

struct hits {
    struct hit *list;
    size_t n;
    size_t room;
    uint16_t *per_group;
    struct arena *arena;
};

static void
add_hit(struct hits *hits, struct hit hit)
{
    if (hits->per_group[hit.group] >= RULES_HITS_GROUP)
        return; /* one repeated word must not crowd out the others */
    hits->per_group[hit.group]++;
    if (hits->n == hits->room) {
        size_t room = hits->room ? hits->room * 2 : 64;
        struct hit *list = ARENA_ARRAY(hits->arena, struct hit, room);
        if (hits->n > 0)
            memcpy(list, hits->list, hits->n * sizeof(*list));
        hits->list = list;
        hits->room = room;
    }
    hits->list[hits->n++] = hit;
}

static void
collect(const struct rules *rules, struct str text, struct hits *hits)
{
    uint32_t node = 0;
    for (size_t i = 0; i < text.len; i++) {
        node = step(rules, node, (uint8_t)text.ptr[i]);
        const struct rules_node *at = &rules->nodes[node];
        if (at->ends == 0 && at->shorter == 0)
            continue;
        for (uint32_t n = at->ends ? node : at->shorter; n != 0;
             n = rules->nodes[n].shorter)
            for (uint32_t e = rules->nodes[n].ends; e != 0;
                 e = rules->endings[e - 1].next) {
                const struct rules_ending *ending = &rules->endings[e - 1];
                size_t start = i + 1 - ending->len_bytes;
                if ((ending->word_start && word_before(text, start)) ||
                    (ending->word_end && word_after(text, i + 1)))
                    continue;
                add_hit(hits,
                        (struct hit){(uint32_t)start, (uint32_t)(i + 1), ending->group});
            }
    }
}

/* No end of a clause between the two. */
static bool
same_clause(struct str text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        char c = text.ptr[i];
        if (c == '.' || c == '!' || c == '?' || c == ';' || c == ',')
            return false;
        if (c == '\xE3' && i + 2 < text.len && text.ptr[i + 1] == '\x80' &&
            text.ptr[i + 2] == '\x82') /* U+3002 ideographic full stop */
            return false;
    }
    return true;
}

static bool
spoils(const struct rules *rules, struct str text, const struct hit *hit,
       const struct hit *other)
{
    const struct rules_group *group = &rules->groups[hit->group];
    size_t i = 0;
    while (i < group->n_not_near && group->not_near[i] != other->group)
        i++;
    if (i == group->n_not_near)
        return false;
    bool ascii = (unsigned char)text.ptr[other->start] < 0x80;
    size_t near_bytes = ascii ? rules->near_bytes : rules->near_bytes * 3 / 4;
    if (other->end <= hit->start)
        return hit->start - other->end <= near_bytes &&
               same_clause(text, other->end, hit->start);
    if (other->start >= hit->end && !group->before_only[i])
        return other->start - hit->end <= near_bytes &&
               same_clause(text, hit->end, other->start);
    return false; /* inside each other: the phrase itself says "no" */
}

/* Hits are in order of their ends, so the neighbours that can matter are few. */
static bool
is_spoiled(const struct rules *rules, struct str text, const struct hits *hits, size_t at)
{
    const struct hit *hit = &hits->list[at];
    if (rules->groups[hit->group].n_not_near == 0)
        return false;
    for (size_t i = at; i-- > 0;) {
        if (hits->list[i].end + rules->near_bytes < hit->start)
            break;
        if (spoils(rules, text, hit, &hits->list[i]))
            return true;
    }
    for (size_t i = at + 1; i < hits->n; i++) {
        if (hits->list[i].end > hit->end + rules->near_bytes + RULES_PHRASE_BYTES)
            break;
        if (spoils(rules, text, hit, &hits->list[i]))
            return true;
    }
    return false;
}

const uint16_t *
rules_match(const struct rules *rules, struct str folded, struct arena *arena)
{
    uint16_t *counts = ARENA_ARRAY(arena, uint16_t, rules->n_groups + 1);
    struct hits hits = {.per_group = ARENA_ARRAY(arena, uint16_t, rules->n_groups + 1),
                        .arena = arena};
    collect(rules, folded, &hits);
    for (size_t i = 0; i < hits.n; i++) {
        uint16_t group = hits.list[i].group;
        if (counts[group] < RULES_COUNT_MAX && !is_spoiled(rules, folded, &hits, i))
            counts[group]++;
    }
    return counts;
}
