/* register_rig.h - intake/register driven through turns as the runtime drives it, with
 * the event clock: events in as the door makes them, rows out. */
#ifndef REDRESS_TEST_REGISTER_RIG_H
#define REDRESS_TEST_REGISTER_RIG_H

#include "intake/register_io.h"
#include "intake/stages.h"

#include "ident/ident.h"
#include "state/store.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SALT STR("salt")
#define T0 INT64_C(1772442000000) /* 2026-03-02T09:00:00Z */
#define NOTHING ((struct action){0})

/* One partition of the stage and everything that came out of it. */
struct bench {
    struct arena arena;
    struct turn *turn;
    struct turn_driver driver;
    struct complaint_event rows[600];
    size_t n_rows;
    size_t n_dead;
    char dead_reason[64];
    struct str dead_value;
    char dead_origin[64]; /* "topic/partition/offset encoding" of the last one */
    int64_t n_given;
};

struct bench *bench_new(void);
void bench_drop(struct bench *b);
/* Hands one event to the stage; returns how many rows it made. */
size_t give(struct bench *b, const struct complaint_event *ev);
/* The clock alone moves; what was due has fired. */
void tick(struct bench *b, int64_t at_ms);
const struct complaint_event *last(const struct bench *b);

/* Events of publisher "shop", each with an id of its own. */
struct complaint_event event(struct bench *b, enum event_type type, const char *customer,
                             const char *ref, int64_t at_ms);
struct complaint_event by_id(struct bench *b, enum event_type type,
                             struct str complaint_id, int64_t at_ms);
struct str id_of(struct bench *b, const char *customer, const char *ref);
/* complaint.submitted; any other type, of customer c1. */
size_t submit(struct bench *b, const char *customer, const char *ref, const char *text,
              int64_t at_ms);
size_t act(struct bench *b, enum event_type type, const char *ref, int64_t at_ms,
           struct action action);

/* The last row, its seq and state, and that it is register's. */
void check_row(const struct bench *b, const char *type, int64_t seq, const char *state);

#endif
