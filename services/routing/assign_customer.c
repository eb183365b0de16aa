/* assign_customer.c - where notices go: addresses follow customer.updated, and go with
 * customer.erased. */
#include "gen/assign_customer.h"
#include "routing/assign_io.h"

/* Latest cases of a customer; older ones are cleared when next touched. */
#define CASES_MAX 64

static struct str
key_of(struct turn *turn, struct str customer_hash)
{
    return arena_printf(turn_arena(turn), "u:%.*s", STR_ARG(customer_hash));
}

static bool
load(struct turn *turn, struct str customer_hash, struct assign_customer *ret,
     struct err *err)
{
    bool found = false;
    *ret = (struct assign_customer){0};
    return str_empty(customer_hash) || turn_load(turn, key_of(turn, customer_hash),
                                                 &assign_customer_wire, ret, &found, err);
}

static bool
save(struct turn *turn, struct str customer_hash, const struct assign_customer *u,
     struct err *err)
{
    return turn_save(turn, key_of(turn, customer_hash), &assign_customer_wire, u,
                     TIME_NONE, err);
}

static struct str
first_of(struct str a, struct str b)
{
    return str_empty(a) ? b : a;
}

/* Address and name alone: the rest is triage's. */
static struct customer
laid_over(const struct customer *upper, const struct customer *lower)
{
    static const struct customer NOBODY = {0};
    const struct customer *a = upper ? upper : &NOBODY;
    const struct customer *b = lower ? lower : &NOBODY;
    return (struct customer){
        .id = first_of(a->id, b->id),
        .name = first_of(a->name, b->name),
        .email = first_of(a->email, b->email),
        .phone = first_of(a->phone, b->phone),
        .handle = first_of(a->handle, b->handle),
    };
}

static bool
is_nobody(const struct customer *customer)
{
    return !customer || (str_empty(customer->id) && str_empty(customer->name) &&
                         str_empty(customer->email) && str_empty(customer->phone) &&
                         str_empty(customer->handle));
}

static void
add_case(struct assign_customer *u, struct str complaint_id, struct arena *arena)
{
    size_t from = u->n_cases < CASES_MAX ? 0 : u->n_cases - CASES_MAX + 1;
    struct str *all = ARENA_ARRAY(arena, struct str, CASES_MAX);
    size_t n = 0;
    for (size_t i = from; i < u->n_cases; i++)
        if (!str_eq(u->cases[i], complaint_id))
            all[n++] = u->cases[i];
    all[n++] = complaint_id;
    u->cases = all;
    u->n_cases = n;
}

/* What was said until then and comes only now is erased, too. */
static bool
is_erased(const struct assign_customer *u, int64_t at_ms)
{
    return u->has_erased_at && at_ms <= u->erased_at;
}

bool
assign_customer_begin(struct assign_job *job, struct err *err)
{
    struct assign_case *c = &job->c;
    struct assign_customer u;
    /* Of one whom nobody can reach there is nothing to keep. */
    if (str_empty(c->customer_hash) || is_nobody(c->recipient))
        return true;
    if (!load(job->turn, c->customer_hash, &u, err))
        return false;
    if (is_erased(&u, c->received_at)) {
        c->erased = true;
        c->recipient = NULL;
        return true;
    }
    struct customer known = laid_over(job->ev->customer, u.known);
    known.handle = STR_NULL; /* means something on its own channel only */
    /* What they did not say again they need not. */
    struct customer *recipient = ARENA_NEW(job->arena, struct customer);
    *recipient = laid_over(c->recipient, u.known);
    c->recipient = recipient;
    u.known = &known;
    add_case(&u, c->complaint_id, job->arena);
    return save(job->turn, c->customer_hash, &u, err);
}

bool
assign_customer_reach(struct assign_job *job, struct customer *ret, bool *ret_erased,
                      struct err *err)
{
    struct assign_case *c = &job->c;
    struct assign_customer u;
    if (!load(job->turn, c->customer_hash, &u, err))
        return false;
    if (is_erased(&u, c->received_at)) {
        c->erased = true;
        c->recipient = NULL;
    }
    *ret_erased = c->erased;
    if (c->erased)
        return true;
    bool newer = u.has_updated_at && u.updated_at >= c->received_at;
    struct customer said = laid_over(newer ? u.updated : NULL, c->recipient);
    *ret = laid_over(&said, u.known);
    return true;
}

/* --- customer.*
 * ------------------------------------------------------------------------- */

static bool
updated(struct turn *turn, const struct complaint_event *ev, struct assign_customer *u,
        struct err *err)
{
    if (is_nobody(ev->customer) || is_erased(u, ev->occurred_at))
        return true; /* of the relationship alone; or of before the erasure */
    bool late = u->has_updated_at && ev->occurred_at < u->updated_at;
    struct customer merged =
        late ? laid_over(u->updated, ev->customer) : laid_over(ev->customer, u->updated);
    struct customer known =
        late ? laid_over(u->known, ev->customer) : laid_over(ev->customer, u->known);
    known.handle = STR_NULL;
    u->updated = &merged;
    u->updated_at = late ? u->updated_at : ev->occurred_at;
    u->has_updated_at = true;
    u->known = &known;
    return save(turn, ev->customer_hash, u, err);
}

/* What is kept is that and when: who writes anew after it is told again. */
static bool
erased(struct turn *turn, const struct complaint_event *ev,
       const struct assign_customer *u, struct err *err)
{
    struct assign_customer rest = {.has_erased_at = true, .erased_at = ev->occurred_at};
    for (size_t i = 0; i < u->n_cases; i++) {
        struct assign_case c = {0};
        bool found = false;
        if (!assign_case_load(turn, u->cases[i], &c, &found, err))
            return false;
        if (!found || c.received_at > ev->occurred_at) /* written after it */
            continue;
        c.recipient = NULL;
        c.erased = true;
        if (!assign_case_save(turn, &c, err))
            return false;
    }
    return save(turn, ev->customer_hash, &rest, err);
}

bool
assign_customer_event(struct turn *turn, const struct complaint_event *ev,
                      struct err *err)
{
    struct assign_customer u;
    if (str_empty(ev->customer_hash))
        return true;
    if (!load(turn, ev->customer_hash, &u, err))
        return false;
    bool nothing = u.n_cases == 0 && !u.known && !u.updated;
    if (ev->type == EVENT_TYPE_CUSTOMER_ERASED && nothing)
        return true; /* nothing is kept of them */
    return ev->type == EVENT_TYPE_CUSTOMER_ERASED ? erased(turn, ev, &u, err)
                                                  : updated(turn, ev, &u, err);
}
