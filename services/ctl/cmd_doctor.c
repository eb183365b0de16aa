/* cmd_doctor.c - doctor: what is wrong with this installation, and what to do. */
#include <stdio.h>

#include "ctl/ctl.h"
#include "gen/migrations.h"
#include "pg/migrate.h"
#include "stage/topics.h"

struct doctor {
    bool json;
    int wrong;
    bool away;
};

static void
say(struct doctor *doctor, bool ok, const char *what, const char *text)
{
    doctor->wrong += !ok;
    if (doctor->json) { /* an object a line */
        CLEANUP(buf_release) struct buf out = {0};
        buf_printf(&out, "{\"check\":\"%s\",\"ok\":%s,\"detail\":", what,
                   ok ? "true" : "false");
        buf_add_json(&out, str_from(text));
        buf_add_c(&out, "}\n");
        (void)ctl_print(&out);
        return;
    }
    printf("%-6s %-12s %s\n", ok ? "ok" : "WRONG", what, text);
}

static void
check_kafka(struct ctl *ctl, struct doctor *doctor)
{
    struct err err = {0};
    bool same = false;
    CLEANUP(buf_release) struct buf report = {0};
    if (!topics_check(&ctl->settings, &report, &same, &err)) {
        doctor->away = doctor->away || err.action == ERR_RETRY;
        say(doctor, false, "kafka", err.text);
        return;
    }
    say(doctor, true, "kafka", "answers");
    say(doctor, same, "topics",
        same ? "are as they must be" : "differ; run `redress topics create`");
    if (!same && !doctor->json)
        (void)ctl_print(&report);
}

static void
check_database(struct ctl *ctl, struct doctor *doctor)
{
    struct err err = {0};
    size_t pending = 0;
    CLEANUP(pg_drop) struct pg *pg = NULL;
    if (!ctl_pg(ctl, &pg, &err)) {
        doctor->away = doctor->away || err.action == ERR_RETRY;
        say(doctor, false, "postgresql", err.text);
        return;
    }
    say(doctor, true, "postgresql", "answers");
    if (!pg_migrations_pending(pg, migrations, COUNT_OF(migrations), &pending, &err))
        say(doctor, false, "schema", err.text);
    else
        say(doctor, pending == 0, "schema",
            pending == 0 ? "is this version's" : "is older; run `redress db migrate`");
}

enum ctl_exit
cmd_doctor(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    struct doctor doctor = {0};
    if (!ctl_options(ctl, NULL, 0, 0, 0, &status))
        return status;
    doctor.json = ctl->json;
    say(&doctor, ctl->settings.salt[0] != '\0', "salt",
        ctl->settings.salt[0] ? "is set"
                              : "is empty: customer keys can be guessed; set salt_file");
    check_kafka(ctl, &doctor);
    check_database(ctl, &doctor);
    return doctor.away ? CTL_AWAY : doctor.wrong ? CTL_WRONG : CTL_OK;
}
