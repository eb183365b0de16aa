/* Histories that no product team would write down, but that a year brings: steps in any
 * state, late news, the same again, merges, promises, many things at one instant. */
#include "history_rig.h"

#include "base/buf.h"
#include "ident/ident.h"

#define T0 INT64_C(1772442000000) /* Monday 2026-03-02 09:00 UTC */
#define CUSTOMERS 9

uint64_t
history_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

struct maker {
    struct arena *arena;
    uint64_t random;
    size_t n_complaints;
    int64_t now_ms;
    size_t n;
};

static size_t
pick(struct maker *maker, size_t n)
{
    return (size_t)((history_random(&maker->random) >> 20) % n);
}
#define PICK(maker, list) ((list)[pick((maker), COUNT_OF(list))])

static struct str
customer_of(size_t complaint)
{
    static const char *const NAMES[CUSTOMERS] = {"ann", "bea", "cai", "dan", "eve",
                                                 "fay", "gao", "han", "ida"};
    return str_from(NAMES[complaint % CUSTOMERS]);
}

static struct str
complaint_id(struct maker *maker, size_t complaint)
{
    struct str customer = customer_of(complaint);
    struct str hash =
        ident_customer_hash(maker->arena, STR("salt"), STR("id"), &customer, 1);
    return ident_complaint_id(maker->arena, STR("salt"), hash, STR("made"),
                              arena_printf(maker->arena, "R%zu", complaint));
}

static void
add_time(struct buf *out, const char *name, int64_t ms)
{
    (void)buf_add_member_time(out, name, ms - ms % SECOND_MS);
}

static void
add_submission(struct maker *maker, size_t complaint, struct buf *out)
{
    static const char *const CHANNELS[] = {"web", "email", "social", "phone",
                                           "regulator"};
    static const char *const TEXTS[] = {"The parcel is lost and nobody answers.",
                                        "The kettle burned my hand.",
                                        "充电宝着火了，要求赔偿。",
                                        "You overcharged my card, I want a refund.",
                                        "退款申请已经提交三次，没有答复。",
                                        "The seat was dirty, a terrible flight."};
    static const char *const REGULATORS[] = {"FCA",  "12315", "CFPB",
                                             "ASIC", "ISO",   "ADR"};
    static const char *const TIERS[] = {"gold", "guest", "silver"};
    static const char *const KINDS[] = {"complaint", "complaint", "complaint", "inquiry",
                                        "suggestion"};
    const char *channel = PICK(maker, CHANNELS);
    buf_add_member(out, "channel", str_from(channel));
    buf_add_member(out, "text", str_from(PICK(maker, TEXTS)));
    buf_add_member(out, "product", complaint % 2 ? STR("kettle") : STR("credit card"));
    buf_add_member(out, "issue", complaint % 3 ? STR("quality") : STR("billing"));
    buf_add_member(out, "kind", str_from(PICK(maker, KINDS)));
    if (strcmp(channel, "regulator") == 0) {
        buf_add_c(out, ",\"regulator\":{");
        buf_add_member(out, "name", str_from(PICK(maker, REGULATORS)));
        add_time(out, "received_at", maker->now_ms - (int64_t)pick(maker, 10) * DAY_MS);
        buf_add_c(out, "}");
    }
    buf_printf(out, ",\"customer\":{\"id\":\"%.*s\",\"tier\":\"%s\"}",
               STR_ARG(customer_of(complaint)), PICK(maker, TIERS));
}

static void
add_step(struct maker *maker, const char *type, struct buf *out)
{
    static const char *const TEAMS[] = {"banking", "retail", "travel", "nobody"};
    static const char *const CLOCKS[] = {"resolution", "first_response", "statutory",
                                         "update"};
    static const char *const FOR[] = {"customer", "third_party"};
    size_t number = pick(maker, 3);
    if (strcmp(type, "message") == 0 || strcmp(type, "responded") == 0)
        buf_printf(out, ",\"text\":\"Word %zu: this is %s.\"", maker->n,
                   number ? "terrible" : "fine");
    if (strcmp(type, "transferred") == 0 || strcmp(type, "assigned") == 0)
        buf_printf(out, ",\"team\":\"%s\",\"reason\":\"as said\"", PICK(maker, TEAMS));
    if (strcmp(type, "waiting") == 0)
        buf_printf(out, ",\"for\":\"%s\"", PICK(maker, FOR));
    if (strcmp(type, "promised") == 0 || strcmp(type, "promise_kept") == 0)
        buf_printf(out, ",\"promise_id\":\"p%zu\"", number);
    if (strcmp(type, "promised") == 0)
        add_time(out, "due_at", maker->now_ms + (int64_t)(1 + pick(maker, 99)) * HOUR_MS);
    if (strcmp(type, "rated") == 0)
        buf_printf(out, ",\"score\":%zu", 1 + pick(maker, 5));
    if (strcmp(type, "remedy_offered") == 0)
        buf_add_c(out, ",\"remedy\":\"voucher\",\"amount\":20,\"currency\":\"EUR\"");
    if (strcmp(type, "rejected") == 0)
        buf_add_c(out, ",\"reason\":\"as agreed\"");
    if (strcmp(type, "merged") == 0) {
        size_t other = pick(maker, maker->n_complaints);
        buf_add_member(out, "into", complaint_id(maker, other));
    }
    if (strcmp(type, "referred") == 0)
        buf_add_c(out, ",\"to\":\"ombudsman\"");
    if (strcmp(type, "reach") == 0)
        buf_printf(out, ",\"views\":%zu", pick(maker, 100000));
    if (strcmp(type, "corrected") == 0)
        buf_printf(out, ",\"severity\":%zu", 1 + pick(maker, 5));
    if (strcmp(type, "extended") == 0) {
        buf_printf(out, ",\"clock\":\"%s\",\"reason\":\"law\",\"approver\":\"head\"",
                   PICK(maker, CLOCKS));
        add_time(out, "until", maker->now_ms + (int64_t)pick(maker, 60) * DAY_MS);
    }
}

/* The steps of a usual day more often; those that end a case for good one time in four.
 */
static const char *
make_type(struct maker *maker)
{
    static const char *const STEPS[] = {
        "message",      "message",  "message",        "responded",       "responded",
        "acknowledged", "assigned", "transferred",    "waiting",         "waiting",
        "waiting",      "resumed",  "promised",       "promised",        "promise_kept",
        "promise_kept", "resolved", "remedy_offered", "remedy_accepted", "remedy_refused",
        "closed",       "reopened", "reopened",       "rated",           "reach",
        "corrected",    "extended",
    };
    static const char *const ENDS[] = {"merged", "withdrawn", "rejected", "referred"};
    if (pick(maker, 28) == 0)
        return PICK(maker, ENDS);
    return PICK(maker, STEPS);
}

static struct str
make_event(struct maker *maker)
{
    CLEANUP(buf_release) struct buf out = {0};
    size_t complaint = pick(maker, maker->n_complaints);
    /* Each complaint is submitted by its first mention or, one in eight, again. */
    bool submission = maker->n < maker->n_complaints || pick(maker, 40) == 0;
    if (maker->n < maker->n_complaints)
        complaint = maker->n;
    const char *type = submission ? "submitted" : make_type(maker);
    int64_t late = pick(maker, 10) == 0 ? (int64_t)pick(maker, 60) * HOUR_MS : 0;
    int64_t at_ms = i64_max(T0, maker->now_ms - late);
    buf_printf(&out,
               "{\"specversion\":\"1.0\",\"id\":\"m%zu\",\"source\":\"made\","
               "\"type\":\"complaint.%s\"",
               maker->n, type);
    add_time(&out, "time", at_ms);
    buf_printf(&out, ",\"data\":{\"complaint_ref\":\"R%zu\"", complaint);
    if (submission) {
        add_submission(maker, complaint, &out);
    } else {
        buf_printf(&out, ",\"customer\":{\"id\":\"%.*s\"}",
                   STR_ARG(customer_of(complaint)));
        add_step(maker, type, &out);
    }
    buf_add_c(&out, "}}");
    return arena_str(maker->arena, buf_str(&out));
}

struct made *
history_make(struct arena *arena, uint64_t seed, size_t n)
{
    struct maker maker = {
        .arena = arena, .random = seed * 2 + 1, .n_complaints = n / 20 + 2, .now_ms = T0};
    struct made *made = ARENA_ARRAY(arena, struct made, n);
    for (; maker.n < n; maker.n++) {
        struct made *now = &made[maker.n];
        size_t roll = pick(&maker, 20);
        /* Many things happen at one instant; some hours bring nothing. */
        if (roll > 7)
            maker.now_ms += (int64_t)pick(&maker, 400) * MINUTE_MS;
        if (roll == 19)
            maker.now_ms += (int64_t)pick(&maker, 100) * HOUR_MS;
        now->at_ms = maker.now_ms;
        if (roll == 6 && maker.n > maker.n_complaints)
            now->cloudevent = STR_NULL;
        else if (roll == 5 && maker.n > maker.n_complaints)
            now->cloudevent = made[maker.n - 1 - pick(&maker, 20)].cloudevent;
        else
            now->cloudevent = make_event(&maker);
    }
    return made;
}
