#include "triage/triage_customer.h"

bool
triage_customer_update(struct triage_customer *u, const struct customer *said)
{
    bool changed = false;
    if (!str_is_null(said->tier) && !str_eq(said->tier, u->tier)) {
        u->tier = said->tier;
        changed = true;
    }
    if (said->has_since && !(u->has_since && u->since == said->since)) {
        u->has_since = true;
        u->since = said->since;
        changed = true;
    }
    if (said->has_lifetime_value &&
        !(u->has_lifetime_value && u->lifetime_value == said->lifetime_value)) {
        u->has_lifetime_value = true;
        u->lifetime_value = said->lifetime_value;
        changed = true;
    }
    if (said->has_followers && !(u->has_followers && u->followers == said->followers)) {
        u->has_followers = true;
        u->followers = said->followers;
        changed = true;
    }
    if (said->has_vulnerable &&
        !(u->has_vulnerable && u->vulnerable == said->vulnerable)) {
        u->has_vulnerable = true;
        u->vulnerable = said->vulnerable;
        changed = true;
    }
    return changed;
}

static void
remember(struct triage_customer *u, struct str complaint_id, const struct triage_case *c,
         struct arena *arena)
{
    struct triage_seen *all = ARENA_ARRAY(arena, struct triage_seen, TRIAGE_SEEN);
    size_t from = u->n_seen >= TRIAGE_SEEN ? u->n_seen - TRIAGE_SEEN + 1 : 0;
    size_t n = 0;
    for (size_t i = from; i < u->n_seen; i++)
        all[n++] = u->seen[i];
    all[n++] = (struct triage_seen){
        .complaint_id = complaint_id,
        .at = c->received_at,
        .first_failure_at = c->first_failure_at,
        .product_hash = c->product_hash,
        .order_hash = c->order_hash,
        .event_id = c->submitted_by,
    };
    u->seen = all;
    u->n_seen = n;
}

void
triage_customer_begin(struct triage_customer *u, struct str complaint_id,
                      const struct triage_case *c, struct arena *arena)
{
    if (c->kind == KIND_COMPLAINT) {
        if (u->complaints < INT32_MAX)
            u->complaints++;
        if (!u->has_first_failure_at || c->first_failure_at < u->first_failure_at) {
            u->has_first_failure_at = true;
            u->first_failure_at = c->first_failure_at;
        }
    }
    if (c->kind != KIND_COMPLAINT || (c->product_hash == 0 && c->order_hash == 0))
        return;
    remember(u, complaint_id, c, arena);
}

void
triage_customer_correct(struct triage_customer *u, struct str complaint_id,
                        const struct triage_case *c, enum kind kind_before,
                        struct arena *arena)
{
    struct triage_seen *left = ARENA_ARRAY(arena, struct triage_seen, TRIAGE_SEEN);
    size_t n = 0;
    for (size_t i = 0; i < u->n_seen; i++)
        if (!str_eq(u->seen[i].complaint_id, complaint_id))
            left[n++] = u->seen[i];
    u->seen = left;
    u->n_seen = n;
    if (kind_before == KIND_COMPLAINT && u->complaints > 0)
        u->complaints--;
    triage_customer_begin(u, complaint_id, c, arena);
}

static bool
is_open(enum state state)
{
    return triage_is_active(state) || state == STATE_EXTERNAL;
}

bool
triage_customer_follow(struct triage_customer *u, struct str complaint_id,
                       const struct triage_case *c, int32_t failed_before,
                       struct arena *arena)
{
    bool changed = c->failed_recoveries != failed_before;
    int64_t failed = (int64_t)u->failed_recoveries + c->failed_recoveries - failed_before;
    u->failed_recoveries = (int32_t)i64_max(0, i64_min(failed, INT32_MAX));

    size_t at = 0;
    while (at < u->n_open && !str_eq(u->open[at], complaint_id))
        at++;
    bool listed = at < u->n_open;
    if (listed == is_open(c->state))
        return changed;
    struct str *all = ARENA_ARRAY(arena, struct str, TRIAGE_OPEN);
    size_t n = 0;
    size_t from = !listed && u->n_open >= TRIAGE_OPEN ? u->n_open - TRIAGE_OPEN + 1 : 0;
    for (size_t i = from; i < u->n_open; i++)
        if (i != at)
            all[n++] = u->open[i];
    if (!listed)
        all[n++] = complaint_id;
    u->open = all;
    u->n_open = n;
    return true;
}

void
triage_customer_erase(struct triage_customer *u)
{
    u->tier = STR_NULL;
    u->has_since = false;
    u->since = 0;
    u->has_lifetime_value = false;
    u->lifetime_value = 0;
    u->has_followers = false;
    u->followers = 0;
    u->has_vulnerable = false;
    u->vulnerable = false;
}
