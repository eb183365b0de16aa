/* series.h - a stage's own figures (turn_observe): counted as observed, shown once they
 * are committed.  Private to this room.
 *
 * A series is a metric with one set of label values; it begins when it is first observed.
 * What strangers can name is bounded: a label marked open has at most SERIES_OPEN values
 * beside each set of the others, what comes later is "other"; of all metrics there are at
 * most SERIES_MAX series, what comes later is dropped and counted.
 * Thread rule: one writer; stage_series_print() from any thread, without locks. */
#ifndef REDRESS_SERIES_H
#define REDRESS_SERIES_H

#include "base/buf.h"
#include "stage/turn.h"

#define SERIES_MAX 4096
#define SERIES_OPEN 50
#define SERIES_LABEL_BYTES 64 /* of a value: the rest is cut off */

struct stage_series;

/* metrics must live as long; NULL if there are none.  The others take NULL. */
struct stage_series *stage_series_new(const struct stage_metric *metrics, size_t n);
void stage_series_drop(struct stage_series *series);

void stage_series_add(struct stage_series *series, const struct observation *observation);
/* What was added since the last of these two counts from now on; or never was. */
void stage_series_keep(struct stage_series *series);
void stage_series_undo(struct stage_series *series);

/* The lines of one metric; labels are those of the source, without braces. */
void stage_series_print(const struct stage_series *series, size_t metric,
                        const char *labels, struct buf *out);
/* Observations that found no room. */
uint64_t stage_series_dropped(const struct stage_series *series);

#endif
