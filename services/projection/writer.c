#include "projection/writer.h"

#include <time.h>

#include "base/log.h"
#include "base/now.h"
#include "gen/migrations.h"

#define CONNECT_MS 5000 /* then it is said again that PostgreSQL is away */
#define PAUSE_MAX_MS 1000
#define WRITER_ARENA_KEEP ((size_t)16 * 1024 * 1024)

static void
alive(struct writer *writer)
{
    atomic_store(&writer->alive_us, now_mono_us());
}

static void
disconnect(struct writer *writer)
{
    atomic_store(&writer->connected, false);
    pg_drop(&writer->pg);
}

/* A connection that is ready for work; ERR_RETRY after deadline_ms. */
static bool
connect_once(struct writer *writer, int64_t deadline_ms, struct err *err)
{
    size_t pending;

    if (pg_alive(writer->pg))
        return true;
    disconnect(writer);
    if (!pg_connect_wait(&writer->pg, writer->dsn, "redress-projection", deadline_ms,
                         writer->stop, err))
        return false;
    if (!pg_migrations_pending(writer->pg, migrations, COUNT_OF(migrations), &pending,
                               err)) {
        disconnect(writer);
        return false;
    }
    if (pending > 0) {
        disconnect(writer);
        return err_set(err, ERR_RETRY,
                       "%zu migrations are not applied; run `redress db migrate`",
                       pending);
    }
    if (!apply_prepare(writer->pg, err)) {
        disconnect(writer);
        return false;
    }
    atomic_store(&writer->connected, true);
    return true;
}

static void
pause_ms(int64_t ms)
{
    const struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/* After an ERR_RETRY: says so (with growing pauses), waits, connects.  False: told to
 * stop, or not to be mended. */
static bool
recover(struct writer *writer, int64_t *backoff_ms, struct err *err)
{
    atomic_fetch_add(&writer->retries, 1);
    for (;;) {
        if (err->action != ERR_RETRY || *writer->stop)
            return false;
        log_warn("postgres_retry", "%s", err->text);
        pause_ms(*backoff_ms);
        *backoff_ms = i64_min(*backoff_ms * 2, PAUSE_MAX_MS);
        alive(writer);
        if (connect_once(writer, CONNECT_MS, err))
            return true;
    }
}

bool
writer_start(struct writer *writer, int64_t deadline_ms, struct err *err)
{
    int64_t end_us = now_mono_us() + deadline_ms * 1000;
    char said[sizeof err->text] = "";

    writer->arena.keep_bytes = WRITER_ARENA_KEEP;
    for (;;) {
        alive(writer);
        if (connect_once(writer, 1000, err))
            return true;
        if (err->action != ERR_RETRY || *writer->stop || now_mono_us() > end_us)
            return false;
        if (strcmp(said, err->text) != 0)
            log_warn("waiting", "%s", err->text);
        memcpy(said, err->text, sizeof said);
        pause_ms(200);
    }
}

void
writer_stop(struct writer *writer)
{
    disconnect(writer);
    rows_release(&writer->rows);
    arena_release(&writer->arena);
}

void
writer_rest(struct writer *writer)
{
    rows_release(&writer->rows);
    arena_release(&writer->arena);
}

/* Positions of the places as PostgreSQL has them, into found. */
static void
begin_positions(struct apply_position *found, const struct writer_place *places, size_t n)
{
    for (size_t i = 0; i < n; i++)
        found[i] = (struct apply_position){.partition = places[i].partition};
}

bool
writer_claim(struct writer *writer, struct str topic, struct writer_place *places,
             size_t n, struct err *err)
{
    int64_t backoff_ms = 50;

    arena_clear(&writer->arena);
    struct apply_position *found =
        ARENA_ARRAY(&writer->arena, struct apply_position, n + 1);
    begin_positions(found, places, n);
    /* Counting the epoch twice does no harm: only the last one is kept here. */
    while (!connect_once(writer, CONNECT_MS, err) ||
           !apply_claim(writer->pg, topic, found, n, err))
        if (!recover(writer, &backoff_ms, err))
            return false;
    for (size_t i = 0; i < n; i++) {
        places[i].epoch = found[i].epoch;
        places[i].next_offset = found[i].next_offset;
        places[i].end_offset = -1;
    }
    rows_forget(&writer->rows);
    alive(writer);
    return true;
}

/* --- writing a batch ---------------------------------------------------------------- */

struct work {
    struct str topic;
    struct writer_place *places;
    size_t n_places;
    bool with_ends; /* the last part of the batch: end offsets count */
    struct input *inputs;
    size_t n;
    int64_t *targets; /* where each place is afterwards */
};

static size_t
place_of(const struct work *work, int32_t partition)
{
    for (size_t i = 0; i < work->n_places; i++)
        if (work->places[i].partition == partition)
            return i;
    bug_stop(__FILE__, __LINE__, "a message of a partition that is not ours");
}

static void
set_targets(struct work *work)
{
    for (size_t i = 0; i < work->n_places; i++)
        work->targets[i] = work->places[i].next_offset;
    for (size_t i = 0; i < work->n; i++)
        work->targets[place_of(work, work->inputs[i].partition)] =
            work->inputs[i].offset + 1;
    for (size_t i = 0; work->with_ends && i < work->n_places; i++)
        work->targets[i] = i64_max(work->targets[i], work->places[i].end_offset);
}

/* The batch as columns; false if there is nothing to write. */
static bool
fill_rows(struct writer *writer, const struct work *work)
{
    rows_begin(&writer->rows);
    for (size_t i = 0; i < work->n_places; i++) {
        const struct writer_place *place = &work->places[i];
        if (work->targets[i] == place->next_offset)
            continue;
        const struct rows_offset move = {
            .topic = work->topic,
            .partition = place->partition,
            .next_offset = work->targets[i],
            .epoch = place->epoch,
            .old_offset = place->next_offset,
        };
        rows_add_offset(&writer->rows, &move);
    }
    inputs_to_rows(work->topic, work->inputs, work->n, &writer->rows, &writer->arena);
    return rows_count(&writer->rows, ROWS_OFFSETS) > 0;
}

/* Whether an ERR_RETRY came after all from a transaction that was committed. */
static bool
was_committed(struct writer *writer, const struct work *work, bool *ret_committed,
              struct err *err)
{
    struct apply_position *found =
        ARENA_ARRAY(&writer->arena, struct apply_position, work->n_places + 1);
    size_t moved = 0, stayed = 0, moves = 0;

    begin_positions(found, work->places, work->n_places);
    if (!apply_positions(writer->pg, work->topic, found, work->n_places, err))
        return false;
    for (size_t i = 0; i < work->n_places; i++) {
        if (found[i].epoch != work->places[i].epoch)
            return err_set(err, ERR_STOP,
                           "fenced: another process has taken %.*s[%d] over",
                           STR_ARG(work->topic), (int)found[i].partition);
        if (work->targets[i] == work->places[i].next_offset)
            continue;
        moves++;
        moved += found[i].next_offset == work->targets[i];
        stayed += found[i].next_offset == work->places[i].next_offset;
    }
    /* Asynchronous commits: a crash of the server may have taken earlier batches too. */
    if (moved != moves && stayed != moves)
        return err_set(
            err, ERR_STOP,
            "positions of %.*s went back, PostgreSQL has lost its last commits; "
            "starting again from there",
            STR_ARG(work->topic));
    *ret_committed = moved == moves;
    return true;
}

static bool
commit_rows(struct writer *writer, const struct work *work, bool careful, struct err *err)
{
    int64_t backoff_ms = 50;
    bool committed = false;

    while (!connect_once(writer, CONNECT_MS, err) ||
           !apply_batch(writer->pg, &writer->rows, careful, err)) {
        if (err->action != ERR_RETRY)
            return false;
        do {
            if (!recover(writer, &backoff_ms, err))
                return false;
        } while (!was_committed(writer, work, &committed, err));
        if (committed)
            break;
    }
    return true;
}

static bool write_part(struct writer *writer, struct work *work, struct arena *keep,
                       struct err *err);

/* PostgreSQL refused a value: which message brought it? */
static bool
narrow(struct writer *writer, const struct work *work, struct arena *keep,
       struct err *err)
{
    if (work->n == 1 && !work->inputs[0].refused) {
        struct work again = *work;
        input_refuse(&work->inputs[0], err, keep);
        return write_part(writer, &again, keep, err);
    }
    if (work->n <= 1) {
        err->action = ERR_STOP; /* not even the dead letter: our own fault */
        return false;
    }
    struct work first = *work, second = *work;
    first.n = work->n / 2;
    first.with_ends = false;
    second.inputs += first.n;
    second.n -= first.n;
    return write_part(writer, &first, keep, err) &&
           write_part(writer, &second, keep, err);
}

static bool
write_part(struct writer *writer, struct work *work, struct arena *keep, struct err *err)
{
    set_targets(work);
    arena_clear(&writer->arena);
    if (!fill_rows(writer, work))
        return true;
    bool ok = commit_rows(writer, work, false, err);
    if (!ok && err->action == ERR_DEAD_LETTER) {
        atomic_fetch_add(&writer->careful, 1);
        ok = commit_rows(writer, work, true, err);
    }
    if (!ok) {
        rows_forget(&writer->rows);
        return err->action == ERR_DEAD_LETTER && narrow(writer, work, keep, err);
    }
    for (size_t i = 0; i < work->n_places; i++)
        work->places[i].next_offset = work->targets[i];
    atomic_fetch_add(&writer->commits, 1);
    for (size_t t = 0; t < ROWS_TABLES; t++)
        atomic_fetch_add(&writer->rows_written,
                         rows_count(&writer->rows, (enum rows_table)t));
    for (size_t i = 0; i < work->n; i++)
        atomic_fetch_add(&writer->refused, work->inputs[i].refused);
    return true;
}

bool
writer_write(struct writer *writer, struct str topic, struct writer_place *places,
             size_t n_places, struct input *inputs, size_t n, struct arena *keep,
             struct err *err)
{
    int64_t start_us = now_mono_us();
    struct work work = {
        .topic = topic,
        .places = places,
        .n_places = n_places,
        .with_ends = true,
        .inputs = inputs,
        .n = n,
        .targets = ARENA_ARRAY(keep, int64_t, n_places + 1),
    };
    bool ok = write_part(writer, &work, keep, err);

    alive(writer);
    atomic_fetch_add(&writer->busy_us, (uint64_t)(now_mono_us() - start_us));
    return ok;
}
