/* cmd_policy_simulate.c - policy simulate: the history under another policy.
 *
 * complaints.routed is read without a group; nothing is produced, committed or written to
 * PostgreSQL.  Both policies are replayed with the same code over the same events, so
 * what differs is the policy's doing. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/now.h"
#include "base/times.h"
#include "conf/policy.h"
#include "ctl/ctl.h"
#include "ctl/policy_dir.h"
#include "ctl/policy_replay.h"
#include "ctl/policy_report.h"
#include "stage/topics.h"

#define GIVEN_MAX 64
#define ROUTED "complaints.routed"
/* Enough to find a message before the last markers of transactions. */
#define TAIL_OFFSETS 50

struct simulate {
    const struct ctl *ctl;
    int n_given;
    const char *given[GIVEN_MAX];
    int64_t to_ms; /* TIME_NONE: as far as the history goes */
    struct policy_dir current;
    struct policy_dir changed;
    struct replay_policies before;
    struct replay_policies after;
    struct tally tally;
    struct policy_run run;
    struct run_policy policies[POLICY_DIR_FILES_MAX];
    struct policy_doc docs[POLICY_DIR_FILES_MAX];
    int64_t ends[CHAIN_MAX_PARTITIONS];
    int64_t total; /* offsets to be read */
    int64_t read;
    int64_t shown_us;
    bool terminal;
    /* the partition at hand */
    struct replay *replays[TALLY_RUNS]; /* before, after */
    int64_t last_ms;                    /* recorded, wall clock */
    int64_t clock_ms;                   /* greatest time so far       */
    bool cut;                           /* something lies behind --to */
    struct arena event;
    struct err err;
};

const char policy_simulate_help[] =
    "  Replays complaints.routed through triage, sla and routing twice, under the "
    "folder\n"
    "  in use and under the same with the files given (one by one or as a folder), and\n"
    "  compares breaches, warnings, escalations and priorities, by team and product.\n"
    "  Reads Kafka only and writes nothing; services and PostgreSQL may be away. Clocks\n"
    "  that ran before a change of policy are replayed under one policy as a whole.\n"
    "  Parity: in how many cases the replay under the folder in use gives what was\n"
    "  recorded; less than all means that policies changed within the history.\n"
    "  --policy P  a triage, sla, preset, calendar or routing file, or a folder; may be\n"
    "              given several times\n"
    "  --from T    only cases that were received at or after T are counted\n"
    "  --to T      as things stood at T; later events are left out\n"
    "  --json      one object: policies[], clock, from, to, events, cases, differing,\n"
    "              due_times{earlier, later}, parity{cases, equal, examples[]},\n"
    "              totals{recorded, before, after}, groups[team, product, before, "
    "after],\n"
    "              most[complaint_id, before, after]\n"
    "  Exit 0 whether it differs or not; 1 if the new policy is refused.\n";

/* --- options ------------------------------------------------------------------------ */

/* --policy may come several times; what stands alone is a policy too. */
static bool
take_policies(struct ctl *ctl, struct simulate *sim, enum ctl_exit *ret_exit)
{
    int kept = 0;
    for (int i = 0; i < ctl->argc; i++) {
        char *arg = ctl->argv[i];
        const char *value = NULL;
        if (strncmp(arg, "--policy=", 9) == 0)
            value = arg + 9;
        else if (strcmp(arg, "--policy") == 0 && i + 1 < ctl->argc)
            value = ctl->argv[++i];
        else if (strcmp(arg, "--policy") == 0) {
            *ret_exit = ctl_usage("--policy needs a value");
            return false;
        }
        if (value && sim->n_given == GIVEN_MAX) {
            *ret_exit = ctl_usage("at most %d policies", GIVEN_MAX);
            return false;
        }
        if (value)
            sim->given[sim->n_given++] = value;
        else
            ctl->argv[kept++] = arg;
    }
    ctl->argc = kept;
    return true;
}

static bool
read_options(struct ctl *ctl, struct simulate *sim, enum ctl_exit *ret_exit)
{
    const char *from = NULL;
    const char *to = NULL;
    int64_t from_ms = INT64_MIN;
    const struct ctl_option options[] = {{"from", &from, NULL}, {"to", &to, NULL}};
    if (!take_policies(ctl, sim, ret_exit) ||
        !ctl_options(ctl, options, COUNT_OF(options), 0, GIVEN_MAX, ret_exit))
        return false;
    for (int i = 0; i < ctl->argc && sim->n_given < GIVEN_MAX; i++)
        sim->given[sim->n_given++] = ctl->argv[i];
    if (sim->n_given == 0) {
        *ret_exit = ctl_usage("policy simulate needs --policy NEW.json (or a folder)");
        return false;
    }
    if ((from && !time_parse_loose(str_from(from), &from_ms)) ||
        (to && !time_parse_loose(str_from(to), &sim->to_ms))) {
        *ret_exit = ctl_usage("--from and --to need a time such as 2026-03-20T00:00:00Z");
        return false;
    }
    if (from && to && sim->to_ms < from_ms) {
        *ret_exit = ctl_usage("--to is before --from");
        return false;
    }
    tally_init(&sim->tally, from_ms);
    return true;
}

/* --- policies ----------------------------------------------------------------------- */

static bool
is_listed(const struct policy_dir *dir, const char *key, struct str name)
{
    char path[300];
    json_error_t fault;
    size_t i = 0;
    json_t *item = NULL;
    bool listed = false;
    (void)snprintf(path, sizeof(path), "%s/sla.json", dir->path);
    json_t *sla = json_load_file(path, 0, &fault);
    json_array_foreach(json_object_get(sla, key), i, item) listed |=
        str_eq(name, str_from(json_string_value(item)));
    json_decref(sla);
    return listed;
}

/* Is the file one that the replay would notice? */
static bool
usable(const struct simulate *sim, const struct policy_file *file, struct err *err)
{
    struct str name = file->name;
    bool preset = file->kind == POLICY_PRESET;
    if (file->kind == POLICY_TAXONOMY || file->kind == POLICY_RULES ||
        file->kind == POLICY_NOTICES || file->kind == POLICY_UNKNOWN)
        return err_dead(err, DEAD_NONE, NULL,
                        "%.160s: %s changes no priority and no clock; give triage, sla, "
                        "preset, calendar or routing files",
                        file->source.ptr, policy_kind_name(file->kind));
    if (!preset && file->kind != POLICY_CALENDAR)
        return true;
    size_t folder = preset ? 4 : 10;
    name = str_sub(name, folder, name.len - folder - 5);
    if (is_listed(&sim->changed, preset ? "presets" : "calendars", name))
        return true;
    return err_dead(
        err, DEAD_NONE, NULL,
        "%.160s: sla.json does not list \"%.*s\" in $.%s; give an sla.json that "
        "does, too",
        file->source.ptr, STR_ARG(name), preset ? "presets" : "calendars");
}

/* Does the current folder have just this file? */
static bool
is_same(const struct simulate *sim, struct str name, const char *hash)
{
    struct policy_doc doc;
    struct err ignored;
    char file[200];
    (void)snprintf(file, sizeof(file), "%.*s", STR_ARG(name));
    if (!policy_read(&doc, sim->current.path, file, &ignored))
        return false;
    policy_release(&doc);
    return strcmp(doc.hash, hash) == 0;
}

static bool
describe(struct simulate *sim, bool folders, struct err *err)
{
    for (size_t i = 0; i < sim->changed.n_files; i++) {
        const struct policy_file *file = &sim->changed.files[i];
        struct policy_doc *doc = &sim->docs[sim->run.n_policies];
        bool absolute = file->source.ptr[0] == '/';
        if (!file->given || file->kind == POLICY_HOLIDAYS || file->kind == POLICY_MODEL)
            continue;
        if (!folders && !usable(sim, file, err))
            return false;
        if (!policy_read(doc, absolute ? "" : ".", file->source.ptr + absolute, err))
            return false;
        policy_release(doc);
        if (folders && is_same(sim, file->name, doc->hash))
            continue;
        sim->policies[sim->run.n_policies++] = (struct run_policy){
            file->source.ptr, policy_kind_name(file->kind), doc->version, doc->hash};
    }
    return true;
}

/* ret_new: the failure is that of the new policy, not of the installation. */
static bool
load_policies(struct simulate *sim, bool *ret_new, struct err *err)
{
    const char *base = sim->ctl->settings.policy_dir;
    bool folders = false;
    *ret_new = false;
    if (!policy_dir_open(&sim->current, base, err) ||
        !replay_policies_load(&sim->before, &sim->current, err) ||
        !policy_dir_open(&sim->changed, base, err))
        return false;
    *ret_new = true;
    for (int i = 0; i < sim->n_given; i++) {
        size_t before = 0;
        size_t after = 0;
        for (size_t k = 0; k < sim->changed.n_files; k++)
            before += sim->changed.files[k].given;
        if (!policy_dir_put(&sim->changed, sim->given[i], err))
            return false;
        for (size_t k = 0; k < sim->changed.n_files; k++)
            after += sim->changed.files[k].given;
        folders |= after > before + 1;
    }
    sim->run.policies = sim->policies;
    sim->run.current = base;
    if (!replay_policies_load(&sim->after, &sim->changed, err) ||
        !describe(sim, folders, err))
        return false;
    policy_dir_remove(&sim->current);
    policy_dir_remove(&sim->changed);
    return true;
}

/* --- reading ------------------------------------------------------------------------ */

static void
show_progress(struct simulate *sim, bool last)
{
    int64_t now_us = now_mono_us();
    if (!sim->terminal || (!last && now_us - sim->shown_us < 100000))
        return;
    sim->shown_us = now_us;
    double share = last || sim->total == 0 ? 1 : (double)sim->read / (double)sim->total;
    char bar[31];
    int filled = share > 1 ? 30 : (int)(share * 30);
    for (int i = 0; i < 30; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[30] = '\0';
    fprintf(stderr, "\r[%s] %3d%%  %lld events ", bar,
            share > 1 ? 100 : (int)(share * 100), (long long)sim->run.n_events);
    if (last)
        fputc('\n', stderr);
}

static void
take_before(void *ctx, const struct complaint_event *ev)
{
    tally_take(&((struct simulate *)ctx)->tally, TALLY_BEFORE, ev);
}
static void
take_after(void *ctx, const struct complaint_event *ev)
{
    tally_take(&((struct simulate *)ctx)->tally, TALLY_AFTER, ev);
}

static bool
take_event(struct simulate *sim, const struct complaint_event *ev, struct err *err)
{
    int64_t at_ms = sim->run.wall_clock ? ev->recorded_at : ev->occurred_at;
    /* As of --to: up to where the partition's clock passed it. What time brought about
     * stands before the event that moved the clock. */
    if (!replay_makes(ev))
        at_ms = sim->clock_ms = i64_max(sim->clock_ms, at_ms);
    if (sim->to_ms != TIME_NONE && (sim->cut || at_ms > sim->to_ms)) {
        sim->cut |= !replay_makes(ev);
        return true;
    }
    sim->last_ms = i64_max(sim->last_ms, ev->recorded_at);
    tally_take(&sim->tally, TALLY_RECORDED, ev);
    if (replay_makes(ev))
        return true;
    sim->run.n_events += ev->type != EVENT_TYPE_TICK;
    if (ev->type != EVENT_TYPE_TICK &&
        (sim->run.first_ms == TIME_NONE || ev->occurred_at < sim->run.first_ms))
        sim->run.first_ms = ev->occurred_at;
    return replay_event(sim->replays[TALLY_BEFORE], ev, err) &&
           replay_event(sim->replays[TALLY_AFTER], ev, err);
}

static bool
take_message(void *ctx, const struct kafka_message *message)
{
    struct simulate *sim = ctx;
    struct complaint_event ev;
    bool ok =
        wire_decode(&complaint_event_wire, message->value, &sim->event, &ev, &sim->err) &&
        take_event(sim, &ev, &sim->err);
    if (!ok && sim->err.action == ERR_DEAD_LETTER)
        sim->err.action = ERR_STOP;
    arena_clear(&sim->event);
    sim->read++;
    show_progress(sim, false);
    return ok;
}

/* How far the clocks go after the partition's last event. */
static bool
run_out(struct simulate *sim, int64_t until_ms, struct err *err)
{
    struct replay *before = sim->replays[TALLY_BEFORE];
    struct replay *after = sim->replays[TALLY_AFTER];
    /* What was recorded came so far: that is where it can be compared. */
    int64_t recorded_ms = sim->cut              ? sim->to_ms
                          : sim->run.wall_clock ? sim->last_ms
                                                : TIME_NONE;
    if (recorded_ms != TIME_NONE && (!replay_advance(before, recorded_ms, err) ||
                                     !replay_advance(after, recorded_ms, err)))
        return false;
    tally_parity(&sim->tally);
    if (until_ms != TIME_NONE && replay_now_ms(before) != TIME_NONE &&
        (!replay_advance(before, until_ms, err) || !replay_advance(after, until_ms, err)))
        return false;
    sim->run.until_ms = i64_max(sim->run.until_ms, replay_now_ms(before));
    sim->run.n_refused += replay_dead(before) + replay_dead(after);
    tally_settle(&sim->tally);
    return true;
}

static bool
run_partition(struct simulate *sim, int32_t partition, int64_t until_ms, struct err *err)
{
    const struct settings *settings = &sim->ctl->settings;
    struct scan_part part = {.partition = partition, .until = sim->ends[partition]};
    struct str salt = str_from(settings->salt);
    sim->last_ms = TIME_NONE;
    sim->cut = false;
    sim->clock_ms = TIME_NONE;
    sim->replays[TALLY_BEFORE] =
        replay_new(&sim->before, salt, sim->run.wall_clock, partition, take_before, sim);
    sim->replays[TALLY_AFTER] =
        replay_new(&sim->after, salt, sim->run.wall_clock, partition, take_after, sim);
    bool ok = sim->ends[partition] == 0 ||
              scan_part(sim->ctl, ROUTED, part, take_message, sim, err);
    if (ok && sim->err.action != ERR_NONE) {
        *err = sim->err;
        ok = false;
    }
    ok = ok && run_out(sim, until_ms, err);
    replay_drop(sim->replays[TALLY_BEFORE]);
    replay_drop(sim->replays[TALLY_AFTER]);
    return ok;
}

struct tail {
    struct simulate *sim;
    int64_t clock_ms; /* greatest time of what is fed; TIME_NONE: nothing was */
    int64_t cut;      /* offset of the first timer whose cause is not there; -1 */
};

static bool
note_tail(void *ctx, const struct kafka_message *message)
{
    struct tail *tail = ctx;
    struct simulate *sim = tail->sim;
    struct complaint_event ev;
    if (wire_decode(&complaint_event_wire, message->value, &sim->event, &ev, &sim->err)) {
        bool made = replay_makes(&ev);
        if (!made) {
            tail->clock_ms = i64_max(tail->clock_ms, ev.occurred_at);
            tail->cut = -1;
        } else if (tail->cut < 0 && tail->clock_ms != TIME_NONE &&
                   ev.occurred_at > tail->clock_ms)
            tail->cut = message->offset;
    }
    arena_clear(&sim->event);
    return true;
}

/* Event clock, while events flow in: timers stand before the event whose time fires them,
 * so the end may lie between. Those without their event are left for another time. */
static bool
cut_tail(struct simulate *sim, int32_t partition, struct err *err)
{
    int64_t end = sim->ends[partition];
    struct tail tail = {.sim = sim, .clock_ms = TIME_NONE, .cut = -1};
    for (int64_t last = TAIL_OFFSETS; tail.clock_ms == TIME_NONE; last *= 8) {
        struct scan_part part = {.partition = partition, .last = last, .until = end};
        if (!scan_part(sim->ctl, ROUTED, part, note_tail, &tail, err))
            return false;
        if (last >= end)
            break;
    }
    if (tail.cut >= 0)
        sim->ends[partition] = tail.cut;
    return true;
}

/* The ends as they are now: what is written later is not part of it. */
static bool
find_ends(struct simulate *sim, struct err *err)
{
    char topic[TOPIC_NAME_BYTES];
    topic_full_name(&sim->ctl->settings, ROUTED, topic);
    if (!scan_partitions(sim->ctl, ROUTED, &sim->run.partitions, err))
        return false;
    struct kafka_client *client = kafka_client_new(sim->ctl->settings.kafka, err);
    bool ok = client != NULL;
    for (int32_t p = 0; ok && p < sim->run.partitions; p++) {
        int64_t low = 0;
        ok = kafka_watermarks(client, topic, p, 10000, &low, &sim->ends[p], err);
        sim->total += sim->ends[p] - low;
    }
    kafka_client_drop(client);
    for (int32_t p = 0; ok && !sim->run.wall_clock && p < sim->run.partitions; p++)
        ok = sim->ends[p] == 0 || cut_tail(sim, p, err);
    return ok;
}

static bool
note_time(void *ctx, const struct kafka_message *message)
{
    struct simulate *sim = ctx;
    struct complaint_event ev;
    if (wire_decode(&complaint_event_wire, message->value, &sim->event, &ev, &sim->err))
        sim->last_ms = i64_max(sim->last_ms, ev.recorded_at);
    arena_clear(&sim->event);
    return true;
}

/* Wall clock: time goes on everywhere up to the last event of all partitions.  Under the
 * event clock each partition has a time of its own, and stays there. */
static bool
find_until(struct simulate *sim, int64_t *ret_until_ms, struct err *err)
{
    *ret_until_ms = sim->to_ms;
    if (sim->to_ms != TIME_NONE || !sim->run.wall_clock)
        return true;
    sim->last_ms = TIME_NONE;
    for (int32_t p = 0; p < sim->run.partitions; p++) {
        struct scan_part part = {
            .partition = p, .last = TAIL_OFFSETS, .until = sim->ends[p]};
        if (sim->ends[p] > 0 && !scan_part(sim->ctl, ROUTED, part, note_time, sim, err))
            return false;
    }
    *ret_until_ms = sim->last_ms;
    return true;
}

static bool
run_all(struct simulate *sim, struct err *err)
{
    int64_t until_ms = TIME_NONE;
    if (!find_ends(sim, err) || !find_until(sim, &until_ms, err))
        return false;
    for (int32_t p = 0; p < sim->run.partitions; p++)
        if (!run_partition(sim, p, until_ms, err))
            return false;
    show_progress(sim, true);
    tally_sort(&sim->tally);
    return true;
}

static enum ctl_exit
simulate(struct ctl *ctl, struct simulate *sim)
{
    struct err err = {0};
    bool of_new = false;
    CLEANUP(buf_release) struct buf out = {0};
    if (!load_policies(sim, &of_new, &err)) {
        if (of_new)
            err.action = ERR_DEAD_LETTER; /* what was asked about is wrong */
        return ctl_fail(&err);
    }
    if (!run_all(sim, &err))
        return ctl_fail(&err);
    (ctl->json ? policy_report_json : policy_report_text)(&out, &sim->run, &sim->tally);
    return ctl_print(&out) ? CTL_OK : CTL_WRONG;
}

enum ctl_exit
cmd_policy_simulate(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    struct simulate *sim = calloc(1, sizeof(*sim));
    BUG_IF(!sim);
    sim->ctl = ctl;
    sim->to_ms = TIME_NONE;
    sim->terminal = isatty(STDERR_FILENO);
    sim->run.wall_clock = settings_wall_clock(&ctl->settings);
    sim->run.first_ms = TIME_NONE;
    sim->run.until_ms = TIME_NONE;
    if (read_options(ctl, sim, &status))
        status = simulate(ctl, sim);
    replay_policies_release(&sim->before);
    replay_policies_release(&sim->after);
    policy_dir_close(&sim->current);
    policy_dir_close(&sim->changed);
    tally_release(&sim->tally);
    arena_release(&sim->event);
    free(sim);
    return status;
}
