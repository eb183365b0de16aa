#include "ctl/policy_dir.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "classification/stages.h"
#include "conf/policy.h"
#include "routing/stages.h"
#include "sla/stages.h"
#include "triage/stages.h"

static const char *const FOLDERS[] = {"", "sla/", "calendars/", "notices/", "models/"};

/* --- kinds -------------------------------------------------------------------------- */

const char *
policy_kind_name(enum policy_kind kind)
{
    static const char *const NAMES[POLICY_KIND_COUNT] = {
        "unknown",  "taxonomy", "rules",   "triage",  "sla",    "sla preset",
        "calendar", "holidays", "routing", "notices", "models", "model"};
    return NAMES[kind];
}

static enum policy_kind
kind_of_name(struct str name)
{
    static const struct {
        const char *start;
        const char *end;
        enum policy_kind kind;
    } table[] = {{"taxonomy.json", "taxonomy.json", POLICY_TAXONOMY},
                 {"rules.json", "rules.json", POLICY_RULES},
                 {"triage.json", "triage.json", POLICY_TRIAGE},
                 {"sla.json", "sla.json", POLICY_SLA},
                 {"routing.json", "routing.json", POLICY_ROUTING},
                 {"sla/", ".json", POLICY_PRESET},
                 {"calendars/", ".json", POLICY_CALENDAR},
                 {"calendars/", ".ics", POLICY_HOLIDAYS},
                 {"notices/", ".json", POLICY_NOTICES},
                 {"models.json", "models.json", POLICY_MODELS},
                 {"models/", ".model", POLICY_MODEL}};
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (str_starts(name, str_from(table[i].start)) &&
            str_ends(name, str_from(table[i].end)) &&
            (strcmp(table[i].start, table[i].end) != 0 ||
             name.len == strlen(table[i].start)))
            return table[i].kind;
    return POLICY_UNKNOWN;
}

/* By the keys that only this kind has. */
static enum policy_kind
kind_of_content(const json_t *root)
{
    static const struct {
        const char *key;
        const char *also;
        enum policy_kind kind;
    } table[] = {
        {"policies", "calendars", POLICY_SLA},
        {"regulators", "clocks", POLICY_PRESET},
        {"week", "zone", POLICY_CALENDAR},
        {"default_team", "teams", POLICY_ROUTING},
        {"tiers", "severity", POLICY_TRIAGE},
        {"notices", "notices", POLICY_NOTICES},
        {"products", "products", POLICY_TAXONOMY},
        {"lists", "lists", POLICY_RULES},
        {"policies", "policies", POLICY_SLA},
        {"teams", "teams", POLICY_ROUTING},
        {"salvageability", "salvageability", POLICY_TRIAGE},
        {"models", "models", POLICY_MODELS},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (json_object_get(root, table[i].key) && json_object_get(root, table[i].also))
            return table[i].kind;
    return POLICY_UNKNOWN;
}

const struct stage_def *
policy_dir_stage(enum policy_kind kind)
{
    switch (kind) {
    case POLICY_TAXONOMY:
    case POLICY_RULES:
    case POLICY_MODELS:
    case POLICY_MODEL:
        return &classification_stage;
    case POLICY_TRIAGE:
        return &triage_stage;
    case POLICY_SLA:
    case POLICY_PRESET:
    case POLICY_CALENDAR:
    case POLICY_HOLIDAYS:
        return &sla_stage;
    case POLICY_ROUTING:
    case POLICY_NOTICES:
        return &assign_stage;
    case POLICY_UNKNOWN:
    case POLICY_KIND_COUNT:
        break;
    }
    return NULL;
}

/* --- files -------------------------------------------------------------------------- */

struct policy_file *
policy_dir_find(struct policy_dir *dir, struct str name)
{
    for (size_t i = 0; i < dir->n_files; i++)
        if (str_eq(dir->files[i].name, name))
            return &dir->files[i];
    return NULL;
}

static struct policy_file *
add_file(struct policy_dir *dir, struct str name, struct str source, bool given,
         struct err *err)
{
    struct policy_file *file = policy_dir_find(dir, name);
    if (!file && dir->n_files == POLICY_DIR_FILES_MAX) {
        err_set(err, ERR_STOP, "more than %d policy files", POLICY_DIR_FILES_MAX);
        return NULL;
    }
    if (!file) {
        size_t i = dir->n_files++;
        for (; i > 0 && str_cmp(dir->files[i - 1].name, name) > 0; i--)
            dir->files[i] = dir->files[i - 1];
        file = &dir->files[i];
        file->name = arena_str(&dir->arena, name);
        file->kind = kind_of_name(file->name);
    }
    file->source = arena_str(&dir->arena, source);
    file->given = given;
    return file;
}

static const char *
place_of(struct policy_dir *dir, struct str name)
{
    return arena_printf(&dir->arena, "%s/%.*s", dir->path, STR_ARG(name)).ptr;
}

static bool
link_file(struct policy_dir *dir, struct str name, struct str source, bool given,
          struct err *err)
{
    char whole[PATH_MAX];
    if (!realpath(source.ptr, whole))
        return err_set(err, ERR_STOP, "%.200s: cannot open: %s", source.ptr,
                       strerror(errno));
    const char *place = place_of(dir, name);
    (void)unlink(place);
    if (symlink(whole, place) != 0)
        return err_set(err, ERR_STOP, "%s: cannot make: %s", place, strerror(errno));
    return add_file(dir, name, source, given, err) != NULL;
}

/* All regular files of FOLDERS below from. */
static bool
link_all(struct policy_dir *dir, const char *from, bool given, struct err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < COUNT_OF(FOLDERS); i++) {
        struct str folder = arena_printf(&dir->arena, "%s/%s", from, FOLDERS[i]);
        DIR *in = opendir(folder.ptr);
        if (!in && i > 0)
            continue;
        if (!in)
            return err_set(err, ERR_STOP, "%.200s: cannot open: %s", from,
                           strerror(errno));
        const struct dirent *entry = NULL;
        while (ok && (entry = readdir(in))) {
            struct str name =
                arena_printf(&dir->arena, "%s%s", FOLDERS[i], entry->d_name);
            struct str source = arena_printf(&dir->arena, "%s/%.*s", from, STR_ARG(name));
            struct stat about;
            bool policy = str_ends(name, STR(".json")) || str_ends(name, STR(".ics"));
            if (str_starts(name, STR("models/"))) /* beside a model lies its card */
                policy = str_ends(name, STR(".model"));
            if (entry->d_name[0] != '.' && policy && stat(source.ptr, &about) == 0 &&
                S_ISREG(about.st_mode))
                ok = link_file(dir, name, source, given, err);
        }
        (void)closedir(in);
    }
    return ok;
}

bool
policy_dir_open(struct policy_dir *dir, const char *base, struct err *err)
{
    const char *top = getenv("TMPDIR");
    *dir = (struct policy_dir){0};
    int n = snprintf(dir->path, sizeof(dir->path), "%s/redress-policy-XXXXXX",
                     top && top[0] ? top : "/tmp");
    if (n < 0 || (size_t)n >= 80 || !mkdtemp(dir->path)) {
        dir->path[0] = '\0';
        return err_set(err, ERR_STOP,
                       "%.100s: no temporary folder can be made there; set "
                       "TMPDIR to a short path",
                       top ? top : "/tmp");
    }
    for (size_t i = 1; i < COUNT_OF(FOLDERS); i++)
        if (mkdir(place_of(dir, str_from(FOLDERS[i])), 0700) != 0)
            return err_set(err, ERR_STOP, "%s: %s", dir->path, strerror(errno));
    return link_all(dir, base, false, err);
}

void
policy_dir_remove(struct policy_dir *dir)
{
    for (size_t i = 0; dir->path[0] && i < dir->n_files; i++)
        (void)unlink(place_of(dir, dir->files[i].name));
    for (size_t i = COUNT_OF(FOLDERS); dir->path[0] && i-- > 0;)
        (void)rmdir(place_of(dir, str_from(FOLDERS[i])));
    dir->path[0] = '\0';
}

void
policy_dir_close(struct policy_dir *dir)
{
    policy_dir_remove(dir);
    arena_release(&dir->arena);
    *dir = (struct policy_dir){0};
}

bool
policy_dir_write(struct policy_dir *dir, struct str name, struct str bytes,
                 struct err *err)
{
    const char *place = place_of(dir, name);
    (void)unlink(place);
    FILE *out = fopen(place, "wb");
    bool ok = out && fwrite(bytes.ptr, 1, bytes.len, out) == bytes.len;
    if (out && fclose(out) != 0)
        ok = false;
    if (!ok)
        return err_set(err, ERR_STOP, "%s: cannot write: %s", place, strerror(errno));
    return true;
}

/* --- what the user gives ------------------------------------------------------------ */

/* Where in the folder a file of this content belongs; null if nowhere. */
static struct str
name_by_content(struct policy_dir *dir, const json_t *root, struct str base_name)
{
    struct str own = str_from(json_string_value(json_object_get(root, "name")));
    if (memchr(own.ptr ? own.ptr : "", '/', own.len) || own.len > 100 || own.len == 0)
        own = str_sub(base_name, 0, base_name.len > 5 ? base_name.len - 5 : 0);
    switch (kind_of_content(root)) {
    case POLICY_SLA:
        return STR("sla.json");
    case POLICY_ROUTING:
        return STR("routing.json");
    case POLICY_TRIAGE:
        return STR("triage.json");
    case POLICY_TAXONOMY:
        return STR("taxonomy.json");
    case POLICY_RULES:
        return STR("rules.json");
    case POLICY_PRESET:
        return arena_printf(&dir->arena, "sla/%.*s.json", STR_ARG(own));
    case POLICY_CALENDAR:
        return arena_printf(&dir->arena, "calendars/%.*s.json", STR_ARG(own));
    case POLICY_NOTICES:
        return arena_printf(&dir->arena, "notices/%.*s", STR_ARG(base_name));
    case POLICY_MODELS:
        return STR("models.json");
    case POLICY_UNKNOWN:
    case POLICY_HOLIDAYS:
    case POLICY_MODEL:
    case POLICY_KIND_COUNT:
        break;
    }
    return STR_NULL;
}

/* The file's own name, with its folder where that is one of ours. */
static struct str
name_by_path(struct str path)
{
    size_t slashes = 0;
    for (size_t i = path.len; i-- > 0;) {
        if (path.ptr[i] != '/' || ++slashes < 2)
            continue;
        return str_sub(path, i + 1, path.len);
    }
    return path;
}

/* By content; null if there is none that is known, or it is no JSON (err says why). */
static struct str
name_inside(struct policy_dir *dir, const char *path, struct str base_name,
            struct err *err)
{
    struct policy_doc doc;
    bool absolute = path[0] == '/';
    if (!policy_read(&doc, absolute ? "" : ".", path + absolute, err))
        return STR_NULL;
    struct str name = arena_str(&dir->arena, name_by_content(dir, doc.root, base_name));
    policy_release(&doc);
    return name;
}

/* A name that only one file has, then what the file holds, then the folder it lies in. */
static bool
put_file(struct policy_dir *dir, const char *path, struct err *err)
{
    struct err why = {0};
    struct str whole = str_from(path);
    const char *slash = strrchr(path, '/');
    struct str base_name = str_from(slash ? slash + 1 : path);
    struct str name = base_name;
    if (str_ends(base_name, STR(".ics")))
        name = arena_printf(&dir->arena, "calendars/%.*s", STR_ARG(base_name));
    else if (str_ends(base_name, STR(".model")))
        name = arena_printf(&dir->arena, "models/%.*s", STR_ARG(base_name));
    else if (kind_of_name(base_name) == POLICY_UNKNOWN)
        name = name_inside(dir, path, base_name, &why);
    if (str_is_null(name) && kind_of_name(name_by_path(whole)) != POLICY_UNKNOWN)
        name = name_by_path(whole);
    if (!str_is_null(name))
        return link_file(dir, name, whole, true, err);
    if (why.action != ERR_NONE) {
        *err = why;
        return false;
    }
    return err_set(
        err, ERR_STOP,
        "%.200s: neither its name nor its content is that of a policy file (see "
        "schemas/policy)",
        path);
}

bool
policy_dir_put(struct policy_dir *dir, const char *path, struct err *err)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return err_set(err, ERR_STOP, "%.200s: cannot open: %s", path, strerror(errno));
    return S_ISDIR(about.st_mode) ? link_all(dir, path, true, err)
                                  : put_file(dir, path, err);
}

/* --- loading ------------------------------------------------------------------------ */

/* "/tmp/redress-policy-x/sla.json: ..." -> "deploy/policy/sla.json: ...". */
static void
name_source(const struct policy_dir *dir, struct err *err)
{
    char text[sizeof(err->text)];
    size_t n = strlen(dir->path);
    if (strncmp(err->text, dir->path, n) != 0 || err->text[n] != '/')
        return;
    const char *name = err->text + n + 1;
    for (size_t i = 0; i < dir->n_files; i++) {
        const struct policy_file *file = &dir->files[i];
        if (strncmp(name, file->name.ptr, file->name.len) != 0 ||
            name[file->name.len] != ':')
            continue;
        (void)snprintf(text, sizeof(text), "%.160s%s", file->source.ptr,
                       name + file->name.len);
        memcpy(err->text, text, sizeof(text));
        return;
    }
    (void)snprintf(text, sizeof(text), "%s", name);
    memcpy(err->text, text, sizeof(text));
}

bool
policy_dir_load(const struct policy_dir *dir, const struct stage_def *def,
                void **ret_policy, struct err *err)
{
    *ret_policy = NULL;
    if (!def->policy_load)
        return true;
    *ret_policy = def->policy_load(dir->path, err);
    if (!*ret_policy)
        name_source(dir, err);
    return *ret_policy != NULL;
}
