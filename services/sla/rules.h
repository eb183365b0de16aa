/* rules.h - which policy a case has, and what it says of a clock.  Pure; plain data.
 *
 * A case has a base policy (the first of sla.json whose match fits) and, where a
 * regulator stands behind it, a preset (the first whose names fit and that is in force on
 * the day of the statutory start).  A clock that the preset sets is the preset's; all
 * others are the base policy's.  sla_policy.h reads these structures from files. Thread
 * rule: const once loaded. */
#ifndef REDRESS_SLA_RULES_H
#define REDRESS_SLA_RULES_H

#include "gen/channel.h"
#include "gen/clock.h"
#include "gen/kind.h"
#include "gen/priority.h"
#include "gen/sla_extension.h"
#include "gen/sla_rung.h"
#include "sla/target.h"

#define SLA_WARN_MAX 8
#define SLA_RUNGS_MAX 8
#define SLA_MATCH_MAX 64

/* Clocks that some state of a case pauses (the table of clocks.c); the others never are,
 * whatever a policy says. */
bool sla_clock_pauses(enum clock clock);
/* Clocks that complaint.extended can move: not promises, which are promised anew, and not
 * the recovery window, which is how long people forgive. */
static inline bool
sla_clock_extends(enum clock clock)
{
    return clock != CLOCK_NONE && clock != CLOCK_PROMISE &&
           clock != CLOCK_RECOVERY_WINDOW;
}

/* What a policy says of one clock. */
struct sla_clock_rule {
    bool set;
    struct target target;   /* unit given: promise                               */
    struct str target_json; /* as the policy wrote it                            */
    const struct calendar *calendar;
    size_t n_warn;
    int32_t warn[SLA_WARN_MAX]; /* percents, rising                              */
    int64_t max_pause_ms;       /* all pauses together; 0: no limit              */
    bool automatic_counts;      /* acknowledge: an automatic notice meets it     */
    size_t n_rungs;
    struct sla_rung rungs[SLA_RUNGS_MAX]; /* after the due time, in order        */
    bool has_extension;                   /* else: as far and often as is approved     */
    struct sla_extension extension;
};

/* Any of the values; n == 0: everything matches. */
struct sla_match_list {
    size_t n;
    const struct str *values;
};

struct sla_rules {
    struct str name;
    struct str version;
    struct sla_match_list brand, product, regulator, channel, language, priority, kind,
        tier;
    const struct calendar *calendar; /* in whose zone the dates in force are      */
    bool has_from, has_to;
    int64_t from_day, to_day; /* in force, both included                          */
    struct sla_clock_rule clocks[CLOCK_COUNT];
};

struct sla_policy {
    struct str version; /* of sla.json                                            */
    struct str hash;    /* over sla.json, presets and calendars                   */
    size_t n_policies;
    const struct sla_rules *policies; /* the last matches everything              */
    size_t n_presets;
    const struct sla_rules *presets;
    size_t n_calendars;
    const struct calendar *const *calendars; /* every (calendar, zone) in use     */
};

/* What the choice looks at; null strings match no list. */
struct sla_facts {
    struct str brand, product, regulator, language;
    struct str tier;      /* as triage decided                                        */
    struct str tier_said; /* as the publisher said: either may be named               */
    enum channel channel;
    enum priority priority;
    enum kind kind;
    int64_t statutory_at;
};

struct sla_choice {
    const struct sla_rules *preset; /* NULL: none */
    const struct sla_rules *base;
};

struct sla_choice sla_choose(const struct sla_policy *policy,
                             const struct sla_facts *facts);

/* The rule for a clock of a case of this kind and whose it is; NULL: the case has no such
 * clock.  Inquiries have acknowledge and first_response, with a preset its clocks too;
 * suggestions acknowledge; praise none; recovery_window and follow_up are for complaints.
 * A promise is a clock of any kind of case that has it in its policy. */
const struct sla_clock_rule *sla_rule(const struct sla_choice *choice, enum kind kind,
                                      enum clock clock,
                                      const struct sla_rules **ret_rules);

/* By name and zone, as pinned in a running clock; where that is gone the name in another
 * zone, else the first calendar. */
const struct calendar *sla_calendar(const struct sla_policy *policy, struct str name,
                                    struct str zone);

#endif
