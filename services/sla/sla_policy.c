#include "sla/sla_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "conf/policy.h"
#include "sla/calendar_policy.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define RULES_MAX 64
#define PAUSE_DAYS_MAX 366

struct ladder {
    struct str name;
    size_t n;
    struct sla_rung rungs[SLA_RUNGS_MAX];
};

struct loader {
    struct sla_policy policy; /* first: what callers hold */
    struct calendar_set calendars;
    const char *dir;
    size_t n_ladders;
    struct ladder ladders[RULES_MAX];
    uint64_t hash;
};

/* FNV-1a over the files' hashes, in their order. */
static void
add_hash(struct loader *loader, const char *hash)
{
    for (; *hash; hash++)
        loader->hash = (loader->hash ^ (unsigned char)*hash) * UINT64_C(0x100000001b3);
}

static struct arena *
arena_of(struct loader *loader)
{
    return &loader->calendars.arena;
}

static bool
read_str(struct loader *loader, const struct policy_node *node, const char *key,
         bool required, size_t max_bytes, struct str *ret, struct err *err)
{
    struct str text = STR_NULL;
    if (!policy_str(node, key, required, &text, err))
        return false;
    if (text.len > max_bytes || (!str_is_null(text) && text.len == 0)) {
        struct policy_node child = policy_get(node, key);
        return policy_error(&child, err, "must have 1 to %zu bytes", max_bytes);
    }
    *ret = arena_str(arena_of(loader), text);
    return true;
}

/* --- targets and ladders ------------------------------------------------------------ */

static bool
read_until(const struct policy_node *node, struct target *target, struct err *err)
{
    struct str text = STR_NULL;
    if (!policy_str(node, "until", false, &text, err))
        return false;
    if (str_is_null(text)) /* a business day ends with its day, unless said */
        target->until = target->unit == TARGET_UNIT_BUSINESS_DAYS
                            ? TARGET_UNTIL_END_OF_DAY
                            : TARGET_UNTIL_TIME;
    else if (!target_until_parse(text, &target->until))
        return policy_error(node, err, "until: time, end_of_day or end_of_business");
    bool has_day =
        target->unit != TARGET_UNIT_HOURS && target->unit != TARGET_UNIT_BUSINESS_MINUTES;
    if (!str_is_null(text) && !has_day)
        return policy_error(node, err,
                            "until goes with days, weeks, months, business_days");
    if (target->until == TARGET_UNTIL_END_OF_BUSINESS &&
        target->unit != TARGET_UNIT_BUSINESS_DAYS)
        return policy_error(node, err, "end_of_business goes with business_days");
    return true;
}

/* {"days": 15, "until": "end_of_day"}: one unit, min <= n. */
static bool
read_target(const struct policy_node *node, int64_t min, struct target *ret,
            struct err *err)
{
    static const struct {
        const char *key;
        enum target_unit unit;
        int64_t max;
    } units[] = {{"hours", TARGET_UNIT_HOURS, 100000},
                 {"days", TARGET_UNIT_DAYS, 4000},
                 {"weeks", TARGET_UNIT_WEEKS, 500},
                 {"months", TARGET_UNIT_MONTHS, 120},
                 {"business_days", TARGET_UNIT_BUSINESS_DAYS, 2000},
                 {"business_minutes", TARGET_UNIT_BUSINESS_MINUTES, 1000000}};
    struct target target = {0};
    size_t n_units = 0;
    if (!policy_known(node,
                      KEYS("hours", "days", "weeks", "months", "business_days",
                           "business_minutes", "until"),
                      err))
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        int64_t n = 0;
        if (!policy_has(node, units[i].key))
            continue;
        if (!policy_i64(node, units[i].key, true, min, units[i].max, &n, err))
            return false;
        target.unit = units[i].unit;
        target.n = (int32_t)n;
        n_units++;
    }
    if (n_units != 1)
        return policy_error(node, err,
                            "must have exactly one unit, such as {\"days\": 15}");
    if (!read_until(node, &target, err))
        return false;
    *ret = target;
    return true;
}

static bool
read_ladder(struct loader *loader, const struct policy_node *list, struct ladder *ladder,
            struct err *err)
{
    if (!json_is_array(list->json) || policy_len(list) == 0 ||
        policy_len(list) > SLA_RUNGS_MAX)
        return policy_error(list, err, "must be an array of 1 to %d rungs",
                            SLA_RUNGS_MAX);
    ladder->n = policy_len(list);
    for (size_t i = 0; i < ladder->n; i++) {
        struct policy_node item = policy_at(list, i);
        struct policy_node after;
        struct target target;
        struct sla_rung *rung = &ladder->rungs[i];
        if (!policy_known(&item, KEYS("after", "to"), err) ||
            !policy_object(&item, "after", true, &after, err) ||
            !read_target(&after, 0, &target, err) ||
            !read_str(loader, &item, "to", true, 128, &rung->to, err))
            return false;
        rung->unit = target.unit;
        rung->n = target.n;
        rung->until = target.until;
    }
    return true;
}

static bool
read_ladders(struct loader *loader, const struct policy_node *root, struct err *err)
{
    struct policy_node ladders;
    const char *key = NULL;
    json_t *value = NULL;
    if (!policy_has(root, "ladders"))
        return true;
    if (!policy_object(root, "ladders", true, &ladders, err))
        return false;
    json_object_foreach(ladders.json, key, value)
    {
        if (strcmp(key, "comment") == 0)
            continue;
        struct policy_node list = policy_get(&ladders, key);
        if (loader->n_ladders == RULES_MAX)
            return policy_error(&ladders, err, "at most %d ladders", RULES_MAX);
        struct ladder *ladder = &loader->ladders[loader->n_ladders++];
        ladder->name = arena_str(arena_of(loader), str_from(key));
        if (!read_ladder(loader, &list, ladder, err))
            return false;
    }
    return true;
}

/* --- clocks ------------------------------------------------------------------------- */

static bool
read_warn(const struct policy_node *node, struct sla_clock_rule *rule, struct err *err)
{
    struct policy_node list;
    if (!policy_has(node, "warn"))
        return true;
    if (!policy_array(node, "warn", true, SLA_WARN_MAX, &list, err))
        return false;
    rule->n_warn = policy_len(&list);
    for (size_t i = 0; i < rule->n_warn; i++) {
        struct policy_node item = policy_at(&list, i);
        json_int_t percent = json_integer_value(item.json);
        if (!json_is_integer(item.json) || percent < 1 || percent > 99 ||
            (i > 0 && percent <= rule->warn[i - 1]))
            return policy_error(&item, err, "must be a percent from 1 to 99, rising");
        rule->warn[i] = (int32_t)percent;
    }
    return true;
}

static bool
read_max_pause(const struct policy_node *node, struct sla_clock_rule *rule,
               struct err *err)
{
    struct policy_node span;
    int64_t hours = 0;
    int64_t days = 0;
    if (!policy_has(node, "max_pause"))
        return true;
    if (!policy_object(node, "max_pause", true, &span, err) ||
        !policy_known(&span, KEYS("hours", "days"), err) ||
        !policy_i64(&span, "hours", false, 1, INT64_C(24) * PAUSE_DAYS_MAX, &hours,
                    err) ||
        !policy_i64(&span, "days", false, 1, PAUSE_DAYS_MAX, &days, err))
        return false;
    if ((hours == 0) == (days == 0))
        return policy_error(&span, err, "must be {\"days\": n} or {\"hours\": n}");
    rule->max_pause_ms = hours * HOUR_MS + days * DAY_MS;
    return true;
}

static bool
find_ladder(struct loader *loader, const struct policy_node *node,
            struct sla_clock_rule *rule, struct err *err)
{
    struct str name = STR_NULL;
    if (!policy_str(node, "ladder", false, &name, err))
        return false;
    if (str_is_null(name))
        return true;
    for (size_t i = 0; i < loader->n_ladders; i++) {
        const struct ladder *ladder = &loader->ladders[i];
        if (!str_eq(ladder->name, name))
            continue;
        rule->n_rungs = ladder->n;
        memcpy(rule->rungs, ladder->rungs, sizeof(rule->rungs));
        return true;
    }
    return policy_error(node, err, "ladder \"%.*s\" is not among $.ladders of sla.json",
                        STR_ARG(name));
}

static bool
read_clock_target(struct loader *loader, const struct policy_node *node,
                  struct sla_clock_rule *rule, struct err *err)
{
    struct policy_node target;
    if (!policy_object(node, "target", true, &target, err) ||
        !read_target(&target, 1, &rule->target, err))
        return false;
    char *text = json_dumps(target.json, JSON_COMPACT | JSON_SORT_KEYS);
    BUG_IF(!text);
    rule->target_json = arena_str(arena_of(loader), str_from(text));
    free(text);
    /* It travels with every row of the clock. */
    return rule->target_json.len <= 256 ||
           policy_error(&target, err,
                        "longer than 256 bytes; comment on the clock instead");
}

static bool
read_clock(struct loader *loader, const struct policy_node *clocks, enum clock clock,
           const struct calendar *calendar, struct sla_clock_rule *rule, struct err *err)
{
    struct policy_node node;
    if (!policy_object(clocks, clock_name(clock), true, &node, err) ||
        !policy_known(&node,
                      KEYS("target", "warn", "max_pause", "ladder", "automatic_counts"),
                      err))
        return false;
    rule->set = true;
    rule->calendar = calendar;
    if (clock == CLOCK_PROMISE) {
        if (policy_has(&node, "target"))
            return policy_error(&node, err, "a promise brings its own due time");
        rule->target.unit = TARGET_UNIT_GIVEN;
    } else if (!read_clock_target(loader, &node, rule, err)) {
        return false;
    }
    if (policy_has(&node, "automatic_counts") && clock != CLOCK_ACKNOWLEDGE)
        return policy_error(&node, err, "automatic_counts goes with acknowledge");
    return read_warn(&node, rule, err) && read_max_pause(&node, rule, err) &&
           find_ladder(loader, &node, rule, err) &&
           policy_bool(&node, "automatic_counts", false, &rule->automatic_counts, err);
}

static bool
read_clocks(struct loader *loader, const struct policy_node *node,
            struct sla_rules *rules, struct err *err)
{
    struct policy_node clocks;
    const char *names[CLOCK_COUNT] = {0};
    for (int i = CLOCK_ACKNOWLEDGE; i < CLOCK_COUNT; i++)
        names[i - CLOCK_ACKNOWLEDGE] = clock_name((enum clock)i);
    if (!policy_object(node, "clocks", true, &clocks, err) ||
        !policy_known(&clocks, names, err))
        return false;
    for (int i = CLOCK_ACKNOWLEDGE; i < CLOCK_COUNT; i++) {
        if (policy_has(&clocks, clock_name((enum clock)i)) &&
            !read_clock(loader, &clocks, (enum clock)i, rules->calendar,
                        &rules->clocks[i], err))
            return false;
    }
    return true;
}

/* --- policies and presets ----------------------------------------------------------- */

/* A string or an array of strings. */
static bool
read_list(struct loader *loader, const struct policy_node *node, const char *key,
          struct sla_match_list *ret, struct err *err)
{
    if (!policy_has(node, key))
        return true;
    struct policy_node child = policy_get(node, key);
    bool one = json_is_string(child.json);
    if (!one && !policy_array(node, key, true, SLA_MATCH_MAX, &child, err))
        return false;
    size_t n = one ? 1 : policy_len(&child);
    if (n == 0)
        return policy_error(&child, err, "must name at least one value");
    struct str *values = ARENA_ARRAY(arena_of(loader), struct str, n);
    for (size_t i = 0; i < n; i++) {
        struct policy_node item = one ? child : policy_at(&child, i);
        struct str text = STR_NULL;
        if (!policy_as_str(&item, &text, err))
            return false;
        values[i] = arena_str(arena_of(loader), str_trim(text));
        if (values[i].len == 0)
            return policy_error(&item, err, "must not be empty");
    }
    ret->n = n;
    ret->values = values;
    return true;
}

static bool
read_match(struct loader *loader, const struct policy_node *node, struct sla_rules *rules,
           struct err *err)
{
    struct policy_node match;
    if (!policy_has(node, "match"))
        return true;
    return policy_object(node, "match", true, &match, err) &&
           policy_known(&match,
                        KEYS("brand", "product", "regulator", "channel", "language",
                             "priority", "kind", "tier"),
                        err) &&
           read_list(loader, &match, "brand", &rules->brand, err) &&
           read_list(loader, &match, "product", &rules->product, err) &&
           read_list(loader, &match, "regulator", &rules->regulator, err) &&
           read_list(loader, &match, "channel", &rules->channel, err) &&
           read_list(loader, &match, "language", &rules->language, err) &&
           read_list(loader, &match, "priority", &rules->priority, err) &&
           read_list(loader, &match, "kind", &rules->kind, err) &&
           read_list(loader, &match, "tier", &rules->tier, err);
}

/* Name, version, calendar, zone and clocks: what policies and presets share. */
static bool
read_rules(struct loader *loader, const struct policy_node *node, struct sla_rules *rules,
           struct err *err)
{
    struct str calendar = STR("default");
    struct str zone = STR_NULL;
    if (!read_str(loader, node, "name", true, 120, &rules->name, err) ||
        !read_str(loader, node, "version", false, 60, &rules->version, err) ||
        !policy_str(node, "calendar", false, &calendar, err) ||
        !policy_str(node, "zone", false, &zone, err))
        return false;
    rules->calendar = calendar_set_find(&loader->calendars, calendar, zone, node, err);
    return rules->calendar && read_clocks(loader, node, rules, err);
}

static bool
read_policies(struct loader *loader, const struct policy_node *root, struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "policies", true, RULES_MAX, &list, err))
        return false;
    size_t n = policy_len(&list);
    struct sla_rules *all = ARENA_ARRAY(arena_of(loader), struct sla_rules, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct policy_node node = policy_at(&list, i);
        if (!policy_known(&node,
                          KEYS("name", "version", "match", "calendar", "zone", "clocks"),
                          err) ||
            !read_rules(loader, &node, &all[i], err) ||
            !read_match(loader, &node, &all[i], err))
            return false;
        if (str_is_null(all[i].version))
            all[i].version = loader->policy.version;
    }
    struct policy_node last = policy_at(&list, n > 0 ? n - 1 : 0);
    if (n == 0 || json_object_size(policy_get(&last, "match").json) > 0)
        return policy_error(&list, err, "the last policy must match everything");
    loader->policy.policies = all;
    loader->policy.n_policies = n;
    return true;
}

static bool
read_in_force(const struct policy_node *root, struct sla_rules *rules, struct err *err)
{
    struct policy_node span;
    if (!policy_object(root, "in_force", true, &span, err) ||
        !policy_known(&span, KEYS("from", "to"), err))
        return false;
    struct policy_node from = policy_get(&span, "from");
    struct policy_node to = policy_get(&span, "to");
    rules->has_from = from.json != NULL;
    rules->has_to = to.json != NULL;
    if ((rules->has_from && !calendar_date(&from, &rules->from_day, err)) ||
        (rules->has_to && !calendar_date(&to, &rules->to_day, err)))
        return false;
    return true;
}

static bool
read_preset(struct loader *loader, struct str name, struct sla_rules *rules,
            struct err *err)
{
    char file[128];
    struct policy_doc doc;
    int n = snprintf(file, sizeof(file), "sla/%.*s.json", STR_ARG(name));
    if (n < 0 || (size_t)n >= sizeof(file))
        return err_set(err, ERR_STOP, "preset name too long: %.60s", file);
    if (!policy_read(&doc, loader->dir, file, err))
        return false;
    struct policy_node root = policy_root(&doc);
    bool ok = policy_known(&root,
                           KEYS("name", "version", "title", "regulators", "in_force",
                                "calendar", "zone", "clocks", "source", "unchecked"),
                           err) &&
              read_rules(loader, &root, rules, err) &&
              read_list(loader, &root, "regulators", &rules->regulator, err) &&
              read_in_force(&root, rules, err);
    if (ok && (!str_eq(rules->name, name) || str_is_null(rules->version) ||
               rules->regulator.n == 0))
        ok = policy_error(&root, err,
                          "needs a version, regulators, and the name of its file");
    add_hash(loader, doc.hash);
    policy_release(&doc);
    return ok;
}

static bool
read_presets(struct loader *loader, const struct policy_node *root, struct err *err)
{
    struct policy_node list;
    if (!policy_has(root, "presets"))
        return true;
    if (!policy_array(root, "presets", true, RULES_MAX, &list, err))
        return false;
    size_t n = policy_len(&list);
    struct sla_rules *all = ARENA_ARRAY(arena_of(loader), struct sla_rules, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct policy_node item = policy_at(&list, i);
        struct str name = STR_NULL;
        if (!policy_as_str(&item, &name, err) || !read_preset(loader, name, &all[i], err))
            return false;
    }
    loader->policy.presets = all;
    loader->policy.n_presets = n;
    return true;
}

static bool
read_calendars(struct loader *loader, const struct policy_node *root, struct err *err)
{
    struct policy_node list;
    if (!policy_array(root, "calendars", true, RULES_MAX, &list, err))
        return false;
    size_t n = policy_len(&list);
    if (n == 0)
        return policy_error(&list, err, "must name at least one calendar");
    for (size_t i = 0; i < n; i++) {
        struct policy_node item = policy_at(&list, i);
        struct str name = STR_NULL;
        char hash[17];
        if (!policy_as_str(&item, &name, err) ||
            !calendar_set_read(&loader->calendars, loader->dir, name, hash, err))
            return false;
        add_hash(loader, hash);
    }
    return true;
}

static bool
read_all(struct loader *loader, const struct policy_node *root, struct err *err)
{
    if (!policy_known(
            root, KEYS("version", "calendars", "presets", "ladders", "policies"), err) ||
        !read_str(loader, root, "version", true, 60, &loader->policy.version, err) ||
        !read_calendars(loader, root, err) || !read_ladders(loader, root, err) ||
        !read_policies(loader, root, err) || !read_presets(loader, root, err))
        return false;
    struct sla_policy *policy = &loader->policy;
    policy->calendars = loader->calendars.calendars;
    policy->n_calendars = loader->calendars.n_calendars;
    policy->hash =
        arena_printf(arena_of(loader), "%016llx", (unsigned long long)loader->hash);
    return true;
}

struct sla_policy *
sla_policy_load(const char *dir, struct err *err)
{
    struct policy_doc doc;
    if (!policy_read(&doc, dir, "sla.json", err))
        return NULL;
    struct loader *loader = calloc(1, sizeof(*loader));
    BUG_IF(!loader);
    loader->dir = dir;
    loader->hash = UINT64_C(0xcbf29ce484222325);
    add_hash(loader, doc.hash);
    struct policy_node root = policy_root(&doc);
    bool ok = read_all(loader, &root, err);
    policy_release(&doc);
    loader->dir = NULL;
    if (!ok) {
        sla_policy_free(&loader->policy);
        return NULL;
    }
    return &loader->policy;
}

void
sla_policy_free(struct sla_policy *policy)
{
    if (!policy)
        return;
    struct loader *loader = (struct loader *)(void *)policy;
    calendar_set_release(&loader->calendars);
    free(loader);
}
