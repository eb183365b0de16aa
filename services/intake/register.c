#include "intake/register.h"

#include <endian.h>

#include "base/times.h"

static uint64_t
mixed(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 32);
}

/* As FNV-1a, but 8 bytes a step: byte by byte a text cost as much as its parsing.  Equal
 * texts must meet, nothing depends on it being hard to guess.  The value is kept in the
 * state, so the order of bytes is fixed. */
int64_t
register_hash(struct str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) + s.len;
    uint64_t word;
    size_t i = 0;

    for (; i + sizeof(word) <= s.len; i += sizeof(word)) {
        memcpy(&word, s.ptr + i, sizeof(word));
        h = mixed(h, le64toh(word));
    }
    word = 0;
    if (i < s.len)
        memcpy(&word, s.ptr + i, s.len - i);
    h = mixed(mixed(h, le64toh(word)), s.len);
    return h ? (int64_t)h : 1;
}

struct str
register_submission_text(const struct submission *submission)
{
    if (!str_empty(submission->text))
        return submission->text;
    return str_empty(submission->subject) ? submission->issue : submission->subject;
}

int64_t
register_submission_hash(const struct submission *submission)
{
    return register_hash(register_submission_text(submission));
}

bool
register_has_text(const struct register_case *rc, int64_t hash)
{
    if (rc->submission_hash == hash)
        return true;
    for (size_t i = 0; i < rc->n_text_hashes; i++)
        if (rc->text_hashes[i] == hash)
            return true;
    return false;
}

/* Appends value to a bounded list; when it is full the oldest goes. A value that is there
 * stays where it is. */
static const int64_t *
list_add(struct arena *arena, const int64_t *list, size_t *n, size_t most, int64_t value)
{
    for (size_t i = 0; i < *n; i++)
        if (list[i] == value)
            return list;
    size_t from = *n < most ? 0 : *n - most + 1;
    size_t kept = *n - from;
    int64_t *grown = ARENA_ARRAY(arena, int64_t, kept + 1);
    if (kept)
        memcpy(grown, list + from, kept * sizeof(*grown));
    grown[kept] = value;
    *n = kept + 1;
    return grown;
}

static void
add_text(struct register_case *rc, struct arena *arena, int64_t hash)
{
    if (hash != rc->submission_hash)
        rc->text_hashes =
            list_add(arena, rc->text_hashes, &rc->n_text_hashes, REGISTER_TEXTS, hash);
}

static void
add_promise(struct register_case *rc, struct arena *arena, int64_t hash)
{
    rc->promises =
        list_add(arena, rc->promises, &rc->n_promises, REGISTER_PROMISES, hash);
}

static bool
knows_promise(const struct register_case *rc, struct str promise_id)
{
    int64_t hash = register_hash(promise_id);
    for (size_t i = 0; i < rc->n_promises; i++)
        if (rc->promises[i] == hash)
            return true;
    return false;
}

void
register_open(struct register_case *ret, const struct complaint_event *ev,
              const struct register_new *how)
{
    *ret = (struct register_case){
        .customer_hash = how->customer_hash,
        .customer_key_kind = how->customer_key_kind,
        .source = how->source,
        .complaint_ref = how->complaint_ref,
        .state = STATE_OPEN,
        .last_seq = 1,
        .received_at = ev->occurred_at,
        .previous_complaint_id = how->previous_complaint_id,
        .root_id = how->root_id,
        .ref_number = 1,
        .history =
            how->wall_clock && ev->recorded_at - ev->occurred_at > REGISTER_HISTORY_MS,
        .submission_hash = ev->submission ? register_submission_hash(ev->submission) : 0,
    };
}

/* --- one event on one case ---------------------------------------------------------- */

static struct lifecycle_facts
facts_of(const struct register_case *rc, const struct complaint_event *ev,
         const struct register_facts *facts)
{
    const struct action *action = ev->action;
    return (struct lifecycle_facts){
        .waits_for_customer = action && str_eq(action->waiting_for, STR("customer")),
        .promise_known = action && knows_promise(rc, action->promise_id),
        .remedy_accepted = rc->remedy_accepted,
        .reopen_late =
            rc->has_ended_at && ev->occurred_at - rc->ended_at > LIFECYCLE_REOPEN_MS,
        .target = facts->target,
    };
}

/* Event times may come out of order: the earliest answer is the first, the latest end the
 * last. */
static int64_t
last_of(bool has, int64_t known_ms, int64_t at_ms)
{
    return has ? i64_max(known_ms, at_ms) : at_ms;
}

static void
count_answer(struct register_case *rc, int64_t at_ms)
{
    rc->responses++;
    if (!rc->has_first_response_at || at_ms < rc->first_response_at)
        rc->first_response_at = at_ms;
    rc->has_first_response_at = true;
}

static void
count_message(struct register_case *rc, struct arena *arena,
              const struct complaint_event *ev)
{
    rc->messages++;
    if (ev->action)
        add_text(rc, arena, register_hash(ev->action->text));
}

/* What an accepted step changes besides the state. */
static void
take_attributes(struct register_case *rc, struct arena *arena,
                const struct complaint_event *ev, const struct register_facts *facts)
{
    switch (ev->type) {
    case EVENT_TYPE_COMPLAINT_MESSAGE:
        count_message(rc, arena, ev);
        break;
    case EVENT_TYPE_COMPLAINT_RESPONDED:
    case EVENT_TYPE_COMPLAINT_REJECTED:
        count_answer(rc, ev->occurred_at);
        break;
    case EVENT_TYPE_COMPLAINT_RESOLVED:
        count_answer(rc, ev->occurred_at);
        rc->resolved_at = last_of(rc->has_resolved_at, rc->resolved_at, ev->occurred_at);
        rc->has_resolved_at = true;
        break;
    case EVENT_TYPE_COMPLAINT_CLOSED:
        rc->closed_at = last_of(rc->has_closed_at, rc->closed_at, ev->occurred_at);
        rc->has_closed_at = true;
        break;
    case EVENT_TYPE_COMPLAINT_TRANSFERRED:
        rc->transfers++;
        break;
    case EVENT_TYPE_COMPLAINT_PROMISED:
        if (ev->action)
            add_promise(rc, arena, register_hash(ev->action->promise_id));
        break;
    case EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED:
        rc->remedy_accepted = true;
        break;
    case EVENT_TYPE_COMPLAINT_REMEDY_OFFERED: /* another offer is there to be accepted */
        rc->remedy_accepted = false;
        break;
    case EVENT_TYPE_COMPLAINT_REFERRED:
        /* Said again of a complaint that is there already, a missing number is no news.
         */
        if (rc->state != STATE_EXTERNAL ||
            (ev->action && !str_empty(ev->action->case_ref)))
            rc->external_ref = ev->action ? ev->action->case_ref : STR_NULL;
        break;
    case EVENT_TYPE_COMPLAINT_REOPENED:
        rc->reopenings++;
        break;
    case EVENT_TYPE_COMPLAINT_MERGED:
        rc->merged_into = facts->into_id;
        break;
    default:
        break;
    }
}

static void
take_state(struct register_case *rc, enum state to, int64_t at_ms)
{
    rc->state = to;
    if (to != STATE_PROPOSED)
        rc->remedy_accepted = false;
    if (to != STATE_CLOSED) /* closing leaves the decision as it was */
        rc->rejected = to == STATE_REJECTED;
    if (lifecycle_ends_work(to)) {
        rc->ended_at = last_of(rc->has_ended_at, rc->ended_at, at_ms);
        rc->has_ended_at = true;
    }
}

struct lifecycle_decision
register_apply(struct register_case *rc, struct arena *arena,
               const struct complaint_event *ev, const struct register_facts *facts)
{
    struct lifecycle_facts known = facts_of(rc, ev, facts);
    struct lifecycle_decision decision = lifecycle_decide(rc->state, ev->type, &known);
    if (decision.verdict == LIFECYCLE_NEW_CASE)
        return decision;
    rc->last_seq++;
    if (decision.verdict == LIFECYCLE_REFUSED)
        return decision;
    take_attributes(rc, arena, ev, facts);
    if (decision.verdict == LIFECYCLE_MOVES)
        take_state(rc, decision.to, ev->occurred_at);
    return decision;
}

bool
register_of_another(const struct register_case *rc, const struct complaint_event *ev)
{
    enum customer_key kind = rc->customer_key_kind;
    bool comparable = kind == CUSTOMER_KEY_ID || kind == CUSTOMER_KEY_EMAIL ||
                      kind == CUSTOMER_KEY_PHONE; /* a handle needs its channel */
    return ev->named_by == NAMED_BY_ID && comparable && ev->customer_key_kind == kind &&
           !str_is_null(ev->customer_hash) &&
           !str_eq(ev->customer_hash, rc->customer_hash);
}

int64_t
register_appeal_until(const struct register_case *rc)
{
    bool decided = rc->state == STATE_REJECTED || rc->state == STATE_CLOSED;
    return decided && rc->rejected && rc->has_ended_at
               ? rc->ended_at + LIFECYCLE_REOPEN_MS
               : TIME_NONE;
}

void
register_absorb(struct register_case *target, struct arena *arena,
                const struct register_case *source)
{
    for (size_t i = 0; i < source->n_promises; i++)
        add_promise(target, arena, source->promises[i]);
}

void
register_shrink(struct register_case *rc)
{
    rc->n_text_hashes = 0;
    rc->text_hashes = NULL;
}

struct register_section
register_section_of(const struct register_case *rc, enum state from)
{
    int64_t recovery_from = rc->has_closed_at ? rc->closed_at : rc->received_at;
    return (struct register_section){
        .state = rc->state,
        .from_state = from,
        .received_at = rc->received_at,
        .has_first_response_at = rc->has_first_response_at,
        .first_response_at = rc->first_response_at,
        .has_resolved_at = rc->has_resolved_at,
        .resolved_at = rc->resolved_at,
        .has_closed_at = rc->has_closed_at,
        .closed_at = rc->closed_at,
        .has_ended_at = rc->has_ended_at,
        .ended_at = rc->ended_at,
        .recovery_ends_at = recovery_from + REGISTER_RECOVERY_MS,
        .messages = rc->messages,
        .responses = rc->responses,
        .transfers = rc->transfers,
        .reopenings = rc->reopenings,
        .source = rc->source,
        .complaint_ref = rc->complaint_ref,
        .previous_complaint_id = rc->previous_complaint_id,
        .merged_into = rc->merged_into,
        .external_ref = rc->external_ref,
        .has_remedy_accepted = rc->state == STATE_PROPOSED,
        .remedy_accepted = rc->remedy_accepted,
        .history = rc->history,
        .last_seq = rc->last_seq,
    };
}

/* --- the customer's file ------------------------------------------------------------ */

static int64_t
hash_or_none(struct str s)
{
    return str_empty(s) ? 0 : register_hash(s);
}

struct str
register_previous(const struct register_customer *file,
                  const struct submission *submission)
{
    int64_t order = hash_or_none(submission->order_ref);
    int64_t product = hash_or_none(submission->product);
    struct str same_product = STR_NULL;
    for (size_t i = file->n_cases; i-- > 0;) {
        const struct register_link *link = &file->cases[i];
        if (order && link->order_hash == order)
            return link->complaint_id;
        if (product && link->product_hash == product && str_is_null(same_product))
            same_product = link->complaint_id;
    }
    return same_product;
}

void
register_file(struct register_customer *file, struct arena *arena,
              struct str complaint_id, const struct submission *submission)
{
    size_t from = file->n_cases < REGISTER_LINKS ? 0 : file->n_cases - REGISTER_LINKS + 1;
    size_t kept = file->n_cases - from;
    struct register_link *cases = ARENA_ARRAY(arena, struct register_link, kept + 1);
    if (kept)
        memcpy(cases, file->cases + from, kept * sizeof(*cases));
    cases[kept] = (struct register_link){
        .complaint_id = complaint_id,
        .order_hash = submission ? hash_or_none(submission->order_ref) : 0,
        .product_hash = submission ? hash_or_none(submission->product) : 0,
    };
    file->cases = cases;
    file->n_cases = kept + 1;
}
