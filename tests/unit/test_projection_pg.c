/* The projection against a real PostgreSQL: migrations, rights, and that rows depend
 * neither on how events are cut into batches nor on how often they come.  Starts a server
 * of its own (postgres.sh); without one to start, says so and checks nothing else. */
#include "projection/writer.h"

#include "gen/migrations.h"
#include "projection_rig.h"
#include "projection_server.h"

#define TOPIC STR("complaints.routed")
#define LIFE 16

struct life {
    struct arena arena;
    struct complaint_event events[LIFE];
    struct input inputs[LIFE];
    size_t n;
};

static struct life *
life_new(void)
{
    struct life *life = calloc(1, sizeof *life);
    assert_non_null(life);
    life->n = projection_life(&life->arena, life->events, LIFE);
    for (size_t i = 0; i < life->n; i++)
        life->inputs[i] = (struct input){
            .offset = (int64_t)i, .timestamp_ms = RIG_T0, .ev = &life->events[i]};
    return life;
}

static void
life_drop(struct life *life)
{
    arena_release(&life->arena);
    free(life);
}

/* Writes the life in batches of size. */
static void
write_life(struct writer *writer, struct life *life, struct writer_place *place,
           size_t size)
{
    struct err err = {0};
    for (size_t i = 0; i < life->n; i += size) {
        size_t n = life->n - i < size ? life->n - i : size;
        must(writer_write(writer, TOPIC, place, 1, life->inputs + i, n, &life->arena,
                          &err),
             &err);
    }
}

static void
test_migrations(void **state)
{
    CLEANUP(pg_drop) struct pg *pg = server_open();
    struct pg_migration changed[COUNT_OF(migrations)];
    struct err err;
    size_t n = 99;
    (void)state;

    server_fresh();
    must(pg_migrate(pg, migrations, COUNT_OF(migrations), &n, &err), &err);
    assert_int_equal(n, 0);
    must(pg_migrations_pending(pg, migrations, COUNT_OF(migrations), &n, &err), &err);
    assert_int_equal(n, 0);
    memcpy(changed, migrations, sizeof changed);
    changed[0].sql = "SELECT 1";
    assert_false(pg_migrate(pg, changed, COUNT_OF(changed), &n, &err));
    assert_int_equal(err.action, ERR_STOP);
    /* One that fails leaves nothing behind, not even its first half. */
    const struct pg_migration broken = {"999_broken", "CREATE TABLE half (); SELECT 1/0"};
    assert_false(pg_migrate(pg, &broken, 1, &n, &err));
    assert_ask("SELECT to_regclass('redress.half') IS NULL", "t");
    /* The connection is usable afterwards, the lock is free. */
    must(pg_migrate(pg, migrations, COUNT_OF(migrations), &n, &err), &err);
}

static void
test_rights(void **state)
{
    static const char *const contract[] = {"complaints",
                                           "timeline",
                                           "sla_clocks",
                                           "dead_letters",
                                           "collectives",
                                           "progress",
                                           "sla_compliance",
                                           "causes",
                                           "channels",
                                           "teams",
                                           "dates",
                                           "triage_backlog",
                                           "remedies",
                                           "satisfaction",
                                           "feedback_loop",
                                           "daily",
                                           "double_deviation",
                                           "recovery_window",
                                           "notices",
                                           "escalations",
                                           "kind_drift",
                                           "triage",
                                           "priority_changes",
                                           "findings",
                                           "classification_quality",
                                           "classification_calibration",
                                           "classification_labels",
                                           "classification_drift"};
    (void)state;

    server_fresh();
    assert_ask(
        "SELECT string_agg(c.relname || '.' || a.attname, ' ') FROM pg_class c JOIN"
        " pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE"
        " c.relnamespace = 'bi'::regnamespace AND"
        " coalesce(col_description(c.oid, a.attnum), '') = ''",
        "");
    for (size_t i = 0; i < COUNT_OF(contract); i++) {
        char sql[240];
        (void)snprintf(sql, sizeof sql, "SELECT obj_description('bi.%s'::regclass) <> ''",
                       contract[i]);
        assert_ask(sql, "t");
        (void)snprintf(
            sql, sizeof sql,
            "SELECT has_table_privilege('redress_bi', 'bi.%s', 'SELECT') AND NOT"
            " has_table_privilege('redress_bi', 'bi.%s', 'INSERT')",
            contract[i], contract[i]);
        assert_ask(sql, "t");
    }
    assert_ask("SELECT has_schema_privilege('redress_bi', 'redress', 'USAGE')", "f");
    assert_ask(
        "SELECT count(*) FROM pg_class c WHERE relnamespace = 'redress'::regnamespace"
        " AND relkind = 'r' AND has_table_privilege('redress_bi', c.oid, 'SELECT')",
        "0");
}

static void
test_life(void **state)
{
    struct life *life = life_new();
    struct writer *writer = writer_open();
    struct writer_place place = {0};
    struct err err;
    (void)state;

    server_fresh();
    must(writer_claim(writer, TOPIC, &place, 1, &err), &err);
    place.end_offset = 20; /* a marker behind the last event */
    write_life(writer, life, &place, LIFE);
    assert_int_equal(place.next_offset, 20);
    assert_ask("SELECT next_offset || ' ' || epoch FROM redress.offsets", "20 1");
    assert_ask("SELECT concat_ws(' ', state, channel, kind, priority, score, team, owner,"
               " last_seq, double_deviation, severity, views, shares, cause)"
               " FROM bi.complaints WHERE customer_key = '111111111111'",
               "resolved social complaint P1 88 fraud 8 t 4 10 3 courier lost it");
    assert_ask("SELECT text FROM bi.complaints WHERE customer_key = '111111111111'",
               "[name] here, mail [e-mail], call [number]. "
               "\xe6\x88\x91\xe5\xbe\x88\xe7\x94\x9f\xe6\xb0\x94");
    assert_ask("SELECT count(*) || ' ' || count(seq) || ' ' || max(seq) FROM bi.timeline"
               " WHERE complaint_id = 'c0000000-0000-8000-8000-000000000001'",
               "10 8 8");
    assert_ask(
        "SELECT detail ->> 'comment' FROM bi.timeline WHERE type = 'complaint.rated'",
        "write to me: [e-mail]");
    assert_ask("SELECT detail ->> 'refused_type' FROM bi.timeline"
               " WHERE type = 'complaint.step_refused'",
               "complaint.closed");
    assert_ask("SELECT string_agg(clock || ' ' || status, ', ' ORDER BY clock)"
               " FROM bi.sla_clocks WHERE complaint_id ="
               " 'c0000000-0000-8000-8000-000000000001'",
               "first_response met_late, recovery_window running");
    assert_ask(
        "SELECT string_agg(team, ' ' ORDER BY assigned_at) FROM redress.assignments"
        " WHERE complaint_id = 'c0000000-0000-8000-8000-000000000001'",
        "cards fraud");
    assert_ask("SELECT offered || ' ' || refused || ' ' || given FROM bi.remedies"
               " WHERE remedy = 'refund'",
               "1 1 1");
    assert_ask("SELECT score_mean FROM bi.satisfaction", "2.00");
    assert_ask("SELECT phone || ' ' || tier || ' ' || name FROM redress.customers"
               " WHERE customer_key = '111111111111'",
               "+49301234567 gold Anna Schmidt");
    /* Every view can be read by those it is for. */
    assert_ask(
        "SELECT count(*) > 15 FROM pg_views v, LATERAL (SELECT query_to_xml(format("
        "'SELECT * FROM bi.%I LIMIT 3', viewname), true, false, '')) x"
        " WHERE schemaname = 'bi'",
        "t");
    writer_close(writer);
    life_drop(life);
}

static void
test_same_rows(void **state)
{
    char *expect = NULL;
    (void)state;

    for (size_t size = LIFE; size >= 1; size /= 2) {
        struct life *life = life_new();
        struct writer *writer = writer_open();
        struct writer_place place = {0};
        struct err err;
        print_message("batches of %zu\n", size);
        server_fresh();
        must(writer_claim(writer, TOPIC, &place, 1, &err), &err);
        write_life(writer, life, &place, size);
        char *rows = server_dump();
        if (expect)
            assert_string_equal(rows, expect);
        else
            expect = strdup(rows);
        free(rows);
        /* The same again, as after a restore of an older position, cut otherwise. */
        free(ask("UPDATE redress.offsets SET next_offset = 3 RETURNING 1"));
        place.next_offset = 3;
        for (size_t i = 3; i < life->n; i += 5)
            must(writer_write(writer, TOPIC, &place, 1, life->inputs + i,
                              life->n - i < 5 ? life->n - i : 5, &life->arena, &err),
                 &err);
        rows = server_dump();
        assert_string_equal(rows, expect);
        free(rows);
        writer_close(writer);
        life_drop(life);
    }
    free(expect);
}

static void
test_fence(void **state)
{
    struct life *life = life_new();
    struct writer *old = writer_open(), *heir = writer_open();
    struct writer_place place = {0}, later = {0};
    struct err err = {0};
    (void)state;

    server_fresh();
    must(writer_claim(old, TOPIC, &place, 1, &err), &err);
    must(writer_write(old, TOPIC, &place, 1, life->inputs, 2, &life->arena, &err), &err);
    must(writer_claim(heir, TOPIC, &later, 1, &err), &err);
    assert_int_equal(later.next_offset, 2);
    assert_int_equal(later.epoch, 2);
    assert_false(
        writer_write(old, TOPIC, &place, 1, life->inputs + 2, 4, &life->arena, &err));
    assert_int_equal(err.action, ERR_STOP);
    assert_ask("SELECT count(*) FROM redress.complaint_events", "2");
    must(writer_write(heir, TOPIC, &later, 1, life->inputs + 2, 4, &life->arena, &err),
         &err);
    assert_ask("SELECT count(*) FROM redress.complaint_events", "6");
    writer_close(old);
    writer_close(heir);
    life_drop(life);
}

/* Large batches are copied; of one that was there before nothing is copied, nothing lost.
 */
static void
test_copy(void **state)
{
    enum { MANY = 300 };
    struct arena arena = {0};
    struct complaint_event *events = ARENA_ARRAY(&arena, struct complaint_event, MANY);
    struct input *inputs = ARENA_ARRAY(&arena, struct input, MANY);
    struct life *life = life_new();
    struct writer *writer = writer_open();
    struct writer_place place = {0};
    struct err err = {0};
    (void)state;

    for (unsigned i = 0; i < MANY; i++) {
        events[i] = life->events[2];
        events[i].event_id = projection_uuid(&arena, 'd', i);
        events[i].seq = i + 1;
        inputs[i] = (struct input){.offset = i, .ev = &events[i]};
    }
    server_fresh();
    must(writer_claim(writer, TOPIC, &place, 1, &err), &err);
    must(writer_write(writer, TOPIC, &place, 1, inputs, 250, &arena, &err), &err);
    assert_int_equal(atomic_load(&writer->commits), 1);
    assert_int_equal(atomic_load(&writer->careful), 0);
    assert_ask("SELECT count(*) || ' ' || max(seq) || ' ' || min(detail ->> 'state')"
               " FROM bi.timeline",
               "250 250 open");
    free(ask("UPDATE redress.offsets SET next_offset = 0 RETURNING 1"));
    place.next_offset = 0;
    must(writer_write(writer, TOPIC, &place, 1, inputs, MANY, &arena, &err), &err);
    assert_int_equal(atomic_load(&writer->careful), 1);
    assert_ask("SELECT count(*) || ' ' || max(seq) FROM bi.timeline", "300 300");
    assert_ask("SELECT count(*) FROM redress.dead_letters", "0");
    writer_close(writer);
    life_drop(life);
    arena_release(&arena);
}

/* A value that PostgreSQL does not take, in the midst of others. */
static void
test_poison(void **state)
{
    struct life *life = life_new();
    struct writer *writer = writer_open();
    struct writer_place place = {0};
    struct err err = {0};
    const struct action nul = {.text = {"a\0b", 3}};
    (void)state;

    server_fresh();
    life->events[2].action = &nul;
    must(writer_claim(writer, TOPIC, &place, 1, &err), &err);
    write_life(writer, life, &place, LIFE);
    assert_int_equal(place.next_offset, (int64_t)life->n);
    assert_ask("SELECT \"offset\" || ' ' || stage || ' ' || reason FROM bi.dead_letters",
               "2 projection bad_schema");
    assert_ask("SELECT count(*) FROM redress.complaint_events", "12");
    assert_ask("SELECT state FROM bi.complaints WHERE customer_key = '111111111111'",
               "resolved");
    writer_close(writer);
    life_drop(life);
}

/* The server cuts the connection in between: the batch comes again, and once. */
static void
test_reconnect(void **state)
{
    struct life *life = life_new();
    struct writer *writer = writer_open();
    struct writer_place place = {0};
    struct err err = {0};
    (void)state;

    server_fresh();
    must(writer_claim(writer, TOPIC, &place, 1, &err), &err);
    for (size_t i = 0; i < life->n; i += 4) {
        free(ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE application_name = 'redress-projection'"));
        size_t n = life->n - i < 4 ? life->n - i : 4;
        must(writer_write(writer, TOPIC, &place, 1, life->inputs + i, n, &life->arena,
                          &err),
             &err);
    }
    assert_ask("SELECT count(*) FROM redress.complaint_events", "13");
    assert_true(atomic_load(&writer->retries) > 0);
    writer_close(writer);
    life_drop(life);
}

static void
test_erase(void **state)
{
    struct life *life = life_new();
    struct writer *writer = writer_open();
    struct writer_place place = {0};
    struct err err = {0};
    struct complaint_event erased = life->events[12];
    struct input input = {.offset = 14, .ev = &erased};
    (void)state;

    erased.event_id = projection_uuid(&life->arena, 'e', 99);
    erased.type = EVENT_TYPE_CUSTOMER_ERASED;
    server_fresh();
    must(writer_claim(writer, TOPIC, &place, 1, &err), &err);
    write_life(writer, life, &place, LIFE);
    must(writer_write(writer, TOPIC, &place, 1, &input, 1, &life->arena, &err), &err);
    assert_ask("SELECT count(*) FROM redress.complaint_events e JOIN redress.complaints c"
               " USING (complaint_id) WHERE c.customer_key = '111111111111' AND"
               " (e.text IS NOT NULL OR e.detail ? 'said' OR c.text IS NOT NULL)",
               "0");
    assert_ask(
        "SELECT coalesce(name, email, phone, 'gone') || ' ' || (erased_at IS NOT NULL)"
        " FROM redress.customers WHERE customer_key = '111111111111'",
        "gone true");
    assert_ask("SELECT count(text) FROM redress.complaints",
               "1"); /* the other customer's */
    writer_close(writer);
    life_drop(life);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_migrations), cmocka_unit_test(test_rights),
        cmocka_unit_test(test_life),       cmocka_unit_test(test_same_rows),
        cmocka_unit_test(test_fence),      cmocka_unit_test(test_poison),
        cmocka_unit_test(test_copy),       cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_erase),
    };
    return server_run(tests);
}
