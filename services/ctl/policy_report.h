/* policy_report.h - a settled tally as text or JSON. */
#ifndef REDRESS_CTL_POLICY_REPORT_H
#define REDRESS_CTL_POLICY_REPORT_H

#include "base/buf.h"
#include "ctl/policy_tally.h"

/* What was replayed. */
struct policy_run {
    size_t n_policies;
    const struct run_policy {
        const char *file; /* as the user gave it */
        const char *kind;
        const char *version;
        const char *hash;
    } * policies;
    const char *current; /* folder */
    bool wall_clock;
    int32_t partitions;
    int64_t n_events;  /* fed */
    int64_t n_refused; /* became dead letters in a replay */
    int64_t first_ms;  /* of the events; TIME_NONE without */
    int64_t until_ms;  /* how far the clocks went */
};

void policy_report_text(struct buf *out, const struct policy_run *run,
                        const struct tally *tally);
void policy_report_json(struct buf *out, const struct policy_run *run,
                        const struct tally *tally);

#endif
