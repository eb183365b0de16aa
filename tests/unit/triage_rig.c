#include "triage_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "triage/stages.h"

void
tale_open(struct tale *t)
{
    memset(t, 0, sizeof(*t));
    stage_rig_open(&t->rig, &triage_stage, TALE_POLICY_DIR);
    t->complaint_id = "c1";
    t->r = (struct register_section){.state = STATE_OPEN,
                                     .from_state = STATE_NONE,
                                     .received_at = T0,
                                     .recovery_ends_at = T0 + 28 * DAY_MS};
    t->k = (struct classification_section){.language = STR("en"),
                                           .kind = KIND_COMPLAINT,
                                           .severity = 2,
                                           .product = STR("kettle")};
    t->sub = (struct submission){.channel = CHANNEL_EMAIL};
}

void
tale_close(struct tale *t)
{
    stage_rig_close(&t->rig);
}

/* Sends an event of the case and gives back the section that came out on it. */
const struct triage_section *
tale_happens(struct tale *t, enum event_type type, int64_t at,
             const struct action *action)
{
    struct complaint_event ev = {
        .event_id = arena_printf(&t->rig.arena, "e%d", ++t->n),
        .type = type,
        .stage = STAGE_REGISTER,
        .complaint_id = str_from(t->complaint_id),
        .customer_key = STR("abc"),
        .customer_hash = STR("abcdef"),
        .occurred_at = at,
        .recorded_at = at,
        .customer = &t->customer,
        .submission = type == EVENT_TYPE_COMPLAINT_SUBMITTED ? &t->sub : NULL,
        .action = action,
        .register_ = &t->r,
        .classification = &t->k,
    };
    stage_rig_send(&t->rig, &ev);
    const struct complaint_event *out = stage_rig_find(&t->rig, type);
    assert_non_null(out);
    assert_non_null(out->triage);
    return out->triage;
}

const struct triage_section *
tale_moves(struct tale *t, enum event_type type, enum state to, int64_t at,
           const struct action *action)
{
    t->r.from_state = t->r.state;
    t->r.state = to;
    if (to == STATE_RESOLVED) {
        t->r.has_resolved_at = true;
        t->r.resolved_at = at;
    }
    if (to == STATE_CLOSED)
        t->r.recovery_ends_at = at + 28 * DAY_MS;
    return tale_happens(t, type, at, action);
}

bool
tale_has(const struct triage_section *s, const char *kind)
{
    for (size_t i = 0; i < s->n_evidence; i++)
        if (str_eq(s->evidence[i].kind, str_from(kind)))
            return true;
    return false;
}

const struct triage_section *
tale_told(struct tale *t, enum event_type type)
{
    const struct complaint_event *ev = stage_rig_find(&t->rig, type);
    print_message("told %s: %d\n", event_type_name(type), ev != NULL);
    return ev ? ev->triage : NULL;
}
