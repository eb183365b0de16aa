/* notice.c - what the complainant is told, in his language, as a CloudEvent. */
#include <stdio.h>

#include "base/buf.h"
#include "base/times.h"
#include "gen/sla_section.h"
#include "routing/assign.h"

const char *
notice_name(enum notice notice)
{
    static const char *const NAMES[] = {
        [NOTICE_ACKNOWLEDGEMENT] = "acknowledgement",
        [NOTICE_RESOLUTION] = "resolution",
        [NOTICE_REJECTION] = "rejection",
    };
    BUG_IF(notice >= COUNT_OF(NAMES));
    return NAMES[notice];
}

/* Due time of the latest start of a clock that still runs; TIME_NONE without one. */
static int64_t
due_of(const struct sla_section *sla, enum clock clock)
{
    int64_t due_ms = TIME_NONE;
    for (size_t i = 0; sla && i < sla->n_clocks; i++)
        if (sla->clocks[i].clock == clock &&
            (sla->clocks[i].status == CLOCK_STATUS_RUNNING ||
             sla->clocks[i].status == CLOCK_STATUS_PAUSED))
            due_ms = i64_max(due_ms, sla->clocks[i].due_at);
    return due_ms;
}

/* The value of {name}; false if it is not known, and then the line is left out. */
static bool
value_of(const struct notice_facts *facts, struct str name, struct buf *out)
{
    static const struct {
        struct str name;
        enum clock clock;
    } DATES[] = {
        {{"acknowledge_by", 14}, CLOCK_ACKNOWLEDGE},
        {{"first_response_by", 17}, CLOCK_FIRST_RESPONSE},
        {{"resolution_by", 13}, CLOCK_RESOLUTION},
    };
    const struct assign_case *c = facts->c;
    for (size_t i = 0; i < COUNT_OF(DATES); i++) {
        if (!str_eq(name, DATES[i].name))
            continue;
        int64_t due_ms = due_of(facts->sla, DATES[i].clock);
        char text[TIME_TEXT_BYTES];
        /* To the minute: people do not read milliseconds. */
        return due_ms != TIME_NONE && buf_add(out, time_print(due_ms, text), 10) &&
               buf_add_char(out, ' ') && buf_add(out, text + 11, 5) &&
               buf_add_c(out, " UTC");
    }
    struct str value = str_eq(name, STR("complaint_ref"))  ? c->complaint_ref
                       : str_eq(name, STR("complaint_id")) ? c->complaint_id
                       : str_eq(name, STR("owner"))        ? c->routing.owner
                       : str_eq(name, STR("team"))         ? c->routing.team
                       : str_eq(name, STR("remedy"))       ? facts->remedy
                       : str_eq(name, STR("reason"))       ? facts->reason
                                                           : STR_NULL;
    return !str_empty(value) && buf_add_str(out, value);
}

/* A template line with its {names} filled in; nothing is added if one is unknown. */
static bool
fill(const struct notice_facts *facts, struct str line, struct buf *out)
{
    size_t start = out->len;
    for (size_t i = 0; i < line.len; i++) {
        const char *close =
            line.ptr[i] == '{' ? memchr(line.ptr + i, '}', line.len - i) : NULL;
        bool ok = false;
        if (close) {
            size_t len = (size_t)(close - line.ptr) - i - 1;
            ok = value_of(facts, str_sub(line, i + 1, len), out);
            i += len + 1;
        } else {
            ok = buf_add_char(out, line.ptr[i]);
        }
        if (!ok) {
            out->len = start;
            if (out->ptr)
                out->ptr[start] = '\0';
            return false;
        }
    }
    return true;
}

/* What is not known is left out, be it null or empty. */
static void
add_member(struct buf *out, const char *name, struct str value)
{
    if (!str_empty(value))
        (void)buf_add_member(out, name, value);
}

static void
add_recipient(struct buf *out, const struct customer *customer)
{
    if (!customer)
        return;
    (void)buf_add_c(out, ",\"recipient\":{");
    add_member(out, "id", customer->id);
    add_member(out, "name", customer->name);
    add_member(out, "email", customer->email);
    add_member(out, "phone", customer->phone);
    add_member(out, "handle", customer->handle);
    (void)buf_add_char(out, '}');
}

bool
notice_print(const struct assign_policy *policy, enum notice notice,
             const struct notice_facts *facts, struct buf *out)
{
    const struct assign_case *c = facts->c;
    bool zh = str_eq(c->language, STR("zh"));
    const struct notice_template *t = &policy->notices[zh][notice];
    CLEANUP(buf_release) struct buf text = {.max_bytes = 65536};
    CLEANUP(buf_release) struct buf title = {.max_bytes = 65536};
    for (size_t i = 0; i < t->n_lines; i++)
        if (fill(facts, t->lines[i], &text))
            (void)buf_add_char(&text, '\n');
    if (!fill(facts, t->title, &title))
        (void)buf_add_str(&title, t->title);

    (void)buf_add_c(out, "{\"specversion\":\"1.0\"");
    add_member(out, "id", facts->event_id);
    add_member(out, "source", STR("redress/routing"));
    (void)buf_printf(out, ",\"type\":\"notification.%s\"", notice_name(notice));
    add_member(out, "subject", c->complaint_id);
    (void)buf_add_member_time(out, "time", facts->at_ms);
    (void)buf_add_c(out, ",\"datacontenttype\":\"application/json\",\"data\":{");
    add_member(out, "complaint_id", c->complaint_id);
    add_member(out, "complaint_ref", c->complaint_ref);
    add_member(out, "complaint_source", c->source);
    add_member(out, "channel", str_from(channel_name(c->channel)));
    add_member(out, "language", zh ? STR("zh") : STR("en"));
    add_member(out, "owner", c->routing.owner);
    add_member(out, "team", c->routing.team);
    (void)buf_add_member_time(out, "acknowledge_by",
                              due_of(facts->sla, CLOCK_ACKNOWLEDGE));
    (void)buf_add_member_time(out, "first_response_by",
                              due_of(facts->sla, CLOCK_FIRST_RESPONSE));
    (void)buf_add_member_time(out, "resolution_by", due_of(facts->sla, CLOCK_RESOLUTION));
    add_member(out, "remedy", facts->remedy);
    add_member(out, "reason", facts->reason);
    add_member(out, "title", buf_str(&title));
    add_member(out, "text", buf_str(&text));
    add_recipient(out, c->recipient);
    return buf_add_c(out, "}}");
}
