/* projection_server.h - a PostgreSQL server of a test's own, and what tests ask of it. */
#ifndef REDRESS_TEST_PROJECTION_SERVER_H
#define REDRESS_TEST_PROJECTION_SERVER_H

#include "projection/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* False: there is none here to start; says so. */
bool server_start(void);
/* What main() gives back: a group of tests with a server; 0 where there is none. */
#define server_run(tests)                                                                \
    (server_start() ? server_ran(cmocka_run_group_tests(tests, NULL, NULL)) : 0)
/* Stops the server; gives failed back. */
int server_ran(int failed);
/* A database as new. */
void server_fresh(void);
struct pg *server_open(void);
/* Fails the test with the error's text. */
void must(bool ok, const struct err *err);
/* The first value of a query as a C string that the caller frees. */
char *ask(const char *sql);
#define assert_ask(sql, expect)                                                          \
    do {                                                                                 \
        char *got = ask(sql);                                                            \
        print_message("  %s: %s\n", (sql), got);                                         \
        assert_string_equal(got, (expect));                                              \
        free(got);                                                                       \
    } while (0)
/* Everything in the tables, as one text that the caller frees. */
char *server_dump(void);
struct writer *writer_open(void);
void writer_close(struct writer *writer);

#endif
