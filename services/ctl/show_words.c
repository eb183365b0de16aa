/* show_words.c - events, evidence and score components in words. */
#include "ctl/show.h"

#include <math.h>
#include <string.h>

#include "base/times.h"

/* --- members ------------------------------------------------------------------------ */

const char *
show_get(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double
show_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

int64_t
show_integer(const json_t *object, const char *key)
{
    double value = show_number(object, key);
    return (int64_t)fmax(-1e15, fmin(value, 1e15));
}

bool
show_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

int64_t
show_ms(const json_t *object, const char *key)
{
    int64_t ms = 0;
    return time_parse(str_from(show_get(object, key)), &ms) ? ms : TIME_NONE;
}

bool
show_is(const json_t *object, const char *key, const char *text)
{
    return strcmp(show_get(object, key), text) == 0;
}

/* --- values ------------------------------------------------------------------------- */

void
show_time(struct buf *out, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    if (ms == TIME_NONE)
        return;
    (void)time_print(ms, text);
    buf_printf(out, "%.10s %.5s", text, text + 11);
}

void
show_duration(struct buf *out, int64_t ms)
{
    int64_t minutes = (ms < 0 ? -ms : ms) / MINUTE_MS;
    int64_t days = minutes / 60 / 24;
    int64_t hours = minutes / 60 % 24;
    if (days > 0 && hours > 0)
        buf_printf(out, "%lld d %lld h", (long long)days, (long long)hours);
    else if (days > 0)
        buf_printf(out, "%lld d", (long long)days);
    else if (hours > 0 && minutes % 60 > 0)
        buf_printf(out, "%lld h %lld min", (long long)hours, (long long)(minutes % 60));
    else if (hours > 0)
        buf_printf(out, "%lld h", (long long)hours);
    else
        buf_printf(out, "%lld min", (long long)minutes);
}

static void
add_plain(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_add(out, *text == '_' ? " " : text, 1);
}

void
show_value(struct buf *out, const json_t *value, bool plain)
{
    const char *text = json_string_value(value);
    int64_t ms = 0;
    if (text && strlen(text) >= 20 && time_parse(str_from(text), &ms))
        show_time(out, ms);
    else if (text && plain)
        add_plain(out, text);
    else if (text)
        buf_add_c(out, text);
    else if (json_is_integer(value))
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        buf_printf(out, "%.6g", json_real_value(value));
    else if (json_is_boolean(value))
        buf_add_c(out, json_is_true(value) ? "yes" : "no");
}

/* --- templates ---------------------------------------------------------------------- */

/* {key} is the fact of that name, {~key} with blanks for underscores, {.key} also without
 * what stands before its dot ("complaint.closed": closed). [...] is left out
 * unless all its facts are there; [?key|...] stands only if the fact is there and not
 * false, [!key|...] only if it is not; [&...] are parted by commas. */
static const json_t *
fact(const json_t *facts, const char *name, size_t len)
{
    char key[64];
    if (len >= sizeof(key))
        return NULL;
    memcpy(key, name, len);
    key[len] = '\0';
    const json_t *value = json_object_get(facts, key);
    return !value || json_is_null(value) || json_is_array(value) || json_is_object(value)
               ? NULL
               : value;
}

static bool
fill(struct buf *out, const char *text, size_t len, const json_t *facts)
{
    bool all = true;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '{') {
            buf_add_char(out, text[i]);
            continue;
        }
        bool short_name = text[i + 1] == '.';
        bool plain = text[i + 1] == '~' || short_name;
        size_t from = i + 1 + plain;
        i = from;
        while (i < len && text[i] != '}')
            i++;
        const json_t *value = fact(facts, text + from, i - from);
        all &= value != NULL;
        const char *said = json_string_value(value);
        const char *dot = short_name && said ? strchr(said, '.') : NULL;
        if (dot)
            add_plain(out, dot + 1);
        else if (value)
            show_value(out, value, plain);
    }
    return all;
}

/* text: behind the "[", up to the "]". */
static void
fill_optional(struct buf *out, const char *text, size_t len, const json_t *facts,
              bool *listed)
{
    CLEANUP(buf_release) struct buf part = {0};
    if (len > 0 && *text == '&') {
        if (!fill(&part, text + 1, len - 1, facts))
            return;
        buf_printf(out, "%s%s", *listed ? ", " : " ", part.ptr);
        *listed = true;
        return;
    }
    if (len > 0 && (*text == '?' || *text == '!')) {
        const char *bar = memchr(text, '|', len);
        size_t name = bar ? (size_t)(bar - text) - 1 : len - 1;
        const json_t *value = fact(facts, text + 1, name);
        if ((value && !json_is_false(value)) != (*text == '?') || !bar)
            return;
        len -= name + 2;
        text = bar + 1;
    }
    if (fill(&part, text, len, facts))
        buf_add_str(out, buf_str(&part));
}

static void
fill_template(struct buf *out, const char *text, const json_t *facts)
{
    bool listed = false;
    while (*text) {
        size_t plain = strcspn(text, "[");
        (void)fill(out, text, plain, facts);
        text += plain;
        if (*text != '[')
            return;
        size_t len = strcspn(text + 1, "]");
        fill_optional(out, text + 1, len, facts, &listed);
        text += len + 1 + (text[len + 1] == ']');
    }
}

/* --- events ------------------------------------------------------------------------- */

enum who { CUSTOMER, PUBLIC, TEAM, CLOCK, TRIAGE, ROUTING, COLLECT };
static const char *const who_names[] = {
    [CUSTOMER] = "customer", [PUBLIC] = "public", [TEAM] = "team",
    [CLOCK] = "clock",       [TRIAGE] = "triage", [ROUTING] = "routing",
    [COLLECT] = "collect",
};

#define SAID "[: \"{reason}\"]"
#define FIELD "[&kind to {kind}][&product to {product}][&issue to {issue}]"
#define OF_CLOCK "{~clock}[ {promise_id}]"

/* Only the recovery window can be, after closing. */
#define BREACHED_EARLY                                                                   \
    OF_CLOCK " is BREACHED before its end {due_at}: the customer came back, or was not " \
             "content, within it"

static const struct words {
    const char *type;
    enum who who;
    const char *what;
} words[] = {
    {"complaint.submitted", CUSTOMER,
     "complains by {~channel}[, through {regulator}][; about {~product}][, {~issue}]"
     "[; severity {severity}][; {priority}][ ({triage_class})][; goes to {owner}]"
     "[ of team {team}][ ({assigned_because})]"},
    {"complaint.message", CUSTOMER,
     "writes again[?submitted_again| (the complaint, in other words)]"},
    {"complaint.reach", PUBLIC,
     "it is read in public:[&{views} views][&{shares} shares][&{replies} replies]"},
    {"complaint.remedy_accepted", CUSTOMER, "accepts what was offered"},
    {"complaint.remedy_refused", CUSTOMER, "refuses what was offered" SAID},
    {"complaint.rated", CUSTOMER, "rates us {score} of 5[: \"{comment}\"]"},
    {"complaint.reopened", CUSTOMER,
     "[!appeal|reopens the complaint][?appeal|appeals against the rejection]" SAID},
    {"complaint.withdrawn", CUSTOMER, "withdraws the complaint" SAID},
    {"complaint.acknowledged", TEAM,
     "acknowledges the complaint[?automatic| (automatic notice)]"},
    {"complaint.responded", TEAM, "answers the customer"},
    {"complaint.assigned", TEAM, "gives it to[ {owner} of] team {team}" SAID},
    {"complaint.transferred", TEAM, "hands it over to team {team}" SAID},
    {"complaint.waiting", TEAM, "waits for the {~for}" SAID},
    {"complaint.resumed", TEAM, "goes on with it" SAID},
    {"complaint.promised", TEAM,
     "promises for {due_at}[: \"{promise}\"][ ({promise_id})]"},
    {"complaint.promise_kept", TEAM, "keeps its promise[ {promise_id}]"},
    {"complaint.remedy_offered", TEAM, "offers {~remedy}[, {amount}][ {currency}]"},
    {"complaint.resolved", TEAM,
     "resolves it[ by {~remedy}][, {amount}][ {currency}][; cause: {cause}]"},
    {"complaint.closed", TEAM,
     "closes it[; the customer may appeal until {appeal_until}]"},
    {"complaint.rejected", TEAM,
     "rejects it[!reason| without a reason]" SAID
     "[; the customer may appeal until {appeal_until}]"},
    {"complaint.merged", TEAM, "merges it into {into}"},
    {"complaint.referred", TEAM, "refers it to {to}[, their number {case_ref}]" SAID},
    {"complaint.corrected", TEAM, "corrects" FIELD "[&severity to {severity}]"},
    {"complaint.extended", TEAM,
     "extends {~clock} until {until}" SAID "[; approved by {approver}]"},
    {"complaint.step_refused", TEAM, "\"{.refused_type}\" is refused: {reason}"},
    {"triage.changed", TRIAGE,
     "priority [{before} → ]{priority}[ ({triage_class})][, score {triage_score}][: "
     "{why}]"},
    {"triage.promise_broken", TRIAGE,
     "a promise is broken[: {why}][; {priority}][ ({triage_class})]"},
    {"triage.silence", TRIAGE,
     "we keep silent[: {why}][; {priority}][ ({triage_class})]"},
    {"triage.aged", TRIAGE, "it ages[: {why}][; {priority}][ ({triage_class})]"},
    {"sla.warned", CLOCK, OF_CLOCK ": {percent} % of the time is gone[; due {due_at}]"},
    {"sla.breached", CLOCK, OF_CLOCK " is BREACHED[; it was due {due_at}][: {why}]"},
    {"sla.breach_corrected", CLOCK,
     OF_CLOCK ": the answer was in time and only came late here: met"},
    {"sla.closed_silently", CLOCK, "history: its clocks are judged, nobody is disturbed"},
    {"sla.escalated", CLOCK,
     "escalates to {~to}[ (level {level})]: " OF_CLOCK "[ was due {due_at}][: {why}]"},
    {"sla.resumed", CLOCK, "the pause was too long: the clocks go on" SAID},
    {"sla.met", CLOCK, OF_CLOCK " is met[; it was due {due_at}]"},
    {"sla.taken_over", CLOCK, OF_CLOCK " goes on here after a merge[; due {due_at}]"},
    {"sla.extension_refused", CLOCK, "the extension of " OF_CLOCK " is refused" SAID},
    {"sla.start_refused", CLOCK, OF_CLOCK " cannot start so" SAID},
    {"assign.assigned", ROUTING,
     "gives it to[ {owner} of] team {team}[, so far {from_owner}][: {why}]"},
    {"assign.escalated", ROUTING,
     "it goes up to {to}[ ({~role})][, level {escalation_level}][: {why}]"},
    {"assign.notified", ROUTING,
     "tells the customer: {~notice}[ ({~about})][; by {due_at}][; until {until}]"
     "[; before {previous}]"},
    {"collect.linked", COLLECT, "joins the collective complaint {collective_id}"},
    {"collect.precedents", COLLECT, "what helped in cases like this is known"},
    {"collect.fixed", COLLECT, "the cause is fixed[ in version {version}]"},
};

static const struct words *
words_of(const char *type)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(words[i].type, type) == 0)
            return &words[i];
    return NULL;
}

/* A type that this program does not know: its facts as they are. */
static void
add_facts(struct buf *out, const json_t *detail)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)detail, key, value)
    {
        if (json_is_array(value) || json_is_object(value) || json_is_null(value))
            continue;
        buf_printf(out, " %.40s=", key);
        show_value(out, value, false);
    }
}

void
show_event(struct buf *out, const json_t *event)
{
    const json_t *detail = json_object_get(event, "detail");
    const struct words *w = words_of(show_get(event, "type"));
    if (!w) {
        buf_add_c(out, show_get(event, "type"));
        add_facts(out, detail);
        return;
    }
    bool early = strcmp(w->type, "sla.breached") == 0 &&
                 show_ms(event, "occurred_at") != TIME_NONE &&
                 show_ms(event, "occurred_at") < show_ms(detail, "due_at");
    fill_template(out, early ? BREACHED_EARLY : w->what, detail);
    if (show_true(detail, "other_customer_ignored"))
        buf_add_c(out, " (another customer was named; the complaint's number decides)");
    const char *from = show_get(detail, "from");
    if (*from && !show_is(detail, "state", from)) {
        buf_add_c(out, " (");
        add_plain(out, from);
        buf_add_c(out, " → ");
        add_plain(out, show_get(detail, "state"));
        buf_add_c(out, ")");
    }
}

const char *
show_who(const json_t *event, const char *team)
{
    const json_t *detail = json_object_get(event, "detail");
    const char *type = show_get(event, "type");
    if (strcmp(type, "complaint.step_refused") == 0)
        type = show_get(detail, "refused_type");
    const struct words *w = words_of(type);
    if (!w)
        return show_get(event, "stage");
    if (w->who == TEAM && show_true(detail, "automatic"))
        return "machine";
    return w->who == TEAM && *team ? team : who_names[w->who];
}

/* --- evidence, score ---------------------------------------------------------------- */

static const struct {
    const char *name, *text;
} evidence_words[] = {
    {"refused_remedy", "the customer refused what we offered"},
    {"reopened", "the customer had to reopen the complaint"},
    {"broken_promise", "a promise was not kept at its time"},
    {"low_rating", "rated 2 or less after the resolution"},
    {"transfers", "passed from desk to desk without an answer"},
    {"second_message", "had to write again because nobody answered"},
    {"words", "the customer's own words say that the handling failed"},
    {"repeat", "complained about the same before"},
    {"silence", "we kept silent"},
};

void
show_evidence(struct buf *out, const json_t *evidence)
{
    const char *kind = show_get(evidence, "kind");
    for (size_t i = 0; i < COUNT_OF(evidence_words); i++) {
        if (strcmp(kind, evidence_words[i].name) == 0) {
            buf_add_c(out, evidence_words[i].text);
            return;
        }
    }
    add_plain(out, kind);
}

static const struct {
    const char *name;
    enum show_part part;
    const char *text; /* with {value} */
} reason_words[] = {
    {"severity", SHOW_SEVERITY, "severity {value} of 5"},
    {"kind", SHOW_SEVERITY, "not a complaint but another kind"},
    {"double_deviation", SHOW_SEVERITY, "the handling failed, too (evidence: {value})"},
    {"betrayal", SHOW_SEVERITY, "a best customer, failed twice"},
    {"days_left", SHOW_SALVAGE, "{value} of 28 days left to win back"},
    {"tier", SHOW_SALVAGE, "the relationship"},
    {"tenure", SHOW_SALVAGE, "{value} years with us"},
    {"lifetime_value", SHOW_SALVAGE, "worth {value} over its life"},
    {"failed_recoveries", SHOW_SALVAGE, "{value} failed recoveries"},
    {"withdrawn", SHOW_SALVAGE, "gave up on us"},
    {"not_speaking", SHOW_SALVAGE, "silent towards us for {value} days"},
    {"public", SHOW_EXPOSURE, "others read it"},
    {"regulator", SHOW_EXPOSURE, "an authority is involved"},
    {"media", SHOW_EXPOSURE, "the press is involved"},
    {"consumer_association", SHOW_EXPOSURE, "an association speaks for the customer"},
    {"regulator_threat", SHOW_EXPOSURE, "speaks of an authority"},
    {"media_threat", SHOW_EXPOSURE, "speaks of going public"},
    {"legal_threat", SHOW_EXPOSURE, "speaks of the courts"},
    {"reach", SHOW_EXPOSURE, "reach of {value} points"},
    {"reach_growth", SHOW_EXPOSURE, "reach doubles in {value} hours"},
    {"followers", SHOW_EXPOSURE, "{value} followers"},
    {"collective", SHOW_EXPOSURE, "member of a collective complaint"},
    {"ageing", SHOW_TOP, "its age"},
    {"silence", SHOW_TOP, "waits for our answer"},
    {"unsalvageable", SHOW_INSTEAD,
     "too late for a recovery, and nobody watches: after the light cases"},
};

enum show_part
show_part_of(const char *reason)
{
    for (size_t i = 0; i < COUNT_OF(reason_words); i++)
        if (strcmp(reason, reason_words[i].name) == 0)
            return reason_words[i].part;
    return SHOW_TOP; /* overrides have names of their own */
}

void
show_reason(struct buf *out, const json_t *reason)
{
    const char *name = show_get(reason, "name");
    for (size_t i = 0; i < COUNT_OF(reason_words); i++) {
        if (strcmp(name, reason_words[i].name) == 0) {
            (void)fill(out, reason_words[i].text, strlen(reason_words[i].text), reason);
            return;
        }
    }
    add_plain(out, name);
    if (*show_get(reason, "text"))
        buf_printf(out, " (%s)", show_get(reason, "text"));
}
