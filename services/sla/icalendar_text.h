/* icalendar_text.h - the lines of an iCalendar file, before libical sees them.
 *
 * libical drops what it cannot read, follows any nesting and knows no line numbers; so
 * lines are unfolded, counted and checked here first.  Pure. */
#ifndef REDRESS_SLA_ICALENDAR_TEXT_H
#define REDRESS_SLA_ICALENDAR_TEXT_H

#include "base/buf.h"
#include "sla/icalendar.h"

struct icalendar_lines {
    size_t n_events;
    uint32_t line[ICALENDAR_EVENTS_MAX]; /* of each BEGIN:VEVENT, from 1 */
};

/* text unfolded (RFC 5545 3.1) into ret_plain, and where its events begin.  ERR_STOP if
 * it is too large, not UTF-8, or its components do not nest. */
MUST_CHECK bool icalendar_unfold(struct str text, const char *file, struct buf *ret_plain,
                                 struct icalendar_lines *ret_lines, struct err *err);

#endif
