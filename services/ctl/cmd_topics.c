/* cmd_topics.c - topics create|check, db migrate: what an installation needs once. */
#include "ctl/ctl.h"
#include "gen/migrations.h"
#include "pg/migrate.h"
#include "stage/topics.h"

enum ctl_exit
cmd_topics_create(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    struct err err = {0};
    CLEANUP(buf_release) struct buf report = {0};
    if (!ctl_options(ctl, NULL, 0, 0, 0, &status))
        return status;
    bool ok = topics_create(&ctl->settings, &report, &err);
    (void)ctl_print(&report);
    return ok ? CTL_OK : ctl_fail(&err);
}

enum ctl_exit
cmd_topics_check(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    struct err err = {0};
    bool same = false;
    CLEANUP(buf_release) struct buf report = {0};
    if (!ctl_options(ctl, NULL, 0, 0, 0, &status))
        return status;
    bool ok = topics_check(&ctl->settings, &report, &same, &err);
    if (ok && ctl->json) {
        CLEANUP(buf_release) struct buf out = {0};
        buf_printf(&out, "{\"same\":%s,\"report\":", same ? "true" : "false");
        buf_add_json(&out, report.len > 0 ? buf_str(&report) : STR(""));
        buf_add_c(&out, "}\n");
        (void)ctl_print(&out);
    } else {
        (void)ctl_print(&report);
    }
    if (!ok)
        return ctl_fail(&err);
    return same ? CTL_OK : CTL_WRONG;
}

enum ctl_exit
cmd_db_migrate(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    struct err err = {0};
    CLEANUP(pg_drop) struct pg *pg = NULL;
    size_t applied = 0;
    if (!ctl_options(ctl, NULL, 0, 0, 0, &status))
        return status;
    if (!pg_connect(&pg, ctl->settings.pg_dsn, "redress", &err) ||
        !pg_migrate(pg, migrations, COUNT_OF(migrations), &applied, &err))
        return ctl_fail(&err);
    CLEANUP(buf_release) struct buf out = {0};
    buf_printf(&out, "%zu migrations, %zu of them new\n", COUNT_OF(migrations), applied);
    return ctl_print(&out) ? CTL_OK : CTL_WRONG;
}
