/* notice_due.c - dates that were told and that no clock of sla's watches over: those that
 * people name after a breach.  Whoever was told one hears of it when it passes. */
#include "routing/notice.h"

static bool
is_watched(const struct assign_case *c, const struct assign_told *entry)
{
    bool gone = c->state == STATE_WITHDRAWN || c->state == STATE_MERGED;
    bool over = gone || c->state == STATE_RESOLVED || c->state == STATE_CLOSED ||
                c->state == STATE_REJECTED;
    return !str_is_null(entry->named_by) && !entry->overdue && !c->history &&
           !c->erased && (entry->clock == CLOCK_PROMISE ? !gone : !over);
}

int64_t
notice_next_due(const struct assign_case *c)
{
    int64_t due_ms = TIME_NONE;
    for (size_t i = 0; i < c->n_told; i++)
        if (is_watched(c, &c->told[i]) &&
            (due_ms == TIME_NONE || c->told[i].due_at + 1 < due_ms))
            due_ms = c->told[i].due_at + 1;
    return due_ms;
}

bool
notice_due(struct assign_case *c, int64_t due_ms, struct arena *arena,
           struct notice_facts *ret)
{
    size_t i = 0;
    while (i < c->n_told && !(is_watched(c, &c->told[i]) && c->told[i].due_at < due_ms))
        i++;
    if (i == c->n_told)
        return false;
    struct assign_told *all = ARENA_ARRAY(arena, struct assign_told, c->n_told);
    memcpy(all, c->told, c->n_told * sizeof(*all));
    struct assign_told *entry = &all[i];
    bool promise = entry->clock == CLOCK_PROMISE;
    entry->overdue = true;
    c->told = all;
    *ret = (struct notice_facts){
        .occasion = promise ? OCCASION_DELAY_PROMISE_OVERDUE : OCCASION_DELAY_OVERDUE,
        .cause = entry->named_by,
        .at_ms = entry->due_at,
        .c = c,
        .promise_id = entry->promise_id,
        .promise = entry->promise,
        .clock = entry->clock,
        .due_at = TIME_NONE,
        .until = TIME_NONE,
        .previous = entry->due_at,
        .appeal_until = TIME_NONE,
    };
    return true;
}
