/* triage_rig.h - the life of a case as the stages before triage would tell it. */
#ifndef REDRESS_TEST_TRIAGE_RIG_H
#define REDRESS_TEST_TRIAGE_RIG_H

#include "stage_rig.h"

#define TALE_POLICY_DIR "deploy/policy"
#define T0 (INT64_C(1790000000000))

/* One case as the stages before would tell it. */
struct tale {
    struct stage_rig rig;
    struct register_section r;
    struct classification_section k;
    struct customer customer;
    struct submission sub;
    const char *complaint_id;
    int n; /* events so far: e1, e2 ... */
};

/* A complaint c1 about a kettle by e-mail, nothing sent yet. */
void tale_open(struct tale *t);
void tale_close(struct tale *t);
/* Sends an event of the case and gives back the section that came out on it. */
const struct triage_section *tale_happens(struct tale *t, enum event_type type,
                                          int64_t at, const struct action *action);
/* The same, and the case goes to another state with it. */
const struct triage_section *tale_moves(struct tale *t, enum event_type type,
                                        enum state to, int64_t at,
                                        const struct action *action);
bool tale_has(const struct triage_section *s, const char *kind);
/* The section of the last event of this type that the last send brought, NULL for none.
 */
const struct triage_section *tale_told(struct tale *t, enum event_type type);

#endif
