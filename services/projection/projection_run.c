#include "projection/projection_run.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/now.h"
#include "http/ops.h"
#include "projection/ageing.h"
#include "projection/lane.h"

#define WAIT_MS 10     /* for the first message of a round without work */
#define STOP_SECONDS 5 /* then the process just ends                    */
#define REST_US (INT64_C(2) * 1000 * 1000)
#define UNHEALTHY_US (INT64_C(60) * 1000 * 1000)

enum exit_status { EXIT_STOPPED = 0, EXIT_FATAL = 1, EXIT_USAGE = 2, EXIT_AWAY = 3 };

static const struct {
    enum input_kind kind;
    const char *name;
    const char *topic;
    const char *group; /* a group a topic: one that changes disturbs no other */
} inputs[] = {
    {INPUT_ROUTED, "routed", "complaints.routed", "projection"},
    {INPUT_FEEDBACK, "feedback", "products.feedback", "projection.feedback"},
    {INPUT_ALERTS, "alerts", "products.alerts", "projection.alerts"},
    {INPUT_DEAD, "deadletter", "complaints.deadletter", "projection.deadletter"},
};
#define LANES COUNT_OF(inputs)

struct process {
    const struct settings *settings;
    struct writer writer;
    struct kafka_client *client;
    struct lane lanes[LANES];
    size_t n_lanes;
    struct ops *ops;
};

/* --- stopping ----------------------------------------------------------------------- */

static volatile int stop; /* the globals that style allows: flags that signals set */
static volatile int reload = 1; /* the policy is to be read (again) */

static void
on_term(int signal_number)
{
    (void)signal_number;
    stop = 1;
    (void)alarm(STOP_SECONDS);
}

static void
on_hangup(int signal_number)
{
    (void)signal_number;
    reload = 1;
}

/* A transaction that is not committed by now never will be: nothing is half done. */
static void
on_alarm(int signal_number)
{
    (void)signal_number;
    _exit(EXIT_FATAL);
}

static void
catch_signals(void)
{
    struct sigaction term = {.sa_handler = on_term}, late = {.sa_handler = on_alarm};
    struct sigaction hangup = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};

    (void)sigaction(SIGTERM, &term, NULL);
    (void)sigaction(SIGINT, &term, NULL);
    (void)sigaction(SIGALRM, &late, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigaction(SIGHUP, &hangup, NULL);
}

/* --- ops endpoint ------------------------------------------------------------------- */

static bool
is_healthy(void *ctx, struct buf *out)
{
    struct process *process = ctx;
    int64_t silent_us = now_mono_us() - atomic_load(&process->writer.alive_us);

    if (silent_us < UNHEALTHY_US)
        return true;
    (void)buf_printf(out, "no sign of life for %lld s\n",
                     (long long)(silent_us / 1000000));
    return false;
}

static bool
is_ready(void *ctx, struct buf *out)
{
    struct process *process = ctx;

    if (!atomic_load(&process->writer.connected)) {
        (void)buf_add_c(out, "PostgreSQL is away\n");
        return false;
    }
    for (size_t i = 0; i < LANES; i++)
        if (!atomic_load(&process->lanes[i].joined)) {
            (void)buf_printf(out, "%s: not joined yet\n", inputs[i].topic);
            return false;
        }
    return true;
}

static void
print_metric(struct buf *out, const char *name, const char *type, const char *help)
{
    (void)buf_printf(out,
                     "# HELP redress_projection_%s %s\n# TYPE redress_projection_%s %s\n",
                     name, help, name, type);
}

static void
print_metrics(void *ctx, struct buf *out)
{
    struct process *process = ctx;
    struct writer *writer = &process->writer;
    const struct {
        const char *name, *help;
        uint64_t value;
    } counters[] = {
        {"commits_total", "Transactions committed.", atomic_load(&writer->commits)},
        {"retries_total", "Failures that were tried again.",
         atomic_load(&writer->retries)},
        {"rows_total", "Rows handed to PostgreSQL.", atomic_load(&writer->rows_written)},
        {"careful_total", "Batches of which something was there before, or was refused.",
         atomic_load(&writer->careful)},
        {"dead_letters_total", "Messages refused here.", atomic_load(&writer->refused)},
    };

    print_metric(out, "events_total", "counter", "Messages in the tables, by topic.");
    for (size_t i = 0; i < LANES; i++)
        (void)buf_printf(out, "redress_projection_events_total{topic=\"%s\"} %llu\n",
                         inputs[i].topic,
                         (unsigned long long)atomic_load(&process->lanes[i].events));
    print_metric(out, "lag", "gauge", "Offsets still to come, by topic.");
    for (size_t i = 0; i < LANES; i++)
        (void)buf_printf(out, "redress_projection_lag{topic=\"%s\"} %lld\n",
                         inputs[i].topic, (long long)atomic_load(&process->lanes[i].lag));
    for (size_t i = 0; i < COUNT_OF(counters); i++) {
        print_metric(out, counters[i].name, "counter", counters[i].help);
        (void)buf_printf(out, "redress_projection_%s %llu\n", counters[i].name,
                         (unsigned long long)counters[i].value);
    }
    print_metric(out, "write_seconds_total", "counter", "Time spent writing batches.");
    (void)buf_printf(out, "redress_projection_write_seconds_total %.6f\n",
                     (double)atomic_load(&writer->busy_us) / 1e6);
    print_metric(out, "connected", "gauge", "1 while PostgreSQL is there.");
    (void)buf_printf(out, "redress_projection_connected %d\n",
                     atomic_load(&writer->connected) ? 1 : 0);
}

/* --- start -------------------------------------------------------------------------- */

static void
log_kafka(int level, const char *facility, const char *text)
{
    /* librdkafka's "errors" are mostly a broker that is away: it goes on by itself. */
    if (level <= 4)
        log_warn("librdkafka", "%s: %s", facility, text);
    else
        log_debug("librdkafka", "%s: %s", facility, text);
}

static bool
topics_there(const struct process *process, struct err *err)
{
    for (size_t i = 0; i < LANES; i++) {
        char name[TOPIC_NAME_BYTES];
        int32_t count;
        (void)topic_full_name(process->settings, inputs[i].topic, name);
        if (!kafka_partitions(process->client, name, 5000, &count, err))
            return false;
        if (count == 0)
            return err_set(err, ERR_RETRY,
                           "topic %s is not there; run `redress topics create`", name);
    }
    return true;
}

/* Kafka and the topics may come a moment later than we do. */
static bool
wait_for_topics(struct process *process, struct err *err)
{
    int64_t end_us = now_mono_us() + process->settings->start_timeout_ms * 1000;
    char said[sizeof err->text] = "";
    const struct timespec pause = {.tv_nsec = 300000000};

    while (!topics_there(process, err)) {
        if (err->action != ERR_RETRY || stop || now_mono_us() > end_us)
            return false;
        if (strcmp(said, err->text) != 0)
            log_warn("waiting", "%s", err->text);
        memcpy(said, err->text, sizeof said);
        atomic_store(&process->writer.alive_us, now_mono_us());
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool
start(struct process *process, struct err *err)
{
    const struct settings *settings = process->settings;

    if (settings->pg_dsn[0] == '\0')
        return err_set(err, ERR_STOP, "no pg.dsn: set pg.dsn_file (REDRESS_PG_DSN_FILE)");
    if (settings->ops_port != 0) {
        const struct ops_hooks hooks = {process, is_healthy, is_ready, print_metrics};
        process->ops =
            ops_start(settings->ops_address, (uint16_t)settings->ops_port, &hooks, err);
        if (!process->ops)
            return false;
    }
    process->client = kafka_client_new(settings->kafka, err);
    if (!process->client || !wait_for_topics(process, err) ||
        !writer_start(&process->writer, settings->start_timeout_ms, err))
        return false;
    for (size_t i = 0; i < LANES; i++) {
        struct lane *lane = &process->lanes[i];
        process->n_lanes = i + 1;
        if (!lane_start(lane, settings, inputs[i].kind, inputs[i].name, inputs[i].topic,
                        inputs[i].group, &process->writer, process->client, err))
            return false;
    }
    log_info("started", "instance %s, librdkafka %s", settings->instance,
             kafka_version());
    return true;
}

/* --- the loop ----------------------------------------------------------------------- */

/* After a backlog: what large batches needed goes back to the system. */
static void
rest(struct process *process)
{
    for (size_t i = 0; i < LANES; i++)
        lane_rest(&process->lanes[i]);
    writer_rest(&process->writer);
    (void)malloc_trim(0);
}

/* What a view needs of triage's policy.  Rows need nothing of it: a file that cannot be
 * read is said and stops nothing. */
static void
refresh_ageing(struct process *process)
{
    CLEANUP(buf_release) struct buf sql = {0};
    struct err err = {0};

    if (!pg_alive(process->writer.pg))
        return; /* soon */
    reload = 0;
    if (!ageing_sql(process->settings->policy_dir, &sql, &err)) {
        log_warn("policy", "%s; bi.triage_backlog ages scores as before", err.text);
    } else if (!pg_exec(process->writer.pg, buf_str(&sql).ptr, &err)) {
        pg_rollback(process->writer.pg);
        log_warn("policy", "table ageing: %s", err.text);
        reload = err.action == ERR_RETRY;
    }
}

static bool
run_lanes(struct process *process, struct err *err)
{
    bool idle = true, rested = true;
    int64_t worked_us = 0;

    while (!stop) {
        bool worked = false;
        if (reload)
            refresh_ageing(process);
        for (size_t i = 0; i < LANES; i++) {
            struct lane *lane = &process->lanes[i];
            bool any;
            /* Only the first waits, and only when no lane had work. */
            if (!lane_fill(lane, idle && i == 0 ? WAIT_MS : 0, err) ||
                !lane_flush(lane, &any, err))
                return stop && err->action == ERR_RETRY;
            worked = worked || any;
        }
        idle = !worked;
        if (worked) {
            worked_us = now_mono_us();
            rested = false;
        } else if (!rested && now_mono_us() - worked_us > REST_US) {
            rest(process);
            rested = true;
        }
        atomic_store(&process->writer.alive_us, now_mono_us());
    }
    return true;
}

static int
exit_status(const struct err *err, bool started)
{
    if (err->action == ERR_RETRY)
        return stop ? EXIT_STOPPED : started ? EXIT_FATAL : EXIT_AWAY;
    return started ? EXIT_FATAL : EXIT_USAGE;
}

int
projection_run(const struct settings *settings)
{
    struct process *process = calloc(1, sizeof *process);
    struct err err = {0};
    int status = EXIT_STOPPED;

    BUG_IF(!process);
    process->settings = settings;
    process->writer.dsn = settings->pg_dsn;
    process->writer.stop = &stop;
    process->writer.alive_us = now_mono_us();
    catch_signals();
    kafka_log_to(log_kafka);
    bool started = start(process, &err);
    if (!started || !run_lanes(process, &err)) {
        status = exit_status(&err, started);
        if (status != EXIT_STOPPED)
            log_error(started ? "fatal" : "start_failed", "%s", err.text);
    }
    for (size_t i = 0; i < process->n_lanes; i++)
        lane_stop(&process->lanes[i]);
    ops_stop(process->ops);
    writer_stop(&process->writer);
    kafka_client_drop(process->client);
    free(process);
    return status;
}
