/* assign.h - one accountable owner: team and owner of a case, transfers, escalation.
 * Pure: no clock, no I/O.
 *
 * Invariants: the owner stays; only people (assigned, transferred) or the transfer limit
 * change him.  Above the limit the case goes to the named senior owner and no further.
 * An open case counts in the load of exactly one member. */
#ifndef REDRESS_ASSIGN_H
#define REDRESS_ASSIGN_H

#include "base/arena.h"
#include "base/base.h"
#include "conf/policy.h"
#include "gen/assign_case.h"
#include "gen/complaint_event.h"

#define ASSIGN_MAX_TEAMS 256
#define ASSIGN_MAX_MEMBERS 256 /* of a team            */
#define ASSIGN_MAX_RULES 1024
#define ASSIGN_MAX_VALUES 256 /* in one list of a rule */
#define ASSIGN_MAX_RUNGS 16

struct assign_member {
    struct str name;
    size_t n_languages;
    struct str *languages;
    int64_t capacity; /* open cases, >= 1 */
};
struct assign_team {
    struct str name;
    struct str lead;
    size_t n_members;
    struct assign_member *members;
};

/* What a rule can ask for; the names are the keys in routing.json. */
enum assign_field {
    ASSIGN_PRODUCT,
    ASSIGN_ISSUE,
    ASSIGN_CHANNEL,
    ASSIGN_LANGUAGE,
    ASSIGN_TIER,
    ASSIGN_REGULATOR,
    ASSIGN_BRAND,
    ASSIGN_KIND,
    ASSIGN_PRIORITY,
    ASSIGN_FLAGS,
    ASSIGN_FIELDS,
};
struct assign_list {
    size_t n;
    struct str *values;
};
struct assign_rule {
    struct str name;
    struct str team;
    struct assign_list lists[ASSIGN_FIELDS]; /* n == 0: not asked */
};

enum notice { NOTICE_ACKNOWLEDGEMENT, NOTICE_RESOLUTION, NOTICE_REJECTION, NOTICE_COUNT };
/* "acknowledgement", ...: in the type of the CloudEvent and the key of the template. */
const char *notice_name(enum notice notice);
struct notice_template {
    struct str title;
    size_t n_lines;
    struct str *lines;
};

struct assign_policy {
    struct policy_doc doc;
    struct policy_doc notices_doc[2];
    struct arena arena;
    struct str default_team;
    int64_t transfer_limit;
    struct str senior_team;
    struct str senior_owner;
    size_t n_rungs;
    struct str *rungs; /* "team_lead" stands for the lead of the case's team */
    size_t n_teams;
    struct assign_team *teams;
    size_t n_rules;
    struct assign_rule *rules;
    struct notice_template notices[2][NOTICE_COUNT]; /* [0] en, [1] zh */
};
void *assign_policy_load(const char *dir, struct err *err);
void assign_policy_free(void *policy);
const struct assign_team *assign_team_find(const struct assign_policy *policy,
                                           struct str name);

/* What rules look at; flags only on the event that carries them. */
struct assign_facts {
    struct str field[ASSIGN_FIELDS]; /* one value each; ASSIGN_FLAGS unused */
    size_t n_flags;
    const struct str *flags;
};
/* The first rule that matches; NULL: the default team. */
const struct assign_rule *assign_match(const struct assign_policy *policy,
                                       const struct assign_facts *facts);

/* Open cases of a member of a team: asked for each candidate. */
typedef int64_t assign_load_fn(void *ctx, struct str team, struct str member);
/* The member with the language and the least load for his capacity; first in the file
 * wins a tie; without anyone of the language, anyone. Null if the team has no members:
 * then the lead owns it. */
struct str assign_owner(const struct assign_policy *policy,
                        const struct assign_team *team, struct str language,
                        assign_load_fn *load, void *ctx);

/* The role or person of a rung (1 = first) for a team; the last rung is the fallback. */
struct str assign_rung(const struct assign_policy *policy, struct str team,
                       int64_t level);

/* A notice as CloudEvents JSON into out. */
struct notice_facts {
    struct str event_id; /* id of the CloudEvent: the same input gives the same id */
    int64_t at_ms;
    const struct assign_case *c;
    const struct sla_section *sla; /* dates to expect; may be NULL */
    struct str remedy;
    struct str reason;
};
bool notice_print(const struct assign_policy *policy, enum notice notice,
                  const struct notice_facts *facts, struct buf *out);

#endif
