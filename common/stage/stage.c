#include "stage/stage.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/now.h"
#include "conf/settings.h"
#include "http/ops.h"
#include "stage/stage_worker.h"
#include "stage/topics.h"

#define STOP_TIMEOUT_US (INT64_C(5) * 1000 * 1000)
#define CALL_TIMEOUT_MS 5000
#define LOG_QUIET_US (INT64_C(10) * 1000 * 1000)
#define LOG_FACILITIES 16
#define QUIET_US (INT64_C(5) * 1000 * 1000)
#define UNHEALTHY_US (INT64_C(60) * 1000 * 1000)

enum exit_status { EXIT_STOPPED = 0, EXIT_FATAL = 1, EXIT_USAGE = 2, EXIT_AWAY = 3 };

/* The process: its workers and what they share. */
struct process {
    struct stage_shared shared;
    struct settings settings;
    struct worker *workers;
    size_t n_workers;
    sigset_t signals;
};

/* --- ops endpoint ------------------------------------------------------------------- */

static bool
is_healthy(void *ctx, struct buf *out)
{
    const struct process *process = ctx;
    for (size_t i = 0; i < process->n_workers; i++) {
        const struct worker *worker = &process->workers[i];
        int64_t silent_us = now_mono_us() - atomic_load(&worker->alive_us);
        if (atomic_load(&worker->status) == 0 && silent_us < UNHEALTHY_US)
            continue;
        (void)buf_printf(out, "%s: no sign of life for %lld s, in %s\n", worker->name,
                         (long long)(silent_us / 1000000), atomic_load(&worker->doing));
        return false;
    }
    return true;
}

static bool
is_ready(void *ctx, struct buf *out)
{
    const struct process *process = ctx;
    for (size_t i = 0; i < process->n_workers; i++) {
        const struct worker *worker = &process->workers[i];
        if (atomic_load(&worker->ready))
            continue;
        (void)buf_printf(out, "%s: not joined or not restored, in %s\n", worker->name,
                         atomic_load(&worker->doing));
        return false;
    }
    return true;
}

static void
print_metrics(void *ctx, struct buf *out)
{
    struct process *process = ctx;
    struct stage_metrics_source *sources = calloc(process->n_workers, sizeof(*sources));
    BUG_IF(!sources);
    for (size_t i = 0; i < process->n_workers; i++) {
        struct worker *worker = &process->workers[i];
        sources[i] = (struct stage_metrics_source){
            process->shared.service, worker->def->name, worker->thread, &worker->metrics};
    }
    stage_metrics_print(sources, process->n_workers, now_wall_ms(), out);
    free(sources);
}

/* --- start -------------------------------------------------------------------------- */

/* One line a facility in LOG_QUIET_US: a broker that is away makes librdkafka's threads
 * say so many times a second. Returns whether to speak. */
static bool
may_speak(const char *facility, int64_t now_us)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct {
        char facility[16];
        int64_t spoke_us;
    } seen[LOG_FACILITIES];
    bool speak = true;
    (void)pthread_mutex_lock(&lock);
    size_t at = 0;
    size_t oldest = 0;
    while (at < LOG_FACILITIES && strncmp(seen[at].facility, facility, 15) != 0) {
        oldest = seen[at].spoke_us < seen[oldest].spoke_us ? at : oldest;
        at++;
    }
    if (at < LOG_FACILITIES)
        speak = now_us - seen[at].spoke_us > LOG_QUIET_US;
    else
        (void)snprintf(seen[at = oldest].facility, sizeof(seen[0].facility), "%s",
                       facility);
    if (speak)
        seen[at].spoke_us = now_us;
    (void)pthread_mutex_unlock(&lock);
    return speak;
}

static void
log_kafka(int level, const char *facility, const char *text)
{
    /* librdkafka's "errors" are mostly a broker that is away: it goes on by itself. */
    if (level > 4)
        log_debug("librdkafka", "%s: %s", facility, text);
    else if (may_speak(facility, now_mono_us()))
        log_warn("librdkafka", "%s: %s", facility, text);
}

/* Waits for a signal for at most ms; handles SIGHUP. */
static void
wait_signal(struct process *process, int64_t ms)
{
    const struct timespec wait = {ms / 1000, (ms % 1000) * 1000000};
    int got = sigtimedwait(&process->signals, NULL, &wait);
    if (got == SIGHUP) {
        atomic_fetch_add(&process->shared.policy_generation, 1);
        log_info("reload", "SIGHUP: reading the policy files again");
    } else if (got == SIGTERM || got == SIGINT) {
        atomic_store(&process->shared.stop, true);
        log_info("stopping", "signal %d: finishing the batches", got);
    }
}

/* *ret_count partitions of prefix + name, at least 1. */
static bool
check_topic(struct process *process, const char *name, int32_t *ret_count,
            struct err *err)
{
    char full[TOPIC_NAME_BYTES];
    (void)topic_full_name(&process->settings, name, full);
    if (!kafka_partitions(process->shared.client, full, CALL_TIMEOUT_MS, ret_count, err))
        return false;
    if (*ret_count == 0)
        return err_set(err, ERR_RETRY,
                       "topic %s is not there; run `redress topics create`", full);
    return true;
}

/* Topics of a stage: there, and cut into the same partitions where numbers are kept. */
static bool
check_stage(struct process *process, const struct stage_def *def, struct err *err)
{
    int32_t input = 0;
    int32_t count = 0;
    if (!check_topic(process, def->input, &input, err) ||
        !check_topic(process, "complaints.deadletter", &count, err))
        return false;
    for (size_t i = 0; i < def->n_outputs; i++) {
        if (!check_topic(process, def->outputs[i].topic, &count, err))
            return false;
        if (def->outputs[i].keep_partition && count != input)
            return err_set(err, ERR_STOP,
                           "%s has %d partitions, %s has %d: must be the same",
                           def->input, (int)input, def->outputs[i].topic, (int)count);
    }
    if (def->stateless)
        return true;
    char name[TOPIC_NAME_BYTES];
    (void)snprintf(name, sizeof(name), "redress.%s.changelog", def->name);
    if (!check_topic(process, name, &count, err))
        return false;
    if (count != input)
        return err_set(err, ERR_STOP, "%s has %d partitions, %s has %d: must be the same",
                       def->input, (int)input, name, (int)count);
    return true;
}

/* Kafka and the topics may come a moment later than we do. */
static int
wait_for_topics(struct process *process, const struct stage_def *const *stages,
                size_t n_stages)
{
    int64_t deadline_us = now_mono_us() + process->settings.start_timeout_ms * 1000;
    char said[320] = "";
    size_t i = 0;
    while (i < n_stages && !atomic_load(&process->shared.stop)) {
        struct err err = {0};
        if (check_stage(process, stages[i], &err)) {
            i++;
            continue;
        }
        if (err.action != ERR_RETRY) {
            log_error("start_failed", "%s", err.text);
            return EXIT_USAGE;
        }
        if (now_mono_us() > deadline_us) {
            log_error("start_failed", "a dependency is away: %s", err.text);
            return EXIT_AWAY;
        }
        if (strcmp(said, err.text) != 0)
            log_warn("waiting", "%s", err.text);
        (void)snprintf(said, sizeof(said), "%s", err.text);
        wait_signal(process, 500);
    }
    return EXIT_STOPPED;
}

static void
name_worker(struct worker *worker, const struct process *process,
            const struct stage_def *def, int thread)
{
    const struct settings *settings = &process->settings;
    worker->def = def;
    worker->thread = thread;
    (void)snprintf(worker->name, sizeof(worker->name), "%.32s-%d", def->name, thread);
    (void)topic_group(settings, def->name, worker->group);
    (void)snprintf(worker->instance, sizeof(worker->instance), "%s-%d",
                   settings->instance, thread);
    (void)snprintf(worker->transactional_id, sizeof(worker->transactional_id),
                   "%s%s.%s.%s.%d", settings->topic_prefix, process->shared.service,
                   def->name, settings->instance, thread);
    (void)topic_full_name(settings, def->input, worker->input);
    (void)topic_changelog(settings, def->name, worker->changelog);
}

/* False: a policy is bad. */
static bool
make_workers(struct process *process, const struct stage_def *const *stages,
             size_t n_stages, struct err *err)
{
    size_t threads = (size_t)process->settings.threads;
    process->workers = calloc(n_stages * threads, sizeof(*process->workers));
    BUG_IF(!process->workers);
    for (size_t i = 0; i < n_stages * threads; i++) {
        struct worker *worker = &process->workers[i];
        worker->shared = &process->shared;
        name_worker(worker, process, stages[i / threads], (int)(i % threads));
        stage_metrics_init(&worker->metrics);
        stage_metrics_own(&worker->metrics, worker->def->metrics, worker->def->n_metrics);
        worker_doing(worker, "start");
        process->n_workers++;
        if (!worker->def->policy_load)
            continue;
        worker->policy = worker->def->policy_load(process->settings.policy_dir, err);
        if (!worker->policy)
            return false;
    }
    return true;
}

static void
drop_workers(struct process *process)
{
    for (size_t i = 0; i < process->n_workers; i++) {
        struct worker *worker = &process->workers[i];
        if (worker->policy && worker->def->policy_free)
            worker->def->policy_free(worker->policy);
        stage_metrics_release(&worker->metrics);
    }
    free(process->workers);
}

/* --- running ------------------------------------------------------------------------ */

/* Gives memory of a backlog back to the machine once the input has been quiet. */
static void
trim_when_quiet(struct process *process)
{
    static int64_t looked_us;
    static uint64_t seen, trimmed;
    uint64_t events = 0;
    if (now_mono_us() - looked_us < QUIET_US)
        return;
    looked_us = now_mono_us();
    for (size_t i = 0; i < process->n_workers; i++)
        events += metric_get(&process->workers[i].metrics.events);
    if (events == seen && events != trimmed) {
        (void)malloc_trim(0);
        trimmed = events;
    }
    seen = events;
}

/* Looks after the workers until all have ended or the time to stop is over; returns false
 * where a thread hangs or touched nothing on purpose: then the process just ends. */
static bool
watch(struct process *process, int *ret_status)
{
    int64_t stop_us = 0;
    for (;;) {
        size_t ended = 0;
        for (size_t i = 0; i < process->n_workers; i++) {
            struct worker *worker = &process->workers[i];
            int64_t silent_us = now_mono_us() - atomic_load(&worker->alive_us);
            if (atomic_load(&worker->ended)) {
                ended++;
                if (atomic_load(&worker->status) == 0)
                    continue;
                *ret_status = atomic_load(&worker->status);
                atomic_store(&process->shared.stop, true);
            } else if (silent_us > process->settings.stall_timeout_ms * 1000) {
                log_error("stalled", "%s has not got on for %lld s, in %s", worker->name,
                          (long long)(silent_us / 1000000), atomic_load(&worker->doing));
                *ret_status = EXIT_FATAL;
                return false;
            }
        }
        if (ended == process->n_workers)
            return *ret_status == EXIT_STOPPED;
        bool stopping = atomic_load(&process->shared.stop);
        if (stopping && stop_us == 0)
            stop_us = now_mono_us() + STOP_TIMEOUT_US;
        if (stopping && now_mono_us() > stop_us) {
            log_error("stop_timeout", "a thread did not stop within 5 s; leaving it");
            *ret_status = EXIT_FATAL;
            return false;
        }
        trim_when_quiet(process);
        wait_signal(process, stopping ? 20 : 200);
    }
}

static int
run(struct process *process)
{
    int status = EXIT_STOPPED;
    struct ops *ops = NULL;
    struct err err = {0};
    if (process->settings.ops_port != 0) {
        const struct ops_hooks hooks = {process, is_healthy, is_ready, print_metrics};
        ops = ops_start(process->settings.ops_address,
                        (uint16_t)process->settings.ops_port, &hooks, &err);
        if (!ops) {
            log_error("start_failed", "%s", err.text);
            return EXIT_USAGE;
        }
    }
    for (size_t i = 0; i < process->n_workers; i++) {
        struct worker *worker = &process->workers[i];
        BUG_IF(pthread_create(&worker->handle, NULL, worker_run, worker) != 0);
    }
    log_info("started", "%zu threads, instance %s, librdkafka %s", process->n_workers,
             process->settings.instance, kafka_version());
    if (!watch(process, &status)) {
        log_info("stopped", "exit %d", status);
        _exit(status); /* threads or transactions are left as they are */
    }
    for (size_t i = 0; i < process->n_workers; i++)
        (void)pthread_join(process->workers[i].handle, NULL);
    ops_stop(ops);
    return status;
}

static int
start(struct process *process, const struct stage_def *const *stages, size_t n_stages)
{
    struct err err = {0};
    if (strlen(process->settings.salt) == 0) {
        log_error("start_failed", "no salt: set salt_file (REDRESS_SALT_FILE)");
        return EXIT_USAGE;
    }
    if (!make_workers(process, stages, n_stages, &err)) {
        log_error("start_failed", "%s", err.text);
        return EXIT_USAGE;
    }
    process->shared.client = kafka_client_new(process->settings.kafka, &err);
    if (!process->shared.client) {
        log_error("start_failed", "%s", err.text);
        return EXIT_USAGE;
    }
    int status = wait_for_topics(process, stages, n_stages);
    if (status == EXIT_STOPPED && !atomic_load(&process->shared.stop))
        status = run(process);
    kafka_client_drop(process->shared.client);
    return status;
}

static void
print(enum settings_command command, const char *service)
{
    CLEANUP(buf_release) struct buf out = {0};
    char program[64];
    (void)snprintf(program, sizeof(program), "redress-%.40s", service);
    if (command == SETTINGS_HELP)
        settings_help(program, &out);
    else if (command == SETTINGS_PAGE)
        settings_page(&out);
    else
        (void)buf_printf(&out, "%s %s (librdkafka %s)\n", program,
                         SETTINGS_PROGRAM_VERSION, kafka_version());
    (void)fwrite(out.ptr, 1, out.len, stdout);
}

int
stage_main(const char *service, const struct stage_def *const *stages, size_t n_stages,
           int argc, char **argv)
{
    struct process process = {.shared = {.service = service}};
    enum settings_command command = SETTINGS_RUN;
    struct err err = {0};
    log_init(service, LOG_INFO);
    if (!settings_load(&process.settings, argc, argv, &command, &err)) {
        log_error("configuration", "%s", err.text);
        return EXIT_USAGE;
    }
    int status = EXIT_STOPPED;
    if (command != SETTINGS_RUN) {
        print(command, service);
    } else {
        log_init(service, (enum log_level)process.settings.log_level);
        process.shared.settings = &process.settings;
        /* Before any thread is made: only sigtimedwait() above takes these. */
        (void)sigemptyset(&process.signals);
        (void)sigaddset(&process.signals, SIGTERM);
        (void)sigaddset(&process.signals, SIGINT);
        (void)sigaddset(&process.signals, SIGHUP);
        (void)pthread_sigmask(SIG_BLOCK, &process.signals, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
        kafka_log_to(log_kafka);
        status = start(&process, stages, n_stages);
        log_info("stopped", "exit %d", status);
    }
    drop_workers(&process);
    settings_release(&process.settings);
    return status;
}
