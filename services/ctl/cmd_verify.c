/* cmd_verify.c - verify: do topics, register's state and the tables tell the same?
 *
 * Each check compares two independent accounts of the same thing, so that a lost tail, a
 * lost complaint, a gap or a double shows.  Meant for a pipeline at rest (`redress
 * wait`). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/ctl.h"
#include "ctl/verify_scan.h"
#include "gen/register_case.h"
#include "gen/register_totals.h"
#include "stage/changelog.h"

struct case_seq {
    struct str complaint_id;
    int64_t last_seq;
};

struct verify {
    struct ctl *ctl;
    struct pg *pg;
    struct verify_scan scan;
    struct arena arena;
    int64_t counters[COUNT_COUNTERS]; /* of register, all partitions */
    int64_t parked_now;
    struct case_seq *cases; /* register's */
    size_t n_cases;
    size_t room_cases;
    bool failed_decode;
    struct buf out;
    int differences;
    int checks;
};

static void report(struct verify *verify, const char *check, bool same, const char *fmt,
                   ...) PRINTF(4, 5);

static void
report(struct verify *verify, const char *check, bool same, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    verify->differences += !same;
    if (!verify->ctl->json) {
        buf_printf(&verify->out, "%-9s  %-12s  %s\n", same ? "ok" : "DIFFERENT", check,
                   text);
        return;
    }
    buf_printf(&verify->out,
               "%s{\"check\":\"%s\",\"same\":%s,\"text\":", verify->checks++ ? "," : "",
               check, same ? "true" : "false");
    buf_add_json(&verify->out, str_from(text));
    buf_add_char(&verify->out, '}');
}

/* --- register's own account ----------------------------------------------------------
 */

static void
take_record(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    (void)due_ms;
    struct verify *verify = ctx;
    struct err err = {0};
    if (str_eq(key, STR("parked"))) {
        struct register_totals totals;
        if (wire_decode(&register_totals_wire, value, &verify->arena, &totals, &err))
            verify->parked_now += totals.events;
        else
            verify->failed_decode = true;
        return;
    }
    if (!str_starts(key, STR("c:")))
        return;
    struct register_case c;
    if (!wire_decode(&register_case_wire, value, &verify->arena, &c, &err)) {
        verify->failed_decode = true;
        return;
    }
    if (verify->n_cases == verify->room_cases) {
        verify->room_cases = verify->room_cases ? verify->room_cases * 2 : 1024;
        verify->cases =
            realloc(verify->cases, verify->room_cases * sizeof(*verify->cases));
        BUG_IF(!verify->cases);
    }
    verify->cases[verify->n_cases++] = (struct case_seq){
        arena_str(&verify->arena, str_sub(key, 2, key.len)), c.last_seq};
}

static int
by_id(const void *a, const void *b)
{
    const struct case_seq *left = a;
    const struct case_seq *right = b;
    return str_cmp(left->complaint_id, right->complaint_id);
}

static bool
read_register(struct verify *verify, struct err *err)
{
    for (int32_t p = 0; p < (int32_t)verify->ctl->settings.partitions; p++) {
        struct store *store = store_new();
        struct changelog_position position;
        bool ok =
            changelog_read(&verify->ctl->settings, "register", p, store, &position, err);
        if (ok) {
            store_each(store, false, take_record, verify);
            for (size_t i = 0; i < COUNT_COUNTERS; i++)
                verify->counters[i] += position.counters[i];
        }
        store_drop(store);
        if (!ok)
            return false;
    }
    if (verify->n_cases > 0)
        qsort(verify->cases, verify->n_cases, sizeof(*verify->cases), by_id);
    return true;
}

/* --- checks --------------------------------------------------------------------------
 */

static bool
check_lag(struct verify *verify, struct err *err)
{
    struct chain_reader *reader = chain_open(verify->ctl, err);
    struct chain_lag *lag = calloc(1, sizeof(*lag));
    BUG_IF(!lag);
    int64_t total = 0;
    bool ok = reader != NULL;
    for (size_t step = 0; ok && step < chain_len; step++) {
        ok =
            chain_ends(reader, step, lag, err) && chain_positions(reader, step, lag, err);
        total += lag->lag;
    }
    chain_close(reader);
    free(lag);
    if (ok)
        report(verify, "at_rest", total == 0,
               total == 0 ? "everything written has been read"
                          : "%lld messages are still to be read; `redress wait` first",
               (long long)total);
    return ok;
}

static bool
one_number(struct verify *verify, const char *sql, int64_t *ret, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    if (!pg_query(verify->pg, sql, NULL, 0, &rows, err))
        return false;
    *ret = pg_i64(rows, 0, 0);
    return true;
}

static void
check_inbound(struct verify *verify)
{
    const struct verify_scan *scan = &verify->scan;
    report(verify, "inbound", scan->lost == 0 && scan->doubled == 0,
           "%lld messages, each keyed, handed to collect or refused exactly once: %lld "
           "lost, "
           "%lld doubled%s%s",
           (long long)scan->inbound_messages, (long long)scan->lost,
           (long long)scan->doubled, scan->example[0] ? "; first: " : "", scan->example);
    int64_t sum = verify->counters[COUNT_ACCEPTED] + verify->counters[COUNT_DUPLICATE] +
                  verify->counters[COUNT_PASSED] + verify->counters[COUNT_DEAD] +
                  verify->parked_now;
    if (!scan->keyed_whole)
        report(verify, "register", true,
               "not compared: the beginning of complaints.keyed has expired");
    else
        report(verify, "register", sum == scan->keyed,
               "%lld keyed = %lld accepted + %lld duplicate + %lld passed + %lld dead + "
               "%lld "
               "parked now",
               (long long)scan->keyed, (long long)verify->counters[COUNT_ACCEPTED],
               (long long)verify->counters[COUNT_DUPLICATE],
               (long long)verify->counters[COUNT_PASSED],
               (long long)verify->counters[COUNT_DEAD], (long long)verify->parked_now);
}

static bool
check_seq(struct verify *verify, struct err *err)
{
    int64_t holes = 0;
    int64_t rows = 0;
    if (!one_number(
            verify,
            "SELECT count(*) FROM (SELECT 1 FROM complaint_events WHERE seq IS NOT NULL "
            "GROUP BY complaint_id HAVING min(seq) <> 1 OR max(seq) <> count(*) "
            "OR count(DISTINCT seq) <> count(*)) AS bad",
            &holes, err) ||
        !one_number(verify, "SELECT count(*) FROM complaint_events WHERE seq IS NOT NULL",
                    &rows, err))
        return false;
    report(verify, "seq", holes == 0, "%lld complaints with a gap or a double",
           (long long)holes);
    report(verify, "accepted", rows == verify->counters[COUNT_ACCEPTED],
           "%lld rows with a seq, %lld events accepted by register", (long long)rows,
           (long long)verify->counters[COUNT_ACCEPTED]);
    return true;
}

/* Register's cases against the table's rows: both in order of the id. */
static bool
check_cases(struct verify *verify, struct err *err)
{
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    if (!pg_query(verify->pg,
                  "SELECT complaint_id::text, COALESCE(last_seq, 0) FROM complaints "
                  "ORDER BY complaint_id::text COLLATE \"C\"",
                  NULL, 0, &rows, err))
        return false;
    size_t missing = 0;
    size_t extra = 0;
    size_t unequal = 0;
    char example[80] = "";
    size_t at = 0;
    size_t row = 0;
    while (at < verify->n_cases || row < pg_rows(rows)) {
        int order = at == verify->n_cases ? 1
                    : row == pg_rows(rows)
                        ? -1
                        : str_cmp(verify->cases[at].complaint_id, pg_value(rows, row, 0));
        bool different = order != 0 || verify->cases[at].last_seq != pg_i64(rows, row, 1);
        struct str id =
            order <= 0 ? verify->cases[at].complaint_id : pg_value(rows, row, 0);
        if (different && !example[0])
            (void)snprintf(example, sizeof(example), "; first: %.*s", STR_ARG(id));
        missing += order < 0;
        extra += order > 0;
        unequal += order == 0 && different;
        at += order <= 0;
        row += order >= 0;
    }
    report(verify, "cases", missing + extra + unequal == 0,
           "%zu cases in register, %zu rows: %zu missing, %zu too many, %zu with another "
           "last_seq%s",
           verify->n_cases, pg_rows(rows), missing, extra, unequal, example);
    if (verify->failed_decode)
        report(verify, "state", false, "a record of register's changelog cannot be read");
    return true;
}

static bool
check_tables(struct verify *verify, struct err *err)
{
    const struct verify_scan *scan = &verify->scan;
    int64_t events = 0;
    int64_t letters = 0;
    int64_t items = 0;
    if (!one_number(verify, "SELECT count(*) FROM complaint_events", &events, err) ||
        !one_number(verify,
                    "SELECT count(*) FROM dead_letters WHERE dead_offset IS NOT NULL",
                    &letters, err) ||
        !one_number(verify, "SELECT count(*) FROM feedback_items", &items, err))
        return false;
    report(verify, "routed",
           scan->routed_doubles == 0 && (int64_t)scan->routed.n == events,
           "%zu events on complaints.routed (%zu doubled), %lld rows", scan->routed.n,
           scan->routed_doubles, (long long)events);
    report(verify, "deadletter", (int64_t)scan->letters.n == letters,
           "%zu dead letters on the topic, %lld rows", scan->letters.n,
           (long long)letters);
    report(verify, "feedback", (int64_t)scan->items.n == items,
           "%zu items on products.feedback, %lld rows", scan->items.n, (long long)items);
    return true;
}

static bool
run(struct verify *verify, struct err *err)
{
    if (!ctl_pg(verify->ctl, &verify->pg, err) || !check_lag(verify, err) ||
        !read_register(verify, err) || !verify_scan_run(&verify->scan, err))
        return false;
    check_inbound(verify);
    return check_seq(verify, err) && check_cases(verify, err) &&
           check_tables(verify, err);
}

enum ctl_exit
cmd_verify(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    if (!ctl_options(ctl, NULL, 0, 0, 0, &status))
        return status;
    struct verify *verify = calloc(1, sizeof(*verify));
    BUG_IF(!verify);
    verify->ctl = ctl;
    verify->scan.ctl = ctl;
    arena_init(&verify->arena, (size_t)16 * 1024 * 1024 * 1024);
    struct err err = {0};
    buf_add_c(&verify->out, ctl->json ? "{\"checks\":[" : "");
    bool ok = run(verify, &err);
    if (ctl->json)
        buf_printf(&verify->out, "],\"differences\":%d}\n", verify->differences);
    else if (ok)
        buf_printf(&verify->out, "%s\n",
                   verify->differences ? "verify: differences found" : "verify: clean");
    if (ok || !ctl->json)
        (void)ctl_print(&verify->out);
    status = !ok ? ctl_fail(&err) : verify->differences ? CTL_WRONG : CTL_OK;
    pg_close(verify->pg);
    verify_scan_release(&verify->scan);
    arena_release(&verify->arena);
    buf_release(&verify->out);
    free(verify->cases);
    free(verify);
    return status;
}
