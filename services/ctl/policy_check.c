#include "ctl/policy_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "conf/policy.h"

#define ROUNDS_MAX 300

/* What was taken out so far: mistakes that name it are no mistakes of the user. */
struct taken {
    struct taken *next;
    struct str file;
    struct str path; /* as it was at that time */
    struct str dump; /* what stood there       */
    bool item;       /* of an array: those behind it moved up */
    bool made;       /* something of ours stands there now    */
    bool stale;      /* another item stands at this path now  */
};
struct rounds {
    struct policy_check *check;
    struct taken *taken; /* newest first */
    bool stubbed;        /* sla.json is ours by now */
};
/* A loader's complaint, taken apart. */
struct complaint {
    struct policy_file *file;
    struct str path; /* null: of the file as a whole */
    struct str what;
};

void
policy_find(struct policy_check *check, struct str file, struct str path, bool warning,
            const char *fmt, ...)
{
    char text[400];
    va_list args;
    if (check->n == FINDINGS_MAX)
        return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    check->findings[check->n++] = (struct policy_finding){
        .file = arena_str(check->arena, file),
        .path = arena_str(check->arena, path),
        .text = arena_str(check->arena, str_from(text)),
        .warning = warning,
    };
}

json_t *
policy_check_read(const struct policy_check *check, struct str name)
{
    struct policy_doc doc;
    struct err ignored;
    struct str file = arena_str(check->arena, name);
    /* Only what the services would take: a file with a key twice is rewritten by nobody
     * before they have complained. */
    if (!policy_read(&doc, check->dir->path, file.ptr, &ignored))
        return NULL;
    json_t *json = json_incref(doc.root);
    policy_release(&doc);
    return json;
}

static bool
write_json(struct rounds *rounds, struct str name, const json_t *json)
{
    struct err err = {0};
    char *text = json_dumps(json, JSON_COMPACT);
    BUG_IF(!text);
    bool ok = policy_dir_write(rounds->check->dir, name, str_from(text), &err);
    free(text);
    return ok;
}

/* --- paths -------------------------------------------------------------------------- */

struct spot {
    json_t *parent;
    char key[128]; /* of an object */
    size_t index;  /* of an array  */
    json_t *node;  /* NULL: not there */
};

/* The longest key of the object that begins text; keys may hold dots. */
static size_t
key_length(json_t *object, struct str text)
{
    const char *key = NULL;
    json_t *value = NULL;
    size_t best = 0;
    json_object_foreach(object, key, value)
    {
        size_t n = strlen(key);
        bool ends = n == text.len || (n < text.len && strchr(".[", text.ptr[n]));
        if (n > best && ends && str_starts(text, str_from(key)))
            best = n;
    }
    return best;
}

/* Walks "$.a.b[2]" as far as it leads; false if it is no path. */
static bool
walk(json_t *root, struct str path, struct spot *spot)
{
    *spot = (struct spot){.node = root};
    path = str_sub(path, 1, path.len);
    while (path.len > 0 && spot->node) {
        json_t *at = spot->node;
        size_t n = 0;
        spot->parent = at;
        if (path.ptr[0] == '.' && json_is_object(at)) {
            struct str rest = str_sub(path, 1, path.len);
            n = key_length(at, rest);
            if (n == 0) /* a key that is missing */
                while (n < rest.len && !strchr(".[", rest.ptr[n]))
                    n++;
            if (n >= sizeof(spot->key))
                return false;
            (void)snprintf(spot->key, sizeof(spot->key), "%.*s", (int)n, rest.ptr);
            spot->node = json_object_get(at, spot->key);
            path = str_sub(rest, n, rest.len);
        } else if (path.ptr[0] == '[' && json_is_array(at)) {
            int64_t index = 0;
            const char *end = memchr(path.ptr, ']', path.len);
            n = end ? (size_t)(end - path.ptr) : 0;
            if (n < 2 || !str_to_i64(str_sub(path, 1, n - 1), &index) || index < 0)
                return false;
            spot->index = (size_t)index;
            spot->node = json_array_get(at, spot->index);
            path = str_sub(path, n + 1, path.len);
        } else {
            return false;
        }
    }
    return path.len == 0;
}

/* The path without its last step; null at the root. */
static struct str
parent_path(struct str path)
{
    size_t n = path.len;
    while (n > 0 && path.ptr[n - 1] != '.' && path.ptr[n - 1] != '[')
        n--;
    return n < 2 ? STR_NULL : str_sub(path, 0, n - 1);
}

/* Where the place stood in the user's file: items taken out before it count again. */
static struct str
original_path(struct rounds *rounds, struct str file, struct str path)
{
    struct arena *arena = rounds->check->arena;
    for (const struct taken *taken = rounds->taken; taken; taken = taken->next) {
        struct str list = parent_path(taken->path);
        int64_t gone = 0;
        int64_t index = 0;
        if (!taken->item || !str_eq(taken->file, file) || path.len <= list.len + 2 ||
            !str_starts(path, list) || path.ptr[list.len] != '[')
            continue;
        const char *end = memchr(path.ptr + list.len, ']', path.len - list.len);
        struct str number = str_sub(taken->path, list.len + 1, taken->path.len);
        if (!end || number.len < 2 ||
            !str_to_i64(str_sub(number, 0, number.len - 1), &gone) ||
            !str_to_i64(
                str_sub(path, list.len + 1, (size_t)(end - path.ptr) - list.len - 1),
                &index) ||
            index < gone)
            continue;
        path = arena_printf(arena, "%.*s[%lld%.*s", STR_ARG(list), (long long)index + 1,
                            (int)(path.ptr + path.len - end), end);
    }
    return path;
}

/* --- taking out --------------------------------------------------------------------- */

static void
remember(struct rounds *rounds, struct str file, struct str path, bool item, bool made,
         const json_t *node)
{
    struct arena *arena = rounds->check->arena;
    struct taken *taken = ARENA_NEW(arena, struct taken);
    char *dump = node ? json_dumps(node, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    *taken = (struct taken){rounds->taken,
                            arena_str(arena, file),
                            arena_str(arena, path),
                            arena_str(arena, str_from(dump ? dump : "")),
                            item,
                            made,
                            false};
    free(dump);
    rounds->taken = taken;
}

/* The word in quotes of a message: what it names. */
static struct str
named(struct str what)
{
    const char *open = what.len ? memchr(what.ptr, '"', what.len) : NULL;
    if (!open)
        return STR_NULL;
    struct str rest = str_sub(what, (size_t)(open - what.ptr) + 1, what.len);
    const char *close = rest.len ? memchr(rest.ptr, '"', rest.len) : NULL;
    return close ? str_sub(rest, 0, (size_t)(close - rest.ptr)) : STR_NULL;
}

/* Only because something was taken out? */
static bool
follows(const struct rounds *rounds, const struct complaint *complaint)
{
    struct str word = named(complaint->what);
    bool unknown_key = str_starts(complaint->what, STR("unknown key"));
    /* What the user's sla.json has, ours has not. */
    if (rounds->stubbed &&
        memmem(complaint->what.ptr, complaint->what.len, "of sla.json", 11))
        return true;
    for (const struct taken *taken = rounds->taken; taken; taken = taken->next) {
        bool here = !taken->stale && str_eq(taken->file, complaint->file->name) &&
                    !str_is_null(complaint->path);
        struct str place = taken->item ? parent_path(taken->path) : taken->path;
        if (here && !unknown_key && str_starts(place, complaint->path))
            return true;
        if (here && taken->made && str_starts(complaint->path, taken->path))
            return true;
        if (!unknown_key && word.len > 0 &&
            (memmem(taken->dump.ptr, taken->dump.len, word.ptr, word.len) ||
             memmem(taken->path.ptr, taken->path.len, word.ptr, word.len)))
            return true;
    }
    return false;
}

static bool
take_key(struct rounds *rounds, struct str file, json_t *root, struct str path,
         struct str what)
{
    struct spot spot;
    char key[128];
    (void)snprintf(key, sizeof(key), "%.*s", STR_ARG(named(what)));
    if (!walk(root, path, &spot) || !json_object_get(spot.node, key))
        return false;
    return json_object_del(spot.node, key) == 0 && write_json(rounds, file, root);
}

/* How often the place was mended already. */
static size_t
times_taken(const struct rounds *rounds, struct str file, struct str path)
{
    size_t n = 0;
    for (const struct taken *taken = rounds->taken; taken; taken = taken->next)
        n += !taken->stale && str_eq(taken->file, file) && str_eq(taken->path, path);
    return n;
}

/* Another item is about to move to this path. */
static void
forget_below(struct rounds *rounds, struct str file, struct str path)
{
    for (struct taken *taken = rounds->taken; taken; taken = taken->next)
        if (str_eq(taken->file, file) && str_starts(taken->path, path))
            taken->stale = true;
}

/* Takes out the place, or what is around it where it is not there or was mended in vain.
 */
static bool
take_place(struct rounds *rounds, struct str file, json_t *root, struct str path,
           bool climb)
{
    struct spot spot;
    for (; !str_is_null(path) && path.len > 1; path = parent_path(path)) {
        if (!walk(root, path, &spot) || !spot.node || climb ||
            times_taken(rounds, file, path) >= 3) {
            climb = false;
            continue;
        }
        bool item = json_is_array(spot.parent);
        if (item)
            forget_below(rounds, file, path);
        remember(rounds, file, path, item, false, spot.node);
        bool ok = item ? json_array_remove(spot.parent, spot.index) == 0
                       : json_object_del(spot.parent, spot.key) == 0;
        return ok && write_json(rounds, file, root);
    }
    return false;
}

/* A value that such a complaint would accept; NULL if there is no telling. */
static json_t *
guess(struct str what)
{
    static const struct {
        const char *start;
        const char *json;
    } table[] = {{"missing", "null"},
                 {"must be an object", "{}"},
                 {"must be an array", "[]"},
                 {"must be a string", "\"x\""},
                 {"must be true or", "false"}};
    static const struct str number = {"must be a number from ", 22};
    static const struct str whole = {"must be a whole number from ", 28};
    json_error_t fault;
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (str_starts(what, str_from(table[i].start)))
            return json_loads(table[i].json, JSON_DECODE_ANY, &fault);
    bool is_whole = str_starts(what, whole);
    if (!is_whole && !str_starts(what, number))
        return NULL;
    const char *from = what.ptr + (is_whole ? whole.len : number.len);
    return is_whole ? json_integer(strtoll(from, NULL, 10))
                    : json_real(strtod(from, NULL));
}

/* What stands at the place in the donor's file; NULL if nothing else does. */
static json_t *
donated(const struct rounds *rounds, struct str file, struct str path, const json_t *now)
{
    const struct policy_check *check = rounds->check;
    json_error_t fault;
    struct spot spot;
    if (!check->donor || times_taken(rounds, file, path) > 0)
        return NULL;
    struct str place = arena_printf(check->arena, "%s/%.*s", check->donor, STR_ARG(file));
    json_t *root = json_load_file(place.ptr, 0, &fault);
    json_t *value = json_is_object(root) && walk(root, path, &spot) && spot.node &&
                            !json_equal(spot.node, now)
                        ? json_deep_copy(spot.node)
                        : NULL;
    json_decref(root);
    return value;
}

static bool
put_guess(struct rounds *rounds, struct str file, json_t *root, struct str path,
          struct str what)
{
    struct spot spot;
    bool ok = walk(root, path, &spot) && spot.parent;
    json_t *value = ok ? donated(rounds, file, path, spot.node) : NULL;
    if (ok && !value)
        value = guess(what);
    ok = ok && value;
    if (ok)
        remember(rounds, file, path, false, true, spot.node);
    if (ok)
        ok = json_is_array(spot.parent)
                 ? json_array_set(spot.parent, spot.index, value) == 0
                 : json_object_set(spot.parent, spot.key, value) == 0;
    json_decref(value);
    return ok && write_json(rounds, file, root);
}

/* --- replacing whole files ---------------------------------------------------------- */

/* Adds what lies in the folder and is not listed yet, so that it is checked too. */
static void
list_all(struct rounds *rounds, json_t *sla, const char *key, enum policy_kind kind)
{
    json_t *list = json_object_get(sla, key);
    const struct policy_dir *dir = rounds->check->dir;
    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(sla, key, list);
    }
    for (size_t i = 0; i < dir->n_files; i++) {
        struct str name = dir->files[i].name;
        size_t slash = 0;
        size_t k = 0;
        json_t *item = NULL;
        bool there = false;
        if (dir->files[i].kind != kind)
            continue;
        while (name.ptr[slash] != '/')
            slash++;
        name = str_sub(name, slash + 1, name.len - slash - 1 - 5);
        json_array_foreach(list, k, item) there |=
            str_eq(name, str_from(json_string_value(item)));
        if (!there)
            json_array_append_new(list, json_stringn(name.ptr, name.len));
    }
}

/* Where sla.json itself cannot be mended: one of ours, so that presets and calendars are
 * looked at all the same. Ladders stay as far as they are some. */
static bool
stub_sla(struct rounds *rounds)
{
    json_t *old = policy_check_read(rounds->check, STR("sla.json"));
    json_t *ladders = json_object_get(old, "ladders");
    if (rounds->stubbed)
        ladders = NULL;
    json_t *sla = json_pack("{s:s,s:[{s:s,s:{},s:{}}]}", "version", "0", "policies",
                            "name", "default", "match", "clocks");
    BUG_IF(!sla);
    if (json_is_object(ladders))
        json_object_set(sla, "ladders", ladders);
    /* A ladder that goes is not missed. */
    char *dump = old ? json_dumps(old, JSON_COMPACT) : NULL;
    json_t *whole = json_string(dump ? dump : "");
    remember(rounds, STR("sla.json"), STR("$"), false, false, whole);
    json_decref(whole);
    free(dump);
    list_all(rounds, sla, "calendars", POLICY_CALENDAR);
    list_all(rounds, sla, "presets", POLICY_PRESET);
    bool ok = write_json(rounds, STR("sla.json"), sla);
    json_decref(sla);
    json_decref(old);
    rounds->stubbed = true;
    return ok;
}

static bool
drop_preset(struct rounds *rounds, const struct policy_file *file)
{
    json_t *sla = policy_check_read(rounds->check, STR("sla.json"));
    json_t *list = json_object_get(sla, "presets");
    size_t i = 0;
    json_t *item = NULL;
    bool ok = false;
    json_array_foreach(list, i, item)
    {
        struct str name =
            arena_printf(rounds->check->arena, "sla/%s.json",
                         json_string_value(item) ? json_string_value(item) : "");
        if (!str_eq(name, file->name))
            continue;
        json_array_remove(list, i);
        ok = write_json(rounds, STR("sla.json"), sla);
        break;
    }
    json_decref(sla);
    return ok;
}

/* The donor's whole file, once: what else the loader reads is checked behind it. */
static bool
donate_file(struct rounds *rounds, struct str file)
{
    struct policy_check *check = rounds->check;
    json_error_t fault;
    if (!check->donor || times_taken(rounds, file, STR("$")) > 0)
        return false;
    struct str place = arena_printf(check->arena, "%s/%.*s", check->donor, STR_ARG(file));
    json_t *root = json_load_file(place.ptr, 0, &fault);
    remember(rounds, file, STR("$"), false, true, NULL);
    bool ok = json_is_object(root) && write_json(rounds, file, root);
    json_decref(root);
    if (ok)
        policy_find(check, file, STR(""), true,
                    "more may be wrong behind this; check again when it is mended");
    return ok;
}

static bool
replace(struct rounds *rounds, const struct policy_file *file)
{
    struct err err = {0};
    struct policy_dir *dir = rounds->check->dir;
    struct arena *arena = rounds->check->arena;
    switch (file->kind) {
    case POLICY_SLA:
        return stub_sla(rounds);
    case POLICY_PRESET:
        return drop_preset(rounds, file);
    case POLICY_CALENDAR: {
        struct str name = str_sub(file->name, 10, file->name.len - 15);
        struct str text = arena_printf(arena,
                                       "{\"name\":\"%.*s\",\"version\":\"0\",\"zone\":"
                                       "\"Etc/UTC\",\"week\":{\"mon\":[["
                                       "\"09:00\",\"17:00\"]]}}",
                                       STR_ARG(name));
        return policy_dir_write(dir, file->name, text, &err);
    }
    case POLICY_HOLIDAYS:
        return policy_dir_write(
            dir, file->name,
            STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n"
                "BEGIN:VEVENT\r\nUID:x\r\nDTSTAMP:20260101T000000Z\r\n"
                "DTSTART;VALUE=DATE:20260101\r\nSUMMARY:x\r\nEND:VEVENT\r\n"
                "END:VCALENDAR\r\n"),
            &err);
    case POLICY_MODELS:
        return policy_dir_write(dir, file->name, STR("{\"version\":\"0\",\"models\":[]}"),
                                &err);
    case POLICY_TAXONOMY:
    case POLICY_RULES:
    case POLICY_TRIAGE:
    case POLICY_ROUTING:
    case POLICY_NOTICES:
    case POLICY_MODEL:
    case POLICY_UNKNOWN:
    case POLICY_KIND_COUNT:
        break;
    }
    return donate_file(rounds, file->name);
}

/* --- rounds ------------------------------------------------------------------------- */

/* "source: $.path: what" or "source: what"; false if it names no file of the folder. */
static bool
take_apart(const struct rounds *rounds, const struct stage_def *def, struct str text,
           struct complaint *ret)
{
    struct policy_dir *dir = rounds->check->dir;
    for (size_t i = 0; i < dir->n_files; i++) {
        struct policy_file *file = &dir->files[i];
        struct str source = str_cut_utf8(file->source, 160);
        if (policy_dir_stage(file->kind) != def || !str_starts(text, source) ||
            text.len < source.len + 2 || text.ptr[source.len] != ':')
            continue;
        struct str rest = str_sub(text, source.len + 2, text.len);
        const char *colon = memmem(rest.ptr, rest.len, ": ", 2);
        bool path = colon && rest.ptr[0] == '$';
        *ret = (struct complaint){file, STR_NULL, rest};
        if (path) {
            ret->path = str_sub(rest, 0, (size_t)(colon - rest.ptr));
            ret->what = str_sub(rest, ret->path.len + 2, rest.len);
        }
        return true;
    }
    return false;
}

/* Makes the complaint go away; false if it cannot. */
static bool
mend(struct rounds *rounds, const struct complaint *complaint, bool again)
{
    struct str file = complaint->file->name;
    struct str path = complaint->path;
    bool ours = rounds->stubbed && complaint->file->kind == POLICY_SLA;
    bool ok = false;
    json_t *root = policy_check_read(rounds->check, file);
    if (root && !str_is_null(path) && !ours) {
        if (str_starts(complaint->what, STR("unknown key")))
            ok = take_key(rounds, file, root, path, complaint->what);
        if (!ok && !again && times_taken(rounds, file, path) < 3)
            ok = put_guess(rounds, file, root, path, complaint->what);
        if (!ok)
            ok = take_place(rounds, file, root, path, again);
    }
    json_decref(root);
    return ok || replace(rounds, complaint->file);
}

/* What the folder has besides is read too, so that it is checked; not where sla.json
 * lists wrongly. */
static void
list_unused(struct rounds *rounds)
{
    json_t *sla = policy_check_read(rounds->check, STR("sla.json"));
    if (json_is_array(json_object_get(sla, "calendars")))
        list_all(rounds, sla, "calendars", POLICY_CALENDAR);
    if (sla && (!json_object_get(sla, "presets") ||
                json_is_array(json_object_get(sla, "presets"))))
        list_all(rounds, sla, "presets", POLICY_PRESET);
    if (sla)
        (void)write_json(rounds, STR("sla.json"), sla);
    json_decref(sla);
}

void
policy_check_stage(struct policy_check *check, const struct stage_def *def)
{
    struct rounds rounds = {.check = check};
    struct str last = STR_NULL;
    if (def == policy_dir_stage(POLICY_SLA)) {
        json_t *sla = policy_check_read(check, STR("sla.json"));
        json_t *whole = policy_dir_find(check->dir, STR("sla.json")) ? sla : NULL;
        if (whole)
            list_unused(&rounds);
        json_decref(sla);
    }
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct err err = {0};
        void *policy = NULL;
        struct complaint complaint;
        if (policy_dir_load(check->dir, def, &policy, &err)) {
            if (def->policy_free)
                def->policy_free(policy);
            return;
        }
        struct str text = arena_str(check->arena, str_from(err.text));
        if (!take_apart(&rounds, def, text, &complaint)) {
            policy_find(check, STR(""), STR(""), false, "%s", err.text);
            return;
        }
        /* An item taken out brings the next one to its place. */
        bool again = str_eq(text, last) && !(rounds.taken && rounds.taken->item);
        if (!again && !follows(&rounds, &complaint))
            policy_find(
                check, complaint.file->name,
                str_is_null(complaint.path)
                    ? STR("")
                    : original_path(&rounds, complaint.file->name, complaint.path),
                false, "%.*s", STR_ARG(complaint.what));
        last = text;
        if (!mend(&rounds, &complaint, again)) {
            policy_find(check, complaint.file->name, STR(""), true,
                        "more may be wrong behind this; check again when it is mended");
            return;
        }
    }
}
