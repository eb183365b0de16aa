/* What a policy or a preset says of its clocks: targets, ladders, pauses, extensions. */
#include <stdlib.h>

#include "sla/sla_loader.h"

#define PAUSE_DAYS_MAX 366
#define EXTENSIONS_MAX 1000
#define LEVEL_MAX 100

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
        int64_t level = (int64_t)i + 1;
        if (!policy_known(&item, KEYS("after", "level", "to"), err) ||
            !policy_object(&item, "after", true, &after, err) ||
            !read_target(&after, 0, &target, err) ||
            !policy_i64(&item, "level", false, 1, LEVEL_MAX, &level, err) ||
            !loader_str(loader, &item, "to", true, 128, &rung->to, err))
            return false;
        if (i > 0 && level <= ladder->rungs[i - 1].level)
            return policy_error(&item, err,
                                "level %d must be above that of the rung before, %d",
                                (int)level, (int)ladder->rungs[i - 1].level);
        rung->level = (int32_t)level;
        rung->unit = target.unit;
        rung->n = target.n;
        rung->until = target.until;
    }
    return true;
}

bool
loader_ladders(struct loader *loader, const struct policy_node *root, struct err *err)
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
        ladder->name = arena_str(loader_arena(loader), str_from(key));
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
read_max_pause(const struct policy_node *node, enum clock clock,
               struct sla_clock_rule *rule, struct err *err)
{
    struct policy_node span;
    int64_t hours = 0;
    int64_t days = 0;
    if (!policy_has(node, "max_pause"))
        return true;
    if (!sla_clock_pauses(clock)) {
        span = policy_get(node, "max_pause");
        return policy_error(&span, err, "%s never pauses; take max_pause out",
                            clock_name(clock));
    }
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

/* {"times": 1, "by": {"days": 60, "until": "end_of_day"}}; {"times": 0}: never. */
static bool
read_extension(const struct policy_node *node, enum clock clock,
               struct sla_clock_rule *rule, struct err *err)
{
    struct policy_node limits;
    struct policy_node by;
    struct target target = {0};
    int64_t times = EXTENSIONS_MAX;
    if (!policy_has(node, "extension"))
        return true;
    if (!policy_object(node, "extension", true, &limits, err) ||
        !policy_known(&limits, KEYS("times", "by"), err) ||
        !policy_i64(&limits, "times", false, 0, EXTENSIONS_MAX, &times, err))
        return false;
    if (!sla_clock_extends(clock))
        return policy_error(&limits, err,
                            "%s is never extended (a promise is promised "
                            "anew); take extension out",
                            clock_name(clock));
    if (!policy_has(&limits, "times") && !policy_has(&limits, "by"))
        return policy_error(&limits, err,
                            "must say how often, {\"times\": n}, or how far, {\"by\": "
                            "{\"days\": n}}");
    if (policy_has(&limits, "by") && (!policy_object(&limits, "by", true, &by, err) ||
                                      !read_target(&by, 1, &target, err)))
        return false;
    rule->has_extension = true;
    rule->extension =
        (struct sla_extension){(int32_t)times, target.unit, target.n, target.until};
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
    rule->target_json = arena_str(loader_arena(loader), str_from(text));
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
                      KEYS("target", "warn", "max_pause", "extension", "ladder",
                           "automatic_counts"),
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
    return read_warn(&node, rule, err) && read_max_pause(&node, clock, rule, err) &&
           read_extension(&node, clock, rule, err) &&
           find_ladder(loader, &node, rule, err) &&
           policy_bool(&node, "automatic_counts", false, &rule->automatic_counts, err);
}

bool
loader_clocks(struct loader *loader, const struct policy_node *node,
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
