#include "ctl/policy_clocks.h"

#include "base/times.h"

static struct told_clock *
find(struct told_case *told, const struct sla_clock *row)
{
    for (size_t i = 0; i < told->n_clocks; i++) {
        const struct sla_clock *known = &told->clocks[i]->row;
        if (known->clock == row->clock && known->start_no == row->start_no &&
            str_eq(known->promise_id, row->promise_id))
            return told->clocks[i];
    }
    return NULL;
}

static struct told_clock *
add(struct told_case *told, const struct sla_clock *row)
{
    if (told->n_clocks == TOLD_CLOCKS_MAX)
        return NULL;
    struct told_clock *clock = ARENA_NEW(told->arena, struct told_clock);
    clock->row = *row;
    clock->row.promise_id = arena_str(told->arena, row->promise_id);
    clock->row.policy = arena_str(told->arena, row->policy);
    clock->row.policy_version = arena_str(told->arena, row->policy_version);
    clock->row.target = arena_str(told->arena, row->target);
    clock->row.calendar = arena_str(told->arena, row->calendar);
    clock->row.zone = arena_str(told->arena, row->zone);
    return told->clocks[told->n_clocks++] = clock;
}

/* --- pauses ------------------------------------------------------------------------- */

static struct str
pause_reason(const struct told_case *told)
{
    const char *what = told->state == STATE_WAITING_CUSTOMER ? "waiting for the customer"
                       : told->state == STATE_WAITING_THIRD_PARTY
                           ? "waiting for a third party"
                       : told->state == STATE_EXTERNAL ? "with an external body"
                                                       : "the case waits";
    if (str_empty(told->waiting_why))
        return arena_printf(told->arena, "paused: %s", what);
    return arena_printf(told->arena, "paused: %s (%.*s)", what,
                        STR_ARG(told->waiting_why));
}

static void
begin_pause(struct told_case *told, struct told_clock *clock, int64_t from_ms)
{
    if (clock->n_pauses == TOLD_PAUSES_MAX) {
        clock->pauses_lost = true;
        return;
    }
    clock->pauses[clock->n_pauses++] =
        (struct told_pause){from_ms, TIME_NONE, pause_reason(told)};
}

static struct told_pause *
open_pause(struct told_clock *clock)
{
    struct told_pause *last =
        clock->n_pauses ? &clock->pauses[clock->n_pauses - 1] : NULL;
    return last && last->to_ms == TIME_NONE ? last : NULL;
}

/* The row's sum of pauses has grown, or it runs again: the pause that was open is over.
 */
static void
end_pause(struct told_clock *clock, int64_t added_ms)
{
    struct told_pause *pause = open_pause(clock);
    if (!pause) {
        clock->pauses_lost |= added_ms > 0;
        return;
    }
    pause->to_ms = pause->from_ms + i64_max(added_ms, 0);
    if (pause->to_ms == pause->from_ms)
        clock->n_pauses--;
}

/* Ended by itself: that is part of why. */
static void
say_ended(struct told_case *told, struct told_clock *clock,
          const struct complaint_event *ev)
{
    const struct sla_fired *fired = ev->sla->fired;
    if (ev->type != EVENT_TYPE_SLA_RESUMED || !fired || clock->n_pauses == 0 ||
        fired->clock != clock->row.clock || fired->start_no != clock->row.start_no)
        return;
    struct told_pause *last = &clock->pauses[clock->n_pauses - 1];
    if (last->to_ms == ev->occurred_at)
        last->why = arena_printf(told->arena,
                                 "%.*s; ended by itself: the longest pause "
                                 "that the policy allows",
                                 STR_ARG(last->why));
}

static void
follow_pauses(struct told_case *told, struct told_clock *clock,
              const struct sla_clock *before, const struct complaint_event *ev)
{
    const struct sla_clock *now = &clock->row;
    bool was = before && before->has_paused_since;
    bool is = now->has_paused_since;
    int64_t added_ms = now->paused_ms - (before ? before->paused_ms : 0);
    bool same = was && is && before->paused_since == now->paused_since && added_ms == 0;
    if (same)
        return;
    if (was || added_ms > 0)
        end_pause(clock, added_ms);
    if (is)
        begin_pause(told, clock, now->paused_since);
    say_ended(told, clock, ev);
}

/* --- extensions --------------------------------------------------------------------- */

static void
follow_extension(struct told_case *told, struct told_clock *clock,
                 const struct sla_clock *before, const struct complaint_event *ev)
{
    const struct sla_clock *now = &clock->row;
    if (!now->has_extended_until || clock->n_extensions == TOLD_EXTENSIONS_MAX ||
        (before && before->has_extended_until &&
         before->extended_until == now->extended_until))
        return;
    bool said = ev->type == EVENT_TYPE_COMPLAINT_EXTENDED && ev->action;
    clock->extensions[clock->n_extensions++] = (struct told_extension){
        .at_ms = ev->occurred_at,
        .until_ms = now->extended_until,
        .approver = said ? arena_str(told->arena, ev->action->approver) : STR_NULL,
        .reason = said ? arena_str(told->arena, ev->action->reason) : STR_NULL,
    };
}

/* --- events ------------------------------------------------------------------------- */

static void
take_row(struct told_case *told, const struct complaint_event *ev,
         const struct sla_clock *row)
{
    struct told_clock *clock = find(told, row);
    if (!clock) {
        clock = add(told, row);
        if (!clock)
            return;
        follow_pauses(told, clock, NULL, ev);
        follow_extension(told, clock, NULL, ev);
        return;
    }
    struct sla_clock before = clock->row;
    clock->row = *row;
    clock->row.promise_id = before.promise_id;
    clock->row.policy = before.policy;
    clock->row.policy_version = before.policy_version;
    clock->row.target = before.target;
    clock->row.calendar = str_is_null(before.calendar)
                              ? arena_str(told->arena, row->calendar)
                              : before.calendar;
    clock->row.zone =
        str_is_null(before.zone) ? arena_str(told->arena, row->zone) : before.zone;
    follow_pauses(told, clock, &before, ev);
    follow_extension(told, clock, &before, ev);
}

void
told_case_take(struct told_case *told, const struct complaint_event *ev)
{
    if (!str_eq(ev->complaint_id, told->complaint_id))
        return;
    told->n_events++;
    bool refused = ev->type == EVENT_TYPE_COMPLAINT_STEP_REFUSED;
    if (ev->register_)
        told->state = ev->register_->state;
    if (ev->action && !refused &&
        (ev->type == EVENT_TYPE_COMPLAINT_WAITING ||
         ev->type == EVENT_TYPE_COMPLAINT_REFERRED))
        told->waiting_why =
            arena_str(told->arena, ev->type == EVENT_TYPE_COMPLAINT_WAITING
                                       ? str_cut_utf8(ev->action->reason, 200)
                                       : str_cut_utf8(ev->action->referred_to, 200));
    for (size_t i = 0; ev->sla && i < ev->sla->n_clocks; i++)
        take_row(told, ev, &ev->sla->clocks[i]);
}
