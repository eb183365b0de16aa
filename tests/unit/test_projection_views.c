/* What people read (bi), against a real PostgreSQL: a case handled in full, in batches of
 * every size.  Starts a server of its own; without one to start, says so and checks
 * nothing else. */
#include "projection/ageing.h"
#include "projection/writer.h"

#include "gen/migrations.h"
#include "projection_rig.h"
#include "projection_server.h"

#define TOPIC STR("complaints.routed")
#define EVENTS 24

#define CASE(n) " WHERE complaint_id = 'c0000000-0000-8000-8000-00000000000" n "'"

struct life {
    struct arena arena;
    struct complaint_event events[EVENTS];
    struct input inputs[EVENTS];
    size_t n;
};

/* Writes the case in batches of size into a new database. */
static void
write_case(size_t size)
{
    struct life *life = calloc(1, sizeof *life);
    struct writer_place place = {0};
    struct err err = {0};

    server_fresh();
    struct writer *writer = writer_open();
    assert_non_null(life);
    life->n = projection_case(&life->arena, life->events, EVENTS);
    for (size_t i = 0; i < life->n; i++)
        life->inputs[i] = (struct input){
            .offset = (int64_t)i, .timestamp_ms = RIG_T0, .ev = &life->events[i]};
    must(writer_claim(writer, TOPIC, &place, 1, &err), &err);
    for (size_t i = 0; i < life->n; i += size)
        must(writer_write(writer, TOPIC, &place, 1, life->inputs + i,
                          life->n - i < size ? life->n - i : size, &life->arena, &err),
             &err);
    writer_close(writer);
    arena_release(&life->arena);
    free(life);
}

/* Each line can fail alone: the case is written once for all of them. */
static const struct {
    const char *sql, *expect;
} views[] = {
    /* What the first complaint said is true of what grew out of it. */
    {"SELECT concat_ws('|', complaint_ref, channel, brand, regulator, subject,"
     " text = (SELECT text FROM bi.complaints" CASE("1") ")) FROM bi.complaints" CASE(
         "2"),
     "R-1#2|social|Acme|CFPB|late \"again\"|t"},
    {"SELECT concat_ws('|', complaint_ref, channel, brand, regulator, subject,"
     " text = (SELECT text FROM bi.complaints" CASE("1") ")) FROM bi.complaints" CASE(
         "3"),
     "R-1#3|social|Acme|CFPB|late \"again\"|t"},
    /* Reach is of the case that it was told of. */
    {"SELECT count(views) FROM bi.complaints", "1"},
    {"SELECT channel || ' ' || received FROM bi.channels", "social 3"},
    {"SELECT concat_ws('|', status, state, last_step, waiting_for_you, notice, "
     "notice_about,"
     " notice_title, notice_at, notice_until, appeal_until, reopen_until, owner, team)"
     " FROM bi.progress" CASE("1"),
     "rejected|rejected|rejected|f|delay|overdue|We are late|2026-03-02 09:02:00+00|"
     "2026-03-05 09:00:00+00|2026-04-01 09:12:00+00|lee|fraud"},
    {"SELECT concat_ws('|', status, last_step, next_by) FROM bi.progress" CASE("3"),
     "in_progress|you_wrote"},
    {"SELECT concat_ws('|', complaint_id, notice, about, at, language, cause_type, until)"
     " FROM bi.notices",
     "c0000000-0000-8000-8000-000000000001|delay|overdue|2026-03-02 09:02:00+00|zh|"
     "complaint.submitted|2026-03-05 09:00:00+00"},
    {"SELECT concat_ws('|', level, role, person, at, clock, start_no) FROM "
     "bi.escalations",
     "1|team_lead|lee|2026-03-02 09:07:00+00|first_response|1"},
    {"SELECT concat_ws('|', complaint_ref, kind, needs_review, relabelled_at)"
     " FROM bi.kind_drift",
     "R-1|inquiry|t|2026-03-02 09:11:00+00"},
    /* Before = after is no change. */
    {"SELECT string_agg(before || ' ' || after || ' ' || cause_type, ', ')"
     " FROM bi.priority_changes",
     "P2 P1 complaint.message"},
    {"SELECT string_agg(e ->> 'kind' || ' ' || (e ->> 'type') || ' ' || (e ->> 'seq'), "
     "', ')"
     " FROM bi.double_deviation, json_array_elements(events) e" CASE("1"),
     "second_message complaint.message 2, second_message complaint.submitted 1"},
    /* Another person of the team is no other team; assign's own row is no hand-over. */
    {"SELECT string_agg(concat_ws(' ', team, total, handed_on, taken_over,"
     " ownership_hours_mean), ', ' ORDER BY team) FROM bi.teams",
     "cards 0 1 0 0.1, fraud 1 0 1 0.1"},
    {"SELECT received || ' ' || reopened FROM bi.daily WHERE date = '2026-04-13'", "1 0"},
    {"SELECT sum(reopened) || ' ' || sum(received) FROM bi.daily", "0 3"},
    {"SELECT string_agg(clock || ' ' || coalesce(paused_since::text, '-'), ', '"
     " ORDER BY clock) FROM bi.sla_clocks",
     "first_response -, recovery_window -"},
};

static void
test_views(void **state)
{
    (void)state;
    write_case(EVENTS);
    for (size_t i = 0; i < COUNT_OF(views); i++)
        assert_ask(views[i].sql, views[i].expect);
}

/* Weekly check points are those of the window that runs. */
static void
test_recovery(void **state)
{
    (void)state;
    write_case(EVENTS);
    free(
        ask("UPDATE redress.complaints SET kind = 'complaint'" CASE("1") " RETURNING 1"));
    assert_ask(
        "SELECT check_points || ' ' || last_check_point_at FROM bi.recovery_window" CASE(
            "1"),
        "1 2026-03-02 09:06:00+00");
    free(ask(
        "INSERT INTO redress.sla_clocks SELECT complaint_id, clock, 2, 99, promise_id,"
        " policy, policy_version, target, started_at, due_at, status, met_at,"
        " breached_at, paused_ms, paused_since, warned_percent, extended_until"
        " FROM redress.sla_clocks WHERE clock = 'recovery_window' RETURNING 1"));
    assert_ask("SELECT check_points FROM bi.recovery_window" CASE("1"), "0");
}

static void
test_same_rows(void **state)
{
    char *expect = NULL;
    (void)state;

    for (size_t size = EVENTS; size >= 1; size /= 2) {
        print_message("batches of %zu\n", size);
        write_case(size);
        char *rows = server_dump();
        if (expect)
            assert_string_equal(rows, expect);
        else
            expect = strdup(rows);
        free(rows);
    }
    free(expect);
}

/* Rows from before the rule get what they would have now. */
static void
test_inherit_late(void **state)
{
    CLEANUP(pg_drop) struct pg *pg = NULL;
    struct err err = {0};
    size_t found = 0;
    (void)state;

    write_case(EVENTS);
    char *expect = server_dump();
    pg = server_open();
    must(pg_exec(pg,
                 "SET search_path = redress; UPDATE complaints SET sections = sections &"
                 " 127, channel = NULL, brand = NULL, text = NULL, subject = NULL,"
                 " regulator = NULL, regulator_received_at = NULL, extra = NULL"
                 " WHERE sections & 128 <> 0",
                 &err),
         &err);
    char *before = server_dump();
    assert_string_not_equal(before, expect);
    for (size_t i = 0; i < COUNT_OF(migrations); i++)
        if (strcmp(migrations[i].name, "008_inherit") == 0) {
            must(pg_exec(pg, migrations[i].sql, &err), &err);
            found++;
        }
    assert_int_equal(found, 1);
    char *after = server_dump();
    assert_string_equal(after, expect);
    free(expect);
    free(before);
    free(after);
}

/* Between two events a score grows by the policy's steps, less what it holds already. */
static void
test_ageing(void **state)
{
    CLEANUP(buf_release) struct buf sql = {0};
    struct err err = {0};
    (void)state;

    assert_false(ageing_sql("tests/unit", &sql, &err));
    buf_clear(&sql);
    must(ageing_sql("deploy/policy", &sql, &err), &err);
    write_case(EVENTS);
    assert_ask("SELECT aged_score - score FROM bi.triage_backlog" CASE("3"), "0");
    CLEANUP(pg_drop) struct pg *pg = server_open();
    must(pg_exec(pg, "SET search_path = redress", &err), &err);
    for (int i = 0; i < 2; i++) /* again, it is the same */
        must(pg_exec(pg, buf_str(&sql).ptr, &err), &err);
    assert_ask("SELECT count(*) = 5 * count(DISTINCT after_hours) AND count(*) > 10 AND"
               " max(add) FILTER (WHERE kind = 'complaint') >"
               " max(add) FILTER (WHERE kind = 'inquiry') FROM redress.ageing",
               "t");
    must(pg_exec(pg,
                 "DELETE FROM redress.ageing; INSERT INTO redress.ageing VALUES"
                 " ('complaint', 72, 3), ('complaint', 168, 8), ('complaint', 1e6, 99),"
                 " ('inquiry', 24, 50);"
                 " UPDATE redress.complaints SET received_at = now() - interval '100 h'",
                 &err),
         &err);
    assert_ask("SELECT aged_score - score FROM bi.triage_backlog" CASE("3"), "3");
    must(pg_exec(pg,
                 "UPDATE redress.complaints SET received_at = now() - interval '200 h'",
                 &err),
         &err);
    assert_ask("SELECT aged_score - score FROM bi.triage_backlog" CASE("3"), "8");
    must(pg_exec(pg,
                 "UPDATE redress.complaints SET reasons ="
                 " '[{\"name\":\"ageing\",\"value\":1,\"weight\":3}]'",
                 &err),
         &err);
    assert_ask("SELECT aged_score - score FROM bi.triage_backlog" CASE("3"), "5");
    must(pg_exec(pg, "UPDATE redress.complaints SET history = true", &err), &err);
    assert_ask("SELECT aged_score - score FROM bi.triage_backlog" CASE("3"), "0");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),     cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_same_rows), cmocka_unit_test(test_inherit_late),
        cmocka_unit_test(test_ageing),
    };
    return server_run(tests);
}
