/* cmd_show.c - show: a case's story, so that a person understands each decision. */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/show.h"
#include "ident/ident.h"

const char show_help[] =
    "  A case's story: who and what, who or what classified it and why, why this "
    "priority and what changed it, the "
    "evidence\n"
    "  that the handling failed too, the remedy advised and offered, clocks, promises,\n"
    "  escalations, owners, notices, right to appeal, recovery window, linked "
    "complaints,\n"
    "  and the timeline in words. Times are UTC. Personal data is masked as in the bi\n"
    "  views. Unknown complaint: exit 1.\n"
    "  --json  one object: as_of, event_clock, headline[], complaint{columns of\n"
    "          bi.complaints and more}, classification{needs_review, why[],\n"
    "          findings[columns of bi.findings, reasons[], now, text]}, "
    "priority{priority, triage_class, score, "
    "severity,\n"
    "          salvageability, exposure, on_top, policy, reasons[part, name, value,\n"
    "          weight, text], changes[at, before, after, triage_class, why]},\n"
    "          double_deviation{found, betrayal, evidence[kind, text, at, event_id, "
    "event,\n"
    "          complaint_ref, also[]]}, remedy{advice, checklist[], offered[],\n"
    "          limit_amount, limit_currency, steps[]}, clocks[columns of bi.sla_clocks,\n"
    "          left_seconds, late_seconds], promises[], escalations[], owners[],\n"
    "          notices[], appeal{rejected_at, reason, until, open, left_seconds} or "
    "null,\n"
    "          recovery{first_failure_at, ends_at, left_seconds, open}, links[link,\n"
    "          complaint_id, complaint_ref, state], timeline[seq, occurred_at,\n"
    "          recorded_at, stage, type, who, what, event_id, cause, detail]\n";

static bool
print_json(struct buf *out, const json_t *story)
{
    char *text = json_dumps(story, JSON_COMPACT);
    bool ok = text && buf_add_c(out, text) && buf_add_char(out, '\n');
    free(text);
    return ok;
}

enum ctl_exit
cmd_show(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    if (!ctl_options(ctl, NULL, 0, 1, 1, &status))
        return status;
    CLEANUP(arena_release) struct arena arena = {0};
    struct str id = arena_lower(&arena, str_from(ctl->argv[0]));
    if (str_is_null(ident_key_of(&arena, id)))
        return ctl_usage("\"%.60s\" is no complaint_id", ctl->argv[0]);
    struct err err = {0};
    CLEANUP(pg_drop) struct pg *pg = NULL;
    CLEANUP(buf_release) struct buf out = {0};
    struct show_rows rows = {0};
    if (!ctl_pg(ctl, &pg, &err) || !show_load(pg, ctl, id, &rows, &err)) {
        show_rows_release(&rows);
        return ctl_fail(&err);
    }
    if (!rows.complaint) {
        show_rows_release(&rows);
        fprintf(stderr,
                "redress: no complaint %s in the projection; is it still on its way? "
                "`redress wait`\n",
                ctl->argv[0]);
        return CTL_WRONG;
    }
    json_t *story = show_story(&rows);
    bool ok = true;
    if (ctl->json)
        ok = print_json(&out, story);
    else
        show_text(&out, story);
    json_decref(story);
    show_rows_release(&rows);
    return ok && ctl_print(&out) ? CTL_OK : CTL_WRONG;
}
