#include "intake/register_io.h"

#include "gen/register_identity.h"
#include "ident/ident.h"

static struct str
case_key(struct turn *turn, struct str id)
{
    return arena_printf(turn_arena(turn), "c:%.*s", STR_ARG(id));
}

bool
case_exists(struct turn *turn, struct str id)
{
    return turn_exists(turn, case_key(turn, id));
}

bool
case_save(struct turn *turn, struct str id, const struct register_case *rc,
          struct err *err)
{
    bool shrinks = lifecycle_over(rc->state) && rc->n_text_hashes > 0;
    int64_t due_ms = shrinks ? turn_now_ms(turn) + REGISTER_STUB_MS : TIME_NONE;
    return turn_save(turn, case_key(turn, id), &register_case_wire, rc, due_ms, err);
}

bool
case_timer(struct turn *turn, struct str key, struct err *err)
{
    struct register_case rc;
    bool found = false;
    if (!turn_load(turn, key, &register_case_wire, &rc, &found, err))
        return false;
    if (!found || !lifecycle_over(rc.state))
        return true;
    register_shrink(&rc);
    return turn_save(turn, key, &register_case_wire, &rc, TIME_NONE, err);
}

/* A chain of merges is walked once: its first case then remembers the end. */
static bool
shorten(struct turn *turn, struct str first_id, struct str end_id, struct err *err)
{
    struct register_case first;
    bool found = false;
    if (!turn_load(turn, case_key(turn, first_id), &register_case_wire, &first, &found,
                   err))
        return false;
    BUG_IF(!found);
    first.goes_to = end_id;
    return case_save(turn, first_id, &first, err);
}

/* Ends: a merge always leads to a case that was unmerged then and never comes back from a
 * merge itself, and the step to the newest case is taken once. */
bool
case_find(struct turn *turn, struct str id, bool by_ref, int64_t text,
          struct case_place *ret, struct err *err)
{
    struct str first_id = id;
    size_t merges = 0;
    bool newest_taken = false;
    *ret = (struct case_place){.id = id};
    for (;;) {
        struct register_case rc;
        bool found = false;
        if (!turn_load(turn, case_key(turn, id), &register_case_wire, &rc, &found, err))
            return false;
        if (!found)
            return true; /* of the first step only: what a case names is never deleted */
        ret->found = true;
        ret->id = id;
        ret->rc = rc;
        ret->text_known |= text != 0 && register_has_text(&rc, text);
        if (by_ref && !newest_taken && !str_is_null(rc.newest_id)) {
            newest_taken = true;
            id = rc.newest_id;
        } else if (rc.state == STATE_MERGED) {
            merges++;
            id = str_is_null(rc.goes_to) ? rc.merged_into : rc.goes_to;
        } else {
            break;
        }
    }
    if (merges > 1 && !newest_taken)
        return shorten(turn, first_id, id, err);
    return true;
}

/* --- identities --------------------------------------------------------------------- */

/* event_id is computed from (source, ce_id), so it stands for the pair. */
static struct str
identity_key(struct turn *turn, const struct complaint_event *ev)
{
    struct str id = ev->event_id;
    char *key = arena_alloc(turn_arena(turn), id.len + 2);
    size_t n = 0;
    key[n++] = 'd';
    key[n++] = ':';
    for (size_t i = 0; i < id.len; i++)
        if (id.ptr[i] != '-')
            key[n++] = id.ptr[i];
    return (struct str){key, n};
}

bool
identity_known(struct turn *turn, const struct complaint_event *ev)
{
    return !str_is_null(ev->ce_id) && turn_exists(turn, identity_key(turn, ev));
}

bool
identity_save(struct turn *turn, const struct complaint_event *ev,
              struct str complaint_id, struct err *err)
{
    if (str_is_null(ev->ce_id))
        return true;
    struct register_identity identity = {.complaint_id = complaint_id};
    return turn_save(turn, identity_key(turn, ev), &register_identity_wire, &identity,
                     turn_now_ms(turn) + REGISTER_IDENTITY_MS, err);
}

void
identity_forget(struct turn *turn, const struct complaint_event *ev)
{
    turn_delete(turn, identity_key(turn, ev));
}

bool
identity_timer(struct turn *turn, struct str key, struct err *err)
{
    struct register_identity identity;
    struct register_case rc;
    bool found = false;
    bool case_found = false;
    if (!turn_load(turn, key, &register_identity_wire, &identity, &found, err))
        return false;
    if (!found)
        return true;
    if (!str_is_null(identity.complaint_id) &&
        !turn_load(turn, case_key(turn, identity.complaint_id), &register_case_wire, &rc,
                   &case_found, err))
        return false;
    if (!case_found || lifecycle_over(rc.state)) {
        turn_delete(turn, key);
        return true;
    }
    return turn_save(turn, key, &register_identity_wire, &identity,
                     turn_now_ms(turn) + REGISTER_IDENTITY_MS, err);
}
