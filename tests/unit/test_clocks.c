/* Whole lives of a case through the pure core: events and time in, a log of what the
 * clocks said and what became of them out.  Hours count from Monday 2026-03-02 09:00 UTC;
 * targets are elapsed hours, so that every expected time can be checked by eye. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/times.h"
#include "sla/clocks.h"

#define T0 INT64_C(1772442000000)
#define AT(hours) (T0 + (int64_t)((hours)*3600000.0))
#define ID "0f0f0f0f-0f0f-8f0f-8f0f-0f0f0f0f0f0f"

static const struct zone utc = {.name = {"Etc/UTC", 7}};
static struct calendar office = {.name = {"office", 6}, .zone = &utc};

static struct sla_clock_rule
rule(int32_t hours)
{
    return (struct sla_clock_rule){
        .set = true,
        .target = {TARGET_UNIT_HOURS, hours, TARGET_UNTIL_TIME},
        .target_json = STR("{}"),
        .calendar = &office};
}

static struct sla_rules base_rules;
static struct sla_rules preset_rules;
static const struct calendar *const calendars[] = {&office};
static struct sla_policy policy;

static void
set_up_policy(void)
{
    for (size_t i = 0; i < 5; i++)
        office.week[i] =
            (struct calendar_day){.n_windows = 1, .windows = {{9 * 60, 17 * 60}}};
    base_rules =
        (struct sla_rules){.name = STR("base"), .version = STR("7"), .calendar = &office};
    struct sla_clock_rule *clocks = base_rules.clocks;
    clocks[CLOCK_ACKNOWLEDGE] = rule(24);
    clocks[CLOCK_FIRST_RESPONSE] = rule(48);
    clocks[CLOCK_NEXT_RESPONSE] = rule(24);
    clocks[CLOCK_UPDATE] = rule(100);
    clocks[CLOCK_RESOLUTION] = rule(200);
    clocks[CLOCK_RESOLUTION].n_warn = 2;
    clocks[CLOCK_RESOLUTION].warn[0] = 50;
    clocks[CLOCK_RESOLUTION].warn[1] = 80;
    clocks[CLOCK_RESOLUTION].max_pause_ms = 72 * HOUR_MS;
    clocks[CLOCK_RESOLUTION].n_rungs = 2;
    clocks[CLOCK_RESOLUTION].rungs[0] =
        (struct sla_rung){TARGET_UNIT_HOURS, 0, TARGET_UNTIL_TIME, STR("lead"), 0};
    clocks[CLOCK_RESOLUTION].rungs[1] =
        (struct sla_rung){TARGET_UNIT_HOURS, 24, TARGET_UNTIL_TIME, STR("head"), 0};
    clocks[CLOCK_PROMISE] = (struct sla_clock_rule){.set = true, .calendar = &office};
    clocks[CLOCK_OWNER] = rule(50);
    clocks[CLOCK_OWNER].n_rungs = 1;
    clocks[CLOCK_OWNER].rungs[0] = clocks[CLOCK_RESOLUTION].rungs[0];
    clocks[CLOCK_NEXT_RESPONSE].n_rungs = 1;
    clocks[CLOCK_NEXT_RESPONSE].rungs[0] = clocks[CLOCK_RESOLUTION].rungs[0];
    clocks[CLOCK_FOLLOW_UP] = rule(60);
    clocks[CLOCK_RECOVERY_WINDOW] = rule(672);
    static const struct str names[] = {{"FCA", 3}};
    preset_rules = (struct sla_rules){.name = STR("fca"),
                                      .version = STR("1"),
                                      .regulator = {1, names},
                                      .calendar = &office};
    preset_rules.clocks[CLOCK_STATUTORY] = rule(400);
    policy = (struct sla_policy){.version = STR("7"),
                                 .hash = STR("h"),
                                 .n_policies = 1,
                                 .policies = &base_rules,
                                 .n_presets = 1,
                                 .presets = &preset_rules,
                                 .n_calendars = 1,
                                 .calendars = calendars};
}

/* One thing that happens; the state is what register would say after it. */
struct step {
    double at;
    enum event_type type;
    enum state state;
    double arg;       /* score, due or until in hours, kind */
    const char *text; /* promise_id, clock, "auto"          */
};
#define E(name) EVENT_TYPE_COMPLAINT_##name
#define CLOCK_BIT(name) (1u << CLOCK_##name)

struct life {
    const char *name;
    enum kind kind;
    const char *regulator;
    unsigned clocks; /* logged; 0: all */
    bool history;
    double until;
    struct step steps[10];
    const char *expect;
};

static void
log_own(struct buf *log, const struct life *life, struct sla_work *work)
{
    for (size_t i = 0; i < work->n_own; i++) {
        const struct sla_own *own = &work->own[i];
        if (life->clocks && !(life->clocks & (1u << own->fired.clock)))
            continue;
        (void)buf_printf(log, "%g %s %s#%d", (double)(own->at_ms - T0) / 3600000.0,
                         event_type_name(own->type) + 4, clock_name(own->fired.clock),
                         own->fired.start_no);
        if (own->fired.percent)
            (void)buf_printf(log, " %d%%", own->fired.percent);
        if (own->fired.level)
            (void)buf_printf(log, " %d:%.*s", own->fired.level, STR_ARG(own->fired.to));
        (void)buf_add_c(log, "; ");
    }
}

/* Rows that changed, as the section would show them. */
static void
log_rows(struct buf *log, const struct life *life, const struct sla_work *work)
{
    for (size_t i = 0; i < work->n_timers; i++) {
        const struct sla_clock *row = &work->timers[i].row;
        if (!work->changed[i] || (life->clocks && !(life->clocks & (1u << row->clock))))
            continue;
        (void)buf_printf(log, "%s#%d %s", clock_name(row->clock), row->start_no,
                         clock_status_name(row->status));
        if (row->status == CLOCK_STATUS_RUNNING)
            (void)buf_printf(log, " due %g", (double)(row->due_at - T0) / 3600000.0);
        if (row->has_met_at)
            (void)buf_printf(log, " at %g", (double)(row->met_at - T0) / 3600000.0);
        (void)buf_add_c(log, "; ");
    }
}

static struct sla_work *
again(struct arena *arena, struct sla_work *work)
{
    /* As the stage does: what is kept goes through the state record. */
    struct err err = {0};
    struct buf bytes = {0};
    struct sla_case back = {0};
    sla_pack(work);
    assert_true(wire_encode(&sla_case_wire, &work->c, &bytes, &err));
    struct str copy = arena_str(arena, buf_str(&bytes));
    buf_release(&bytes);
    assert_true(wire_decode(&sla_case_wire, copy, arena, &back, &err));
    return sla_unpack(arena, &back, 4);
}

static struct sla_work *
advance(struct buf *log, const struct life *life, struct sla_work *work, int64_t at_ms)
{
    for (int64_t due = sla_next_due(work); due != TIME_NONE && due <= at_ms;
         due = sla_next_due(work)) {
        sla_fire(work, &policy, due);
        log_own(log, life, work);
        if (!work->c.history)
            sla_published(work);
    }
    return work;
}

static void
live(const struct life *life, struct buf *log)
{
    struct arena arena = {0};
    struct sla_case none = {0};
    struct sla_work *work = sla_unpack(&arena, &none, 2);
    for (size_t i = 0; i < COUNT_OF(life->steps) && life->steps[i].type; i++) {
        const struct step *step = &life->steps[i];
        struct register_section reg = {
            .state = step->state, .received_at = AT(0), .history = life->history};
        struct classification_section about = {
            .language = STR("en"),
            .kind = step->type == E(CORRECTED) ? (enum kind)step->arg : life->kind};
        struct regulator regulator = {.name = str_from(life->regulator)};
        struct submission said = {.channel = CHANNEL_WEB,
                                  .regulator = life->regulator ? &regulator : NULL};
        struct action action = {
            .has_score = true,
            .score = (int32_t)step->arg,
            .promise_id = str_from(step->text),
            .clock = str_from(step->text),
            .owner = str_from(step->text),
            .has_due_at = true,
            .due_at = AT(step->arg),
            .has_until = true,
            .until = AT(step->arg),
            .has_automatic = true,
            .automatic = step->text && strcmp(step->text, "auto") == 0,
        };
        struct complaint_event ev = {
            .event_id = arena_printf(&arena, "event-%zu", i),
            .type = step->type,
            .complaint_id = STR(ID),
            .occurred_at = AT(step->at),
            .customer_hash = STR("00112233445566778899aabbccddeeff"),
            .register_ = &reg,
            .classification = i == 0 || step->type == E(CORRECTED) ? &about : NULL,
            .submission = step->type == E(SUBMITTED) ? &said : NULL,
            .action = step->type == E(SUBMITTED) ? NULL : &action,
        };
        if (i == 0) {
            sla_open(work, &policy, &ev, NULL);
        } else {
            work = advance(log, life, work, ev.occurred_at);
            sla_apply(work, &policy, &ev);
        }
        (void)buf_printf(log, "[%g] ", step->at);
        log_rows(log, life, work);
        log_own(log, life, work);
        sla_published(work);
        work = again(&arena, work);
    }
    work = advance(log, life, work, AT(life->until));
    if (life->history)
        log_rows(log, life, work);
    arena_release(&arena);
}

#define SUBMIT                                                                           \
    {                                                                                    \
        0, E(SUBMITTED), STATE_OPEN, 0, NULL                                             \
    }

static const struct life lives[] = {
    {"in time at the due time exactly",
     .clocks = CLOCK_BIT(ACKNOWLEDGE) | CLOCK_BIT(FIRST_RESPONSE), .until = 300,
     .steps = {SUBMIT,
               {24, E(ACKNOWLEDGED), STATE_OPEN, 0, NULL},
               {48, E(RESPONDED), STATE_OPEN, 0, NULL}},
     .expect = "[0] acknowledge#1 running due 24; first_response#1 running due 48; "
               "[24] acknowledge#1 met at 24; [48] first_response#1 met at 48; "},
    {"nobody answers: breached at the due time, met late",
     .clocks = CLOCK_BIT(ACKNOWLEDGE) | CLOCK_BIT(FIRST_RESPONSE), .until = 300,
     .steps = {SUBMIT, {60, E(RESPONDED), STATE_OPEN, 0, NULL}},
     .expect = "[0] acknowledge#1 running due 24; first_response#1 running due 48; "
               "24 breached acknowledge#1; 48 breached first_response#1; "
               "[60] acknowledge#1 met_late at 60; first_response#1 met_late at 60; "},
    {"an automatic notice does not count", .clocks = CLOCK_BIT(ACKNOWLEDGE), .until = 30,
     .steps = {SUBMIT, {1, E(ACKNOWLEDGED), STATE_OPEN, 0, "auto"}},
     .expect = "[0] acknowledge#1 running due 24; [1] 24 breached acknowledge#1; "},
    {"a late message about an answer in time corrects the breach, also after a late one",
     .clocks = CLOCK_BIT(FIRST_RESPONSE), .until = 300,
     .steps = {SUBMIT,
               {50, E(RESPONDED), STATE_OPEN, 0, NULL},
               {47, E(RESPONDED), STATE_OPEN, 0, NULL}},
     .expect = "[0] first_response#1 running due 48; 48 breached first_response#1; "
               "[50] first_response#1 met_late at 50; "
               "[47] first_response#1 met at 47; 47 breach_corrected first_response#1; "},
    {"an answer in time that arrives late leaves what was written after it: its clock "
     "counts from the first of these, and the answer to them meets it",
     .clocks = CLOCK_BIT(FIRST_RESPONSE) | CLOCK_BIT(NEXT_RESPONSE), .until = 300,
     .steps = {SUBMIT,
               {20, E(MESSAGE), STATE_OPEN, 0, NULL},
               {60, E(MESSAGE), STATE_OPEN, 0, NULL},
               {55, E(MESSAGE), STATE_OPEN, 0, NULL},
               {47, E(RESPONDED), STATE_OPEN, 0, NULL},
               {70, E(RESPONDED), STATE_OPEN, 0, NULL},
               {46, E(RESPONDED), STATE_OPEN, 0, NULL}},
     .expect = "[0] first_response#1 running due 48; [20] 48 breached first_response#1; "
               "[60] [55] [47] first_response#1 met at 47; next_response#1 running due "
               "79; 47 breach_corrected first_response#1; "
               "[70] next_response#1 met at 70; [46] "},
    {"an answer to some of what was written: the rest has a clock of its own",
     .clocks = CLOCK_BIT(FIRST_RESPONSE) | CLOCK_BIT(NEXT_RESPONSE), .until = 300,
     .steps = {SUBMIT,
               {10, E(RESPONDED), STATE_OPEN, 0, NULL},
               {20, E(MESSAGE), STATE_OPEN, 0, NULL},
               {40, E(MESSAGE), STATE_OPEN, 0, NULL},
               {30, E(RESPONDED), STATE_OPEN, 0, NULL},
               {50, E(RESPONDED), STATE_OPEN, 0, NULL}},
     .expect = "[0] first_response#1 running due 48; [10] first_response#1 met at 10; "
               "[20] next_response#1 running due 44; [40] "
               "[30] next_response#1 met at 30; next_response#2 running due 64; "
               "[50] next_response#2 met at 50; "},
    {"resolution pauses while it waits; warnings and due time move with it",
     .clocks = CLOCK_BIT(RESOLUTION), .until = 230,
     .steps = {SUBMIT,
               {10, E(WAITING), STATE_WAITING_CUSTOMER, 0, NULL},
               {40, E(MESSAGE), STATE_OPEN, 0, NULL}},
     .expect = "[0] resolution#1 running due 200; [10] resolution#1 paused; "
               "[40] resolution#1 running due 230; 130 warned resolution#1 50%; "
               "190 warned resolution#1 80%; "},
    {"a pause ends by itself at its maximum and is not taken up by a further event",
     .clocks = CLOCK_BIT(RESOLUTION), .until = 100,
     .steps = {SUBMIT,
               {10, E(WAITING), STATE_WAITING_THIRD_PARTY, 0, NULL},
               {90, E(MESSAGE), STATE_WAITING_THIRD_PARTY, 0, NULL}},
     .expect = "[0] resolution#1 running due 200; [10] resolution#1 paused; "
               "82 resumed resolution#1; [90] "},
    {"the maximum is for all pauses together", .clocks = CLOCK_BIT(RESOLUTION),
     .until = 150,
     .steps = {SUBMIT,
               {10, E(WAITING), STATE_WAITING_CUSTOMER, 0, NULL},
               {40, E(MESSAGE), STATE_OPEN, 0, NULL},
               {50, E(WAITING), STATE_WAITING_CUSTOMER, 0, NULL},
               {95, E(RESUMED), STATE_OPEN, 0, NULL},
               {96, E(WAITING), STATE_WAITING_THIRD_PARTY, 0, NULL}},
     .expect = "[0] resolution#1 running due 200; [10] resolution#1 paused; "
               "[40] resolution#1 running due 230; [50] resolution#1 paused; "
               "92 resumed resolution#1; [95] [96] "},
    {"a breach climbs the ladder, each rung once; resolving ends it",
     .clocks = CLOCK_BIT(RESOLUTION), .until = 500,
     .steps = {SUBMIT, {210, E(RESOLVED), STATE_RESOLVED, 0, NULL}},
     .expect = "[0] resolution#1 running due 200; 100 warned resolution#1 50%; "
               "160 warned resolution#1 80%; 200 breached resolution#1; "
               "200 escalated resolution#1 1:lead; [210] resolution#1 met_late at 210; "},
    {"a rung that another clock has climbed is passed over",
     .clocks = CLOCK_BIT(RESOLUTION) | CLOCK_BIT(OWNER), .until = 300,
     .steps = {SUBMIT, {120, E(ASSIGNED), STATE_OPEN, 0, NULL}},
     .expect = "[0] resolution#1 running due 200; 100 warned resolution#1 50%; "
               "[120] owner#1 running due 170; 160 warned resolution#1 80%; "
               "170 breached owner#1; 170 escalated owner#1 1:lead; "
               "200 breached resolution#1; 224 escalated resolution#1 2:head; "},
    {"a comment resets no escalation", .clocks = CLOCK_BIT(RESOLUTION), .until = 300,
     .steps = {SUBMIT,
               {201, E(MESSAGE), STATE_OPEN, 0, NULL},
               {202, E(RESPONDED), STATE_OPEN, 0, NULL}},
     .expect = "[0] resolution#1 running due 200; 100 warned resolution#1 50%; "
               "160 warned resolution#1 80%; 200 breached resolution#1; "
               "200 escalated resolution#1 1:lead; [201] [202] "
               "224 escalated resolution#1 2:head; "},
    {"reopening starts resolution anew; the old breach stays",
     .clocks = CLOCK_BIT(RESOLUTION), .until = 420,
     .steps = {SUBMIT,
               {210, E(RESOLVED), STATE_RESOLVED, 0, NULL},
               {220, E(REOPENED), STATE_OPEN, 0, NULL},
               {300, E(RESOLVED), STATE_RESOLVED, 0, NULL}},
     .expect = "[0] resolution#1 running due 200; 100 warned resolution#1 50%; "
               "160 warned resolution#1 80%; 200 breached resolution#1; "
               "200 escalated resolution#1 1:lead; [210] resolution#1 met_late at 210; "
               "[220] resolution#2 running due 420; [300] resolution#2 met at 300; "},
    {"next_response: one at a time, only after the first answer, paused by third parties",
     .clocks = CLOCK_BIT(NEXT_RESPONSE), .until = 200,
     .steps = {SUBMIT,
               {1, E(MESSAGE), STATE_OPEN, 0, NULL},
               {2, E(RESPONDED), STATE_OPEN, 0, NULL},
               {10, E(MESSAGE), STATE_OPEN, 0, NULL},
               {12, E(MESSAGE), STATE_OPEN, 0, NULL},
               {14, E(WAITING), STATE_WAITING_THIRD_PARTY, 0, NULL},
               {20, E(RESUMED), STATE_OPEN, 0, NULL},
               {30, E(RESPONDED), STATE_OPEN, 0, NULL},
               {40, E(MESSAGE), STATE_OPEN, 0, NULL}},
     .expect = "[0] [1] [2] [10] next_response#1 running due 34; [12] "
               "[14] next_response#1 paused; [20] next_response#1 running due 40; "
               "[30] next_response#1 met at 30; [40] next_response#2 running due 64; "
               "64 breached next_response#2; 64 escalated next_response#2 1:lead; "},
    {"a message on a closed case is owed an answer, up the ladder as well; an older "
     "answer "
     "does not count",
     .clocks = CLOCK_BIT(NEXT_RESPONSE), .until = 100,
     .steps = {SUBMIT,
               {2, E(RESOLVED), STATE_RESOLVED, 0, NULL},
               {3, E(CLOSED), STATE_CLOSED, 0, NULL},
               {10, E(MESSAGE), STATE_CLOSED, 0, NULL},
               {9, E(RESPONDED), STATE_CLOSED, 0, NULL}},
     .expect = "[0] [2] [3] [10] next_response#1 running due 34; [9] "
               "34 breached next_response#1; 34 escalated next_response#1 1:lead; "},
    {"update: anew at each answer, until the work has ended", .clocks = CLOCK_BIT(UPDATE),
     .until = 400,
     .steps = {SUBMIT,
               {50, E(RESPONDED), STATE_OPEN, 0, NULL},
               {60, E(RESPONDED), STATE_OPEN, 0, NULL},
               {70, E(RESOLVED), STATE_RESOLVED, 0, NULL}},
     .expect =
         "[0] update#1 running due 100; "
         "[50] update#1 met at 50; update#2 running due 150; "
         "[60] update#2 met at 60; update#3 running due 160; [70] update#3 met at 70; "},
    {"promises: each its own, never paused, broken and kept late",
     .clocks = CLOCK_BIT(PROMISE), .until = 400,
     .steps = {SUBMIT,
               {1, E(PROMISED), STATE_OPEN, 30, "a"},
               {2, E(PROMISED), STATE_OPEN, 20, "b"},
               {3, E(WAITING), STATE_WAITING_CUSTOMER, 0, NULL},
               {20, E(PROMISE_KEPT), STATE_WAITING_CUSTOMER, 0, "b"},
               {31, E(PROMISE_KEPT), STATE_WAITING_CUSTOMER, 0, "a"}},
     .expect = "[0] [1] promise#1 running due 30; [2] promise#2 running due 20; [3] "
               "[20] promise#2 met at 20; 30 breached promise#1; "
               "[31] promise#1 met_late at 31; "},
    {"the same promise again takes the place of the first", .clocks = CLOCK_BIT(PROMISE),
     .until = 100,
     .steps = {SUBMIT,
               {1, E(PROMISED), STATE_OPEN, 30, "a"},
               {2, E(PROMISED), STATE_OPEN, 60, "a"}},
     .expect = "[0] [1] promise#1 running due 30; "
               "[2] promise#1 cancelled; promise#2 running due 60; "
               "60 breached promise#2; "},
    {"promised anew after the breach: the breach stays", .clocks = CLOCK_BIT(PROMISE),
     .until = 100,
     .steps = {SUBMIT,
               {1, E(PROMISED), STATE_OPEN, 30, "a"},
               {40, E(PROMISED), STATE_OPEN, 60, "a"},
               {50, E(PROMISE_KEPT), STATE_OPEN, 0, "a"}},
     .expect = "[0] [1] promise#1 running due 30; 30 breached promise#1; "
               "[40] promise#2 running due 60; "
               "[50] promise#1 met_late at 50; promise#2 met at 50; "},
    {"promised anew in time, known late: it was no breach", .clocks = CLOCK_BIT(PROMISE),
     .until = 55,
     .steps = {SUBMIT,
               {1, E(PROMISED), STATE_OPEN, 30, "a"},
               {31, E(MESSAGE), STATE_OPEN, 0, NULL},
               {20, E(PROMISED), STATE_OPEN, 60, "a"}},
     .expect = "[0] [1] promise#1 running due 30; 30 breached promise#1; [31] "
               "[20] promise#1 cancelled; promise#2 running due 60; "
               "20 breach_corrected promise#1; "},
    {"assigned to the same owner once more: no new clock, but to another",
     .clocks = CLOCK_BIT(OWNER), .until = 60,
     .steps = {SUBMIT,
               {5, E(ASSIGNED), STATE_OPEN, 0, "kim"},
               {20, E(ASSIGNED), STATE_OPEN, 0, "kim"},
               {30, E(ASSIGNED), STATE_OPEN, 0, "lee"}},
     .expect = "[0] [5] owner#1 running due 55; [20] "
               "[30] owner#1 cancelled; owner#2 running due 80; "},
    {"owner: met by the next transfer, paused outside, met by the end",
     .clocks = CLOCK_BIT(OWNER), .until = 400,
     .steps = {SUBMIT,
               {5, E(ASSIGNED), STATE_OPEN, 0, NULL},
               {20, E(TRANSFERRED), STATE_OPEN, 0, NULL},
               {30, E(REFERRED), STATE_EXTERNAL, 0, NULL},
               {40, E(RESUMED), STATE_OPEN, 0, NULL},
               {60, E(REJECTED), STATE_REJECTED, 0, NULL}},
     .expect = "[0] [5] owner#1 running due 55; "
               "[20] owner#1 met at 20; owner#2 running due 70; [30] owner#2 paused; "
               "[40] owner#2 running due 80; [60] owner#2 met at 60; "},
    {"statutory never pauses; the preset gives it", .regulator = "fca",
     .clocks = CLOCK_BIT(STATUTORY), .until = 500,
     .steps = {SUBMIT,
               {10, E(WAITING), STATE_WAITING_CUSTOMER, 0, NULL},
               {200, E(RESUMED), STATE_OPEN, 0, NULL}},
     .expect = "[0] statutory#1 running due 400; [10] [200] 400 breached statutory#1; "},
    {"withdrawing cancels, a breach stays, and the case is silent", .regulator = "FCA",
     .until = 2000,
     .steps = {SUBMIT,
               {30, E(PROMISED), STATE_OPEN, 40, "a"},
               {31, E(WITHDRAWN), STATE_WITHDRAWN, 0, NULL},
               {32, E(MESSAGE), STATE_WITHDRAWN, 0, NULL}},
     .expect =
         "[0] acknowledge#1 running due 24; first_response#1 running due 48; "
         "update#1 running due 100; resolution#1 running due 200; "
         "statutory#1 running due 400; recovery_window#1 running due 672; "
         "24 breached acknowledge#1; [30] promise#1 running due 40; "
         "[31] first_response#1 cancelled; update#1 cancelled; resolution#1 cancelled; "
         "statutory#1 cancelled; recovery_window#1 cancelled; promise#1 cancelled; "
         "[32] "},
    {"the recovery window: met by resolving; anew at closing, met when nobody comes back",
     .clocks = CLOCK_BIT(RECOVERY_WINDOW) | CLOCK_BIT(FOLLOW_UP), .until = 2000,
     .steps = {SUBMIT,
               {672, E(RESOLVED), STATE_RESOLVED, 0, NULL},
               {700, E(CLOSED), STATE_CLOSED, 0, NULL},
               {720, E(RATED), STATE_CLOSED, 5, NULL}},
     .expect =
         "[0] recovery_window#1 running due 672; [672] recovery_window#1 met at 672; "
         "[700] follow_up#1 running due 760; recovery_window#2 running due 1372; "
         "[720] follow_up#1 met at 720; 1372 met recovery_window#2; "},
    {"a rating of 2 in the window after closing is a failed recovery",
     .clocks = CLOCK_BIT(RECOVERY_WINDOW), .until = 2000,
     .steps = {SUBMIT,
               {10, E(RESOLVED), STATE_RESOLVED, 0, NULL},
               {20, E(CLOSED), STATE_CLOSED, 0, NULL},
               {30, E(RATED), STATE_CLOSED, 2, NULL}},
     .expect = "[0] recovery_window#1 running due 672; [10] recovery_window#1 met at 10; "
               "[20] recovery_window#2 running due 692; "
               "[30] recovery_window#2 breached; 30 breached recovery_window#2; "},
    {"reopening fails the window and cancels the follow-up",
     .clocks = CLOCK_BIT(RECOVERY_WINDOW) | CLOCK_BIT(FOLLOW_UP) | CLOCK_BIT(RESOLUTION),
     .until = 60,
     .steps = {SUBMIT,
               {10, E(RESOLVED), STATE_RESOLVED, 0, NULL},
               {20, E(CLOSED), STATE_CLOSED, 0, NULL},
               {30, E(REOPENED), STATE_OPEN, 0, NULL}},
     .expect = "[0] resolution#1 running due 200; recovery_window#1 running due 672; "
               "[10] resolution#1 met at 10; recovery_window#1 met at 10; "
               "[20] follow_up#1 running due 80; recovery_window#2 running due 692; "
               "[30] follow_up#1 cancelled; recovery_window#2 breached; "
               "resolution#2 running due 230; 30 breached recovery_window#2; "},
    {"a rejected complaint is not recovered", .clocks = CLOCK_BIT(RECOVERY_WINDOW),
     .until = 700, .steps = {SUBMIT, {10, E(REJECTED), STATE_REJECTED, 0, NULL}},
     .expect =
         "[0] recovery_window#1 running due 672; [10] 672 breached recovery_window#1; "},
    {"a lawful extension moves the due time and never earlier",
     .clocks = CLOCK_BIT(RESOLUTION), .until = 300,
     .steps = {SUBMIT,
               {10, E(EXTENDED), STATE_OPEN, 400, "resolution"},
               {20, E(EXTENDED), STATE_OPEN, 100, "resolution"}},
     .expect = "[0] resolution#1 running due 200; [10] resolution#1 running due 400; "
               "[20] 20 extension_refused resolution#1; 200 warned resolution#1 50%; "},
    {"what cannot be extended says so and stays", .until = 25,
     .clocks = CLOCK_BIT(PROMISE) | CLOCK_BIT(RECOVERY_WINDOW) | CLOCK_BIT(FOLLOW_UP) |
               CLOCK_BIT(ACKNOWLEDGE),
     .steps = {SUBMIT,
               {1, E(PROMISED), STATE_OPEN, 300, "a"},
               {2, E(EXTENDED), STATE_OPEN, 400, "promise"},
               {3, E(EXTENDED), STATE_OPEN, 900, "recovery_window"},
               {4, E(EXTENDED), STATE_OPEN, 900, "follow_up"},
               {24.5, E(EXTENDED), STATE_OPEN, 900, "acknowledge"}},
     .expect = "[0] acknowledge#1 running due 24; recovery_window#1 running due 672; "
               "[1] promise#1 running due 300; [2] 2 extension_refused promise#0; "
               "[3] 3 extension_refused recovery_window#0; "
               "[4] 4 extension_refused follow_up#0; 24 breached acknowledge#1; "
               "[24.5] 24.5 extension_refused acknowledge#1; "},
    {"an extension approved in time and known late corrects the breach; after it, the "
     "clock is breached at its new time",
     .clocks = CLOCK_BIT(FIRST_RESPONSE), .until = 100,
     .steps = {SUBMIT,
               {50, E(MESSAGE), STATE_OPEN, 0, NULL},
               {47, E(EXTENDED), STATE_OPEN, 80, "first_response"}},
     .expect = "[0] first_response#1 running due 48; 48 breached first_response#1; [50] "
               "[47] first_response#1 running due 80; "
               "47 breach_corrected first_response#1; 80 breached first_response#1; "},
    {"an extension known late is about the start that ran then",
     .clocks = CLOCK_BIT(RESOLUTION), .until = 300,
     .steps = {SUBMIT,
               {190, E(MESSAGE), STATE_OPEN, 0, NULL},
               {210, E(RESOLVED), STATE_RESOLVED, 0, NULL},
               {220, E(REOPENED), STATE_OPEN, 0, NULL},
               {150, E(EXTENDED), STATE_OPEN, 260, "resolution"}},
     .expect = "[0] resolution#1 running due 200; 100 warned resolution#1 50%; "
               "160 warned resolution#1 80%; [190] 200 breached resolution#1; "
               "200 escalated resolution#1 1:lead; [210] resolution#1 met_late at 210; "
               "[220] resolution#2 running due 420; "
               "[150] resolution#1 met at 210; 150 breach_corrected resolution#1; "},
    {"an inquiry has two clocks; with a regulator the preset's as well",
     .kind = KIND_INQUIRY, .regulator = "FCA", .until = 1, .steps = {SUBMIT},
     .expect = "[0] acknowledge#1 running due 24; first_response#1 running due 48; "
               "statutory#1 running due 400; "},
    {"a suggestion has one", .kind = KIND_SUGGESTION, .regulator = "FCA", .until = 1,
     .steps = {SUBMIT}, .expect = "[0] acknowledge#1 running due 24; "},
    {"praise has none, but what was promised counts", .kind = KIND_PRAISE, .until = 100,
     .steps = {SUBMIT, {1, E(PROMISED), STATE_OPEN, 10, "a"}},
     .expect = "[0] [1] promise#1 running due 10; 10 breached promise#1; "},
    {"an inquiry that turns out a complaint has all clocks from receipt",
     .kind = KIND_INQUIRY, .until = 20,
     .steps = {SUBMIT,
               {5, E(RESPONDED), STATE_OPEN, 0, NULL},
               {10, E(CORRECTED), STATE_OPEN, KIND_COMPLAINT, NULL}},
     .expect = "[0] acknowledge#1 running due 24; first_response#1 running due 48; "
               "[5] acknowledge#1 met at 5; first_response#1 met at 5; "
               "[10] update#1 running due 110; resolution#1 running due 200; "
               "recovery_window#1 running due 672; "},
    {"a complaint that is an inquiry after all loses the rest", .kind = KIND_COMPLAINT,
     .until = 20, .steps = {SUBMIT, {10, E(CORRECTED), STATE_OPEN, KIND_INQUIRY, NULL}},
     .expect = "[0] acknowledge#1 running due 24; first_response#1 running due 48; "
               "update#1 running due 100; resolution#1 running due 200; "
               "recovery_window#1 running due 672; [10] update#1 cancelled; "
               "resolution#1 cancelled; recovery_window#1 cancelled; "},
    {"a history is judged in silence", .history = true,
     .clocks = CLOCK_BIT(FIRST_RESPONSE) | CLOCK_BIT(RESOLUTION), .until = 1000,
     .steps = {SUBMIT, {60, E(RESPONDED), STATE_OPEN, 0, NULL}},
     .expect = "[0] first_response#1 running due 48; resolution#1 running due 200; "
               "[60] first_response#1 met_late at 60; resolution#1 breached; "},
};

static void
lives_of_a_case(void **state)
{
    (void)state;
    set_up_policy();
    for (size_t i = 0; i < COUNT_OF(lives); i++) {
        struct buf log = {0};
        print_message("row %zu: %s\n", i, lives[i].name);
        live(&lives[i], &log);
        assert_string_equal(buf_str(&log).ptr, lives[i].expect);
        buf_release(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_of_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
