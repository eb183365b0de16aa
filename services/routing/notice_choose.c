/* notice_choose.c - whether an event is something to tell the complainant. */
#include "routing/notice.h"

bool
notice_tells(enum clock clock)
{
    return clock == CLOCK_FIRST_RESPONSE || clock == CLOCK_NEXT_RESPONSE ||
           clock == CLOCK_RESOLUTION || clock == CLOCK_STATUTORY ||
           clock == CLOCK_PROMISE;
}

/* FNV-1a over both, each with its end: equal words are the same question. */
static int64_t
hash_of(struct str a, struct str b)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    const struct str parts[] = {a, b};
    for (size_t k = 0; k < COUNT_OF(parts); k++) {
        for (size_t i = 0; i < parts[k].len; i++)
            hash = (hash ^ (unsigned char)parts[k].ptr[i]) * UINT64_C(1099511628211);
        hash = (hash ^ 0x1ffU) * UINT64_C(1099511628211);
    }
    return (int64_t)(hash >> 1);
}

/* --- dates that were told --------------------------------------------------------------
 */

static const struct assign_told *
told_find(const struct assign_case *c, enum clock clock, struct str promise_id)
{
    for (size_t i = 0; i < c->n_told; i++)
        if (c->told[i].clock == clock && str_eq(c->told[i].promise_id, promise_id))
            return &c->told[i];
    return NULL;
}

/* Without the entry at `out` (or SIZE_MAX), with one more (or NULL). */
static void
told_change(struct assign_case *c, size_t out, const struct assign_told *more,
            struct arena *arena)
{
    struct assign_told *all = ARENA_ARRAY(arena, struct assign_told, c->n_told + 1);
    size_t n = 0;
    for (size_t i = 0; i < c->n_told; i++)
        if (i != out)
            all[n++] = c->told[i];
    if (more)
        all[n++] = *more;
    c->told = all;
    c->n_told = n;
}

static void
told_put(struct assign_case *c, const struct assign_told *entry, struct arena *arena)
{
    const struct assign_told *old = told_find(c, entry->clock, entry->promise_id);
    size_t out = old ? (size_t)(old - c->told) : SIZE_MAX;
    if (!old && c->n_told >= NOTICE_MAX_TOLD) {
        /* The oldest promise makes room; the clocks' own dates are few. */
        for (out = 0; out < c->n_told - 1 && c->told[out].clock != CLOCK_PROMISE;)
            out++;
    }
    told_change(c, out, entry, arena);
}

static void
told_drop(struct assign_case *c, const struct assign_told *entry, struct arena *arena)
{
    told_change(c, (size_t)(entry - c->told), NULL, arena);
}

/* Due time of the latest start of a clock that goes on; TIME_NONE without one. */
static int64_t
due_of(const struct sla_section *sla, enum clock clock, struct str promise_id)
{
    int64_t due_ms = TIME_NONE;
    for (size_t i = 0; sla && i < sla->n_clocks; i++) {
        const struct sla_clock *row = &sla->clocks[i];
        bool goes_on =
            row->status == CLOCK_STATUS_RUNNING || row->status == CLOCK_STATUS_PAUSED;
        if (row->clock == clock && goes_on && str_eq(row->promise_id, promise_id))
            due_ms = i64_max(due_ms, row->due_at);
    }
    return due_ms;
}

/* The dates that acknowledgement and reopening give; none that has passed. */
static void
tell_dates(struct assign_case *c, const struct complaint_event *ev, struct arena *arena)
{
    static const enum clock TOLD[] = {CLOCK_FIRST_RESPONSE, CLOCK_RESOLUTION,
                                      CLOCK_STATUTORY};
    for (size_t i = 0; i < COUNT_OF(TOLD); i++) {
        int64_t due_ms = due_of(ev->sla, TOLD[i], STR_NULL);
        if (due_ms != TIME_NONE && due_ms > ev->occurred_at)
            told_put(c, &(struct assign_told){.clock = TOLD[i], .due_at = due_ms}, arena);
    }
}

void
notice_take_over(struct assign_case *target, const struct assign_case *source,
                 struct arena *arena)
{
    for (size_t i = 0; i < source->n_told; i++) {
        const struct assign_told *entry = &source->told[i];
        bool goes_on = entry->clock == CLOCK_PROMISE || entry->clock == CLOCK_STATUTORY;
        if (goes_on && !entry->overdue &&
            !told_find(target, entry->clock, entry->promise_id))
            told_put(target, entry, arena);
    }
}

/* --- one kind of event each ------------------------------------------------------------
 */

struct choice {
    struct assign_case *c;
    const struct notice_before *before;
    const struct complaint_event *ev;
    struct arena *arena;
    struct notice_facts *facts;
};

static bool
tell(struct choice *is, enum occasion occasion)
{
    is->facts->occasion = occasion;
    return true;
}

/* Once a case: at its submission, at a late reopening under a new number, or when a
 * correction makes of a thank-you a case with dates. */
static bool
receipt(struct choice *is)
{
    struct assign_case *c = is->c;
    bool opens = is->ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED ||
                 is->ev->type == EVENT_TYPE_COMPLAINT_CORRECTED ||
                 is->ev->type == EVENT_TYPE_COMPLAINT_REOPENED;
    if (c->acknowledged || !opens)
        return false;
    c->acknowledged = true;
    tell_dates(c, is->ev, is->arena);
    if (is->ev->type == EVENT_TYPE_COMPLAINT_REOPENED && is->ev->register_)
        is->facts->previous_id = is->ev->register_->previous_complaint_id;
    return tell(is, OCCASION_ACKNOWLEDGEMENT);
}

static bool
waiting(struct choice *is, const struct action *said)
{
    bool customer = is->c->state == STATE_WAITING_CUSTOMER;
    int64_t asked = hash_of(said->waiting_for, said->reason);
    bool again =
        is->before->state == is->c->state && is->c->has_asked && is->c->asked == asked;
    is->c->has_asked = true;
    is->c->asked = asked;
    is->facts->reason = said->reason;
    return !again && tell(is, customer ? OCCASION_WAITING_INFORMATION
                                       : OCCASION_PROGRESS_THIRD_PARTY);
}

/* No clock of sla's will say that the date of the entry (or NULL) has passed. */
static void
watch(struct choice *is, const struct assign_told *entry)
{
    if (!entry || entry->due_at <= is->ev->occurred_at)
        return;
    struct assign_told watched = *entry;
    watched.named_by = is->ev->event_id;
    told_put(is->c, &watched, is->arena);
}

static bool
promised(struct choice *is, const struct action *said)
{
    if (!said->has_due_at)
        return false;
    if (said->due_at <= is->ev->occurred_at) {
        /* Nobody is promised what has passed; the date they know is owed all the same. */
        watch(is, told_find(is->c, CLOCK_PROMISE, said->promise_id));
        return false;
    }
    /* News that come late, of a date whose place another one has taken since. */
    int64_t runs_ms = due_of(is->ev->sla, CLOCK_PROMISE, said->promise_id);
    if (runs_ms != TIME_NONE && runs_ms != said->due_at)
        return false;
    const struct assign_told *old = told_find(is->c, CLOCK_PROMISE, said->promise_id);
    struct assign_told entry = {
        .clock = CLOCK_PROMISE,
        .promise_id = said->promise_id,
        .promise = str_is_null(said->promise) && old ? old->promise
                                                     : str_cut_utf8(said->promise, 1000),
        .due_at = said->due_at,
    };
    bool same = old && old->due_at == entry.due_at && str_eq(old->promise, entry.promise);
    bool later = old && entry.due_at > old->due_at;
    is->facts->promise_id = said->promise_id;
    is->facts->promise = str_is_null(said->promise) ? entry.promise : said->promise;
    is->facts->due_at = entry.due_at;
    is->facts->reason = said->reason;
    if (later) {
        is->facts->clock = CLOCK_PROMISE;
        is->facts->previous = old->due_at;
        is->facts->until = entry.due_at;
    }
    if (!same)
        told_put(is->c, &entry, is->arena);
    return !same && tell(is, later ? OCCASION_DELAY_PROMISE : OCCASION_PROMISE);
}

static bool
promise_kept(struct choice *is, const struct action *said)
{
    const struct assign_told *old = told_find(is->c, CLOCK_PROMISE, said->promise_id);
    if (!old)
        return false; /* said already, or never told */
    is->facts->promise_id = old->promise_id;
    is->facts->promise = old->promise;
    told_drop(is->c, old, is->arena);
    return tell(is, OCCASION_PROGRESS_PROMISE_KEPT);
}

/* A date that sla moved, or, once it has passed, the new one that somebody stands for. A
 * promise is not extended but promised anew. */
static bool
extended(struct choice *is, const struct action *said)
{
    enum clock clock = CLOCK_NONE;
    if (!said->has_until || !clock_parse(said->clock, &clock) || !notice_tells(clock) ||
        clock == CLOCK_PROMISE)
        return false;
    const struct assign_told *old = told_find(is->c, clock, STR_NULL);
    int64_t due_ms = due_of(is->ev->sla, clock, STR_NULL);
    if (!old && due_ms == TIME_NONE)
        return false; /* a clock that the case has not got */
    if (due_ms != TIME_NONE && due_ms < said->until)
        return false; /* it runs, and the policy refused */
    int64_t until_ms = due_ms == TIME_NONE ? said->until : due_ms;
    if ((old && until_ms <= old->due_at) || until_ms <= is->ev->occurred_at)
        return false; /* no later than they know, or over */
    struct assign_told entry = old ? *old : (struct assign_told){.clock = clock};
    is->facts->clock = clock;
    is->facts->reason = said->reason;
    is->facts->until = until_ms;
    is->facts->previous = old ? old->due_at : TIME_NONE;
    entry.due_at = until_ms;
    entry.overdue = false;
    entry.named_by = due_ms == TIME_NONE ? is->ev->event_id : STR_NULL;
    told_put(is->c, &entry, is->arena);
    return tell(is, OCCASION_DELAY_EXTENDED);
}

/* A date that they were told has passed: said once, and once for all that pass then. */
static bool
overdue(struct choice *is, const struct sla_fired *fired)
{
    struct assign_case *c = is->c;
    const struct assign_told *old = told_find(c, fired->clock, fired->promise_id);
    if (!notice_tells(fired->clock) || !old || old->overdue)
        return false;
    if (!str_is_null(old->named_by) && old->due_at > is->ev->occurred_at)
        return false; /* not the date that they know: see notice_due() */
    struct assign_told entry = *old;
    bool promise = fired->clock == CLOCK_PROMISE;
    bool said = !promise && c->has_last_overdue_at && c->last_overdue_at == fired->due_at;
    is->facts->clock = fired->clock;
    is->facts->promise_id = entry.promise_id;
    is->facts->promise = entry.promise;
    is->facts->previous = entry.due_at;
    entry.overdue = true;
    told_put(c, &entry, is->arena);
    if (!promise) {
        c->has_last_overdue_at = true;
        c->last_overdue_at = fired->due_at;
    }
    return !said &&
           tell(is, promise ? OCCASION_DELAY_PROMISE_OVERDUE : OCCASION_DELAY_OVERDUE);
}

/* The first sign of the update clock, be it a warning or its end; not both. */
static bool
sign_of_life(struct choice *is, const struct sla_fired *fired)
{
    struct assign_case *c = is->c;
    bool work = c->state == STATE_OPEN || c->state == STATE_WAITING_THIRD_PARTY ||
                c->state == STATE_PROPOSED || c->state == STATE_EXTERNAL;
    if (!work || c->update_no == fired->start_no)
        return false;
    c->update_no = fired->start_no;
    return tell(is, OCCASION_PROGRESS_UPDATE);
}

static bool
fired(struct choice *is)
{
    const struct sla_fired *what = is->ev->sla ? is->ev->sla->fired : NULL;
    if (!what)
        return false;
    if (what->clock == CLOCK_UPDATE)
        return sign_of_life(is, what);
    return is->ev->type == EVENT_TYPE_SLA_BREACHED && overdue(is, what);
}

static bool
referred(struct choice *is, const struct action *said)
{
    struct assign_case *c = is->c;
    int64_t hash = hash_of(said->referred_to, said->case_ref);
    bool again = is->before->state == STATE_EXTERNAL && c->has_referred &&
                 (c->referred == hash || str_empty(said->case_ref));
    c->has_referred = true;
    c->referred = again ? c->referred : hash;
    is->facts->referred_to = said->referred_to;
    is->facts->case_ref = said->case_ref;
    return !again && tell(is, OCCASION_PROGRESS_REFERRED);
}

static bool
handed_on(struct choice *is)
{
    const struct routing_section *now = &is->c->routing;
    return (!str_eq(now->team, is->before->team) ||
            !str_eq(now->owner, is->before->owner)) &&
           tell(is, OCCASION_PROGRESS_OWNER);
}

static bool
closed(struct choice *is)
{
    if (is->c->kind != KIND_COMPLAINT && is->c->kind != KIND_UNKNOWN)
        return false;
    return tell(is, is->before->state == STATE_REJECTED ? OCCASION_FOLLOW_UP_REJECTED
                                                        : OCCASION_FOLLOW_UP);
}

/* Work goes on after a wait.  Who has just answered us knows that; but a date that the
 * wait moved must be told anew. */
static bool
resumed(struct choice *is)
{
    const struct assign_told *old = told_find(is->c, CLOCK_RESOLUTION, STR_NULL);
    int64_t due_ms = due_of(is->ev->sla, CLOCK_RESOLUTION, STR_NULL);
    bool moved = old && due_ms != TIME_NONE && due_ms > old->due_at;
    if (is->c->state != STATE_OPEN || is->before->state == STATE_OPEN)
        return false;
    if (moved) {
        is->facts->clock = CLOCK_RESOLUTION;
        is->facts->previous = old->due_at;
        is->facts->until = due_ms;
        told_put(is->c,
                 &(struct assign_told){.clock = CLOCK_RESOLUTION, .due_at = due_ms},
                 is->arena);
    }
    return (moved || is->before->state != STATE_WAITING_CUSTOMER) &&
           tell(is, OCCASION_PROGRESS_RESUMED);
}

/* The longest wait that the policy allows is over: the date that they know has moved. */
static bool
resumed_by_itself(struct choice *is)
{
    const struct sla_fired *what = is->ev->sla ? is->ev->sla->fired : NULL;
    const struct assign_told *old = told_find(is->c, CLOCK_RESOLUTION, STR_NULL);
    int64_t due_ms = due_of(is->ev->sla, CLOCK_RESOLUTION, STR_NULL);
    if (!what || what->clock != CLOCK_RESOLUTION || !old || due_ms == TIME_NONE ||
        due_ms <= old->due_at)
        return false;
    is->facts->clock = CLOCK_RESOLUTION;
    is->facts->previous = old->due_at;
    is->facts->until = due_ms;
    told_put(is->c, &(struct assign_told){.clock = CLOCK_RESOLUTION, .due_at = due_ms},
             is->arena);
    return tell(is, OCCASION_DELAY_EXTENDED);
}

static bool
reopened(struct choice *is)
{
    tell_dates(is->c, is->ev, is->arena);
    return tell(is, OCCASION_PROGRESS_REOPENED);
}

static void
take_remedy(struct choice *is, const struct action *said)
{
    is->facts->remedy = said->remedy;
    is->facts->has_amount = said->has_amount;
    is->facts->amount = said->amount;
    is->facts->currency = said->currency;
}

static bool
ended(struct choice *is, const struct action *said, enum occasion occasion)
{
    take_remedy(is, said);
    if (occasion == OCCASION_REJECTION)
        is->facts->reason = said->reason;
    return tell(is, occasion);
}

/* Until when they may come back: 30 days from the last end of work. */
static void
take_appeal(struct choice *is)
{
    const struct register_section *r = is->ev->register_;
    if (r && r->has_ended_at && is->c->state != STATE_OPEN)
        is->facts->appeal_until = r->ended_at + NOTICE_APPEAL_MS;
}

/* "The next step by ..." is a date told as well; the other clocks' are told before. An
 * answer settles it. */
static void
tell_next(struct choice *is, bool told)
{
    const struct assign_told *old = told_find(is->c, CLOCK_NEXT_RESPONSE, STR_NULL);
    int64_t due_ms = due_of(is->ev->sla, CLOCK_NEXT_RESPONSE, STR_NULL);
    enum occasion about = is->facts->occasion;
    bool says_next =
        told && (about == OCCASION_PROGRESS_OWNER || about == OCCASION_PROGRESS_REFUSED ||
                 about == OCCASION_PROGRESS_UPDATE || about == OCCASION_DELAY_OVERDUE);
    if (old && due_ms == TIME_NONE && str_is_null(old->named_by) && is->ev->sla &&
        is->ev->type != EVENT_TYPE_SLA_BREACHED)
        told_drop(is->c, old, is->arena);
    else if (says_next && due_ms > is->ev->occurred_at &&
             due_ms == notice_next_ms(is->facts))
        told_put(is->c,
                 &(struct assign_told){.clock = CLOCK_NEXT_RESPONSE, .due_at = due_ms},
                 is->arena);
}

/* The answer, and the end of the work, settle what people named after a breach. */
static void
settle(struct choice *is)
{
    struct assign_case *c = is->c;
    const struct sla_section *sla = is->ev->sla;
    bool over = c->state == STATE_RESOLVED || c->state == STATE_CLOSED ||
                c->state == STATE_REJECTED || c->state == STATE_WITHDRAWN;
    for (size_t i = c->n_told; i-- > 0;) {
        const struct assign_told *entry = &c->told[i];
        bool answered = over;
        for (size_t k = 0; sla && k < sla->n_clocks && !answered; k++)
            answered = sla->clocks[k].clock == entry->clock &&
                       (sla->clocks[k].status == CLOCK_STATUS_MET ||
                        sla->clocks[k].status == CLOCK_STATUS_MET_LATE);
        if (answered && !str_is_null(entry->named_by) && entry->clock != CLOCK_PROMISE)
            told_drop(c, entry, is->arena);
    }
}

static bool
choose(struct choice *is, const struct action *said)
{
    if (receipt(is))
        return true;
    switch (is->ev->type) {
    case EVENT_TYPE_COMPLAINT_ASSIGNED:
    case EVENT_TYPE_COMPLAINT_TRANSFERRED:
        return handed_on(is);
    case EVENT_TYPE_COMPLAINT_WAITING:
        return waiting(is, said);
    case EVENT_TYPE_COMPLAINT_MESSAGE:
        return is->before->state == STATE_WAITING_CUSTOMER && resumed(is);
    case EVENT_TYPE_COMPLAINT_RESUMED:
        return resumed(is);
    case EVENT_TYPE_COMPLAINT_PROMISED:
        return promised(is, said);
    case EVENT_TYPE_COMPLAINT_PROMISE_KEPT:
        return promise_kept(is, said);
    case EVENT_TYPE_COMPLAINT_EXTENDED:
        return extended(is, said);
    case EVENT_TYPE_COMPLAINT_REMEDY_OFFERED:
        return ended(is, said, OCCASION_WAITING_DECISION);
    case EVENT_TYPE_COMPLAINT_REMEDY_REFUSED:
        return tell(is, OCCASION_PROGRESS_REFUSED);
    case EVENT_TYPE_COMPLAINT_REFERRED:
        return referred(is, said);
    case EVENT_TYPE_COMPLAINT_REOPENED:
        return reopened(is);
    case EVENT_TYPE_COMPLAINT_MERGED:
        is->facts->into_id =
            is->ev->register_ ? is->ev->register_->merged_into : STR_NULL;
        return tell(is, OCCASION_PROGRESS_MERGED);
    case EVENT_TYPE_COMPLAINT_WITHDRAWN:
        return tell(is, OCCASION_PROGRESS_WITHDRAWN);
    case EVENT_TYPE_COMPLAINT_RESOLVED:
        return ended(is, said, OCCASION_RESOLUTION);
    case EVENT_TYPE_COMPLAINT_REJECTED:
        return ended(is, said, OCCASION_REJECTION);
    case EVENT_TYPE_COMPLAINT_CLOSED:
        return closed(is);
    case EVENT_TYPE_SLA_WARNED:
    case EVENT_TYPE_SLA_BREACHED:
        return fired(is);
    case EVENT_TYPE_SLA_RESUMED:
        return resumed_by_itself(is);
    default:
        return false;
    }
}

bool
notice_choose(struct assign_case *c, const struct notice_before *before,
              const struct complaint_event *ev, struct arena *arena,
              struct notice_facts *ret)
{
    static const struct action NOTHING = {0};
    const struct action *said = ev->action ? ev->action : &NOTHING;
    struct choice is = {c, before, ev, arena, ret};
    *ret = (struct notice_facts){.cause = ev->event_id,
                                 .traceparent = ev->traceparent,
                                 .at_ms = ev->occurred_at,
                                 .c = c,
                                 .sla = ev->sla,
                                 .clock = CLOCK_NONE,
                                 .due_at = TIME_NONE,
                                 .until = TIME_NONE,
                                 .previous = TIME_NONE,
                                 .appeal_until = TIME_NONE};
    take_appeal(&is);
    if (c->kind == KIND_PRAISE)
        return false; /* nothing is owed, nothing is asked */
    settle(&is);
    bool told = choose(&is, said);
    tell_next(&is, told);
    return told;
}
