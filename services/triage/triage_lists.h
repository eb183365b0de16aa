/* triage_lists.h - the bounded lists of a case: evidence, promises, offers, transfers.
 *
 * A list is copied into the arena before it changes, for the record that it came from is
 * only a view.  Full lists drop what tells least; none ever grows past its cap.
 * Pure: no clock, no I/O, no heap. */
#ifndef REDRESS_TRIAGE_LISTS_H
#define REDRESS_TRIAGE_LISTS_H

#include "base/arena.h"
#include "base/base.h"
#include "gen/triage_case.h"

#define TRIAGE_PROMISES 24
#define TRIAGE_EVIDENCE 32
#define TRIAGE_OFFERED 8
#define TRIAGE_TRANSFERS 8

/* also: a further event that it rests on, null for none. */
void triage_add_evidence(struct triage_case *c, struct arena *arena, const char *kind,
                         struct str event_id, int64_t at, struct str also);
/* The same with any number of further events. */
void triage_put_evidence(struct triage_case *c, struct arena *arena,
                         const struct evidence *evidence);
/* An evidence that turned out wrong; the newest such. False if it is not there. */
bool triage_drop_evidence(struct triage_case *c, struct arena *arena, const char *kind,
                          struct str event_id);
/* All of the kind. False if there is none. */
bool triage_drop_kind(struct triage_case *c, struct arena *arena, const char *kind);
bool triage_has_evidence(const struct triage_case *c, const char *kind);
/* One more failed recovery, with its evidence. */
void triage_failed_again(struct triage_case *c, struct arena *arena, const char *kind,
                         struct str event_id, int64_t at, struct str also);

/* n_promises if it is not there. */
size_t triage_find_promise(const struct triage_case *c, struct str promise_id);
void triage_add_promise(struct triage_case *c, struct arena *arena,
                        const struct triage_promise *promise);
void triage_drop_promise(struct triage_case *c, struct arena *arena, size_t i);
/* Not kept at its due time: a failed recovery. It stays in the list, marked. */
void triage_break_promise(struct triage_case *c, struct arena *arena, size_t i);
/* It was not broken, after all: its failed recovery is taken back. */
void triage_mend_promise(struct triage_case *c, struct arena *arena, size_t i);
/* The promises go on at the target of a merge, also broken ones: the news that one was
 * kept in time may still come. Two of the same id stay two. c keeps none. */
void triage_move_promises(struct triage_case *c, struct triage_case *target,
                          struct arena *arena);

/* Cut to 120 bytes; the same twice in a row counts once. */
void triage_add_offered(struct triage_case *c, struct arena *arena, struct str remedy);
/* The last offer was refused. */
void triage_refuse_offer(struct triage_case *c, struct arena *arena);

void triage_add_transfer(struct triage_case *c, struct arena *arena, struct str event_id,
                         int64_t at);
/* An answer at this time: the transfers up to it are answered. */
void triage_answer_transfers(struct triage_case *c, struct arena *arena, int64_t at);

#endif
