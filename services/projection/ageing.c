#include "projection/ageing.h"

#include "conf/policy.h"
#include "gen/kind.h"

#define AGEING_STEPS 64
#define AGEING_MOST 1e6 /* hours, points */

static bool
add_step(const struct policy_node *step, const struct policy_node *kinds, struct buf *sql,
         bool *first, struct err *err)
{
    double hours = 0, add = 0;

    if (!policy_double(step, "after_hours", true, 0, AGEING_MOST, &hours, err) ||
        !policy_double(step, "add", true, 0, AGEING_MOST, &add, err))
        return false;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const char *name = kind_name((enum kind)kind);
        double factor = 1;
        if (!policy_double(kinds, name, false, 0, AGEING_MOST, &factor, err))
            return false;
        (void)buf_printf(sql, "%s('%s', %.6f, %.6f)", *first ? "" : ", ", name, hours,
                         factor * add);
        *first = false;
    }
    return true;
}

bool
ageing_sql(const char *dir, struct buf *sql, struct err *err)
{
    struct policy_doc doc;
    struct policy_node steps, severity, kinds;
    bool first = true;

    if (!policy_read(&doc, dir, "triage.json", err))
        return false;
    const struct policy_node root = policy_root(&doc);
    bool ok = policy_array(&root, "ageing", true, AGEING_STEPS, &steps, err) &&
              policy_object(&root, "severity", true, &severity, err) &&
              policy_object(&severity, "kinds", true, &kinds, err);
    size_t n = ok ? policy_len(&steps) : 0;
    (void)buf_add_c(sql, "BEGIN; LOCK TABLE ageing IN SHARE ROW EXCLUSIVE MODE; "
                         "DELETE FROM ageing; ");
    if (n > 0)
        (void)buf_add_c(sql, "INSERT INTO ageing (kind, after_hours, add) VALUES ");
    for (size_t i = 0; ok && i < n; i++) {
        const struct policy_node step = policy_at(&steps, i);
        ok = add_step(&step, &kinds, sql, &first, err);
    }
    (void)buf_add_c(sql, n > 0 ? "; COMMIT" : "COMMIT");
    policy_release(&doc);
    return ok;
}
