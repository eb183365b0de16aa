/* notice.h - what the complainant hears: when, of what, in which words.
 *
 * notice_choose() decides whether an event is something to tell, at most one notice an
 * event, and keeps in the case what was told; notice_print() puts it into a CloudEvent in
 * the complainant's language.  Pure: no clock, no I/O.
 * Invariants: nothing is told twice (the same question, promise, date or number), a date
 * that was told and does not hold is always told, an internal reason (of a transfer)
 * never.  Not thread-bound: the policy is const. */
#ifndef REDRESS_NOTICE_H
#define REDRESS_NOTICE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/times.h"
#include "conf/policy.h"
#include "gen/assign_case.h"
#include "gen/complaint_event.h"
#include "gen/sla_section.h"
#include "zone/zone.h"

#define NOTICE_MAX_LINES 24 /* of a template                    */
#define NOTICE_MAX_LINE_BYTES 1000
#define NOTICE_MAX_TITLE_BYTES 200
#define NOTICE_MAX_NAMES 40         /* {names} in a template            */
#define NOTICE_MAX_VALUE_BYTES 4096 /* of one {name} in the text; data is whole */
#define NOTICE_MAX_ENTRIES 64       /* zones, authorities, remedies     */
#define NOTICE_MAX_TOLD 32          /* dates kept of a case             */
/* Reopening and appeal count within this time of the end (design: Lifecycle). */
#define NOTICE_APPEAL_MS (30 * DAY_MS)

/* What there is to tell.  The key is "<notice>" or "<notice>.<about>": the notice is in
 * the type of the CloudEvent, about in its data; the key names the template. */
enum occasion {
    OCCASION_ACKNOWLEDGEMENT,
    OCCASION_PROGRESS_OWNER,       /* another team or owner                     */
    OCCASION_PROGRESS_REFERRED,    /* to another body                           */
    OCCASION_PROGRESS_THIRD_PARTY, /* waits for somebody else                   */
    OCCASION_PROGRESS_RESUMED,     /* goes on after that                        */
    OCCASION_PROGRESS_REFUSED,     /* the offer was not good enough: what now   */
    OCCASION_PROGRESS_PROMISE_KEPT,
    OCCASION_PROGRESS_REOPENED,
    OCCASION_PROGRESS_MERGED,
    OCCASION_PROGRESS_WITHDRAWN,
    OCCASION_PROGRESS_UPDATE,     /* sign of life: the update clock warns      */
    OCCASION_WAITING_INFORMATION, /* we wait for you                           */
    OCCASION_WAITING_DECISION,    /* we wait for your answer to our offer      */
    OCCASION_PROMISE,
    OCCASION_DELAY_EXTENDED,
    OCCASION_DELAY_PROMISE,         /* the same promise for a later date       */
    OCCASION_DELAY_OVERDUE,         /* a date that was told has passed         */
    OCCASION_DELAY_PROMISE_OVERDUE, /* so has that of a promise                */
    OCCASION_RESOLUTION,
    OCCASION_REJECTION,
    OCCASION_FOLLOW_UP,          /* did it help?                              */
    OCCASION_FOLLOW_UP_REJECTED, /* closed after a rejection                  */
    OCCASION_COUNT,
};
const char *occasion_key(enum occasion occasion);
/* Up to the dot, and behind it (null if there is none). */
struct str occasion_notice(enum occasion occasion);
struct str occasion_about(enum occasion occasion);

/* --- policy: notices/<language>.json ------------------------------------------------ */
enum notice_language { NOTICE_EN, NOTICE_ZH, NOTICE_LANGUAGES };

struct notice_text {
    struct str title;
    size_t n_lines;
    struct str *lines;
};
struct notice_zone {
    struct str name;  /* IANA               */
    struct str shown; /* behind each date   */
    struct zone zone;
};
struct notice_authority {
    size_t n_names;
    struct str *names; /* of regulator.name; case does not matter */
    struct str text;
};
struct notice_remedy {
    struct str remedy;
    struct str shown;
};
struct notice_words {
    struct policy_doc doc;
    struct notice_text texts[OCCASION_COUNT][KIND_COUNT];
    struct str kinds[KIND_COUNT];
    struct str states[STATE_COUNT];
    struct str clocks[CLOCK_COUNT]; /* those that complainants are told of */
    size_t n_remedies;
    struct notice_remedy *remedies;
    size_t zone; /* where the case's own is not listed */
    size_t n_zones;
    struct notice_zone *zones;
    struct str appeal_to; /* where no authority fits */
    size_t n_authorities;
    struct notice_authority *authorities;
};
struct notice_policy {
    struct arena arena;
    struct notice_words words[NOTICE_LANGUAGES];
};
/* Fills a zeroed policy; false + ERR_STOP if a file is bad. Release in either case. */
MUST_CHECK bool notice_policy_load(struct notice_policy *ret, const char *dir,
                                   struct err *err);
void notice_policy_release(struct notice_policy *policy);

/* The clocks whose dates a complainant is told. */
bool notice_tells(enum clock clock);
/* Whether templates may ask for {name}; *ret_always: it is known in every case. */
bool notice_name_known(struct str name, bool *ret_always);

/* --- what there is to tell ------------------------------------------------------------
 */

/* The case as it was before the event. */
struct notice_before {
    enum state state;
    struct str team;
    struct str owner;
};
struct notice_facts {
    enum occasion occasion;
    struct str event_id; /* of the CloudEvent: the same input gives the same id */
    struct str cause;    /* event_id of what is told                            */
    struct str traceparent;
    int64_t at_ms;
    const struct assign_case *c;
    const struct customer *recipient; /* may be NULL */
    const struct sla_section *sla;    /* dates to expect; may be NULL */
    struct str promise_id;
    struct str promise;
    struct str reason;
    struct str remedy;
    bool has_amount;
    double amount;
    struct str currency;
    struct str referred_to;
    struct str case_ref;
    struct str into_id; /* merged */
    struct str into_ref;
    struct str previous_id; /* taken up again under a new number */
    struct str previous_ref;
    enum clock clock; /* that the delay is of; CLOCK_NONE */
    int64_t due_at;   /* of the promise, or TIME_NONE     */
    int64_t until;    /* the new date                     */
    int64_t previous; /* the date told before             */
    int64_t appeal_until;
};
/* The next date at which they may expect something of us; TIME_NONE without one. */
int64_t notice_next_ms(const struct notice_facts *facts);
/* True if the event is to be told; *ret has all but event_id, recipient, into_ref and
 * previous_ref.  c is the case after the event; its told, asked ... are updated (lists in
 * the arena).  Histories and erased customers are the caller's to leave out. */
bool notice_choose(struct assign_case *c, const struct notice_before *before,
                   const struct complaint_event *ev, struct arena *arena,
                   struct notice_facts *ret);
/* When the next of the dates passes that were told and that no clock of sla's watches
 * over: just after it; TIME_NONE without one. */
int64_t notice_next_due(const struct assign_case *c);
/* The first of those that passed before due_ms, each once; false: none is left. *ret as
 * from notice_choose(), its cause what named the date. */
bool notice_due(struct assign_case *c, int64_t due_ms, struct arena *arena,
                struct notice_facts *ret);
/* At a merge what the complainant was told of promises and statutory dates goes on at the
 * target, as their clocks do. */
void notice_take_over(struct assign_case *target, const struct assign_case *source,
                      struct arena *arena);

/* --- in words -------------------------------------------------------------------------
 */
enum notice_language notice_language_of(const struct assign_case *c);
/* The CloudEvent as JSON into out; false only above out's maximum (2 MiB is enough for
 * any input). */
bool notice_print(const struct notice_policy *policy, const struct notice_facts *facts,
                  struct buf *out);
/* The title alone, for the timeline. */
bool notice_print_title(const struct notice_policy *policy,
                        const struct notice_facts *facts, struct buf *out);

#endif
