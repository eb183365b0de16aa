/* show.h - `redress show`: a case's story as one JSON document, and the same in words.
 *
 * show_load.c reads the rows, personal data masked as in schema bi; show_story.c (and of
 * the classification show_class.c) makes the document that --json prints; show_text.c and
 * show_life.c print it for a person from
 * the same document, so the two never disagree.  Whatever is missing or odd in a row is
 * left out, never trusted.  One thread. */
#ifndef REDRESS_CTL_SHOW_H
#define REDRESS_CTL_SHOW_H

#include <jansson.h>

#include "base/buf.h"
#include "ctl/ctl.h"

#define SHOW_COLUMNS ((size_t)100)

/* --- show_load.c -------------------------------------------------------------------- */
/* What PostgreSQL says of a case; owned. */
struct show_rows {
    json_t *complaint; /* NULL: there is none      */
    json_t *clocks;    /* arrays from here on      */
    json_t *events;
    json_t *owners;
    json_t *remedies;
    json_t *links;     /* cases that name this one, or that it names */
    json_t *elsewhere; /* events of other cases that it rests on     */
    json_t *findings;  /* what each task was found to be, with its reasons */
    int64_t now_ms;    /* the event clock's time where that runs     */
    bool event_clock;
};
MUST_CHECK bool show_load(struct pg *pg, const struct ctl *ctl, struct str complaint_id,
                          struct show_rows *ret, struct err *err);
void show_rows_release(struct show_rows *rows);

/* --- show_story.c ------------------------------------------------------------------- */
/* The document; the caller decrefs it. Keys: show_help. */
json_t *show_story(const struct show_rows *rows);
extern const char show_help[]; /* cmd_show.c */

/* --- show_class.c ------------------------------------------------------------------- */
/* Member "classification" of the document; the caller decrefs it. */
json_t *show_classification(const struct show_rows *rows);
/* The same for a person: a line for each task of which something is to be said. */
void show_findings(struct buf *out, const json_t *story);

/* --- show_words.c ------------------------------------------------------------------- */
/* Member access that never fails: "" (0, TIME_NONE) for what is not there. */
const char *show_get(const json_t *object, const char *key);
double show_number(const json_t *object, const char *key);
/* Whole, within +-10^15, so that reckoning with it is safe. */
int64_t show_integer(const json_t *object, const char *key);
bool show_true(const json_t *object, const char *key);
int64_t show_ms(const json_t *object, const char *key);
bool show_is(const json_t *object, const char *key, const char *text);
/* A value as people write it: times to the minute, numbers without noise; underscores of
 * names become blanks with plain. */
void show_value(struct buf *out, const json_t *value, bool plain);
void show_time(struct buf *out, int64_t ms);
/* "3 d 4 h", "20 min": the two largest units. */
void show_duration(struct buf *out, int64_t ms);
/* What an event says, in words; who did it. team: whose case it was then ("" unknown). */
void show_event(struct buf *out, const json_t *event);
const char *show_who(const json_t *event, const char *team);
/* A piece of evidence, a score's component in plain words. */
void show_evidence(struct buf *out, const json_t *evidence);
void show_reason(struct buf *out, const json_t *reason);
/* Which factor of the score the component belongs to. */
enum show_part { SHOW_SEVERITY, SHOW_SALVAGE, SHOW_EXPOSURE, SHOW_TOP, SHOW_INSTEAD };
enum show_part show_part_of(const char *reason);

/* --- show_text.c, show_life.c ------------------------------------------------------- */
/* Text from column `at` on, broken at blanks (or between Chinese characters) before
 * SHOW_COLUMNS, further lines indented; ends the line. Control characters and marks of
 * direction do not reach the terminal. */
void show_wrap(struct buf *out, size_t at, size_t indent, struct str text);
/* Cut or filled up to a number of columns. */
void show_pad(struct buf *out, struct str text, size_t columns);
/* "  label  text", label padded to a column; nothing where text is empty. */
void show_line(struct buf *out, const char *label, struct str text);
void show_text(struct buf *out, const json_t *story);
void show_life(struct buf *out, const json_t *story);

#endif
