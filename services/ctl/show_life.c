/* show_life.c - the story for a person: clocks, people, rights, links, the timeline. */
#include "ctl/show.h"

#include <string.h>

#include "base/times.h"

static void
title(struct buf *out, const char *text, const json_t *list)
{
    if (json_array_size(list) > 0)
        buf_printf(out, "\n%s\n", text);
}

static void
add_at(struct buf *out, const char *before, const json_t *row, const char *key)
{
    int64_t ms = show_ms(row, key);
    if (ms == TIME_NONE)
        return;
    buf_add_c(out, before);
    show_time(out, ms);
}

static int64_t
span_ms(const json_t *row, const char *key)
{
    return show_integer(row, key) * 1000;
}

/* "3 d 4 h left", "OVERDUE by 20 min"; nothing where no time runs. */
static void
add_left(struct buf *out, const json_t *row)
{
    if (!json_is_integer(json_object_get(row, "left_seconds")))
        return;
    int64_t left_ms = span_ms(row, "left_seconds");
    buf_add_c(out, left_ms < 0 ? ", OVERDUE by " : ", ");
    show_duration(out, left_ms);
    if (left_ms >= 0)
        buf_add_c(out, " left");
}

/* --- clocks ------------------------------------------------------------------------- */

static void
add_status(struct buf *out, const json_t *clock)
{
    const char *status = show_get(clock, "status");
    if (strcmp(status, "met") == 0)
        add_at(out, "met ", clock, "met_at");
    else if (strcmp(status, "met_late") == 0) {
        add_at(out, "MET LATE ", clock, "met_at");
        buf_add_c(out, ", ");
        show_duration(out, span_ms(clock, "late_seconds"));
        buf_add_c(out, " late");
    } else if (strcmp(status, "breached") == 0) {
        bool early = show_ms(clock, "breached_at") != TIME_NONE &&
                     show_ms(clock, "breached_at") < show_ms(clock, "due_at");
        buf_add_c(out, early ? "BREACHED" : "BREACHED, not met");
        if (early)
            add_at(out, " on ", clock, "breached_at");
    } else
        buf_add_c(out, status);
    add_left(out, clock);
    if (show_number(clock, "paused_seconds") >= 60) {
        buf_add_c(out, "; paused ");
        show_duration(out, span_ms(clock, "paused_seconds"));
        buf_add_c(out, " in all");
    }
    add_at(out, "; extended to ", clock, "extended_until");
}

static void
print_clocks(struct buf *out, const json_t *clocks)
{
    size_t i = 0;
    json_t *clock = NULL;
    title(out, "Clocks", clocks);
    json_array_foreach(clocks, i, clock)
    {
        CLEANUP(buf_release) struct buf name = {0};
        CLEANUP(buf_release) struct buf text = {0};
        if (!json_is_object(clock))
            continue;
        show_value(&name, json_object_get(clock, "clock"), true);
        if (*show_get(clock, "promise_id"))
            buf_printf(&name, " %s", show_get(clock, "promise_id"));
        else if (show_number(clock, "start_no") > 1)
            buf_printf(&name, " #%.0f", show_number(clock, "start_no"));
        buf_add_c(out, "  ");
        show_pad(out, buf_str(&name), 19);
        buf_add_c(out, " due ");
        show_time(out, show_ms(clock, "due_at"));
        buf_add_c(out, "  ");
        add_status(&text, clock);
        if (*show_get(clock, "policy"))
            buf_printf(&text, " [%s %s]", show_get(clock, "policy"),
                       show_get(clock, "policy_version"));
        show_wrap(out, 44, 44, buf_str(&text));
    }
}

static void
print_promises(struct buf *out, const json_t *promises)
{
    size_t i = 0;
    json_t *promise = NULL;
    title(out, "Promises", promises);
    json_array_foreach(promises, i, promise)
    {
        CLEANUP(buf_release) struct buf text = {0};
        const char *status = show_get(promise, "status");
        buf_printf(&text, "%s, given", show_get(promise, "promise_id"));
        add_at(&text, " ", promise, "started_at");
        add_at(&text, " for ", promise, "due_at");
        if (*show_get(promise, "promise"))
            buf_printf(&text, ": \"%s\"", show_get(promise, "promise"));
        buf_add_c(&text, strcmp(status, "met") == 0         ? " - kept"
                         : strcmp(status, "met_late") == 0  ? " - kept late"
                         : strcmp(status, "breached") == 0  ? " - BROKEN"
                         : strcmp(status, "cancelled") == 0 ? " - no longer owed"
                                                            : " - open");
        add_left(&text, promise);
        buf_add_c(out, "  ");
        show_wrap(out, 2, 4, buf_str(&text));
    }
}

/* --- people ------------------------------------------------------------------------- */

static void
print_rows(struct buf *out, const char *name, const json_t *rows)
{
    size_t i = 0;
    json_t *row = NULL;
    title(out, name, rows);
    json_array_foreach(rows, i, row)
    {
        buf_add_c(out, "  ");
        show_time(out, show_ms(row, "occurred_at"));
        buf_add_c(out, "  ");
        show_wrap(out, 20, 20, str_from(show_get(row, "what")));
    }
}

static void
print_owners(struct buf *out, const json_t *story)
{
    const json_t *owners = json_object_get(story, "owners");
    const json_t *c = json_object_get(story, "complaint");
    size_t i = 0;
    json_t *owner = NULL;
    title(out, "Owners", owners);
    json_array_foreach(owners, i, owner)
    {
        CLEANUP(buf_release) struct buf text = {0};
        int64_t from_ms = show_ms(owner, "from");
        int64_t until_ms = show_ms(owner, "until");
        const char *name = show_get(owner, "owner");
        buf_printf(&text, "%s of team %s", *name ? name : "nobody",
                   show_get(owner, "team"));
        if (from_ms != TIME_NONE && until_ms != TIME_NONE) {
            buf_add_c(&text, ", for ");
            show_duration(&text, until_ms - from_ms);
        }
        if (*show_get(owner, "rule")) {
            buf_add_c(&text, " (");
            show_value(&text, json_object_get(owner, "rule"), true);
            buf_add_char(&text, ')');
        }
        buf_add_c(out, "  ");
        show_time(out, from_ms);
        buf_add_c(out, "  ");
        show_wrap(out, 20, 20, buf_str(&text));
    }
    if (show_number(c, "transfers") > 0)
        buf_printf(out, "  transfers so far: %.0f%s\n", show_number(c, "transfers"),
                   show_true(c, "frozen") ? "; above the limit, it goes no further" : "");
}

/* --- rights and links --------------------------------------------------------------- */

static void
print_appeal(struct buf *out, const json_t *appeal)
{
    CLEANUP(buf_release) struct buf text = {0};
    if (!json_is_object(appeal))
        return;
    add_at(&text, "rejected ", appeal, "rejected_at");
    const char *reason = show_get(appeal, "reason");
    if (*reason)
        buf_printf(&text, ": \"%s\"", reason);
    else
        buf_add_c(&text, ", no reason was given");
    add_at(&text,
           show_true(appeal, "open") ? "; the customer may appeal until "
                                     : "; could be appealed until ",
           appeal, "until");
    if (show_true(appeal, "open"))
        add_left(&text, appeal);
    show_line(out, "right to appeal", buf_str(&text));
}

static void
print_rights(struct buf *out, const json_t *story)
{
    CLEANUP(buf_release) struct buf text = {0};
    const json_t *recovery = json_object_get(story, "recovery");
    const json_t *c = json_object_get(story, "complaint");
    buf_add_c(out, "\nRecovery and rights\n");
    if (show_ms(recovery, "ends_at") != TIME_NONE) {
        add_at(&text, show_true(recovery, "open") ? "until " : "was over ", recovery,
               "ends_at");
        if (show_true(recovery, "open"))
            add_left(&text, recovery);
        add_at(&text, "; first failure ", recovery, "first_failure_at");
        if (show_number(c, "failed_recoveries") > 0)
            buf_printf(&text, "; failed recoveries: %.0f",
                       show_number(c, "failed_recoveries"));
    }
    show_line(out, "to win back", buf_str(&text));
    print_appeal(out, json_object_get(story, "appeal"));
}

static void
print_links(struct buf *out, const json_t *story)
{
    static const struct {
        const char *link, *words;
    } names[] = {
        {"previous", "follows"},
        {"followed_by", "is followed by"},
        {"merged_into", "was merged into"},
        {"merged_here", "took in"},
    };
    const json_t *links = json_object_get(story, "links");
    const char *collective =
        show_get(json_object_get(story, "complaint"), "collective_id");
    size_t i = 0;
    json_t *link = NULL;
    if (json_array_size(links) > 0 || *collective)
        buf_add_c(out, "\nLinked\n");
    json_array_foreach(links, i, link)
    {
        CLEANUP(buf_release) struct buf text = {0};
        const char *name = show_get(link, "link");
        for (size_t k = 0; k < COUNT_OF(names); k++)
            if (strcmp(name, names[k].link) == 0)
                name = names[k].words;
        buf_printf(&text, "%s %s (%s", name, show_get(link, "complaint_ref"),
                   show_get(link, "complaint_id"));
        if (*show_get(link, "state")) {
            buf_add_c(&text, ", ");
            show_value(&text, json_object_get(link, "state"), true);
        }
        buf_add_c(&text, ")");
        buf_add_c(out, "  ");
        show_wrap(out, 2, 4, buf_str(&text));
    }
    if (*collective) {
        CLEANUP(buf_release) struct buf text = {0};
        buf_printf(&text, "belongs to the collective complaint %s", collective);
        buf_add_c(out, "  ");
        show_wrap(out, 2, 4, buf_str(&text));
    }
}

/* --- the timeline ------------------------------------------------------------------- */

static void
print_timeline(struct buf *out, const json_t *timeline)
{
    size_t i = 0;
    json_t *event = NULL;
    title(out, "Timeline", timeline);
    json_array_foreach(timeline, i, event)
    {
        CLEANUP(buf_release) struct buf text = {0};
        char number[32] = "";
        const json_t *seq = json_object_get(event, "seq");
        if (json_is_integer(seq))
            (void)snprintf(number, sizeof(number), "#%lld",
                           (long long)json_integer_value(seq));
        buf_printf(out, "  %-5s", number);
        show_time(out, show_ms(event, "occurred_at"));
        buf_add_c(out, "  ");
        buf_printf(&text, "%s: %s", show_get(event, "who"), show_get(event, "what"));
        show_wrap(out, 25, 29, buf_str(&text));
    }
}

void
show_life(struct buf *out, const json_t *story)
{
    print_clocks(out, json_object_get(story, "clocks"));
    print_promises(out, json_object_get(story, "promises"));
    print_rows(out, "Escalations", json_object_get(story, "escalations"));
    print_owners(out, story);
    print_rows(out, "Notices to the customer", json_object_get(story, "notices"));
    print_rights(out, story);
    print_links(out, story);
    print_timeline(out, json_object_get(story, "timeline"));
}
