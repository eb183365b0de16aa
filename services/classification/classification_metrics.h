/* classification_metrics.h - what the running service shows of its own results, so that a
 * drift is seen while it happens: labels and who decided, confidence, doubt, agreement of
 * the model with upstream and with people.
 *
 * bi.classification_quality tells the same of the whole past, by week. */
#ifndef REDRESS_CLASSIFICATION_METRICS_H
#define REDRESS_CLASSIFICATION_METRICS_H

#include "classification/classification.h"
#include "stage/turn.h"

enum classification_metric {
    CLASSIFICATION_FINDINGS, /* task, label, decided_by, needs_review: each first finding
                              */
    CLASSIFICATION_CONFIDENCE, /* task: of what the model (or phrases) said */
    CLASSIFICATION_UPSTREAM,   /* task, agrees: both upstream and the model said something
                                */
    CLASSIFICATION_CORRECTIONS, /* task, agrees: true, false; none: the model had said
                                   nothing */
    CLASSIFICATION_MODEL, /* task, language, model: which one speaks now                */
    CLASSIFICATION_METRICS,
};
extern const struct stage_metric classification_metrics[CLASSIFICATION_METRICS];

/* Call when an event made or changed a section: before is what it was, NULL if the case
 * is new.  A late reopening classifies nothing anew and counts nothing. */
void classification_measure(struct turn *turn, const struct complaint_event *ev,
                            const struct classification_section *before,
                            const struct classification_section *now);

#endif
