/* models.json and its files -> struct models: whatever could not be meant stops here. */
#include "classification/models.h"

#include <stdio.h>

#include "conf/policy.h"
#include "gen/kind.h"

#define MODELS_KEY_BYTES 300 /* of a label: train refuses longer ones */
#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct loader {
    struct models *models;
    const char *dir;
    const struct models_codes *codes;
    struct arena *arena;
};

/* --- labels ------------------------------------------------------------------------- */

static bool
is_one_of(struct str code, const struct str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], code))
            return true;
    return false;
}

/* True where the task knows the code; *ret gets what it means. */
static bool
take_code(const struct loader *in, enum task task, struct str code,
          struct models_label *ret)
{
    static const struct str signs[] = {{"negative", 8}, {"neutral", 7}, {"positive", 8}};
    static const struct str languages[] = {{"zh", 2}, {"en", 2}, {"other", 5}};
    const struct models_codes *codes = in->codes;
    enum kind kind = KIND_UNKNOWN;
    int64_t number = 0;
    ret->code = code;
    bool none = str_eq(code, STR("none"));
    switch (task) {
    case TASK_LANGUAGE:
        return is_one_of(code, languages, COUNT_OF(languages));
    case TASK_KIND:
        if (!kind_parse(code, &kind) || kind == KIND_UNKNOWN)
            return false;
        ret->value = (double)kind;
        return true;
    case TASK_PRODUCT:
        ret->nothing = none;
        return none || is_one_of(code, codes->product, codes->n_products);
    case TASK_ISSUE:
        ret->nothing = none;
        return none || is_one_of(code, codes->issue, codes->n_issues);
    case TASK_SEVERITY:
        ret->value = str_to_i64(code, &number) ? (double)number : 0;
        return code.len == 1 && number >= 1 && number <= 5;
    case TASK_SENTIMENT:
        for (size_t i = 0; i < COUNT_OF(signs); i++)
            if (str_eq(code, signs[i]))
                ret->value = (double)i - 1;
        return is_one_of(code, signs, COUNT_OF(signs));
    case TASK_DOUBLE_DEVIATION:
        ret->value = str_eq(code, STR("yes")) || str_eq(code, STR("true"));
        ret->code = ret->value > 0 ? STR("yes") : STR("no");
        return ret->value > 0 || str_eq(code, STR("no")) || str_eq(code, STR("false"));
    case TASK_DESIRED_REMEDY:
        ret->nothing = none;
        return none || is_one_of(code, codes->remedy, codes->n_remedies);
    case TASK_COUNT:
        break;
    }
    return false;
}

static const char *
known_codes(enum task task)
{
    static const char *const known[TASK_COUNT] = {
        "zh, en, other",
        "inquiry, complaint, suggestion, praise",
        "an id of taxonomy.json's products, or none",
        "an id of taxonomy.json's issues, or none",
        "1 to 5",
        "negative, neutral, positive",
        "yes, no",
        "none, fix, or a remedy of rules.json",
    };
    BUG_IF(task >= TASK_COUNT);
    return known[task];
}

/* A word in "labels" that the model does not say is a slip. */
static bool
check_map(const struct policy_node *map, const struct model *model, struct err *err)
{
    for (void *at = json_object_iter(map->json); at;
         at = json_object_iter_next(map->json, at)) {
        struct str name = str_from(json_object_iter_key(at));
        uint32_t i = 0;
        while (i < model->header->n_labels && !str_eq(model_label_name(model, i), name))
            i++;
        if (i == model->header->n_labels)
            return policy_error(map, err, "the model has no label \"%.40s\"", name.ptr);
    }
    return true;
}

static bool
take_labels(struct loader *in, const struct policy_node *node, struct models_entry *entry,
            struct err *err)
{
    struct policy_node map = {.json = NULL};
    uint32_t n = entry->model.header->n_labels;
    struct models_label *labels = ARENA_ARRAY(in->arena, struct models_label, n);
    if (!policy_object(node, "labels", false, &map, err) ||
        (map.json && !check_map(&map, &entry->model, err)))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct str name = model_label_name(&entry->model, i);
        struct str code = name;
        char key[MODELS_KEY_BYTES];
        (void)snprintf(key, sizeof(key), "%.*s", STR_ARG(name));
        if (map.json && !policy_str(&map, key, false, &code, err))
            return false;
        if (!take_code(in, entry->task, code, &labels[i]))
            return policy_error(node, err,
                                "label \"%.*s\" is not known (%s): map it in "
                                "\"labels\", or train without it",
                                (int)(code.len < 40 ? code.len : 40), code.ptr,
                                known_codes(entry->task));
    }
    entry->label = labels;
    return true;
}

/* --- an entry ----------------------------------------------------------------------- */

static bool
is_date(const char *text)
{
    static const char form[] = "0000-00-00";
    size_t i = 0;
    for (; text && text[i] && form[i]; i++)
        if (form[i] == '-' ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
    return text && i == sizeof(form) - 1 && !text[i];
}

/* "kind-2026-11-22-1a2b3c4d"; without the date where the card tells none. */
static struct str
version_of(const struct loader *in, const struct models_entry *entry)
{
    struct str card = model_card(&entry->model);
    json_error_t fault;
    json_t *json = json_loadb(card.ptr, card.len, 0, &fault);
    const char *date = json_string_value(json_object_get(json, "date"));
    bool dated = is_date(date);
    struct str version = arena_printf(
        in->arena, "%.*s-%s%s%08x", STR_ARG(task_name(entry->task)), dated ? date : "",
        dated ? "-" : "", (unsigned)(entry->model.header->checksum & UINT32_MAX));
    json_decref(json);
    return version;
}

static bool
take_languages(const struct policy_node *node, struct models_entry *entry,
               struct err *err)
{
    struct policy_node list = {.json = NULL};
    if (!policy_array(node, "languages", false, 3, &list, err))
        return false;
    if (list.json && entry->task == TASK_LANGUAGE)
        return policy_error(&list, err, "the language is what this model is asked for");
    for (size_t i = 0; i < policy_len(&list); i++) {
        struct policy_node item = policy_at(&list, i);
        struct str name = STR_NULL;
        if (!policy_as_str(&item, &name, err))
            return false;
        unsigned bit = models_language(name);
        if (bit == MODELS_OTHER && !str_eq(name, STR("other")))
            return policy_error(&item, err, "must be zh, en or other");
        entry->languages |= bit;
    }
    return !list.json || entry->languages != 0 ||
           policy_error(&list, err, "names no language: the model would never be asked");
}

/* An earlier model of the task answers for all its languages. */
static bool
is_covered(const struct models *models, const struct models_entry *entry)
{
    unsigned mine = entry->languages ? entry->languages : 7U;
    for (size_t i = 0; i < models->n; i++)
        if (models->entry[i].task == entry->task)
            mine &= ~(models->entry[i].languages ? models->entry[i].languages : 7U);
    return mine == 0;
}

/* The file is named as in models.json, wherever the folder lies. */
static void
drop_folder(char *text, const char *dir)
{
    size_t n = strlen(dir);
    char *at = n > 0 ? strstr(text, dir) : NULL;
    if (at && at[n] == '/')
        memmove(at, at + n + 1, strlen(at + n + 1) + 1);
}

static bool
open_file(struct loader *in, const struct policy_node *node, struct models_entry *entry,
          struct err *err)
{
    struct str file = STR_NULL;
    char path[512];
    struct err why = {0};
    if (!policy_str(node, "file", true, &file, err))
        return false;
    struct policy_node place = policy_get(node, "file");
    if (!str_starts(file, STR("models/")) || !str_ends(file, STR(".model")) ||
        file.len > 120 || memchr(file.ptr + 7, '/', file.len - 7))
        return policy_error(&place, err, "must be models/NAME.model");
    (void)snprintf(path, sizeof(path), "%.380s/%.*s", in->dir, STR_ARG(file));
    if (model_open(&entry->model, path, &why))
        return true;
    drop_folder(why.text, in->dir);
    return policy_error(&place, err, "%s", why.text);
}

/* A model of one task in the place of another; a name of your own may be any. */
static bool
check_task(const struct policy_node *node, const struct models_entry *entry,
           struct err *err)
{
    struct str trained = model_task(&entry->model);
    enum task task = task_of(trained);
    if (task == TASK_COUNT || task == entry->task)
        return true;
    struct policy_node place = policy_get(node, "file");
    return policy_error(&place, err,
                        "was trained for the task \"%.*s\", not for \"%.*s\"",
                        STR_ARG(trained), STR_ARG(task_name(entry->task)));
}

static bool
take_entry(struct loader *in, const struct policy_node *node, struct err *err)
{
    struct models_entry *entry = &in->models->entry[in->models->n];
    struct str name = STR_NULL;
    *entry = (struct models_entry){0};
    if (!policy_known(node, KEYS("task", "file", "threshold", "languages", "labels"),
                      err) ||
        !policy_str(node, "task", true, &name, err))
        return false;
    struct policy_node place = policy_get(node, "task");
    entry->task = task_of(name);
    if (entry->task == TASK_COUNT)
        return policy_error(&place, err,
                            "is no task: language, kind, product, issue, "
                            "severity, sentiment, double_deviation, "
                            "desired_remedy");
    if (!take_languages(node, entry, err))
        return false;
    if (is_covered(in->models, entry))
        return policy_error(node, err,
                            "never asked: the models of this task before it "
                            "have all its languages");
    if (!open_file(in, node, entry, err))
        return false;
    in->models->n++; /* from here on models_close() closes it */
    entry->threshold = (double)entry->model.header->threshold;
    if (!check_task(node, entry, err) ||
        !policy_double(node, "threshold", false, 0, 1, &entry->threshold, err) ||
        !take_labels(in, node, entry, err))
        return false;
    entry->version = version_of(in, entry);
    if (entry->model.header->n_rows > in->models->max_rows)
        in->models->max_rows = entry->model.header->n_rows;
    return true;
}

static bool
take_review(struct models *models, const struct policy_node *root, struct err *err)
{
    struct policy_node list = {.json = NULL};
    if (!policy_array(root, "review", false, TASK_COUNT, &list, err))
        return false;
    models->review[TASK_KIND] = !list.json;
    for (size_t i = 0; i < policy_len(&list); i++) {
        struct policy_node item = policy_at(&list, i);
        struct str name = STR_NULL;
        if (!policy_as_str(&item, &name, err))
            return false;
        enum task task = task_of(name);
        if (task == TASK_COUNT)
            return policy_error(&item, err, "is no task");
        models->review[task] = true;
    }
    return true;
}

static void
pool(struct loader *in)
{
    struct models *models = in->models;
    const struct model *list[MODELS_MAX];
    for (size_t i = 0; i < models->n; i++)
        list[i] = &models->entry[i].model;
    models->pool = model_pool_new(list, models->n, in->arena);
    if (models->pool && models->pool->n_nodes > models->max_rows)
        models->max_rows = models->pool->n_nodes;
}

static bool
take_all(struct loader *in, const struct policy_doc *doc, struct err *err)
{
    struct policy_node root = policy_root(doc);
    struct policy_node list;
    struct str version = STR_NULL;
    in->models->complaint_from = 0.25;
    if (!policy_known(&root, KEYS("version", "models", "review", "complaint_from"),
                      err) ||
        !policy_str(&root, "version", true, &version, err) ||
        !policy_array(&root, "models", true, MODELS_MAX, &list, err) ||
        !policy_double(&root, "complaint_from", false, 0, 1, &in->models->complaint_from,
                       err) ||
        !take_review(in->models, &root, err))
        return false;
    for (size_t i = 0; i < policy_len(&list); i++) {
        struct policy_node node = policy_at(&list, i);
        if (!take_entry(in, &node, err))
            return false;
    }
    if (in->models->n > 0)
        in->models->table = features_table_new(in->arena, err);
    pool(in);
    return in->models->n == 0 || in->models->table;
}

bool
models_load(struct models *ret, const struct policy_doc *doc, const char *dir,
            const struct models_codes *codes, struct arena *arena, struct err *err)
{
    struct loader in = {ret, dir, codes, arena};
    *ret = (struct models){0};
    if (take_all(&in, doc, err))
        return true;
    models_close(ret);
    return false;
}

void
models_close(struct models *models)
{
    for (size_t i = 0; i < models->n; i++)
        model_close(&models->entry[i].model);
    models->n = 0;
    models->pool = NULL;
}

uint64_t
models_hash(const struct models *models, struct str of_file)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a: a name, no protection */
    for (size_t i = 0; i < of_file.len; i++)
        h = (h ^ (unsigned char)of_file.ptr[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < models->n; i++)
        for (unsigned k = 0; k < 64; k += 8)
            h = (h ^ ((models->entry[i].model.header->checksum >> k) & 0xFF)) *
                UINT64_C(0x100000001b3);
    return h;
}
