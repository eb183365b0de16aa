#include "intake/register_io.h"

#include "gen/register_identity.h"
#include "gen/register_seen.h"
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

#define PRINT_BYTES 8
#define PRINTS_MAX_BYTES 8192 /* schemas/register_seen.avsc */

static struct str
seen_key(struct turn *turn, struct str complaint_id)
{
    return arena_printf(turn_arena(turn), "o:%.*s", STR_ARG(complaint_id));
}

/* The end of an identity's key, 16 hex digits, as 8 bytes. */
static void
print_of(struct str key, char ret_print[PRINT_BYTES])
{
    const char *digits = key.ptr + key.len - (size_t)2 * PRINT_BYTES;
    for (size_t i = 0; i < PRINT_BYTES; i++) {
        unsigned byte = 0;
        for (size_t k = 0; k < 2; k++) {
            char c = digits[2 * i + k];
            byte = byte << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        ret_print[i] = (char)byte;
    }
}

/* Among the events of this complaint that were seen long ago. */
static bool
seen_long_ago(struct turn *turn, const struct complaint_event *ev, struct str key,
              bool *ret_seen, struct err *err)
{
    struct register_seen seen;
    char print[PRINT_BYTES];
    bool found = false;
    *ret_seen = false;
    if (str_is_null(ev->complaint_id))
        return true;
    if (!turn_load(turn, seen_key(turn, ev->complaint_id), &register_seen_wire, &seen,
                   &found, err))
        return false;
    print_of(key, print);
    for (size_t at = 0; found && at + PRINT_BYTES <= seen.prints.len; at += PRINT_BYTES)
        *ret_seen |= memcmp(seen.prints.ptr + at, print, PRINT_BYTES) == 0;
    return true;
}

bool
identity_known(struct turn *turn, const struct complaint_event *ev, bool *ret_known,
               struct err *err)
{
    *ret_known = false;
    if (str_is_null(ev->ce_id))
        return true;
    struct str key = identity_key(turn, ev);
    *ret_known = turn_exists(turn, key);
    return *ret_known || seen_long_ago(turn, ev, key, ret_known, err);
}

bool
identity_save(struct turn *turn, const struct complaint_event *ev, struct err *err)
{
    if (str_is_null(ev->ce_id))
        return true;
    struct register_identity identity = {.complaint_id = ev->complaint_id};
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
    struct register_seen seen = {.prints = STR("")};
    bool found = false;
    if (!turn_load(turn, key, &register_identity_wire, &identity, &found, err))
        return false;
    turn_delete(turn, key);
    if (!found || str_is_null(identity.complaint_id))
        return true;
    struct str place = seen_key(turn, identity.complaint_id);
    if (!turn_load(turn, place, &register_seen_wire, &seen, &found, err))
        return false;
    if (seen.prints.len >= PRINTS_MAX_BYTES)
        seen.prints = str_sub(seen.prints, PRINT_BYTES, seen.prints.len);
    char *prints = arena_alloc(turn_arena(turn), seen.prints.len + PRINT_BYTES);
    if (seen.prints.len)
        memcpy(prints, seen.prints.ptr, seen.prints.len);
    print_of(key, prints + seen.prints.len);
    seen.prints = (struct str){prints, seen.prints.len + PRINT_BYTES};
    return turn_save(turn, place, &register_seen_wire, &seen, TIME_NONE, err);
}
