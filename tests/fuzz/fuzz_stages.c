/* Events of any type in any state and order, at any times that the door lets in, through
 * the stages behind register: none may say stop, none may refuse one.  Each event takes a
 * handful of bytes of the input: what, of which complaint, when, in which state.  States
 * need not follow from each other; register's own table is test_lifecycle's. */
#include "base/times.h"
#include "classification/stages.h"
#include "gen/sla_section.h"
#include "ident/ident.h"
#include "routing/stages.h"
#include "sla/stages.h"
#include "stage/turn.h"
#include "state/store.h"
#include "triage/stages.h"

#define POLICY "deploy/policy"
#define EVENTS_MAX 200
#define COMPLAINTS 4
#define T0 INT64_C(1772442000000) /* Monday 2026-03-02 09:00 UTC */
#define YEAR_2000 INT64_C(946684800000)
#define YEAR_2200 INT64_C(7258118400000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct stage_def *const STAGES[] = {&classification_stage, &triage_stage,
                                                 &sla_stage, &assign_stage};
#define N_STAGES COUNT_OF(STAGES)

struct rig {
    struct turn *turns[N_STAGES];
    struct turn_driver drivers[N_STAGES];
};

static const void *
policy_of(size_t stage)
{
    static const void *policies[N_STAGES];
    struct err err = {0};
    if (!policies[stage])
        policies[stage] = STAGES[stage]->policy_load(POLICY, &err);
    BUG_IF(!policies[stage]); /* run it at the root of the sources */
    return policies[stage];
}

/* Through this stage and all behind it. */
static void
run(struct rig *rig, size_t stage, struct str value)
{
    if (stage == N_STAGES)
        return;
    struct turn *turn = rig->turns[stage];
    struct turn_driver *driver = &rig->drivers[stage];
    const struct raw_message message = {.topic = STR("fuzz"), .value = value};
    struct err err = {0};
    bool more = true;
    while (more) {
        const struct output *outputs = NULL;
        BUG_IF(!turn_run(turn, driver, &message, 0, &err));
        size_t n = turn_outputs(turn, &outputs);
        for (size_t i = 0; i < n; i++) {
            BUG_IF(outputs[i].topic == OUTPUT_DEAD_LETTER);
            if (outputs[i].topic == 0)
                run(rig, stage + 1, outputs[i].value);
        }
        more = turn_unfinished(turn);
        store_commit(driver->store);
        turn_clear(turn);
    }
}

static void
publish(struct rig *rig, const struct complaint_event *ev)
{
    CLEANUP(buf_release) struct buf value = {0};
    struct err err = {0};
    BUG_IF(!wire_encode(&complaint_event_wire, ev, &value, &err));
    run(rig, 0, buf_str(&value));
}

/* --- events of bytes ---------------------------------------------------------------- */

struct source {
    const uint8_t *data;
    size_t size;
    int64_t now_ms;
    size_t n;
    struct arena arena;
};

static size_t
byte(struct source *source)
{
    if (source->size == 0)
        return 0;
    source->size--;
    return *source->data++;
}

static int64_t
near_ms(const struct source *source, size_t choice)
{
    static const int64_t steps[] = {0,          1,           -1,           SECOND_MS,
                                    -HOUR_MS,   HOUR_MS,     DAY_MS,       -DAY_MS,
                                    7 * DAY_MS, 30 * DAY_MS, -40 * DAY_MS, 400 * DAY_MS};
    if (choice == 254)
        return YEAR_2000;
    if (choice == 255)
        return YEAR_2200 - 1;
    int64_t step = steps[choice % COUNT_OF(steps)] * (int64_t)(1 + choice / 64);
    return i64_max(YEAR_2000, i64_min(source->now_ms + step, YEAR_2200 - 1));
}

static struct str
complaint(struct source *source, size_t choice)
{
    return arena_printf(&source->arena, "00000000-0000-8000-8000-00000000000%zu",
                        choice % COMPLAINTS);
}

static struct str
word(struct source *source, size_t choice)
{
    static const char *const words[] = {"banking", "p1",   "voucher",
                                        "kettle",  "中文", "x"};
    return choice > 250 ? arena_printf(&source->arena, "w%zu", source->n)
                        : str_from(words[choice % COUNT_OF(words)]);
}

static void
take_action(struct source *source, enum event_type type, struct action *ret)
{
    size_t a = byte(source), b = byte(source);
    struct reach *reach = ARENA_NEW(&source->arena, struct reach);
    reach->has_views = true;
    reach->views = a == 255 ? INT64_MAX : (int64_t)1 << (a % 40);
    *ret = (struct action){
        .text = STR("This is terrible, 充电宝 burned my hand."),
        .reason = word(source, a),
        .team = word(source, a),
        .owner = b % 2 ? word(source, b) : STR_NULL,
        .waiting_for = a % 2 ? STR("customer") : STR("third_party"),
        .promise_id = word(source, a),
        .promise = word(source, b),
        .has_due_at = true,
        .due_at = near_ms(source, b),
        .remedy = word(source, a),
        .has_amount = b % 2 > 0,
        .amount = (double)a * 1e10,
        .into = complaint(source, b),
        .referred_to = word(source, a),
        .case_ref = b % 2 ? word(source, b) : STR_NULL,
        .has_score = true,
        .score = 1 + (int32_t)(a % 5),
        .has_kind = type == EVENT_TYPE_COMPLAINT_CORRECTED,
        .kind = (enum kind)(a % KIND_COUNT),
        .has_severity = b % 2 > 0,
        .severity = 1 + (int32_t)(b % 5),
        .clock = str_from(clock_name((enum clock)(a % CLOCK_COUNT))),
        .has_until = true,
        .until = near_ms(source, b),
        .reach = reach,
        .has_automatic = a % 3 == 0,
        .automatic = true,
    };
}

static void
take_submission(struct source *source, struct submission *ret)
{
    static const char *const names[] = {"FCA", "12315", "CFPB", "ASIC", "none"};
    size_t a = byte(source), b = byte(source);
    struct regulator *regulator = ARENA_NEW(&source->arena, struct regulator);
    regulator->name = str_from(names[a % COUNT_OF(names)]);
    regulator->has_received_at = a % 2 > 0;
    regulator->received_at = a % 2 ? near_ms(source, b) : 0;
    *ret = (struct submission){.channel = (enum channel)(a % CHANNEL_COUNT),
                               .text = STR("The parcel is lost and nobody answers."),
                               .product = word(source, b),
                               .issue = STR("quality"),
                               .regulator = b % 3 ? regulator : NULL};
}

static void
step(struct rig *rig, struct source *source)
{
    size_t what = byte(source), who = byte(source), when = byte(source),
           state = byte(source);
    struct complaint_event ev = {.customer_key = STR("0123456789ab"),
                                 .customer_hash = STR("0123456789abcdef0123456789abcdef"),
                                 .stage = STAGE_REGISTER};
    struct register_section section = {.source = STR("fuzz"), .complaint_ref = STR("R")};
    struct submission submission;
    struct action action;
    struct customer customer = {.id = STR("ann"), .tier = word(source, who)};
    /* Up to a month on, or somewhere else. */
    if (when < 200)
        source->now_ms =
            i64_min(source->now_ms + (int64_t)(when * when) * MINUTE_MS, YEAR_2200 - 1);
    ev.type = (enum event_type)(what % (EVENT_TYPE_CUSTOMER_ERASED + 1));
    ev.event_id =
        ident_child_id(&source->arena, STR("fuzz"), STR(""), (int64_t)source->n++, 0);
    ev.occurred_at = when < 200 ? source->now_ms : near_ms(source, when);
    ev.recorded_at = source->now_ms;
    ev.customer = who % 3 ? NULL : &customer;
    if (ev.type != EVENT_TYPE_CUSTOMER_UPDATED && ev.type != EVENT_TYPE_CUSTOMER_ERASED) {
        ev.complaint_id = complaint(source, who);
        ev.register_ = &section;
        section.state = (enum state)(state % STATE_COUNT);
        section.received_at = T0;
        section.recovery_ends_at = T0 + 28 * DAY_MS;
        section.history = who >= 240;
        section.has_resolved_at = section.has_closed_at = section.has_ended_at =
            state > 99;
        section.resolved_at = section.closed_at = section.ended_at =
            state > 99 ? source->now_ms : 0;
        if (who % 5 == 0)
            section.previous_complaint_id = complaint(source, who / 5);
        if (ev.type == EVENT_TYPE_COMPLAINT_MERGED)
            section.merged_into = complaint(source, state);
    }
    if (ev.type == EVENT_TYPE_COMPLAINT_SUBMITTED) {
        take_submission(source, &submission);
        section.received_at = ev.occurred_at;
        section.recovery_ends_at = ev.occurred_at + 28 * DAY_MS;
        ev.submission = &submission;
    } else {
        take_action(source, ev.type, &action);
        ev.action = &action;
    }
    publish(rig, &ev);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rig rig = {0};
    struct source source = {.data = data, .size = size, .now_ms = T0};
    arena_init(&source.arena, 0);
    for (size_t i = 0; i < N_STAGES; i++) {
        rig.turns[i] = turn_new();
        rig.drivers[i] = (struct turn_driver){
            .def = STAGES[i],
            .store = store_new(),
            .policy = policy_of(i),
            .settings = {.salt = STR("salt"), .default_region = STR("US")},
            .clock_ms = TIME_NONE};
    }
    while (source.size > 0 && source.n < EVENTS_MAX)
        step(&rig, &source);
    /* Whatever can still come due does. */
    publish(&rig, &(struct complaint_event){.event_id = STR("tick"),
                                            .type = EVENT_TYPE_TICK,
                                            .customer_key = STR(""),
                                            .occurred_at = YEAR_2200});
    for (size_t i = 0; i < N_STAGES; i++) {
        turn_drop(rig.turns[i]);
        store_drop(rig.drivers[i].store);
    }
    arena_release(&source.arena);
    return 0;
}
