/* How good classification is and whether it drifts, as people read it (bi): complaints
 * and corrections both ways, every number by hand.  Against a real PostgreSQL. */
#include "projection/writer.h"

#include "classification/models.h" /* the tasks */
#include "gen/migrations.h"
#include "projection_rig.h"
#include "projection_server.h"

#define TOPIC STR("complaints.routed")
#define EVENTS 256
#define WEEK_MS (7 * DAY_MS)

struct story {
    struct arena arena;
    struct complaint_event events[EVENTS];
    struct input inputs[EVENTS];
    size_t n;
};

static struct story *
story_new(void)
{
    struct story *story = calloc(1, sizeof *story);
    assert_non_null(story);
    return story;
}

static void
story_drop(struct story *story)
{
    arena_release(&story->arena);
    free(story);
}

/* Words of the text stand in the reasons, and nowhere else. */
static const struct str REASONS[] = {{"Anna Schmidt", 12}};

static struct finding
found(const char *task, const char *label, enum decided_by by, double confidence)
{
    return (struct finding){.task = str_from(task),
                            .label = str_from(label),
                            .decided_by = by,
                            .confidence = confidence,
                            .model = by == DECIDED_BY_CORRECTION ? STR_NULL : STR("v1"),
                            .n_reasons = 1,
                            .reasons = REASONS};
}

/* What the model said where something else decided. */
static struct finding
beside(struct finding f, const char *upstream, const char *label, double confidence)
{
    f.upstream = str_from(upstream);
    f.model_label = str_from(label);
    f.has_model_confidence = label != NULL;
    f.model_confidence = confidence;
    return f;
}

static void
say(struct story *story, enum event_type type, unsigned complaint, int64_t at,
    const struct finding *findings, size_t n)
{
    struct classification_section *section =
        ARENA_ARRAY(&story->arena, struct classification_section, 1);
    struct finding *copy = ARENA_ARRAY(&story->arena, struct finding, n);

    BUG_IF(story->n == EVENTS);
    memcpy(copy, findings, n * sizeof *copy);
    *section = (struct classification_section){
        .language = STR("en"), .kind = KIND_COMPLAINT, .n_findings = n, .findings = copy};
    struct complaint_event *ev = &story->events[story->n];
    *ev = (struct complaint_event){
        .event_id = projection_uuid(&story->arena, 'e', (unsigned)story->n),
        .type = type,
        .stage = STAGE_REGISTER,
        .complaint_id = projection_uuid(&story->arena, 'c', complaint),
        .customer_hash = STR("11111111111111111111111111111111"),
        .customer_key = STR("111111111111"),
        .customer_key_kind = CUSTOMER_KEY_EMAIL,
        .has_seq = true,
        .seq = type == EVENT_TYPE_COMPLAINT_REOPENED ? 1 : (int64_t)story->n,
        .occurred_at = at,
        .recorded_at = at,
        .classification = section,
    };
    story->inputs[story->n] =
        (struct input){.offset = (int64_t)story->n, .timestamp_ms = at, .ev = ev};
    story->n++;
}

static void
say_one(struct story *story, enum event_type type, unsigned complaint, struct finding f)
{
    say(story, type, complaint, RIG_T0, &f, 1);
}

/* Writes from an event on, in batches of size. */
static void
write_from(struct story *story, size_t from, size_t size)
{
    struct writer *writer = writer_open();
    struct writer_place place = {0};
    struct err err = {0};

    must(writer_claim(writer, TOPIC, &place, 1, &err), &err);
    assert_true((size_t)place.next_offset >= from);
    for (size_t i = (size_t)place.next_offset; i < story->n; i += size)
        must(writer_write(writer, TOPIC, &place, 1, story->inputs + i,
                          story->n - i < size ? story->n - i : size, &story->arena, &err),
             &err);
    writer_close(writer);
}

/* --- quality ------------------------------------------------------------------------ */

static void
tell_corrections(struct story *s)
{
    const enum event_type submitted = EVENT_TYPE_COMPLAINT_SUBMITTED;
    const enum event_type corrected = EVENT_TYPE_COMPLAINT_CORRECTED;
    const struct finding one = found("kind", "complaint", DECIDED_BY_MODEL, 0.95);
    struct finding doubt = found("kind", "praise", DECIDED_BY_MODEL, 0.55);
    const struct finding four = found("kind", "complaint", DECIDED_BY_MODEL, 0.9);
    doubt.needs_review = true;

    say_one(s, submitted, 1, one);
    say_one(s, submitted, 2, doubt);
    say_one(
        s, submitted, 3,
        beside(found("kind", "inquiry", DECIDED_BY_UPSTREAM, 1), NULL, "complaint", 0.8));
    say_one(s, submitted, 4, four);
    say_one(
        s, submitted, 5,
        beside(found("kind", "complaint", DECIDED_BY_RULE, 1), "praise", "praise", 0.6));
    /* 1: confirmed, and a product that nobody had found. */
    const struct finding both[] = {found("kind", "complaint", DECIDED_BY_CORRECTION, 1),
                                   found("product", "card", DECIDED_BY_CORRECTION, 1)};
    say(s, corrected, 1, RIG_T0, both, 2);
    /* 2: confirmed, then thought better of: the last word counts. */
    say_one(s, corrected, 2, found("kind", "praise", DECIDED_BY_CORRECTION, 1));
    say_one(s, corrected, 2, found("kind", "complaint", DECIDED_BY_CORRECTION, 1));
    /* 3: not what upstream said, but what the model had said. */
    say_one(s, corrected, 3,
            beside(found("kind", "complaint", DECIDED_BY_CORRECTION, 1), "inquiry",
                   "complaint", 0.8));
    /* 4: the correction says nothing of the kind. */
    const struct finding other[] = {four,
                                    found("severity", "4", DECIDED_BY_CORRECTION, 1)};
    say(s, corrected, 4, RIG_T0, other, 2);
    /* 6: grew out of 1 and was told all of it. */
    say(s, EVENT_TYPE_COMPLAINT_REOPENED, 6, RIG_T0 + 60 * DAY_MS, both, 2);
}

static const struct {
    const char *sql, *expect;
} quality[] = {
    {"SELECT concat_ws('|', week, language, findings, by_default, by_model, by_upstream,"
     " by_rule, by_model_percent, by_upstream_percent, by_rule_percent, needs_review,"
     " needs_review_percent, confidence_mean) FROM bi.classification_quality"
     " WHERE task = 'kind' AND model = 'v1'",
     "2026-03-02|en|5|0|3|1|1|60.0|20.0|20.0|1|20.0|0.760"},
    {"SELECT concat_ws('|', corrections, confirmed, changed, supplied, model_judged,"
     " model_right, agreement_percent) FROM bi.classification_quality"
     " WHERE task = 'kind'",
     "3|1|2|0|3|2|66.7"},
    {"SELECT concat_ws('|', upstream_judged, upstream_right, upstream_compared,"
     " upstream_agrees, upstream_agreement_percent) FROM bi.classification_quality"
     " WHERE task = 'kind'",
     "1|0|2|1|50.0"},
    /* Nothing had been found: no finding, and neither right nor wrong. */
    {"SELECT concat_ws('|', findings, corrections, supplied, model_judged,"
     " coalesce(agreement_percent::text, '-')) FROM bi.classification_quality"
     " WHERE task = 'product'",
     "0|1|1|0|-"},
    {"SELECT string_agg(task, ' ' ORDER BY task) FROM bi.classification_quality",
     "kind product severity"},
    {"SELECT string_agg(concat_ws('|', confidence_from, confidence_to, findings, judged,"
     " model_right, coalesce(agreement_percent::text, '-'),"
     " coalesce(confidence_percent::text, '-')), ', ' ORDER BY confidence_from)"
     " FROM bi.classification_calibration",
     "0.5|0.6|1|1|0|0.0|55.0, 0.6|0.7|1|0|0|-|-, 0.8|0.9|1|1|1|100.0|80.0, "
     "0.9|0.95|1|0|0|-|-, 0.95|0.99|1|1|1|100.0|95.0"},
    {"SELECT concat_ws('|', label, decided_by, confidence, needs_review, model,"
     " model_label, model_confidence, upstream_label, corrected_label)"
     " FROM bi.findings WHERE task = 'kind' AND upstream_label = 'inquiry'",
     "inquiry|upstream|1|f|v1|complaint|0.8|inquiry|complaint"},
    {"SELECT string_agg(task, ' ' ORDER BY task) FROM bi.findings WHERE inherited",
     "kind product"},
    /* Reasons hold words of the text: they are not here. */
    {"SELECT count(*) FROM redress.findings f WHERE f::text LIKE '%Anna%'", "0"},
};

static void
test_quality(void **state)
{
    struct story *story = story_new();
    (void)state;

    tell_corrections(story);
    server_fresh();
    write_from(story, 0, EVENTS);
    for (size_t i = 0; i < COUNT_OF(quality); i++)
        assert_ask(quality[i].sql, quality[i].expect);
    story_drop(story);
}

/* However events are cut into batches, and however often they come. */
static void
test_same_rows(void **state)
{
    char *expect = NULL;
    (void)state;

    for (size_t size = 16; size >= 1; size /= 2) {
        struct story *story = story_new();
        print_message("batches of %zu\n", size);
        tell_corrections(story);
        server_fresh();
        write_from(story, 0, size);
        char *rows = server_dump();
        if (expect)
            assert_string_equal(rows, expect);
        else
            expect = strdup(rows);
        free(rows);
        free(ask("UPDATE redress.offsets SET next_offset = 2 RETURNING 1"));
        write_from(story, 2, 3);
        rows = server_dump();
        assert_string_equal(rows, expect);
        free(rows);
        story_drop(story);
    }
    assert_non_null(strstr(expect, "findings"));
    free(expect);
}

/* An older delivery alone takes no later word back. */
static void
test_guard(void **state)
{
    struct story *s = story_new();
    (void)state;

    tell_corrections(s);
    server_fresh();
    write_from(s, 0, EVENTS);
    free(ask("UPDATE redress.offsets SET next_offset = 6 RETURNING 1"));
    s->n = 7; /* complaint 2: praise, as it was said first */
    write_from(s, 6, 1);
    assert_ask("SELECT next_offset FROM redress.offsets", "7");
    assert_ask("SELECT corrected_label FROM bi.findings WHERE complaint_id ="
               " 'c0000000-0000-8000-8000-000000000002'",
               "complaint");
    story_drop(s);
}

/* A task that only a later message brings is added; what was first stays first. */
static void
test_later(void **state)
{
    struct story *s = story_new();
    const struct finding kind = found("kind", "complaint", DECIDED_BY_DEFAULT, 1);
    const struct finding more[] = {found("kind", "praise", DECIDED_BY_MODEL, 0.7),
                                   found("issue", "late", DECIDED_BY_MODEL, 0.5)};
    (void)state;

    say_one(s, EVENT_TYPE_COMPLAINT_SUBMITTED, 1, kind);
    say(s, EVENT_TYPE_COMPLAINT_MESSAGE, 1, RIG_T0 + DAY_MS, more, 2);
    for (size_t size = 1; size <= 2; size++) {
        server_fresh();
        write_from(s, 0, size);
        assert_ask(
            "SELECT string_agg(concat_ws(' ', task, label, decided_by, decided_at),"
            " ', ' ORDER BY task) FROM bi.findings",
            "issue late model 2026-03-02 09:00:00+00, "
            "kind complaint default 2026-03-02 09:00:00+00");
    }
    story_drop(s);
}

/* A case that is older than the table: nothing was found when it was answered, and what a
 * later message is told was found when the case began. */
static void
test_older(void **state)
{
    struct story *s = story_new();
    const struct finding kind = found("kind", "complaint", DECIDED_BY_MODEL, 1);
    const struct register_section old = {.state = STATE_OPEN,
                                         .received_at = RIG_T0 - 30 * DAY_MS,
                                         .recovery_ends_at = RIG_T0};
    (void)state;

    say(s, EVENT_TYPE_COMPLAINT_RESPONDED, 1, RIG_T0, &kind, 1);
    say(s, EVENT_TYPE_COMPLAINT_MESSAGE, 1, RIG_T0 + DAY_MS, &kind, 1);
    s->events[0].register_ = s->events[1].register_ = &old;
    server_fresh();
    s->n = 1;
    write_from(s, 0, 1);
    assert_ask("SELECT count(*) FROM bi.findings", "0");
    s->n = 2;
    write_from(s, 1, 1);
    assert_ask("SELECT string_agg(decided_at::text, ' ') FROM bi.findings",
               "2026-01-31 09:00:00+00");
    story_drop(s);
}

/* Each word is counted for whom it is from: phrases alone, a model that was not sure and
 * that phrases spoke over (right at last), and one that was not followed although it
 * decided (in doubt it is a complaint). */
static void
test_whose_word(void **state)
{
    struct story *s = story_new();
    struct finding alone = found("kind", "inquiry", DECIDED_BY_MODEL, 0.66);
    struct finding over =
        beside(found("kind", "inquiry", DECIDED_BY_MODEL, 0.8), NULL, "praise", 0.4);
    struct finding not_followed =
        beside(found("kind", "complaint", DECIDED_BY_MODEL, 0.3), NULL, "praise", 0.5);
    struct finding sure =
        beside(found("kind", "inquiry", DECIDED_BY_MODEL, 0.9), NULL, "inquiry", 0.9);
    (void)state;

    alone.model = over.model = STR("phrases");
    over.model_asked = not_followed.model_asked = sure.model_asked = STR("v1");
    const struct finding said[] = {alone, over, not_followed, sure};
    for (unsigned i = 0; i < COUNT_OF(said); i++)
        say_one(s, EVENT_TYPE_COMPLAINT_SUBMITTED, i + 1, said[i]);
    for (unsigned i = 0; i < COUNT_OF(said); i++)
        say_one(s, EVENT_TYPE_COMPLAINT_CORRECTED, i + 1,
                found("kind", "praise", DECIDED_BY_CORRECTION, 1));
    server_fresh();
    write_from(s, 0, EVENTS);
    assert_ask(
        "SELECT string_agg(concat_ws('|', model, findings, by_model, by_phrases,"
        " model_judged, model_right, changed, confidence_mean), ', ' ORDER BY model)"
        " FROM bi.classification_quality",
        "phrases|1|1|1|1|0|1|0.660, v1|3|3|1|3|2|3|0.600");
    assert_ask("SELECT string_agg(concat_ws('|', model, confidence_from, findings,"
               " model_right), ', ' ORDER BY model, confidence_from)"
               " FROM bi.classification_calibration",
               "phrases|0.6|1|0, v1|0|1|1, v1|0.5|1|1, v1|0.9|1|0");
    /* The same version twice is not kept twice. */
    assert_ask("SELECT count(*) FROM redress.findings WHERE first::text LIKE '%asked%'",
               "1");
    story_drop(s);
}

/* The last event of the story is told with what the customer wishes, and with what else
 * the register says. */
static void
last_wishes(struct story *s, const char *wish, struct str previous)
{
    struct complaint_event *ev = &s->events[s->n - 1];
    struct classification_section *section =
        ARENA_NEW(&s->arena, struct classification_section);
    struct register_section *reg = ARENA_NEW(&s->arena, struct register_section);

    *section = *ev->classification;
    section->desired_remedy = str_from(wish);
    ev->classification = section;
    *reg = (struct register_section){.state = STATE_OPEN,
                                     .received_at =
                                         str_is_null(previous) ? RIG_T0 : ev->occurred_at,
                                     .recovery_ends_at = RIG_T0,
                                     .previous_complaint_id = previous};
    ev->register_ = reg;
}

/* A wish in somebody's own words: masked for analysts, gone with the customer, and not
 * brought back by what comes later.  The rest are facts. */
static void
test_erased(void **state)
{
    struct story *s = story_new();
    static const struct submission words = {.channel = CHANNEL_WEB, .text = {"hm", 2}};
    const struct finding said[] = {
        beside(found("desired_remedy", "call anna@x.org", DECIDED_BY_UPSTREAM, 1),
               "call anna@x.org", NULL, 0),
        beside(found("product", "card", DECIDED_BY_RULE, 1), "card", NULL, 0)};
    const struct finding rule[] = {beside(
        found("desired_remedy", "refund", DECIDED_BY_RULE, 1), "my Anna back", NULL, 0)};
    const struct customer nobody = {.has_since = false};
    (void)state;

    say(s, EVENT_TYPE_COMPLAINT_SUBMITTED, 1, RIG_T0, said, 2);
    s->events[0].submission = &words;
    last_wishes(s, "call anna@x.org", STR_NULL);
    say(s, EVENT_TYPE_COMPLAINT_SUBMITTED, 2, RIG_T0, rule, 1);
    last_wishes(s, "refund", STR_NULL);
    server_fresh();
    write_from(s, 0, EVENTS);
    assert_ask("SELECT string_agg(desired_remedy, ', ' ORDER BY complaint_id)"
               " FROM bi.complaints",
               "call [e-mail], refund");
    assert_ask("SELECT label || ' ' || upstream_label FROM bi.findings"
               " WHERE task = 'desired_remedy' AND decided_by = 'upstream'",
               "call [e-mail] call [e-mail]");
    say(s, EVENT_TYPE_CUSTOMER_ERASED, 1, RIG_T0 + DAY_MS, said, 2);
    s->events[s->n - 1].complaint_id = STR_NULL;
    s->events[s->n - 1].classification = NULL;
    s->events[s->n - 1].has_seq = false;
    s->events[s->n - 1].customer = &nobody;
    write_from(s, 2, EVENTS);
    say(s, EVENT_TYPE_COMPLAINT_MESSAGE, 1, RIG_T0 + 2 * DAY_MS, said, 2);
    last_wishes(s, "call anna@x.org", STR_NULL);
    write_from(s, 3, EVENTS);
    assert_ask("SELECT string_agg(desired_remedy, ', ' ORDER BY complaint_id)"
               " FROM bi.complaints",
               "erased, refund");
    assert_ask("SELECT string_agg(concat_ws(' ', task, label, decided_by,"
               " coalesce(upstream_label, '-')), ', ' ORDER BY task, label)"
               " FROM bi.findings",
               "desired_remedy erased upstream erased, desired_remedy refund rule -, "
               "product card rule card");
    /* Nor by a late reopening, which is told all of the case before. */
    for (unsigned i = 1; i <= 2; i++) {
        say(s, EVENT_TYPE_COMPLAINT_REOPENED, 2 + i, RIG_T0 + 60 * DAY_MS,
            i == 1 ? said : rule, i == 1 ? 2 : 1);
        last_wishes(s, i == 1 ? "call anna@x.org" : "refund",
                    projection_uuid(&s->arena, 'c', i));
    }
    say(s, EVENT_TYPE_COMPLAINT_MESSAGE, 3, RIG_T0 + 61 * DAY_MS, said, 2);
    last_wishes(s, "call anna@x.org", projection_uuid(&s->arena, 'c', 1));
    write_from(s, 4, 2);
    assert_ask("SELECT string_agg(desired_remedy, ', ' ORDER BY complaint_id)"
               " FROM bi.complaints",
               "erased, refund, erased, refund");
    char *all = server_dump();
    assert_null(strcasestr(all, "anna"));
    free(all);
    /* What is written after that is another matter. */
    say(s, EVENT_TYPE_COMPLAINT_SUBMITTED, 5, RIG_T0 + 70 * DAY_MS, said, 2);
    s->events[s->n - 1].submission = &words;
    last_wishes(s, "call anna@x.org", STR_NULL);
    write_from(s, 7, 1);
    assert_ask("SELECT desired_remedy FROM bi.complaints ORDER BY complaint_id DESC",
               "call [e-mail]");
    story_drop(s);
}

/* The tables as they were before findings, with a customer who was erased then
 * (complaints 1 and, grown out of it later, 4), another (2), and what the first one wrote
 * after that (3). */
static const char before_findings[] =
    "SET search_path = redress;"
    "INSERT INTO customers (customer_hash, customer_key, key_kind, routed_offset, "
    "first_at,"
    "    last_at, erased_at) VALUES"
    "    ('11111111111111111111111111111111', 'a', 'email', -1, '2026-03-01', "
    "'2026-03-01',"
    "        '2026-03-10'),"
    "    ('2', 'b', 'email', -1, '2026-03-01', '2026-03-01', NULL);"
    "INSERT INTO complaints (complaint_id, sections, routed_offset, customer_hash,"
    "    occurred_at, received_at, previous_complaint_id, desired_remedy)"
    "SELECT ('c0000000-0000-8000-8000-00000000000' || n)::uuid, 7, -1, hash, at, at,"
    "    previous::uuid, 'call anna' FROM (VALUES"
    "    (1, '11111111111111111111111111111111', timestamptz '2026-03-02', NULL),"
    "    (2, '2', '2026-03-02', NULL),"
    "    (3, '11111111111111111111111111111111', '2026-03-12', NULL),"
    "    (4, '11111111111111111111111111111111', '2026-04-12',"
    "        'c0000000-0000-8000-8000-000000000001')) v (n, hash, at, previous);"
    "UPDATE complaints SET desired_remedy = 'refund' WHERE complaint_id ="
    "    'c0000000-0000-8000-8000-000000000002'";

/* A database of the version before: whom it erased then is erased whole, and a later
 * message of such a case does not bring back what the customer asked for. */
static void
test_upgraded(void **state)
{
    struct story *s = story_new();
    CLEANUP(pg_drop) struct pg *pg = server_open();
    const struct finding wish = beside(
        found("desired_remedy", "refund", DECIDED_BY_RULE, 1), "call anna", NULL, 0);
    struct err err;
    size_t n = 0;
    (void)state;

    while (strcmp(migrations[n].name, "010_findings") != 0)
        n++;
    must(pg_exec(pg, "DROP SCHEMA redress CASCADE; DROP SCHEMA bi CASCADE", &err), &err);
    must(pg_migrate(pg, migrations, n, &n, &err), &err);
    must(pg_exec(pg, before_findings, &err), &err);
    must(pg_migrate(pg, migrations, COUNT_OF(migrations), &n, &err), &err);
    assert_ask("SELECT string_agg(desired_remedy, ', ' ORDER BY complaint_id)"
               " FROM redress.complaints",
               "erased, refund, call anna, erased");
    for (unsigned i = 1; i <= 3; i++) {
        say(s, EVENT_TYPE_COMPLAINT_MESSAGE, i, RIG_T0 + 60 * DAY_MS, &wish, 1);
        if (i == 2)
            s->events[s->n - 1].customer_hash = STR("2");
    }
    write_from(s, 0, EVENTS);
    assert_ask(
        "SELECT string_agg(coalesce(first #>> '{desired_remedy,upstream}', '-'), ', '"
        " ORDER BY complaint_id) FROM redress.findings",
        "-, call anna, call anna");
    story_drop(s);
}

/* --- drift -------------------------------------------------------------------------- */

static void
tell_week(struct story *s, int64_t at, unsigned complaints, unsigned praises)
{
    for (unsigned i = 0; i < complaints + praises; i++) {
        struct finding f = found("kind", i < complaints ? "complaint" : "praise",
                                 DECIDED_BY_MODEL, i < complaints ? 0.9 : 0.5);
        f.needs_review = i >= complaints;
        say(s, EVENT_TYPE_COMPLAINT_SUBMITTED, 1000 + (unsigned)s->n, at, &f, 1);
    }
}

static void
test_drift(void **state)
{
    struct story *s = story_new();
    (void)state;

    tell_week(s, RIG_T0, 40, 10);               /* nothing before it               */
    tell_week(s, RIG_T0 + WEEK_MS, 40, 10);     /* the same again                  */
    tell_week(s, RIG_T0 + 2 * WEEK_MS, 50, 50); /* 100 beside 80 : 20              */
    tell_week(s, RIG_T0 + 8 * WEEK_MS, 3, 2);   /* all else is too long ago        */
    tell_week(s, RIG_T0 + 9 * WEEK_MS, 1, 4);   /* far off, but five are no number */
    server_fresh();
    write_from(s, 0, 64);
    assert_ask("SELECT string_agg(concat_ws('|', week, findings, previous, labels,"
               " coalesce(psi::text, '-'), coalesce(psi_noise::text, '-'), drift), ', '"
               " ORDER BY week) FROM bi.classification_drift",
               "2026-03-02|50|0|2|-|-|unknown, 2026-03-09|50|50|2|0.0000|0.1716|none, "
               "2026-03-16|100|100|2|0.4063|0.0858|large, "
               "2026-04-27|5|0|2|-|-|unknown, 2026-05-04|5|5|2|0.4784|1.7158|unknown");
    assert_ask(
        "SELECT concat_ws('|', needs_review_percent, previous_needs_review_percent,"
        " confidence_mean, previous_confidence_mean) FROM bi.classification_drift"
        " WHERE week = '2026-03-16'",
        "50.0|20.0|0.700|0.820");
    assert_ask("SELECT string_agg(concat_ws('|', label, findings, share_percent,"
               " previous, previous_share_percent), ', ' ORDER BY label)"
               " FROM bi.classification_labels WHERE week = '2026-03-16'",
               "complaint|50|50.0|80|80.0, praise|50|50.0|20|20.0");
    story_drop(s);
}

/* The view names the tasks: it must know all that there are. */
static void
test_all_tasks(void **state)
{
    static const char *const tasks[TASK_COUNT] = {
        [TASK_LANGUAGE] = "language",
        [TASK_KIND] = "kind",
        [TASK_PRODUCT] = "product",
        [TASK_ISSUE] = "issue",
        [TASK_SEVERITY] = "severity",
        [TASK_SENTIMENT] = "sentiment",
        [TASK_DOUBLE_DEVIATION] = "double_deviation",
        [TASK_DESIRED_REMEDY] = "desired_remedy"};
    struct story *s = story_new();
    struct finding all[TASK_COUNT];
    (void)state;

    for (size_t task = 0; task < TASK_COUNT; task++) {
        assert_non_null(tasks[task]);
        all[task] = found(tasks[task], "1", DECIDED_BY_RULE, 1);
    }
    say(s, EVENT_TYPE_COMPLAINT_SUBMITTED, 1, RIG_T0, all, TASK_COUNT);
    server_fresh();
    write_from(s, 0, EVENTS);
    for (size_t task = 0; task < TASK_COUNT; task++) {
        CLEANUP(buf_release) struct buf sql = {0};
        (void)buf_printf(&sql, "SELECT label FROM bi.findings WHERE task = '%s'",
                         tasks[task]);
        assert_ask(sql.ptr, "1");
    }
    story_drop(s);
}

/* Of labels that strangers make up, 50 and the rest. */
static void
test_many_labels(void **state)
{
    struct story *s = story_new();
    (void)state;

    for (unsigned i = 0; i < 60; i++) {
        const struct str label = arena_printf(&s->arena, "made up %02u", i);
        struct finding f = found("product", "x", DECIDED_BY_UPSTREAM, 1);
        f.label = label;
        say(s, EVENT_TYPE_COMPLAINT_SUBMITTED, i, RIG_T0, &f, 1);
    }
    server_fresh();
    write_from(s, 0, EVENTS);
    assert_ask("SELECT count(*) || ' ' || sum(findings) || ' ' || max(findings)"
               " FROM bi.classification_labels",
               "51 60 10");
    story_drop(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quality),   cmocka_unit_test(test_same_rows),
        cmocka_unit_test(test_guard),     cmocka_unit_test(test_later),
        cmocka_unit_test(test_older),     cmocka_unit_test(test_whose_word),
        cmocka_unit_test(test_erased),    cmocka_unit_test(test_drift),
        cmocka_unit_test(test_all_tasks), cmocka_unit_test(test_many_labels),
        cmocka_unit_test(test_upgraded),
    };
    return server_run(tests);
}
