/* notice_policy.c - reads notices/<language>.json; const afterwards.
 *
 * A template that asks for a name that nothing fills, or that could come out empty, stops
 * the start: the complainant must not be the one who finds out. */
#include "routing/notice.h"

struct reader {
    struct notice_words *words;
    struct arena *arena;
};

/* Every {name} is one that notices fill; a title's, and those of one line, always. */
static bool
check_names(const struct policy_node *node, struct str text, bool all_always,
            size_t *names, bool *ret_always, struct err *err)
{
    *ret_always = true;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '}')
            return policy_error(node, err, "a } without its {");
        if (text.ptr[i] != '{')
            continue;
        const char *close = memchr(text.ptr + i, '}', text.len - i);
        bool always = false;
        if (!close)
            return policy_error(node, err, "a { without its }");
        size_t len = (size_t)(close - text.ptr) - i - 1;
        struct str name = str_sub(text, i + 1, len);
        if (!notice_name_known(name, &always))
            return policy_error(node, err, "unknown name {%.*s}",
                                (int)(len < 64 ? len : 64), name.ptr);
        if (all_always && !always)
            return policy_error(node, err,
                                "{%.*s} is not known in every case: not in a title",
                                STR_ARG(name));
        *ret_always &= always;
        (*names)++;
        i += len + 1;
    }
    return true;
}

static bool
read_lines(const struct reader *r, const struct policy_node *node, size_t *names,
           struct notice_text *text, struct err *err)
{
    struct policy_node lines;
    bool any = false;
    if (!policy_array(node, "lines", true, NOTICE_MAX_LINES, &lines, err))
        return false;
    text->n_lines = policy_len(&lines);
    text->lines = ARENA_ARRAY(r->arena, struct str, text->n_lines + 1);
    for (size_t i = 0; i < text->n_lines; i++) {
        struct policy_node item = policy_at(&lines, i);
        bool always = false;
        if (!policy_as_str(&item, &text->lines[i], err) ||
            !check_names(&item, text->lines[i], false, names, &always, err))
            return false;
        if (text->lines[i].len > NOTICE_MAX_LINE_BYTES)
            return policy_error(&item, err, "longer than %d bytes",
                                NOTICE_MAX_LINE_BYTES);
        any |= always && !str_empty(str_trim(text->lines[i]));
    }
    return any ||
           policy_error(&lines, err, "needs a line whose names are known in every case");
}

static bool
read_text(const struct reader *r, const struct policy_node *node,
          struct notice_text *text, struct err *err)
{
    size_t names = 0;
    bool always = false;
    if (!policy_str(node, "title", true, &text->title, err) ||
        !check_names(node, text->title, true, &names, &always, err))
        return false;
    if (str_empty(str_trim(text->title)) || text->title.len > NOTICE_MAX_TITLE_BYTES)
        return policy_error(node, err, "a title has 1 to %d bytes",
                            NOTICE_MAX_TITLE_BYTES);
    if (!read_lines(r, node, &names, text, err))
        return false;
    return names <= NOTICE_MAX_NAMES ||
           policy_error(node, err, "more than %d names", NOTICE_MAX_NAMES);
}

/* A template, and its variants for kinds that need other words. */
static bool
read_notice(const struct reader *r, const struct policy_node *all, enum occasion occasion,
            struct err *err)
{
    static const char *const KEYS[] = {"title", "lines", "kinds", NULL};
    static const char *const TEXT_KEYS[] = {"title", "lines", NULL};
    static const char *const KINDS[] = {"inquiry", "suggestion", NULL};
    struct notice_text *texts = r->words->texts[occasion];
    struct policy_node node;
    struct policy_node kinds;
    struct notice_text general;
    if (!policy_object(all, occasion_key(occasion), true, &node, err) ||
        !policy_known(&node, KEYS, err) || !read_text(r, &node, &general, err) ||
        !policy_object(&node, "kinds", false, &kinds, err) ||
        (kinds.json && !policy_known(&kinds, KINDS, err)))
        return false;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct policy_node variant;
        texts[kind] = general;
        if (kinds.json && policy_has(&kinds, kind_name((enum kind)kind)) &&
            (!policy_object(&kinds, kind_name((enum kind)kind), true, &variant, err) ||
             !policy_known(&variant, TEXT_KEYS, err) ||
             !read_text(r, &variant, &texts[kind], err)))
            return false;
    }
    return true;
}

static bool
read_notices(const struct reader *r, const struct policy_node *root, struct err *err)
{
    const char *keys[OCCASION_COUNT + 1] = {NULL};
    struct policy_node all;
    for (int i = 0; i < OCCASION_COUNT; i++)
        keys[i] = occasion_key((enum occasion)i);
    if (!policy_object(root, "notices", true, &all, err) ||
        !policy_known(&all, keys, err))
        return false;
    for (int i = 0; i < OCCASION_COUNT; i++)
        if (!read_notice(r, &all, (enum occasion)i, err))
            return false;
    return true;
}

/* --- words -------------------------------------------------------------------------- */

static bool
read_word(const struct policy_node *node, const char *key, struct str *ret,
          struct err *err)
{
    if (!policy_str(node, key, true, ret, err))
        return false;
    return (!str_empty(str_trim(*ret)) && ret->len <= NOTICE_MAX_TITLE_BYTES) ||
           policy_error(node, err, "%s: 1 to %d bytes", key, NOTICE_MAX_TITLE_BYTES);
}

/* The members of an object other than comments; refused above the limit. */
static bool
read_entries(const struct policy_node *root, const char *key, bool required,
             struct policy_node *ret, size_t *ret_n, struct err *err)
{
    if (!policy_object(root, key, required, ret, err))
        return false;
    *ret_n = ret->json ? json_object_size(ret->json) : 0;
    return *ret_n <= NOTICE_MAX_ENTRIES ||
           policy_error(ret, err, "more than %d entries", NOTICE_MAX_ENTRIES);
}

static bool
read_remedies(const struct reader *r, const struct policy_node *words, struct err *err)
{
    struct policy_node node;
    size_t n = 0;
    const char *key = NULL;
    json_t *value = NULL;
    if (!read_entries(words, "remedies", false, &node, &n, err))
        return false;
    r->words->remedies = ARENA_ARRAY(r->arena, struct notice_remedy, n + 1);
    if (n == 0)
        return true;
    json_object_foreach(node.json, key, value)
    {
        struct notice_remedy *item = &r->words->remedies[r->words->n_remedies++];
        item->remedy = str_from(key);
        if (!read_word(&node, key, &item->shown, err))
            return false;
    }
    return true;
}

static bool
read_words(const struct reader *r, const struct policy_node *root, struct err *err)
{
    static const char *const KEYS[] = {"kinds", "states", "clocks", "remedies", NULL};
    struct policy_node words;
    struct policy_node node;
    if (!policy_object(root, "words", true, &words, err) ||
        !policy_known(&words, KEYS, err) ||
        !policy_object(&words, "kinds", true, &node, err))
        return false;
    for (int i = 0; i < KIND_COUNT; i++)
        if (!read_word(&node, kind_name((enum kind)i), &r->words->kinds[i], err))
            return false;
    if (!policy_object(&words, "states", true, &node, err))
        return false;
    for (int i = STATE_OPEN; i < STATE_COUNT; i++)
        if (!read_word(&node, state_name((enum state)i), &r->words->states[i], err))
            return false;
    r->words->states[STATE_NONE] = r->words->states[STATE_OPEN];
    if (!policy_object(&words, "clocks", true, &node, err))
        return false;
    for (int i = 0; i < CLOCK_COUNT; i++)
        if (notice_tells((enum clock)i) &&
            !read_word(&node, clock_name((enum clock)i), &r->words->clocks[i], err))
            return false;
    return read_remedies(r, &words, err);
}

/* --- zones and authorities -------------------------------------------------------------
 */

static bool
read_zones(const struct reader *r, const struct policy_node *root, struct err *err)
{
    struct policy_node node;
    struct str standard;
    size_t n = 0;
    const char *key = NULL;
    json_t *value = NULL;
    if (!policy_str(root, "zone", true, &standard, err) ||
        !read_entries(root, "zones", true, &node, &n, err))
        return false;
    r->words->zones = ARENA_ARRAY(r->arena, struct notice_zone, n + 1);
    r->words->zone = SIZE_MAX;
    json_object_foreach(node.json, key, value)
    {
        struct notice_zone *zone = &r->words->zones[r->words->n_zones];
        zone->name = str_from(key);
        if (!read_word(&node, key, &zone->shown, err))
            return false;
        if (!zone_load(zone->name, &zone->zone, err))
            return policy_error(&node, err, "there is no zone \"%s\"", key);
        if (str_eq(zone->name, standard))
            r->words->zone = r->words->n_zones;
        r->words->n_zones++;
    }
    return r->words->zone != SIZE_MAX ||
           policy_error(root, err, "zone \"%.*s\" is not in $.zones", STR_ARG(standard));
}

static bool
read_authority(const struct reader *r, const struct policy_node *node,
               struct notice_authority *authority, struct err *err)
{
    static const char *const KEYS[] = {"names", "text", NULL};
    struct policy_node names;
    if (!policy_known(node, KEYS, err) ||
        !policy_array(node, "names", true, NOTICE_MAX_ENTRIES, &names, err) ||
        !policy_str(node, "text", true, &authority->text, err))
        return false;
    if (str_empty(str_trim(authority->text)) ||
        authority->text.len > NOTICE_MAX_LINE_BYTES)
        return policy_error(node, err, "text: 1 to %d bytes", NOTICE_MAX_LINE_BYTES);
    authority->n_names = policy_len(&names);
    authority->names = ARENA_ARRAY(r->arena, struct str, authority->n_names + 1);
    for (size_t i = 0; i < authority->n_names; i++) {
        struct policy_node item = policy_at(&names, i);
        if (!policy_as_str(&item, &authority->names[i], err))
            return false;
    }
    return true;
}

static bool
read_appeal(const struct reader *r, const struct policy_node *root, struct err *err)
{
    static const char *const KEYS[] = {"default", "authorities", NULL};
    struct policy_node appeal;
    struct policy_node list;
    if (!policy_object(root, "appeal", true, &appeal, err) ||
        !policy_known(&appeal, KEYS, err) ||
        !policy_str(&appeal, "default", true, &r->words->appeal_to, err) ||
        !policy_array(&appeal, "authorities", false, NOTICE_MAX_ENTRIES, &list, err))
        return false;
    if (str_empty(str_trim(r->words->appeal_to)) ||
        r->words->appeal_to.len > NOTICE_MAX_LINE_BYTES)
        return policy_error(&appeal, err, "default: 1 to %d bytes",
                            NOTICE_MAX_LINE_BYTES);
    r->words->n_authorities = list.json ? policy_len(&list) : 0;
    r->words->authorities =
        ARENA_ARRAY(r->arena, struct notice_authority, r->words->n_authorities + 1);
    for (size_t i = 0; i < r->words->n_authorities; i++) {
        struct policy_node item = policy_at(&list, i);
        if (!read_authority(r, &item, &r->words->authorities[i], err))
            return false;
    }
    return true;
}

static bool
read_language(const struct reader *r, struct err *err)
{
    static const char *const KEYS[] = {"version", "zone",    "zones", "appeal",
                                       "words",   "notices", NULL};
    struct policy_node root = policy_root(&r->words->doc);
    return policy_known(&root, KEYS, err) && read_zones(r, &root, err) &&
           read_appeal(r, &root, err) && read_words(r, &root, err) &&
           read_notices(r, &root, err);
}

bool
notice_policy_load(struct notice_policy *ret, const char *dir, struct err *err)
{
    static const char *const FILES[] = {
        [NOTICE_EN] = "notices/en.json",
        [NOTICE_ZH] = "notices/zh.json",
    };
    for (size_t i = 0; i < COUNT_OF(FILES); i++) {
        struct reader r = {&ret->words[i], &ret->arena};
        if (!policy_read(&r.words->doc, dir, FILES[i], err) || !read_language(&r, err))
            return false;
    }
    return true;
}

void
notice_policy_release(struct notice_policy *policy)
{
    for (size_t i = 0; i < NOTICE_LANGUAGES; i++) {
        struct notice_words *words = &policy->words[i];
        for (size_t k = 0; k < words->n_zones; k++)
            zone_release(&words->zones[k].zone);
        policy_release(&words->doc);
    }
    arena_release(&policy->arena);
}
