/* assign_load.c - open cases of each member, in this partition. */
#include "gen/member_load.h"
#include "routing/assign_io.h"

static struct str
load_key(struct turn *turn, struct str team, struct str member)
{
    /* Names come from people (complaint.assigned): bounded for the key. */
    struct str t = str_cut_utf8(team, 400);
    struct str m = str_cut_utf8(member, 400);
    return arena_printf(turn_arena(turn), "l:%.*s/%.*s", STR_ARG(t), STR_ARG(m));
}

int64_t
assign_load_of(void *ctx, struct str team, struct str member)
{
    struct assign_load_ctx *load = ctx;
    struct member_load record = {0};
    bool found = false;
    if (!turn_load(load->turn, load_key(load->turn, team, member), &member_load_wire,
                   &record, &found, load->err))
        load->failed = true;
    return record.open;
}

static bool
load_add(struct turn *turn, struct str team, struct str member, int32_t add,
         struct err *err)
{
    struct str key = load_key(turn, team, member);
    struct member_load record = {0};
    bool found = false;
    if (!turn_load(turn, key, &member_load_wire, &record, &found, err))
        return false;
    record.open += add;
    if (record.open <= 0) {
        turn_delete(turn, key);
        return true;
    }
    return turn_save(turn, key, &member_load_wire, &record, TIME_NONE, err);
}

static bool
is_ended(enum state state)
{
    return state == STATE_RESOLVED || state == STATE_CLOSED || state == STATE_REJECTED ||
           state == STATE_WITHDRAWN || state == STATE_MERGED;
}

bool
assign_load_settle(struct turn *turn, struct assign_case *c, struct err *err)
{
    bool holds = !is_ended(c->state) && !str_empty(c->routing.owner);
    struct str owner = holds ? c->routing.owner : STR_NULL;
    struct str team = holds ? c->routing.team : STR_NULL;
    if (str_eq(owner, c->held_by) && str_eq(team, c->held_team))
        return true;
    if (!str_empty(c->held_by) && !load_add(turn, c->held_team, c->held_by, -1, err))
        return false;
    if (holds && !load_add(turn, team, owner, 1, err))
        return false;
    c->held_by = owner;
    c->held_team = team;
    return true;
}
