/* detail.h - the facts of one event as a JSON object, for the timeline.
 *
 * What people wrote themselves (reasons, comments, promises, causes) stands under "said":
 * bi.timeline masks it and lifts it up.  Everything else holds no personal data.  Message
 * texts are not here; they have a column of their own.
 * Pure: same event, same bytes. */
#ifndef REDRESS_PROJECTION_DETAIL_H
#define REDRESS_PROJECTION_DETAIL_H

#include "base/buf.h"
#include "gen/complaint_event.h"

/* A JSON object; valid until scratch changes. */
struct str projection_detail(const struct complaint_event *ev, struct buf *scratch);
/* What the customer or the company said with this event (not the submission's own text,
 * which is in complaints.text); null if nothing. */
struct str projection_text(const struct complaint_event *ev);

/* JSON arrays for a complaint's row; null if there is no item.  Valid until scratch
 * changes. */
struct str projection_evidence(const struct triage_section *triage, struct buf *scratch);
struct str projection_reasons(const struct triage_section *triage, struct buf *scratch);
struct str projection_checklist(const struct triage_section *triage, struct buf *scratch);
struct str projection_offered(const struct triage_section *triage, struct buf *scratch);

/* What each task was found to be, as an object by task; never reasons, which may hold
 * words of the text. And what people said of it since: an object of labels by task, null
 * if they said nothing. Valid until scratch changes. */
struct str projection_findings(const struct finding *const *findings, size_t n,
                               struct buf *scratch);
struct str projection_corrected(const struct classification_section *section,
                                struct buf *scratch);

#endif
