/* The adapter of intake/register: finds the case, calls the core, writes rows and state.
 */
#include "intake/register_io.h"
#include "intake/stages.h"

#include "base/times.h"
#include "gen/register_customer.h"
#include "ident/ident.h"

#define NO_FACTS (&(struct register_facts){LIFECYCLE_TARGET_UNKNOWN, STR_NULL})

static struct str
publisher_of(const struct complaint_event *ev)
{
    return str_is_null(ev->complaint_source) ? ev->source : ev->complaint_source;
}

static struct str
file_key(struct turn *turn, struct str customer_hash)
{
    return arena_printf(turn_arena(turn), "u:%.*s", STR_ARG(customer_hash));
}

/* What happened to the case with the event at hand. */
struct step {
    enum state from;
    bool was_rejected;   /* the decision before it was a rejection */
    const char *refusal; /* NULL: accepted                         */
};

/* --- rows --------------------------------------------------------------------------- */

/* Appends facts for the timeline to the copy of an event. */
static void
add_details(struct turn *turn, struct complaint_event *copy, const struct detail *more,
            size_t n_more)
{
    struct detail *all =
        ARENA_ARRAY(turn_arena(turn), struct detail, copy->n_detail + n_more);
    if (copy->n_detail)
        memcpy(all, copy->detail, copy->n_detail * sizeof(*all));
    memcpy(all + copy->n_detail, more, n_more * sizeof(*all));
    copy->detail = all;
    copy->n_detail += n_more;
}

static struct str
quoted(struct turn *turn, const char *word)
{
    return arena_printf(turn_arena(turn), "\"%s\"", word);
}

/* What a row says of the right to appeal: a rejection until when, a reopening that it is
 * one. */
static void
add_appeal(struct turn *turn, struct complaint_event *copy,
           const struct register_case *rc, const struct step *step)
{
    char text[TIME_TEXT_BYTES];
    int64_t until_ms = register_appeal_until(rc);
    bool decides = copy->type == EVENT_TYPE_COMPLAINT_REJECTED ||
                   copy->type == EVENT_TYPE_COMPLAINT_CLOSED;
    struct detail fact = {STR("appeal"), STR("true")};
    if (decides && until_ms != TIME_NONE)
        fact = (struct detail){STR("appeal_until"),
                               quoted(turn, time_print(until_ms, text))};
    else if (copy->type != EVENT_TYPE_COMPLAINT_REOPENED || !step->was_rejected)
        return;
    add_details(turn, copy, &fact, 1);
}

/* The event as a row of the case: with seq and the full section. */
static bool
emit_row(struct turn *turn, const struct complaint_event *ev, struct str id,
         const struct register_case *rc, const struct step *step, struct err *err)
{
    struct register_section section = register_section_of(rc, step->from);
    const char *refusal = step->refusal;
    struct complaint_event copy = *ev;
    copy.stage = STAGE_REGISTER;
    copy.complaint_id = id;
    copy.customer_hash = rc->customer_hash;
    copy.customer_key = ident_customer_key(rc->customer_hash);
    copy.has_seq = true;
    copy.seq = rc->last_seq;
    copy.register_ = &section;
    copy.customer_key_kind =
        ev->named_by == NAMED_BY_ID ? rc->customer_key_kind : ev->customer_key_kind;
    if (ev->customer && register_of_another(rc, ev)) {
        /* The id beats the customer: nobody's data may end in another one's file. */
        struct detail left_out = {STR("other_customer_ignored"), STR("true")};
        copy.customer = NULL;
        add_details(turn, &copy, &left_out, 1);
    }
    if (!refusal)
        add_appeal(turn, &copy, rc, step);
    if (refusal) {
        copy.type = EVENT_TYPE_COMPLAINT_STEP_REFUSED;
        section.has_refused_type = true;
        section.refused_type = ev->type;
        section.refused_reason = str_from(refusal);
        struct detail why[] = {
            {STR("refused_type"), quoted(turn, event_type_name(ev->type))},
            {STR("reason"), quoted(turn, refusal)},
        };
        add_details(turn, &copy, why, COUNT_OF(why));
    }
    turn_count(turn, COUNT_ACCEPTED, 1);
    return turn_emit(turn, &copy, err);
}

/* --- new cases ---------------------------------------------------------------------- */

static bool follow(struct turn *turn, const struct complaint_event *ev, struct err *err);

/* Writes a case that has just been opened; what waited for it follows its first row. */
static bool
start_case(struct turn *turn, const struct complaint_event *ev, struct str id,
           const struct register_case *rc, bool was_rejected, struct err *err)
{
    const struct step step = {STATE_NONE, was_rejected, NULL};
    return case_save(turn, id, rc, err) && identity_save(turn, ev, err) &&
           emit_row(turn, ev, id, rc, &step, err) &&
           park_take(turn, ident_customer_key(rc->customer_hash), id, follow, err);
}

/* The publisher's own link, else the customer's latest case about the same order or
 * product. */
static bool
find_previous(struct turn *turn, const struct complaint_event *ev,
              const struct register_customer *file, struct str *ret_id, struct err *err)
{
    struct str ref = ev->submission->previous_complaint_ref;
    if (!str_empty(ref)) {
        struct case_place place;
        struct str id = ident_complaint_id(turn_arena(turn), turn_settings(turn)->salt,
                                           ev->customer_hash, publisher_of(ev), ref);
        if (!case_find(turn, id, true, 0, &place, err))
            return false;
        if (place.found) {
            *ret_id = place.id;
            return true;
        }
    }
    *ret_id = register_previous(file, ev->submission);
    return true;
}

static bool
open_case(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct register_customer file = {0};
    struct str previous_id = STR_NULL;
    struct str key = file_key(turn, ev->customer_hash);
    bool found = false;
    if (!turn_load(turn, key, &register_customer_wire, &file, &found, err) ||
        !find_previous(turn, ev, &file, &previous_id, err))
        return false;
    register_file(&file, turn_arena(turn), ev->complaint_id, ev->submission);
    if (!turn_save(turn, key, &register_customer_wire, &file, TIME_NONE, err))
        return false;

    struct register_case rc;
    struct register_new how = {
        .customer_hash = ev->customer_hash,
        .source = publisher_of(ev),
        .complaint_ref = ev->complaint_ref,
        .customer_key_kind = ev->customer_key_kind,
        .previous_complaint_id = previous_id,
        .wall_clock = turn_is_wall(turn),
    };
    register_open(&rc, ev, &how);
    return start_case(turn, ev, ev->complaint_id, &rc, false, err);
}

/* Reopened too late: a case of its own, with the next free number behind the ref; from
 * now on the ref means it. */
static bool
reopen_late(struct turn *turn, const struct case_place *old,
            const struct complaint_event *ev, struct err *err)
{
    struct arena *arena = turn_arena(turn);
    struct case_place root = *old;
    if (!str_is_null(old->rc.root_id)) {
        root.id = old->rc.root_id;
        struct str key = arena_printf(arena, "c:%.*s", STR_ARG(root.id));
        if (!turn_load(turn, key, &register_case_wire, &root.rc, &root.found, err))
            return false;
        BUG_IF(!root.found);
    }
    struct str ref;
    struct str id;
    do {
        ref = arena_printf(arena, "%.*s#%d", STR_ARG(root.rc.complaint_ref),
                           (int)++root.rc.ref_number);
        id = ident_complaint_id(arena, turn_settings(turn)->salt, root.rc.customer_hash,
                                root.rc.source, ref);
    } while (case_exists(turn, id));
    root.rc.newest_id = id;
    if (!case_save(turn, root.id, &root.rc, err))
        return false;

    struct register_case rc;
    struct register_new how = {
        .customer_hash = root.rc.customer_hash,
        .source = root.rc.source,
        .complaint_ref = ref,
        .customer_key_kind = root.rc.customer_key_kind,
        .previous_complaint_id = old->id,
        .root_id = root.id,
        .wall_clock = turn_is_wall(turn),
    };
    register_open(&rc, ev, &how);
    return start_case(turn, ev, id, &rc, old->rc.rejected, err);
}

/* --- events of cases that are there ------------------------------------------------- */

/* Where complaint.merged wants to go. */
static bool
find_target(struct turn *turn, const struct case_place *source,
            const struct complaint_event *ev, struct case_place *ret_target,
            struct register_facts *ret_facts, struct err *err)
{
    struct str into = ev->action ? ev->action->into : STR_NULL;
    struct str key = ident_key_of(turn_arena(turn), into);
    *ret_facts = (struct register_facts){LIFECYCLE_TARGET_UNKNOWN, STR_NULL};
    *ret_target = (struct case_place){.found = false};
    if (str_is_null(key))
        return true;
    if (!str_eq(key, ident_customer_key(source->rc.customer_hash))) {
        ret_facts->target = LIFECYCLE_TARGET_OTHER_CUSTOMER;
        return true;
    }
    if (!case_find(turn, into, false, 0, ret_target, err))
        return false;
    if (!ret_target->found)
        return true;
    ret_facts->into_id = ret_target->id;
    ret_facts->target = str_eq(ret_target->id, source->id) ? LIFECYCLE_TARGET_ITSELF
                        : str_eq(ret_target->rc.customer_hash, source->rc.customer_hash)
                            ? LIFECYCLE_TARGET_GOOD
                            : LIFECYCLE_TARGET_OTHER_CUSTOMER;
    return true;
}

static bool
apply(struct turn *turn, struct case_place *place, const struct complaint_event *ev,
      struct err *err)
{
    struct arena *arena = turn_arena(turn);
    struct register_facts facts = *NO_FACTS;
    struct case_place target = {.found = false};
    if (ev->type == EVENT_TYPE_COMPLAINT_MERGED &&
        !find_target(turn, place, ev, &target, &facts, err))
        return false;
    struct step step = {place->rc.state, place->rc.rejected, NULL};
    struct lifecycle_decision decision = register_apply(&place->rc, arena, ev, &facts);
    if (decision.verdict == LIFECYCLE_NEW_CASE)
        return reopen_late(turn, place, ev, err);
    if (decision.to == STATE_MERGED && place->rc.n_promises > 0) {
        register_absorb(&target.rc, arena, &place->rc);
        if (!case_save(turn, target.id, &target.rc, err))
            return false;
    }
    step.refusal = decision.why;
    return case_save(turn, place->id, &place->rc, err) && identity_save(turn, ev, err) &&
           emit_row(turn, ev, place->id, &place->rc, &step, err);
}

/* An event that names its complaint; parked ones come here again when it is there. */
static bool
follow(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct case_place place;
    bool by_ref = ev->named_by == NAMED_BY_REF;
    if (!case_find(turn, ev->complaint_id, by_ref, 0, &place, err))
        return false;
    if (place.found)
        return apply(turn, &place, ev, err);
    return identity_save(turn, ev, err) && park_event(turn, ev, ev->complaint_id, err);
}

/* The submission as the message that it is when its case is there already. */
static bool
submit_again(struct turn *turn, struct case_place *place,
             const struct complaint_event *ev, struct err *err)
{
    struct action action = {.text = register_submission_text(ev->submission)};
    struct complaint_event copy = *ev;
    struct detail again = {STR("submitted_again"), STR("true")};
    copy.type = EVENT_TYPE_COMPLAINT_MESSAGE;
    copy.submission = NULL;
    copy.action = &action;
    add_details(turn, &copy, &again, 1);
    return apply(turn, place, &copy, err);
}

static bool
submit(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct case_place place;
    if (!ev->submission || str_is_null(ev->customer_hash) || str_is_null(ev->source) ||
        str_is_null(ev->complaint_ref))
        return err_dead(err, DEAD_BAD_SCHEMA, NULL,
                        "a submission without its own fields");
    int64_t text = register_submission_hash(ev->submission);
    if (!case_find(turn, ev->complaint_id, true, text, &place, err))
        return false;
    if (!place.found)
        return open_case(turn, ev, err);
    if (!place.text_known)
        return submit_again(turn, &place, ev, err);
    turn_count(turn, COUNT_DUPLICATE, 1);
    return true;
}

/* --- events without a step ---------------------------------------------------------- */

/* customer.*, and what collect sends back: passed on without a seq. */
static bool
pass_on(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    struct complaint_event copy = *ev;
    struct register_section section;
    struct case_place place = {.found = false};
    turn_count(turn, COUNT_PASSED, 1);
    if (ev->stage == STAGE_DOOR)
        copy.stage = STAGE_REGISTER;
    if (!str_is_null(ev->complaint_id) &&
        !case_find(turn, ev->complaint_id, false, 0, &place, err))
        return false;
    if (place.found) {
        section = register_section_of(&place.rc, place.rc.state);
        copy.complaint_id = place.id;
        copy.customer_hash = place.rc.customer_hash;
        copy.register_ = &section;
    }
    return identity_save(turn, ev, err) && turn_emit(turn, &copy, err);
}

static bool
on_event(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    bool known = false;
    if (!identity_known(turn, ev, &known, err))
        return false;
    if (known) {
        turn_count(turn, COUNT_DUPLICATE, 1);
        return true;
    }
    if (!lifecycle_handles(ev->type))
        return pass_on(turn, ev, err);
    if (str_is_null(ev->complaint_id))
        return err_dead(err, DEAD_UNROUTABLE, NULL, "%s names no complaint",
                        event_type_name(ev->type));
    return ev->type == EVENT_TYPE_COMPLAINT_SUBMITTED ? submit(turn, ev, err)
                                                      : follow(turn, ev, err);
}

static bool
on_timer(struct turn *turn, struct str key, int64_t due_ms, struct err *err)
{
    (void)due_ms;
    switch (key.ptr[0]) {
    case 'c':
        return case_timer(turn, key, err);
    case 'd':
        return identity_timer(turn, key, err);
    case 'p':
        return park_timer(turn, key, err);
    default:
        return true;
    }
}

static const struct stage_output outputs[] = {{"complaints.received", true}};

const struct stage_def register_stage = {
    .service = "intake",
    .name = "register",
    .input = "complaints.keyed",
    .outputs = outputs,
    .n_outputs = COUNT_OF(outputs),
    .forward_ticks = true,
    .on_event = on_event,
    .on_timer = on_timer,
};
