/* policy_lint.c - what a policy says that loads but can hardly be meant: warnings. */
#include <stdlib.h>

#include "base/times.h"
#include "classification/model.h"
#include "ctl/policy_check.h"
#include "sla/sla_policy.h"

/* A calendar whose years end within this is to be prolonged. */
#define CALENDAR_NOTICE_DAYS 60

static struct str
text_of(const json_t *json)
{
    return (struct str){json_string_value(json), json_string_length(json)};
}

/* --- rules that an earlier one makes useless ---------------------------------------- */

/* Lists may be one string. */
static size_t
list_len(const json_t *list)
{
    return json_is_string(list) ? 1 : json_array_size(list);
}
static struct str
list_at(const json_t *list, size_t i)
{
    return text_of(json_is_string(list) ? list : json_array_get(list, i));
}

static bool
holds(const json_t *list, struct str value)
{
    for (size_t i = 0; i < list_len(list); i++)
        if (str_eq_nocase(list_at(list, i), value) || str_eq(list_at(list, i), STR("*")))
            return true;
    return false;
}

/* Whatever fits later fits earlier: every list of earlier holds all values of later's. */
static bool
covers(json_t *earlier, const json_t *later, const char *const *keys)
{
    for (; *keys; keys++) {
        const json_t *mine = json_object_get(earlier, *keys);
        const json_t *theirs = json_object_get(later, *keys);
        if (list_len(mine) == 0)
            continue;
        if (list_len(theirs) == 0)
            return false;
        for (size_t i = 0; i < list_len(theirs); i++)
            if (!holds(mine, list_at(theirs, i)))
                return false;
    }
    return true;
}

/* match: the lists lie in "match", else in the rule itself. */
static void
lint_order(struct policy_check *check, struct str file, const json_t *rules,
           const char *list, bool match, const char *const *keys)
{
    size_t i = 0;
    json_t *later = NULL;
    json_array_foreach(rules, i, later)
    {
        for (size_t k = 0; k < i; k++) {
            json_t *earlier = json_array_get(rules, k);
            if (!covers(match ? json_object_get(earlier, "match") : earlier,
                        match ? json_object_get(later, "match") : later, keys))
                continue;
            policy_find(check, file, arena_printf(check->arena, "$.%s[%zu]", list, i),
                        true,
                        "\"%.*s\" never matches: \"%.*s\" before it always does; move it "
                        "up or take it out",
                        STR_ARG(text_of(json_object_get(later, "name"))),
                        STR_ARG(text_of(json_object_get(earlier, "name"))));
            break;
        }
    }
}

static const char *
date_of(const json_t *preset, const char *key, const char *fallback)
{
    const char *date =
        json_string_value(json_object_get(json_object_get(preset, "in_force"), key));
    return date ? date : fallback;
}

/* Rows of bi.sla_clocks name a policy; two of one name cannot be told apart there. */
static void
lint_names(struct policy_check *check, const json_t *policies)
{
    size_t i = 0;
    json_t *later = NULL;
    json_array_foreach(policies, i, later)
    {
        struct str name = text_of(json_object_get(later, "name"));
        for (size_t k = 0; k < i && name.len > 0; k++) {
            if (!str_eq(name,
                        text_of(json_object_get(json_array_get(policies, k), "name"))))
                continue;
            policy_find(check, STR("sla.json"),
                        arena_printf(check->arena, "$.policies[%zu].name", i), true,
                        "\"%.*s\" is the name of $.policies[%zu], too: clocks will not "
                        "tell which of them they follow; give each its own",
                        STR_ARG(name), k);
            break;
        }
    }
}

/* Dates are YYYY-MM-DD here: their order is that of their texts. */
static void
lint_dates(struct policy_check *check, struct str file, const json_t *preset)
{
    const char *from = date_of(preset, "from", "0");
    const char *to = date_of(preset, "to", "9");
    if (strcmp(from, to) > 0)
        policy_find(check, file, STR("$.in_force"), true,
                    "never in force: it ends on %.10s, before it begins on %.10s", to,
                    from);
}

/* Presets are asked in the order of $.presets: names and dates in force. */
static void
lint_presets(struct policy_check *check, const json_t *sla)
{
    static const char *const keys[] = {"regulators", NULL};
    const json_t *list = json_object_get(sla, "presets");
    size_t n = json_array_size(list);
    json_t **presets = calloc(n + 1, sizeof(json_t *));
    BUG_IF(!presets);
    for (size_t i = 0; i < n; i++) {
        struct str name = arena_printf(check->arena, "sla/%.*s.json",
                                       STR_ARG(text_of(json_array_get(list, i))));
        presets[i] = policy_check_read(check, name);
        lint_dates(check, name, presets[i]);
        for (size_t k = 0; presets[i] && k < i; k++) {
            if (!presets[k] || list_len(json_object_get(presets[k], "regulators")) == 0 ||
                !covers(presets[k], presets[i], keys) ||
                strcmp(date_of(presets[k], "from", "0"),
                       date_of(presets[i], "from", "0")) > 0 ||
                strcmp(date_of(presets[k], "to", "9"), date_of(presets[i], "to", "9")) <
                    0)
                continue;
            policy_find(check, name, STR("$.regulators"), true,
                        "never in force: \"%.*s\" before it in $.presets has its names "
                        "and dates",
                        STR_ARG(text_of(json_array_get(list, k))));
            break;
        }
    }
    for (size_t i = 0; i < n; i++)
        json_decref(presets[i]);
    free(presets);
}

/* --- calendars ---------------------------------------------------------------------- */

static void
lint_calendar(struct policy_check *check, struct str file, const json_t *calendar)
{
    int64_t year = 0;
    int month = 0;
    int day = 0;
    int64_t today = check->now_ms / DAY_MS;
    const json_t *years = json_object_get(calendar, "years");
    int64_t first = json_integer_value(json_array_get(years, 0));
    int64_t last = json_integer_value(json_array_get(years, 1));
    if (json_array_size(years) != 2 || last < 1970 || last > 9999)
        return;
    civil_from_days(today, &year, &month, &day);
    struct str path = STR("$.years");
    if (year < first || year > last)
        policy_find(
            check, file, path, true,
            "no holidays are known for %lld: its days count by the plain week; add "
            "them and prolong years",
            (long long)year);
    else if (days_from_civil(last + 1, 1, 1) - today <= CALENDAR_NOTICE_DAYS)
        policy_find(check, file, path, true,
                    "its holidays end with %lld, in %lld days; add those of %lld",
                    (long long)last, (long long)(days_from_civil(last + 1, 1, 1) - today),
                    (long long)last + 1);
}

/* Holidays that are not settled yet and are near. */
static void
lint_tentative(struct policy_check *check)
{
    struct err ignored;
    struct sla_policy *policy = sla_policy_load(check->dir->path, &ignored);
    for (size_t i = 0; policy && i < policy->n_calendars; i++) {
        const struct calendar *calendar = policy->calendars[i];
        int64_t year = 0;
        int month = 0;
        int day = 0;
        bool again = false;
        for (size_t k = 0; k < i; k++) /* one calendar may be used in several zones */
            again |= str_eq(policy->calendars[k]->name, calendar->name);
        if (again || !calendar->has_tentative ||
            calendar->tentative_day - check->now_ms / DAY_MS > CALENDAR_NOTICE_DAYS)
            continue;
        civil_from_days(calendar->tentative_day, &year, &month, &day);
        policy_find(
            check,
            arena_printf(check->arena, "calendars/%.*s.json", STR_ARG(calendar->name)),
            STR(""), true,
            "its holidays from %04d-%02d-%02d on are not settled "
            "(STATUS:TENTATIVE); replace them when they are announced",
            (int)year, month, day);
    }
    sla_policy_free(policy);
}

/* --- what one file names and another has -------------------------------------------- */

static bool
has_role(const json_t *routing, struct str role)
{
    size_t i = 0;
    json_t *team = NULL;
    char key[128];
    (void)snprintf(key, sizeof(key), "%.*s", STR_ARG(role));
    if (holds(json_object_get(routing, "escalation"), role) ||
        json_object_get(json_object_get(routing, "roles"), key))
        return true;
    json_array_foreach(json_object_get(routing, "teams"), i, team)
    {
        if (json_object_get(json_object_get(team, "roles"), key))
            return true;
    }
    return false;
}

static void
lint_ladders(struct policy_check *check, const json_t *sla, const json_t *routing)
{
    const char *name = NULL;
    json_t *ladder = NULL;
    if (!routing)
        return;
    json_object_foreach(json_object_get(sla, "ladders"), name, ladder)
    {
        size_t i = 0;
        json_t *rung = NULL;
        json_array_foreach(ladder, i, rung)
        {
            struct str to = text_of(json_object_get(rung, "to"));
            if (to.len == 0 || has_role(routing, to))
                continue;
            policy_find(
                check, STR("sla.json"),
                arena_printf(check->arena, "$.ladders.%.60s[%zu].to", name, i), true,
                "role \"%.*s\" is not known to routing.json: name a person for it "
                "in $.roles, or put it on the line of $.escalation",
                STR_ARG(to));
        }
    }
}

static void
lint_unused(struct policy_check *check, const json_t *sla)
{
    for (size_t i = 0; i < check->dir->n_files; i++) {
        const struct policy_file *file = &check->dir->files[i];
        bool preset = file->kind == POLICY_PRESET;
        if (file->kind == POLICY_UNKNOWN)
            policy_find(check, file->name, STR(""), true, "no service reads this file");
        if (!preset && file->kind != POLICY_CALENDAR)
            continue;
        const char *list = preset ? "presets" : "calendars";
        size_t folder = preset ? 4 : 10;
        struct str name = str_sub(file->name, folder, file->name.len - folder - 5);
        if (!holds(json_object_get(sla, list), name))
            policy_find(check, file->name, STR(""), true,
                        "not in use: sla.json does not list it in $.%s", list);
    }
}

/* Every language has what any language has. */
static void
lint_notices(struct policy_check *check)
{
    json_t *all = json_object();
    const char *name = NULL;
    json_t *notice = NULL;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < check->dir->n_files; i++) {
            const struct policy_file *file = &check->dir->files[i];
            json_t *root = file->kind == POLICY_NOTICES
                               ? policy_check_read(check, file->name)
                               : NULL;
            json_t *notices = json_object_get(root, "notices");
            if (round == 0 && json_is_object(notices))
                json_object_update(all, notices);
            json_object_foreach(round == 1 && root ? all : NULL, name, notice)
            {
                if (!json_object_get(notices, name))
                    policy_find(check, file->name, STR("$.notices"), true,
                                "\"%.60s\" is missing in this language; another has it",
                                name);
            }
            json_decref(root);
        }
    json_decref(all);
}

/* A model whose own threshold no confidence reaches: all that it says is in doubt. */
static void
lint_threshold(struct policy_check *check, const json_t *entry, size_t i)
{
    struct model model;
    struct err ignored = {0};
    const char *file = json_string_value(json_object_get(entry, "file"));
    if (!file || json_object_get(entry, "threshold"))
        return;
    struct str path = arena_printf(check->arena, "%s/%s", check->dir->path, file);
    if (!model_open(&model, path.ptr, &ignored))
        return;
    if (model.header->threshold > 1)
        policy_find(check, STR("models.json"),
                    arena_printf(check->arena, "$.models[%zu]", i), true,
                    "never sure: in training no confidence was right often enough, so "
                    "all that it says needs a review; train it with more texts, or set "
                    "\"threshold\"");
    model_close(&model);
}

/* A model that no entry names: no stage reads it, but its turn may come. */
static void
lint_unasked(struct policy_check *check, const struct policy_file *file)
{
    struct model model;
    struct err why = {0};
    struct str path =
        arena_printf(check->arena, "%s/%.*s", check->dir->path, STR_ARG(file->name));
    if (!model_open(&model, path.ptr, &why)) {
        struct str text = str_from(why.text); /* the place of our copy says nothing */
        if (str_starts(text, path) && text.len > path.len + 2)
            text = str_sub(text, path.len + 2, text.len);
        policy_find(check, file->name, STR(""), false, "%.*s", STR_ARG(text));
        return;
    }
    model_close(&model);
    policy_find(check, file->name, STR(""), true,
                "never asked: no entry of models.json names it");
}

/* Models that nobody asks, and that are never sure. */
static void
lint_models(struct policy_check *check)
{
    json_t *root = policy_check_read(check, STR("models.json"));
    const json_t *list = json_object_get(root, "models");
    size_t i = 0;
    json_t *entry = NULL;
    for (size_t k = 0; k < check->dir->n_files; k++) {
        const struct policy_file *file = &check->dir->files[k];
        bool named = file->kind != POLICY_MODEL;
        json_array_foreach(list, i, entry) named |=
            str_eq(text_of(json_object_get(entry, "file")), file->name);
        if (!named)
            lint_unasked(check, file);
    }
    json_array_foreach(list, i, entry) lint_threshold(check, entry, i);
    json_decref(root);
}

void
policy_lint(struct policy_check *check)
{
    static const char *const match_keys[] = {"brand",   "product",  "regulator",
                                             "channel", "language", "priority",
                                             "kind",    "tier",     NULL};
    static const char *const route_keys[] = {
        "product", "issue", "region", "language", "channel",    "tier", "regulator",
        "flags",   "kind",  "brand",  "priority", "vulnerable", NULL};
    json_t *sla = policy_check_read(check, STR("sla.json"));
    json_t *routing = policy_check_read(check, STR("routing.json"));
    lint_order(check, STR("sla.json"), json_object_get(sla, "policies"), "policies", true,
               match_keys);
    lint_order(check, STR("routing.json"), json_object_get(routing, "rules"), "rules",
               false, route_keys);
    lint_names(check, json_object_get(sla, "policies"));
    lint_presets(check, sla);
    lint_ladders(check, sla, routing);
    if (sla)
        lint_unused(check, sla);
    lint_notices(check);
    lint_models(check);
    lint_tentative(check);
    for (size_t i = 0; i < check->dir->n_files; i++) {
        const struct policy_file *file = &check->dir->files[i];
        json_t *calendar =
            file->kind == POLICY_CALENDAR ? policy_check_read(check, file->name) : NULL;
        if (calendar)
            lint_calendar(check, file->name, calendar);
        json_decref(calendar);
    }
    json_decref(routing);
    json_decref(sla);
}
