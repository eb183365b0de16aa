/* projection.h - folds a batch of events into rows: read this first.
 *
 * complaints.routed is the truth; a batch of it becomes
 *     one timeline row an event,
 *     one row a complaint: the last word of each section in the batch, in order,
 *     one row a clock start, one a customer: the last word, field by field for customers,
 *     what each task was first found to be, and what a person said of it since,
 *     a row each time team or owner changed, a row a step with a remedy.
 * A null section means unchanged, so a fold keeps the last that was there.  PostgreSQL
 * refuses to touch a row twice in one statement: that, too, is why the batch is folded.
 *
 * Invariants: rows stand in the order in which their keys first came (never in hash
 * order); the batch's items come in Kafka's order of each partition.
 * Pure: no clock, no I/O; everything is in the arena or points into the events. */
#ifndef REDRESS_PROJECTION_H
#define REDRESS_PROJECTION_H

#include "base/arena.h"
#include "base/base.h"
#include "gen/complaint_event.h"

#define PROJECTION_UUID 16

struct projection_item {
    const struct complaint_event *ev;
    int64_t offset; /* in its partition of complaints.routed */
};

/* Which parts of a complaint's row a batch brought; complaints.sections. */
enum projection_section {
    SECTION_SUBMISSION = 1,
    SECTION_REGISTER = 2,
    SECTION_CLASSIFICATION = 4,
    SECTION_TRIAGE = 8,
    SECTION_SLA = 16,
    SECTION_ROUTING = 32,
    SECTION_RESOLUTION = 64,
    SECTION_INHERITED = 128, /* the submission is that of the previous case */
};

struct projection_event {
    const struct complaint_event *ev;
    unsigned char event_id[PROJECTION_UUID];
    bool has_complaint;
    unsigned char complaint_id[PROJECTION_UUID];
};

struct projection_complaint {
    unsigned char id[PROJECTION_UUID];
    int sections;                            /* enum projection_section, or'ed */
    int64_t offset;                          /* of the last event              */
    int64_t occurred_at;                     /* of the latest event, ms        */
    struct str customer_hash;                /* null if no event said it       */
    struct str customer_key;                 /* null if empty                  */
    const struct complaint_event *submitted; /* complaint.submitted; NULL if not here   */
    const struct register_section *register_;
    const struct classification_section *classification;
    const struct triage_section *triage;
    const struct sla_section *sla;
    const struct routing_section *routing;
    const struct action *resolution; /* of the last complaint.resolved */
    struct reach reach;              /* what the batch said last of each number */
};

struct projection_clock {
    unsigned char complaint_id[PROJECTION_UUID];
    const struct sla_clock *clock;
    int64_t offset;
};

/* What classification first said of each task of a complaint, and what stands now. */
#define PROJECTION_TASKS 16 /* as many as a section's findings */
struct projection_finding {
    unsigned char complaint_id[PROJECTION_UUID];
    bool inherited; /* a late reopening: nothing was classified anew     */
    int64_t
        decided_at; /* ms, of the submission (received_at if it is not in the batch) */
    int64_t offset; /* of the last                                       */
    struct str language;
    size_t n_first;
    const struct finding *first[PROJECTION_TASKS]; /* in order of appearance */
    const struct classification_section *now;
};

struct projection_customer {
    struct str hash;
    struct str key;
    enum customer_key key_kind;
    int64_t offset;
    int64_t first_at, last_at; /* ms */
    struct customer said;      /* field by field, the last that was said */
};

struct projection_assignment {
    const struct complaint_event *ev;
    unsigned char event_id[PROJECTION_UUID];
    unsigned char complaint_id[PROJECTION_UUID];
    bool first; /* of this complaint in the batch: compare with the table */
    int64_t offset;
};

struct projection_remedy {
    const struct complaint_event *ev;
    unsigned char event_id[PROJECTION_UUID];
    unsigned char complaint_id[PROJECTION_UUID];
    const char *step; /* offered, accepted, refused, given */
};

/* A late reopening opened it: its submission is the first case's. */
struct projection_inheritance {
    unsigned char complaint_id[PROJECTION_UUID];
    unsigned char from[PROJECTION_UUID]; /* whose row has the submission */
};

struct projection_erasure {
    struct str customer_hash;
    int64_t at; /* ms */
};

/* What a batch changes. */
struct projection_rows {
    size_t n_events, n_complaints, n_findings, n_clocks, n_customers, n_assignments,
        n_remedies, n_inheritances, n_erasures;
    struct projection_event *events;
    struct projection_complaint *complaints;
    struct projection_finding *findings;
    struct projection_clock *clocks;
    struct projection_customer *customers;
    struct projection_assignment *assignments;
    struct projection_remedy *remedies;
    struct projection_inheritance *inheritances;
    struct projection_erasure *erasures; /* run after everything else of the batch */
};

/* Whether an event can become rows: ids that are UUIDs.  Else DEAD_BAD_SCHEMA.  Items of
 * a fold must have passed this. */
MUST_CHECK bool projection_check(const struct complaint_event *ev, struct err *err);
/* A batch must end with such an event: what it erases must be in the tables. */
bool projection_ends_batch(const struct complaint_event *ev);

/* ret_rows points into the arena and into the events. */
void projection_fold(const struct projection_item *items, size_t n, struct arena *arena,
                     struct projection_rows *ret_rows);

#endif
