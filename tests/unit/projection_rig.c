#include "projection_rig.h"

#define PTR(type, ...)                                                                   \
    ((const type *)arena_copy(arena, &(const type){__VA_ARGS__}, sizeof(type)))

static void *
arena_copy(struct arena *arena, const void *bytes, size_t n)
{
    void *copy = arena_alloc(arena, n);
    memcpy(copy, bytes, n);
    return copy;
}

struct str
projection_uuid(struct arena *arena, char kind, unsigned n)
{
    return arena_printf(arena, "%c0000000-0000-8000-8000-%012u", kind, n);
}

static const struct register_section *
reg(struct arena *arena, enum state from, enum state state, int64_t seq)
{
    return PTR(struct register_section, .state = state, .from_state = from,
               .received_at = RIG_T0, .recovery_ends_at = RIG_T0 + 28 * DAY_MS,
               .source = STR("shop"), .complaint_ref = STR("R-1"), .last_seq = seq,
               .has_resolved_at = state == STATE_RESOLVED,
               .resolved_at = state == STATE_RESOLVED ? RIG_T0 + DAY_MS : 0);
}

static const struct sla_section *
sla(struct arena *arena, enum clock_status first, bool second)
{
    struct sla_clock *clocks = ARENA_ARRAY(arena, struct sla_clock, 2);
    clocks[0] = (struct sla_clock){.clock = CLOCK_FIRST_RESPONSE,
                                   .start_no = 1,
                                   .policy = STR("default"),
                                   .policy_version = STR("1"),
                                   .target = STR("{\"hours\":24}"),
                                   .started_at = RIG_T0,
                                   .due_at = RIG_T0 + DAY_MS,
                                   .status = first};
    clocks[1] = clocks[0];
    clocks[1].clock = CLOCK_RECOVERY_WINDOW;
    clocks[1].status = CLOCK_STATUS_RUNNING;
    clocks[1].paused_ms = 1500;
    return PTR(struct sla_section, .policy = STR("default"), .n_clocks = second ? 2 : 1,
               .clocks = clocks);
}

static const struct triage_section *
triage(struct arena *arena, enum priority priority, double score)
{
    struct reason *reasons = ARENA_ARRAY(arena, struct reason, 1);
    struct evidence *evidence = ARENA_ARRAY(arena, struct evidence, 1);
    reasons[0] = (struct reason){STR("severity"), 0.5, 2, STR_NULL};
    evidence[0] = (struct evidence){.kind = STR("words"), .at = RIG_T0};
    return PTR(struct triage_section, .priority = priority,
               .triage_class = TRIAGE_CLASS_URGENT, .score = score, .n_reasons = 1,
               .reasons = reasons, .n_evidence = 1, .evidence = evidence,
               .double_deviation = true, .policy_version = STR("1"),
               .policy_hash = STR("abcd"), .remedy_advice = STR("apologise"));
}

static const struct routing_section *
routing(struct arena *arena, struct str team, struct str owner)
{
    return PTR(struct routing_section, .team = team, .owner = owner,
               .rule = STR("by-product"));
}

static struct complaint_event
event(struct arena *arena, unsigned n, enum event_type type, unsigned complaint)
{
    return (struct complaint_event){
        .event_id = projection_uuid(arena, 'e', n),
        .type = type,
        .stage = STAGE_REGISTER,
        .source = STR("shop"),
        .ce_id = arena_printf(arena, "ce-%u", n),
        .complaint_id = projection_uuid(arena, 'c', complaint),
        .customer_hash = complaint == 1 ? STR("11111111111111111111111111111111")
                                        : STR("22222222222222222222222222222222"),
        .customer_key = complaint == 1 ? STR("111111111111") : STR("222222222222"),
        .customer_key_kind = CUSTOMER_KEY_EMAIL,
        .occurred_at = RIG_T0 + n * MINUTE_MS,
        .recorded_at = RIG_T0 + n * MINUTE_MS + 5,
    };
}

static struct complaint_event
submitted(struct arena *arena, unsigned n, unsigned complaint)
{
    struct complaint_event ev =
        event(arena, n, EVENT_TYPE_COMPLAINT_SUBMITTED, complaint);
    ev.has_seq = true;
    ev.seq = 1;
    ev.register_ = reg(arena, STATE_NONE, STATE_OPEN, 1);
    ev.submission =
        PTR(struct submission, .channel = CHANNEL_SOCIAL, .brand = STR("Acme"),
            .text = STR("Anna Schmidt here, mail anna@x.org, call 0301234567. "
                        "\xe6\x88\x91\xe5\xbe\x88\xe7\x94\x9f\xe6\xb0\x94"),
            .subject = STR("late \"again\""),
            .reach = PTR(struct reach, .has_views = true, .views = 10),
            .regulator = PTR(struct regulator, .name = STR("CFPB"),
                             .has_received_at = true, .received_at = RIG_T0 - DAY_MS));
    ev.customer =
        PTR(struct customer, .name = STR("Anna Schmidt"), .email = STR("anna@x.org"),
            .has_since = true, .since = RIG_T0 - 900 * DAY_MS);
    ev.classification = PTR(struct classification_section, .language = STR("en"),
                            .kind = KIND_COMPLAINT, .product = STR("card"),
                            .issue = STR("late"), .severity = 4, .sentiment = -0.75);
    ev.triage = triage(arena, PRIORITY_P2, 61.25);
    ev.sla = sla(arena, CLOCK_STATUS_RUNNING, true);
    ev.routing = routing(arena, STR("cards"), STR("kim"));
    ev.extra = STR("{\"campaign\":7}");
    return ev;
}

size_t
projection_life(struct arena *arena, struct complaint_event *events, size_t max)
{
    size_t n = 0;
    struct complaint_event *ev = events;

    BUG_IF(max < 16);
    ev[n++] = submitted(arena, 1, 1);
    ev[n++] = submitted(arena, 2, 2);

    ev[n] = event(arena, 3, EVENT_TYPE_COMPLAINT_MESSAGE, 1);
    ev[n].has_seq = true;
    ev[n].seq = 2;
    ev[n].register_ = reg(arena, STATE_OPEN, STATE_OPEN, 2);
    ev[n].action = PTR(struct action, .text = STR("still waiting"));
    ev[n++].routing = routing(arena, STR("cards"), STR("kim"));

    ev[n] = event(arena, 4, EVENT_TYPE_COMPLAINT_TRANSFERRED, 1);
    ev[n].has_seq = true;
    ev[n].seq = 3;
    ev[n].register_ = reg(arena, STATE_OPEN, STATE_OPEN, 3);
    ev[n].action =
        PTR(struct action, .team = STR("fraud"), .reason = STR("ask 0301234567"));
    ev[n++].routing = routing(arena, STR("fraud"), STR_NULL);

    ev[n] = event(arena, 5, EVENT_TYPE_SLA_BREACHED, 1);
    ev[n].stage = STAGE_SLA;
    ev[n].source = ev[n].ce_id = STR_NULL;
    ev[n].cause = STR("c:1");
    const struct sla_section *breach = sla(arena, CLOCK_STATUS_BREACHED, false);
    ev[n].sla = PTR(struct sla_section, .policy = breach->policy, .n_clocks = 1,
                    .clocks = breach->clocks,
                    .fired = PTR(struct sla_fired, .clock = CLOCK_FIRST_RESPONSE,
                                 .start_no = 1, .due_at = RIG_T0 + DAY_MS));
    n++;

    ev[n] = event(arena, 6, EVENT_TYPE_TRIAGE_CHANGED, 1);
    ev[n].stage = STAGE_TRIAGE;
    ev[n].triage = triage(arena, PRIORITY_P1, 88);
    n++;

    ev[n] = event(arena, 7, EVENT_TYPE_COMPLAINT_REACH, 1);
    ev[n].has_seq = true;
    ev[n].seq = 4;
    ev[n].register_ = reg(arena, STATE_OPEN, STATE_OPEN, 4);
    ev[n++].action =
        PTR(struct action, .reach = PTR(struct reach, .has_shares = true, .shares = 3));

    ev[n] = event(arena, 8, EVENT_TYPE_COMPLAINT_REMEDY_OFFERED, 1);
    ev[n].has_seq = true;
    ev[n].seq = 5;
    ev[n].register_ = reg(arena, STATE_OPEN, STATE_PROPOSED, 5);
    ev[n++].action = PTR(struct action, .remedy = STR("refund"), .has_amount = true,
                         .amount = 12.5, .currency = STR("EUR"));

    ev[n] = event(arena, 9, EVENT_TYPE_COMPLAINT_REMEDY_REFUSED, 1);
    ev[n].has_seq = true;
    ev[n].seq = 6;
    ev[n].register_ = reg(arena, STATE_PROPOSED, STATE_OPEN, 6);
    ev[n++].action = PTR(struct action, .reason = STR("too little"));

    ev[n] = event(arena, 10, EVENT_TYPE_COMPLAINT_STEP_REFUSED, 2);
    ev[n].has_seq = true;
    ev[n].seq = 2;
    const struct register_section *refused = reg(arena, STATE_OPEN, STATE_OPEN, 2);
    ev[n].register_ =
        PTR(struct register_section, .state = STATE_OPEN, .from_state = STATE_OPEN,
            .received_at = refused->received_at,
            .recovery_ends_at = refused->recovery_ends_at, .has_refused_type = true,
            .refused_type = EVENT_TYPE_COMPLAINT_CLOSED,
            .refused_reason = STR("it is open"), .last_seq = 2);
    n++;

    ev[n] = event(arena, 11, EVENT_TYPE_COMPLAINT_RESOLVED, 1);
    ev[n].has_seq = true;
    ev[n].seq = 7;
    ev[n].register_ = reg(arena, STATE_OPEN, STATE_RESOLVED, 7);
    ev[n].sla = sla(arena, CLOCK_STATUS_MET_LATE, true);
    ev[n++].action =
        PTR(struct action, .cause = STR("courier lost it"), .remedy = STR("refund"),
            .has_amount = true, .amount = 20, .currency = STR("EUR"));

    ev[n] = event(arena, 12, EVENT_TYPE_COMPLAINT_RATED, 1);
    ev[n].has_seq = true;
    ev[n].seq = 8;
    ev[n].register_ = reg(arena, STATE_RESOLVED, STATE_RESOLVED, 8);
    ev[n++].action = PTR(struct action, .has_score = true, .score = 2,
                         .comment = STR("write to me: anna@x.org"));

    ev[n] = event(arena, 13, EVENT_TYPE_CUSTOMER_UPDATED, 1);
    ev[n].complaint_id = STR_NULL;
    ev[n++].customer =
        PTR(struct customer, .phone = STR("+49301234567"), .tier = STR("gold"));

    ev[n] = event(arena, 14, EVENT_TYPE_TICK, 1);
    ev[n++].complaint_id = STR_NULL;
    return n;
}

/* --- a case handled in full ----------------------------------------------------------
 */

static const struct detail *
details(struct arena *arena, const char *const *words, size_t n)
{
    struct detail *all = ARENA_ARRAY(arena, struct detail, n);
    for (size_t i = 0; i < n; i++)
        all[i] = (struct detail){str_from(words[2 * i]),
                                 arena_printf(arena, "\"%s\"", words[2 * i + 1])};
    return all;
}

/* An event of a stage's own. */
static struct complaint_event
own(struct arena *arena, unsigned n, enum event_type type, enum stage stage,
    unsigned cause)
{
    struct complaint_event ev = event(arena, n, type, 1);
    ev.stage = stage;
    ev.source = ev.ce_id = STR_NULL;
    ev.cause = projection_uuid(arena, 'e', cause);
    return ev;
}

static struct complaint_event
fired(struct arena *arena, unsigned n, enum event_type type, const struct sla_fired *what)
{
    struct complaint_event ev = own(arena, n, type, STAGE_SLA, 1);
    ev.sla = PTR(struct sla_section, .policy = STR("default"),
                 .fired = arena_copy(arena, what, sizeof *what));
    return ev;
}

static struct complaint_event
step(struct arena *arena, unsigned n, enum event_type type, unsigned complaint,
     enum state state, int64_t seq)
{
    struct complaint_event ev = event(arena, n, type, complaint);
    struct register_section *r = ARENA_ARRAY(arena, struct register_section, 1);
    *r = *reg(arena, STATE_OPEN, state, seq);
    r->received_at = RIG_T0 + (complaint == 1 ? 1 : n) * MINUTE_MS;
    r->has_ended_at = state == STATE_REJECTED;
    r->ended_at = ev.occurred_at;
    r->complaint_ref = arena_printf(arena, complaint == 1 ? "R-1" : "R-1#%u", complaint);
    if (complaint > 1)
        r->previous_complaint_id = projection_uuid(arena, 'c', complaint - 1);
    ev.has_seq = true;
    ev.seq = seq;
    ev.register_ = r;
    ev.customer_hash = STR("11111111111111111111111111111111");
    ev.customer_key = STR("111111111111");
    return ev;
}

static const struct triage_section *
retriage(struct arena *arena, enum priority before, enum priority now, double score)
{
    struct triage_section *t = ARENA_ARRAY(arena, struct triage_section, 1);
    struct evidence *evidence = ARENA_ARRAY(arena, struct evidence, 1);
    struct str *also = ARENA_ARRAY(arena, struct str, 1);
    *t = *triage(arena, now, score);
    also[0] = projection_uuid(arena, 'e', 1);
    evidence[0] = (struct evidence){.kind = STR("second_message"),
                                    .event_id = projection_uuid(arena, 'e', 3),
                                    .at = RIG_T0 + 3 * MINUTE_MS,
                                    .n_also = 1,
                                    .also = also};
    t->evidence = evidence;
    t->has_before = t->has_class_before = true;
    t->before = before;
    t->class_before = t->triage_class;
    return t;
}

size_t
projection_case(struct arena *arena, struct complaint_event *events, size_t max)
{
    static const char *const told[] = {
        "notice", "delay",       "about", "overdue",
        "title",  "We are late", "until", "2026-03-05T09:00:00.000Z"};
    static const char *const rung[] = {"to", "lee", "role", "team_lead"};
    size_t n = 0;
    struct complaint_event *ev = events;

    BUG_IF(max < 16);
    ev[n++] = submitted(arena, 1, 1);
    ev[n] = own(arena, 2, EVENT_TYPE_ASSIGN_NOTIFIED, STAGE_ASSIGN, 1);
    ev[n].n_detail = 4;
    ev[n].routing = routing(arena, STR("cards"), STR("kim"));
    ev[n++].detail = details(arena, told, 4);
    ev[n] = step(arena, 3, EVENT_TYPE_COMPLAINT_MESSAGE, 1, STATE_OPEN, 2);
    ev[n++].action = PTR(struct action, .text = STR("still waiting"));
    ev[n] = step(arena, 4, EVENT_TYPE_COMPLAINT_ASSIGNED, 1, STATE_OPEN, 3);
    ev[n++].routing = routing(arena, STR("cards"), STR("ann"));
    ev[n] = step(arena, 5, EVENT_TYPE_COMPLAINT_TRANSFERRED, 1, STATE_OPEN, 4);
    ev[n++].routing = routing(arena, STR("fraud"), STR("lee"));
    ev[n] = own(arena, 5, EVENT_TYPE_ASSIGN_ASSIGNED, STAGE_ASSIGN, 5);
    ev[n].event_id = projection_uuid(arena, 'e', 50);
    ev[n++].routing = routing(arena, STR("fraud"), STR("lee"));
    ev[n++] = fired(arena, 6, EVENT_TYPE_SLA_WARNED,
                    &(struct sla_fired){
                        .clock = CLOCK_RECOVERY_WINDOW, .start_no = 1, .percent = 25});
    ev[n++] = fired(arena, 7, EVENT_TYPE_SLA_ESCALATED,
                    &(struct sla_fired){.clock = CLOCK_FIRST_RESPONSE,
                                        .start_no = 1,
                                        .level = 1,
                                        .to = STR("team_lead")});
    ev[n] = own(arena, 8, EVENT_TYPE_ASSIGN_ESCALATED, STAGE_ASSIGN, 7);
    ev[n].n_detail = 2;
    ev[n++].detail = details(arena, rung, 2);
    ev[n] = own(arena, 9, EVENT_TYPE_TRIAGE_CHANGED, STAGE_TRIAGE, 3);
    ev[n++].triage = retriage(arena, PRIORITY_P2, PRIORITY_P2, 62);
    ev[n] = own(arena, 10, EVENT_TYPE_TRIAGE_CHANGED, STAGE_TRIAGE, 3);
    ev[n++].triage = retriage(arena, PRIORITY_P2, PRIORITY_P1, 80);
    ev[n] = step(arena, 11, EVENT_TYPE_COMPLAINT_CORRECTED, 1, STATE_OPEN, 5);
    ev[n].action = PTR(struct action, .has_kind = true, .kind = KIND_INQUIRY);
    struct str *flags = ARENA_ARRAY(arena, struct str, 2);
    flags[0] = STR("legal_threat");
    flags[1] = STR("kind_drift");
    ev[n++].classification =
        PTR(struct classification_section, .language = STR("zh"), .kind = KIND_INQUIRY,
            .needs_review = true, .severity = 4, .n_flags = 2, .flags = flags);
    ev[n++] = step(arena, 12, EVENT_TYPE_COMPLAINT_REJECTED, 1, STATE_REJECTED, 6);
    ev[n++] = step(arena, 60000, EVENT_TYPE_COMPLAINT_REOPENED, 2, STATE_OPEN, 1);
    ev[n] = step(arena, 130000, EVENT_TYPE_COMPLAINT_REOPENED, 3, STATE_OPEN, 1);
    ev[n].triage = triage(arena, PRIORITY_P3, 20);
    ev[n++].classification = PTR(struct classification_section, .language = STR("en"),
                                 .kind = KIND_COMPLAINT, .severity = 4);
    ev[n++] = step(arena, 130001, EVENT_TYPE_COMPLAINT_MESSAGE, 3, STATE_OPEN, 2);
    return n;
}
