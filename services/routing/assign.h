/* assign.h - one accountable owner: team and owner of a case, and whom it escalates to.
 * Pure: no clock, no I/O.
 *
 * Invariants: the owner stays; only people (assigned, transferred) or the transfer limit
 * change him.  Above the limit the case goes to the named senior owner and no further.
 * An open case counts in the load of exactly one member.  Escalation changes nobody's
 * ownership, and always ends at a named person. */
#ifndef REDRESS_ASSIGN_H
#define REDRESS_ASSIGN_H

#include "base/arena.h"
#include "base/base.h"
#include "conf/policy.h"
#include "routing/notice.h"

#define ASSIGN_MAX_TEAMS 256
#define ASSIGN_MAX_MEMBERS 256 /* of a team            */
#define ASSIGN_MAX_RULES 1024
#define ASSIGN_MAX_VALUES 256 /* in one list of a rule */
#define ASSIGN_MAX_RUNGS 16
#define ASSIGN_MAX_ROLES 64

struct assign_member {
    struct str name;
    size_t n_languages;
    struct str *languages;
    int64_t capacity; /* open cases, >= 1 */
};
/* Who has a role: of a team, or of the whole installation. */
struct assign_role {
    struct str role;
    struct str person;
};
struct assign_roles {
    size_t n;
    struct assign_role *items;
};
struct assign_team {
    struct str name;
    struct str lead;
    size_t n_members;
    struct assign_member *members;
    struct assign_roles roles;
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

struct assign_policy {
    struct policy_doc doc;
    struct arena arena;
    struct str default_team;
    int64_t transfer_limit;
    struct str senior_team;
    struct str senior_owner;
    struct assign_roles roles;
    size_t n_rungs;
    struct str *rungs; /* roles, the lowest first */
    size_t n_teams;
    struct assign_team *teams;
    size_t n_rules;
    struct assign_rule *rules;
    struct notice_policy notices;
};
/* routing.json and the notices below dir; NULL + ERR_STOP if one is bad. */
void *assign_policy_load(const char *dir, struct err *err);
void assign_policy_free(void *policy);
const struct assign_team *assign_team_find(const struct assign_policy *policy,
                                           struct str name);

/* What rules look at; flags only on the event that carries them. */
struct assign_facts {
    struct str field[ASSIGN_FIELDS]; /* one value each; ASSIGN_FLAGS unused */
    struct str tier_said;            /* the publisher's; [ASSIGN_TIER] is triage's */
    size_t n_flags;
    const struct str *flags;
};
/* The first rule that matches; NULL: the default team. */
const struct assign_rule *assign_match(const struct assign_policy *policy,
                                       const struct assign_facts *facts);

/* Open cases of a member of a team: asked for each candidate. */
typedef int64_t assign_load_fn(void *ctx, struct str team, struct str member);
/* The member with the language and the least load for his capacity; first in the file
 * wins a tie; without anyone of the language, anyone. If the team has no members, the
 * lead owns it. */
struct assign_choice {
    struct str owner;
    const struct assign_member *member; /* NULL: the lead                     */
    bool speaks;                        /* the member speaks the language     */
    int64_t open;                       /* cases of the member before this one */
};
struct assign_choice assign_owner(const struct assign_team *team, struct str language,
                                  assign_load_fn *load, void *ctx);
/* A member of the team with that name (case does not matter); NULL if there is none. */
const struct assign_member *assign_member_find(const struct assign_team *team,
                                               struct str name);

/* Whom a rung means: the person who has the role in the team (team_lead is its lead),
 * else in the installation.  A role that nobody has, and the owner himself, give way to
 * the next higher one, in the end to the senior owner: never nobody.  role may be null:
 * then the level (1 = first) says it.  An unknown team escalates as the default team. */
struct str assign_escalate(const struct assign_policy *policy, struct str team,
                           struct str owner, struct str role, int64_t level);

#endif
