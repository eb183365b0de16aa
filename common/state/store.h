/* store.h - keyed state of one partition: encoded records in memory, with timers.
 *
 * A record is the bytes that also go to the changelog, plus an optional due time.
 * Every change is kept in an undo log until store_commit(), so that an aborted
 * transaction leaves no trace; store_mark()/store_rollback_to() undo one event.
 * Timers are the records' due times in a heap, in (due, key) order, hence the same
 * order after a restore.  Thread rule: one store, one thread. */
#ifndef REDRESS_STORE_H
#define REDRESS_STORE_H

#include "base/base.h"

struct store;

struct store *store_new(void);
void store_drop(struct store *store);

/* View of the record's bytes, valid until the next change of the store; null if absent.
 */
struct str store_get(const struct store *store, struct str key);
/* Copies key and value. due_ms: TIME_NONE for no timer. key 1..1024 bytes. */
void store_put(struct store *store, struct str key, struct str value, int64_t due_ms);
void store_delete(struct store *store, struct str key);
/* Due time of a record, TIME_NONE without one or absent. */
int64_t store_due(const struct store *store, struct str key);

/* The earliest timer with due <= now_ms; false if none. ret_key is a view valid until the
 * next change. The timer stays until the record is put again or its due is cleared. */
bool store_next_due(const struct store *store, int64_t now_ms, struct str *ret_key,
                    int64_t *ret_due_ms);
/* Earliest due of all, TIME_NONE without timers. */
int64_t store_first_due(const struct store *store);
/* Keeps the record, takes its timer away. */
void store_clear_due(struct store *store, struct str key);

/* For a changelog's records, the newest of a key last, into a new store: nothing to undo,
 * and timers wait for store_restored(), which must follow before any other call. Null
 * value: deleted. */
void store_restore(struct store *store, struct str key, struct str value, int64_t due_ms);
void store_restored(struct store *store);

/* Undo: position now; back to a position; forget everything before (the batch is
 * durable). */
size_t store_mark(const struct store *store);
void store_rollback_to(struct store *store, size_t mark);
void store_commit(struct store *store);

/* Keys changed since the last commit, each once, in first-change order (for the
 * changelog). Null value: deleted. */
void store_each_change(struct store *store,
                       void (*fn)(void *ctx, struct str key, struct str value,
                                  int64_t due_ms),
                       void *ctx);
/* Every record, in key order where sorted is asked for (dumps, tests). */
void store_each(const struct store *store, bool sorted,
                void (*fn)(void *ctx, struct str key, struct str value, int64_t due_ms),
                void *ctx);

size_t store_count(const struct store *store);
size_t store_timers(const struct store *store);
size_t store_bytes(const struct store *store); /* keys and values, without overhead */

#endif
