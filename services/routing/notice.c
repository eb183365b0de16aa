/* notice.c - what the complainant is told, in his language, as a CloudEvent. */
#include "routing/notice.h"

#include <math.h>

#include "wire/io.h"

static const char *const KEYS[] = {
    [OCCASION_ACKNOWLEDGEMENT] = "acknowledgement",
    [OCCASION_PROGRESS_OWNER] = "progress.owner",
    [OCCASION_PROGRESS_REFERRED] = "progress.referred",
    [OCCASION_PROGRESS_THIRD_PARTY] = "progress.third_party",
    [OCCASION_PROGRESS_RESUMED] = "progress.resumed",
    [OCCASION_PROGRESS_REFUSED] = "progress.refused",
    [OCCASION_PROGRESS_PROMISE_KEPT] = "progress.promise_kept",
    [OCCASION_PROGRESS_REOPENED] = "progress.reopened",
    [OCCASION_PROGRESS_MERGED] = "progress.merged",
    [OCCASION_PROGRESS_WITHDRAWN] = "progress.withdrawn",
    [OCCASION_PROGRESS_UPDATE] = "progress.update",
    [OCCASION_WAITING_INFORMATION] = "waiting.information",
    [OCCASION_WAITING_DECISION] = "waiting.decision",
    [OCCASION_PROMISE] = "promise",
    [OCCASION_DELAY_EXTENDED] = "delay.extended",
    [OCCASION_DELAY_PROMISE] = "delay.promise",
    [OCCASION_DELAY_OVERDUE] = "delay.overdue",
    [OCCASION_DELAY_PROMISE_OVERDUE] = "delay.promise_overdue",
    [OCCASION_RESOLUTION] = "resolution",
    [OCCASION_REJECTION] = "rejection",
    [OCCASION_FOLLOW_UP] = "follow_up",
    [OCCASION_FOLLOW_UP_REJECTED] = "follow_up.rejected",
};
_Static_assert(COUNT_OF(KEYS) == OCCASION_COUNT, "a key for each occasion");

const char *
occasion_key(enum occasion occasion)
{
    BUG_IF(occasion >= OCCASION_COUNT);
    return KEYS[occasion];
}

struct str
occasion_notice(enum occasion occasion)
{
    const char *key = occasion_key(occasion);
    return (struct str){key, strcspn(key, ".")};
}

struct str
occasion_about(enum occasion occasion)
{
    const char *dot = strchr(occasion_key(occasion), '.');
    return dot ? str_from(dot + 1) : STR_NULL;
}

enum notice_language
notice_language_of(const struct assign_case *c)
{
    bool other = !str_eq(c->language, STR("zh")) && !str_eq(c->language, STR("en"));
    struct str language = other ? c->said_language : c->language;
    return str_eq_nocase(str_sub(language, 0, 2), STR("zh")) ? NOTICE_ZH : NOTICE_EN;
}

/* --- dates -------------------------------------------------------------------------- */

/* Due time of the latest start of a clock that goes on; TIME_NONE without one. */
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

/* The same where it is still to come: nobody is told to expect what has passed. */
static int64_t
ahead_of(const struct notice_facts *facts, enum clock clock)
{
    int64_t due_ms = due_of(facts->sla, clock);
    return due_ms > facts->at_ms ? due_ms : TIME_NONE;
}

int64_t
notice_next_ms(const struct notice_facts *facts)
{
    static const enum clock EXPECTED[] = {CLOCK_FIRST_RESPONSE, CLOCK_NEXT_RESPONSE,
                                          CLOCK_RESOLUTION, CLOCK_STATUTORY};
    int64_t next_ms = TIME_NONE;
    for (size_t i = 0; i < COUNT_OF(EXPECTED); i++) {
        int64_t due_ms = ahead_of(facts, EXPECTED[i]);
        if (due_ms != TIME_NONE && (next_ms == TIME_NONE || due_ms < next_ms))
            next_ms = due_ms;
    }
    return next_ms;
}

static const struct notice_zone *
zone_of(const struct notice_words *words, struct str name)
{
    for (size_t i = 0; i < words->n_zones; i++)
        if (str_eq(words->zones[i].name, name))
            return &words->zones[i];
    return &words->zones[words->zone];
}

/* To the minute, local, with the zone's name.  Midnight ends the day before: nobody reads
 * "by 00:00" as that. */
static bool
add_date(const struct notice_words *words, enum notice_language language,
         struct str zone_name, int64_t ms, struct buf *out)
{
    const struct notice_zone *zone = zone_of(words, zone_name);
    int64_t local_ms = zone_to_local(&zone->zone, ms);
    int64_t days = (local_ms - (local_ms < 0 ? DAY_MS - 1 : 0)) / DAY_MS;
    int64_t minute = (local_ms - days * DAY_MS) / MINUTE_MS;
    int64_t year = 0;
    int month = 0;
    int day = 0;
    bool midnight = minute == 0;
    civil_from_days(midnight ? days - 1 : days, &year, &month, &day);
    if (language == NOTICE_ZH)
        return buf_printf(out, "%lld年%d月%d日%02d:%02d（%.*s）", (long long)year, month,
                          day, midnight ? 24 : (int)(minute / 60), (int)(minute % 60),
                          STR_ARG(zone->shown));
    if (midnight)
        return buf_printf(out, "the end of %04lld-%02d-%02d (%.*s)", (long long)year,
                          month, day, STR_ARG(zone->shown));
    return buf_printf(out, "%04lld-%02d-%02d %02d:%02d (%.*s)", (long long)year, month,
                      day, (int)(minute / 60), (int)(minute % 60), STR_ARG(zone->shown));
}

/* "12.50 EUR", "20 EUR", "20"; cents reckoned in integers, the same everywhere. */
static bool
add_amount(const struct notice_facts *facts, struct buf *out)
{
    if (!facts->has_amount || !(facts->amount >= 0 && facts->amount < 1e13))
        return false;
    long long cents = llround(facts->amount * 100);
    bool ok = cents % 100 == 0 ? buf_printf(out, "%lld", cents / 100)
                               : buf_printf(out, "%lld.%02lld", cents / 100, cents % 100);
    return ok && (str_empty(facts->currency) ||
                  buf_printf(out, " %.*s", STR_ARG(facts->currency)));
}

/* --- {names} ------------------------------------------------------------------------ */

struct notice_print {
    const struct notice_words *words;
    enum notice_language language;
    const struct notice_facts *facts;
};

static struct str
appeal_to(const struct notice_print *is)
{
    const struct notice_words *words = is->words;
    struct str regulator = is->facts->c->regulator;
    for (size_t i = 0; i < words->n_authorities && !str_empty(regulator); i++)
        for (size_t k = 0; k < words->authorities[i].n_names; k++)
            if (str_eq_nocase(words->authorities[i].names[k], regulator))
                return words->authorities[i].text;
    return words->appeal_to;
}

/* The same where there is a regulator and the law opens the way: at the end of the work,
 * whatever the outcome, and when the statutory date moves or passes (DISP 1.6.2R). */
static struct str
authority(const struct notice_print *is)
{
    const struct notice_facts *facts = is->facts;
    bool open = facts->occasion >= OCCASION_RESOLUTION || facts->clock == CLOCK_STATUTORY;
    return open && !str_empty(facts->c->regulator) ? appeal_to(is) : STR_NULL;
}

static struct str
remedy_shown(const struct notice_print *is)
{
    for (size_t i = 0; i < is->words->n_remedies; i++)
        if (str_eq_nocase(is->words->remedies[i].remedy, is->facts->remedy))
            return is->words->remedies[i].shown;
    return is->facts->remedy;
}

enum name {
    NAME_COMPLAINT_REF,
    NAME_COMPLAINT_ID,
    NAME_KIND,
    NAME_STATE,
    NAME_APPEAL_TO,
    NAMES_ALWAYS, /* those before are known in every case */
    NAME_OWNER = NAMES_ALWAYS,
    NAME_TEAM,
    NAME_CLOCK,
    NAME_REASON,
    NAME_REMEDY,
    NAME_AMOUNT,
    NAME_PROMISE,
    NAME_REFERRED_TO,
    NAME_CASE_REF,
    NAME_INTO_REF,
    NAME_PREVIOUS_REF,
    NAME_AUTHORITY,
    NAMES_DATES, /* the rest are dates */
    NAME_ACKNOWLEDGE_BY = NAMES_DATES,
    NAME_FIRST_RESPONSE_BY,
    NAME_RESOLUTION_BY,
    NAME_STATUTORY_BY,
    NAME_UPDATE_BY,
    NAME_FOLLOW_UP_BY,
    NAME_NEXT_BY,
    NAME_DUE_AT,
    NAME_UNTIL,
    NAME_PREVIOUS,
    NAME_APPEAL_UNTIL,
    NAMES,
};
static const char *const NAME_TEXTS[] = {
    [NAME_COMPLAINT_REF] = "complaint_ref",
    [NAME_COMPLAINT_ID] = "complaint_id",
    [NAME_KIND] = "kind",
    [NAME_STATE] = "state",
    [NAME_APPEAL_TO] = "appeal_to",
    [NAME_OWNER] = "owner",
    [NAME_TEAM] = "team",
    [NAME_CLOCK] = "clock",
    [NAME_REASON] = "reason",
    [NAME_REMEDY] = "remedy",
    [NAME_AMOUNT] = "amount",
    [NAME_PROMISE] = "promise",
    [NAME_REFERRED_TO] = "referred_to",
    [NAME_CASE_REF] = "case_ref",
    [NAME_INTO_REF] = "into_ref",
    [NAME_PREVIOUS_REF] = "previous_ref",
    [NAME_AUTHORITY] = "authority",
    [NAME_ACKNOWLEDGE_BY] = "acknowledge_by",
    [NAME_FIRST_RESPONSE_BY] = "first_response_by",
    [NAME_RESOLUTION_BY] = "resolution_by",
    [NAME_STATUTORY_BY] = "statutory_by",
    [NAME_UPDATE_BY] = "update_by",
    [NAME_FOLLOW_UP_BY] = "follow_up_by",
    [NAME_NEXT_BY] = "next_by",
    [NAME_DUE_AT] = "due_at",
    [NAME_UNTIL] = "until",
    [NAME_PREVIOUS] = "previous",
    [NAME_APPEAL_UNTIL] = "appeal_until",
};
_Static_assert(COUNT_OF(NAME_TEXTS) == NAMES, "a text for each name");

static enum name
name_find(struct str name)
{
    size_t i = 0;
    while (i < NAMES && !str_eq(name, str_from(NAME_TEXTS[i])))
        i++;
    return (enum name)i;
}

bool
notice_name_known(struct str name, bool *ret_always)
{
    enum name found = name_find(name);
    *ret_always = found < NAMES_ALWAYS;
    return found < NAMES;
}

static int64_t
date_of(const struct notice_facts *facts, enum name name)
{
    switch (name) {
    case NAME_ACKNOWLEDGE_BY:
        return ahead_of(facts, CLOCK_ACKNOWLEDGE);
    case NAME_FIRST_RESPONSE_BY:
        return ahead_of(facts, CLOCK_FIRST_RESPONSE);
    case NAME_RESOLUTION_BY:
        return ahead_of(facts, CLOCK_RESOLUTION);
    case NAME_STATUTORY_BY:
        return ahead_of(facts, CLOCK_STATUTORY);
    case NAME_UPDATE_BY:
        return ahead_of(facts, CLOCK_UPDATE);
    case NAME_FOLLOW_UP_BY:
        return ahead_of(facts, CLOCK_FOLLOW_UP);
    case NAME_NEXT_BY:
        return notice_next_ms(facts);
    case NAME_DUE_AT:
        return facts->due_at;
    case NAME_UNTIL:
        return facts->until;
    case NAME_PREVIOUS:
        return facts->previous;
    case NAME_APPEAL_UNTIL:
        return facts->appeal_until;
    default:
        return TIME_NONE;
    }
}

static struct str
word_of(const struct notice_print *is, enum name name)
{
    const struct notice_facts *facts = is->facts;
    const struct assign_case *c = facts->c;
    switch (name) {
    case NAME_COMPLAINT_REF: /* a case without one cannot be, yet a line must hold */
        return str_empty(c->complaint_ref) ? c->complaint_id : c->complaint_ref;
    case NAME_COMPLAINT_ID:
        return c->complaint_id;
    case NAME_KIND:
        return is->words->kinds[c->kind];
    case NAME_STATE:
        return is->words->states[c->state];
    case NAME_APPEAL_TO:
        return appeal_to(is);
    case NAME_OWNER:
        return c->routing.owner;
    case NAME_TEAM:
        return c->routing.team;
    case NAME_CLOCK:
        return is->words->clocks[facts->clock];
    case NAME_REASON:
        return facts->reason;
    case NAME_REMEDY:
        return remedy_shown(is);
    case NAME_PROMISE:
        return facts->promise;
    case NAME_REFERRED_TO:
        return facts->referred_to;
    case NAME_CASE_REF:
        return facts->case_ref;
    case NAME_INTO_REF:
        return facts->into_ref;
    case NAME_PREVIOUS_REF:
        return facts->previous_ref;
    case NAME_AUTHORITY:
        return authority(is);
    default:
        return STR_NULL;
    }
}

/* The value of {name}; false if it is not known, and then the line is left out. */
static bool
add_value(const struct notice_print *is, struct str text, struct buf *out)
{
    enum name name = name_find(text);
    if (name == NAME_AMOUNT)
        return add_amount(is->facts, out);
    if (name >= NAMES_DATES) {
        int64_t ms = date_of(is->facts, name);
        return ms != TIME_NONE &&
               add_date(is->words, is->language, is->facts->c->zone, ms, out);
    }
    struct str value = str_trim(word_of(is, name));
    struct str cut = str_cut_utf8(value, NOTICE_MAX_VALUE_BYTES);
    return !str_empty(value) && buf_add_str(out, cut) &&
           (cut.len == value.len || buf_add_c(out, "…"));
}

/* A template line with its {names} filled in; nothing is added if one is unknown. What a
 * value holds is never read as a template. */
static bool
fill(const struct notice_print *is, struct str line, struct buf *out)
{
    size_t start = out->len;
    for (size_t i = 0; i < line.len; i++) {
        const char *close =
            line.ptr[i] == '{' ? memchr(line.ptr + i, '}', line.len - i) : NULL;
        bool ok = false;
        if (close) {
            size_t len = (size_t)(close - line.ptr) - i - 1;
            ok = add_value(is, str_sub(line, i + 1, len), out);
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

/* --- the CloudEvent -------------------------------------------------------------------
 */

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

static void
add_case(struct buf *out, const struct notice_print *is)
{
    const struct assign_case *c = is->facts->c;
    add_member(out, "complaint_id", c->complaint_id);
    add_member(out, "complaint_ref", c->complaint_ref);
    add_member(out, "complaint_source", c->source);
    add_member(out, "channel", str_from(channel_name(c->channel)));
    add_member(out, "brand", c->brand);
    add_member(out, "kind", str_from(kind_name(c->kind)));
    add_member(out, "state", str_from(state_name(c->state)));
    add_member(out, "language", is->language == NOTICE_ZH ? STR("zh") : STR("en"));
    add_member(out, "owner", c->routing.owner);
    add_member(out, "team", c->routing.team);
}

static void
add_particulars(struct buf *out, const struct notice_print *is)
{
    const struct notice_facts *facts = is->facts;
    enum occasion occasion = facts->occasion;
    add_member(out, "about", occasion_about(occasion));
    add_member(out, "cause", facts->cause);
    if (facts->clock != CLOCK_NONE)
        add_member(out, "clock", str_from(clock_name(facts->clock)));
    for (enum name name = NAMES_DATES; name < NAMES; name++)
        if (name != NAME_APPEAL_UNTIL || occasion >= OCCASION_RESOLUTION ||
            occasion == OCCASION_PROGRESS_WITHDRAWN)
            (void)buf_add_member_time(out, NAME_TEXTS[name], date_of(facts, name));
    add_member(out, "promise_id", facts->promise_id);
    add_member(out, "promise", facts->promise);
    add_member(out, "reason", facts->reason);
    add_member(out, "remedy", facts->remedy);
    if (facts->has_amount) {
        (void)buf_add_c(out, ",\"amount\":");
        (void)wire_json_double(out, facts->amount);
    }
    add_member(out, "currency", facts->currency);
    add_member(out, "referred_to", facts->referred_to);
    add_member(out, "case_ref", facts->case_ref);
    add_member(out, "into", facts->into_id);
    add_member(out, "into_ref", facts->into_ref);
    add_member(out, "previous_complaint_id", facts->previous_id);
    add_member(out, "previous_complaint_ref", facts->previous_ref);
    bool rejected =
        occasion == OCCASION_REJECTION || occasion == OCCASION_FOLLOW_UP_REJECTED;
    add_member(out, "appeal_to", rejected ? appeal_to(is) : authority(is));
    if (occasion == OCCASION_FOLLOW_UP || occasion == OCCASION_FOLLOW_UP_REJECTED)
        (void)buf_add_c(out, ",\"scale\":{\"min\":1,\"max\":5}");
}

static struct notice_print
print_of(const struct notice_policy *policy, const struct notice_facts *facts)
{
    enum notice_language language = notice_language_of(facts->c);
    return (struct notice_print){&policy->words[language], language, facts};
}

static const struct notice_text *
text_of(const struct notice_print *is)
{
    return &is->words->texts[is->facts->occasion][is->facts->c->kind];
}

bool
notice_print_title(const struct notice_policy *policy, const struct notice_facts *facts,
                   struct buf *out)
{
    struct notice_print is = print_of(policy, facts);
    return fill(&is, text_of(&is)->title, out);
}

bool
notice_print(const struct notice_policy *policy, const struct notice_facts *facts,
             struct buf *out)
{
    struct notice_print is = print_of(policy, facts);
    const struct notice_text *t = text_of(&is);
    /* Larger than lines and names can become: see the limits in notice.h. */
    CLEANUP(buf_release) struct buf text = {.max_bytes = (size_t)512 * 1024};
    CLEANUP(buf_release) struct buf title = {.max_bytes = (size_t)512 * 1024};
    for (size_t i = 0; i < t->n_lines; i++)
        if (fill(&is, t->lines[i], &text))
            (void)buf_add_char(&text, '\n');
    (void)fill(&is, t->title, &title);

    struct str notice = occasion_notice(facts->occasion);
    (void)buf_add_c(out, "{\"specversion\":\"1.0\"");
    add_member(out, "id", facts->event_id);
    add_member(out, "source", STR("redress/routing"));
    (void)buf_printf(out, ",\"type\":\"notification.%.*s\"", STR_ARG(notice));
    add_member(out, "subject", facts->c->complaint_id);
    (void)buf_add_member_time(out, "time", facts->at_ms);
    add_member(out, "partitionkey", facts->c->customer_key);
    add_member(out, "traceparent", facts->traceparent);
    (void)buf_add_c(out, ",\"datacontenttype\":\"application/json\",\"data\":{");
    add_case(out, &is);
    add_particulars(out, &is);
    add_member(out, "title", buf_str(&title));
    add_member(out, "text", buf_str(&text));
    add_recipient(out, is.facts->recipient);
    return buf_add_c(out, "}}");
}
