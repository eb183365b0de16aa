#include "triage/triage_reach.h"

#include <math.h>

/* Fewer points than this part of reach_from are nobody's attention: 3 views after 1 are
 * no growth. */
#define NOISE 0.1
/* A slower growth than this is none. */
#define SLOWEST_HOURS 10000.0

double
triage_reach_points(const struct triage_policy *policy, int64_t views, int64_t shares,
                    int64_t replies)
{
    return (double)views + policy->share_points * (double)shares +
           policy->reply_points * (double)replies;
}

static double
log_points(const struct triage_policy *policy, const struct triage_telling *t)
{
    double points = triage_reach_points(policy, t->views, t->shares, t->replies);
    return log2(fmax(points, policy->reach_from * NOISE));
}

/* The highest totals told up to each telling: a lower number is an error or came late. */
static struct triage_telling
at_least(struct triage_telling before, const struct triage_telling *t)
{
    return (struct triage_telling){
        .at = t->at,
        .views = i64_max(before.views, t->views),
        .shares = i64_max(before.shares, t->shares),
        .replies = i64_max(before.replies, t->replies),
    };
}

double
triage_doubling_hours(const struct triage_policy *policy,
                      const struct triage_telling *tellings, size_t n)
{
    if (n < 2)
        return 0;
    int64_t newest = tellings[n - 1].at;
    struct triage_telling so_far = {0};
    double w_sum = 0, x_sum = 0, y_sum = 0, xx_sum = 0, xy_sum = 0, span = 0;
    for (size_t i = 0; i < n; i++) {
        so_far = at_least(so_far, &tellings[i]);
        double x = -((double)newest - (double)so_far.at) / (double)HOUR_MS;
        if (x * (double)HOUR_MS < -(double)policy->growth_window_ms)
            continue;
        double y = log_points(policy, &so_far);
        double w = exp2(x * (double)HOUR_MS / (double)policy->growth_half_ms);
        span = fmax(span, -x);
        w_sum += w;
        x_sum += w * x;
        y_sum += w * y;
        xx_sum += w * x * x;
        xy_sum += w * x * y;
    }
    double spread = w_sum * xx_sum - x_sum * x_sum;
    if (span <= 0 || spread <= 0)
        return 0;
    /* Two tellings a second apart say little of an hour: count them as an hour. */
    double per_hour = (w_sum * xy_sum - x_sum * y_sum) / spread * fmin(1, span);
    return per_hour * SLOWEST_HOURS > 1 ? 1 / per_hour : 0;
}

/* By time; a second telling of one moment joins the first. Full: the oldest goes. */
static void
add_telling(struct triage_case *c, struct arena *arena, struct triage_telling told)
{
    struct triage_telling *all =
        ARENA_ARRAY(arena, struct triage_telling, TRIAGE_TELLINGS + 1);
    size_t n = 0, i = 0;
    while (i < c->n_tellings && c->tellings[i].at < told.at)
        all[n++] = c->tellings[i++];
    if (i < c->n_tellings && c->tellings[i].at == told.at)
        told = at_least(c->tellings[i++], &told);
    all[n++] = told;
    while (i < c->n_tellings)
        all[n++] = c->tellings[i++];
    size_t over = n > TRIAGE_TELLINGS ? n - TRIAGE_TELLINGS : 0;
    c->tellings = all + over;
    c->n_tellings = n - over;
}

void
triage_take_reach(const struct triage_policy *policy, const struct reach *reach,
                  int64_t at, struct arena *arena, struct triage_case *c)
{
    struct triage_telling told = {
        .at = at,
        .views = reach->has_views ? reach->views : 0,
        .shares = reach->has_shares ? reach->shares : 0,
        .replies = reach->has_replies ? reach->replies : 0,
    };
    if (told.views > 0 || told.shares > 0 || told.replies > 0)
        c->public = true;
    /* Totals so far: a lower number is an old telling that came late. */
    c->views = i64_max(c->views, told.views);
    c->shares = i64_max(c->shares, told.shares);
    c->replies = i64_max(c->replies, told.replies);
    add_telling(c, arena, told);
    c->has_reach_at = true;
    c->reach_at = c->tellings[c->n_tellings - 1].at;
    c->doubling_hours = triage_doubling_hours(policy, c->tellings, c->n_tellings);
}

double
triage_growth_left(const struct triage_policy *policy, const struct triage_case *c,
                   int64_t at_ms)
{
    if (!c->has_reach_at || at_ms <= c->reach_at)
        return 1;
    double age = (double)at_ms - (double)c->reach_at;
    if (age > (double)policy->growth_window_ms)
        return 0;
    return exp2(-age / (double)policy->growth_half_ms);
}
