/* cmd_status.c - status: where everything stands, on one screen or as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/ctl.h"

static const char SQL_COUNTS[] =
    "SELECT count(*) AS cases,"
    " count(*) FILTER (WHERE state IN ('open', 'waiting_customer', 'waiting_third_party',"
    "   'proposed', 'external')) AS open,"
    " count(*) FILTER (WHERE priority = 'P1' AND state NOT IN ('resolved', 'closed', "
    "'rejected',"
    "   'withdrawn', 'merged')) AS open_p1,"
    " (SELECT count(*) FROM complaint_events) AS events,"
    " (SELECT count(*) FROM dead_letters) AS dead_letters,"
    " (SELECT count(*) FROM sla_clocks WHERE status IN ('running', 'paused')) AS "
    "clocks_running,"
    " (SELECT count(*) FROM sla_clocks WHERE status = 'breached') AS clocks_breached"
    " FROM complaints";

static bool
add_chain(struct ctl *ctl, struct chain_reader *reader, struct buf *out, struct err *err)
{
    struct chain_lag *lag = calloc(1, sizeof(*lag));
    BUG_IF(!lag);
    bool ok = true;
    for (size_t step = 0; ok && step < chain_len; step++) {
        ok =
            chain_ends(reader, step, lag, err) && chain_positions(reader, step, lag, err);
        if (!ok)
            break;
        int64_t written = 0;
        int64_t read = 0;
        for (int32_t p = 0; p < lag->partitions; p++) {
            written += lag->ends[p];
            read += lag->positions[p];
        }
        if (ctl->json)
            buf_printf(
                out,
                "%s{\"topic\":\"%s\",\"reader\":\"%s\",\"partitions\":%d,\"end\":%lld,"
                "\"position\":%lld,\"lag\":%lld}",
                step ? "," : "", chain[step].topic, chain[step].stage,
                (int)lag->partitions, (long long)written, (long long)read,
                (long long)lag->lag);
        else
            buf_printf(out, "  %-24s %-15s %12lld %12lld\n", chain[step].topic,
                       chain[step].stage, (long long)written, (long long)lag->lag);
    }
    free(lag);
    return ok;
}

static bool
add_counts(struct ctl *ctl, struct buf *out, struct err *err)
{
    CLEANUP(pg_drop) struct pg *pg = NULL;
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    if (!ctl_pg(ctl, &pg, err) || !pg_query(pg, SQL_COUNTS, NULL, 0, &rows, err))
        return false;
    for (size_t i = 0; i < pg_columns(rows); i++)
        buf_printf(out, ctl->json ? ",\"%s\":%.*s" : "  %-24s %15.*s\n",
                   pg_column_name(rows, i), STR_ARG(pg_value(rows, 0, i)));
    return true;
}

static bool
print_status(struct ctl *ctl, struct chain_reader *reader, struct buf *out,
             struct err *err)
{
    if (ctl->json)
        buf_printf(out, "{\"clock\":\"%s\",\"topics\":[",
                   settings_wall_clock(&ctl->settings) ? "wall" : "event");
    else
        buf_printf(out, "clock: %s\n\n  %-24s %-15s %12s %12s\n",
                   settings_wall_clock(&ctl->settings) ? "wall" : "event", "topic",
                   "read by", "written", "to read");
    if (!add_chain(ctl, reader, out, err))
        return false;
    buf_add_c(out, ctl->json ? "]" : "\n");
    if (!add_counts(ctl, out, err))
        return false;
    buf_add_c(out, ctl->json ? "}\n" : "");
    return true;
}

enum ctl_exit
cmd_status(struct ctl *ctl)
{
    bool watch = false;
    const struct ctl_option options[] = {{"watch", NULL, &watch}};
    enum ctl_exit status = CTL_OK;
    if (!ctl_options(ctl, options, COUNT_OF(options), 0, 0, &status))
        return status;
    struct err err = {0};
    struct chain_reader *reader = chain_open(ctl, &err);
    if (!reader)
        return ctl_fail(&err);
    CLEANUP(buf_release) struct buf out = {0};
    bool ok = true;
    do {
        if (watch && !ctl->json && isatty(STDOUT_FILENO))
            buf_add_c(&out, "\033[H\033[2J");
        ok = print_status(ctl, reader, &out, &err);
        watch = watch && ok && ctl_print(&out) && fflush(stdout) == 0;
        if (watch)
            ctl_pause(1000);
    } while (watch);
    if (ok)
        (void)ctl_print(&out);
    chain_close(reader);
    return ok ? CTL_OK : ctl_fail(&err);
}
