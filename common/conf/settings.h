/* settings.h - the configuration of an installation: one table, nothing else.
 *
 * A row names key, type, default, bounds, unit and help; the parser, the environment,
 * --help and deploy/CONFIGURATION.md all come from it.  Later wins: default, JSON file,
 * environment, command line.  A key may be written nested ({"pg": {"dsn": ...}}) or with
 * dots ({"pg.dsn": ...}).  Unknown keys stop the start.  Secrets (salt, DSN) come from
 * the file, a file of their own or the environment, never from the command line. Thread
 * rule: loaded once, then const. */
#ifndef REDRESS_SETTINGS_H
#define REDRESS_SETTINGS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/log.h"

#define SETTINGS_PROGRAM_VERSION "0.1.0"
#define SETTINGS_FILE_DEFAULT "/etc/redress/redress.json"

/* Strings are NUL-terminated, never NULL ("" where nothing was given), and live until
 * settings_release(). */
struct settings {
    struct arena arena;
    /* librdkafka properties: name, value, name, value, ..., NULL. */
    const char *const *kafka;
    const char *pg_dsn; /* pg.dsn, or what pg.dsn_file holds */
    const char *pg_dsn_file;
    const char *topic_prefix;
    int64_t partitions;
    int64_t inbound_partitions; /* never 0 after loading: partitions unless set */
    int64_t replication;        /* 0: the broker's default */
    int64_t clock;              /* enum settings_clock */
    const char *salt;           /* salt, or what salt_file holds */
    const char *salt_file;
    const char *default_region;
    const char *policy_dir;
    int64_t threads;
    const char *instance; /* never "" after loading */
    int64_t batch_max_events;
    int64_t commit_interval_ms;
    int64_t commit_backlog_ms;
    int64_t guard_ms;
    int64_t start_timeout_ms;
    int64_t restore_timeout_ms;
    int64_t stall_timeout_ms;
    const char *ops_address;
    int64_t ops_port;  /* 0: none */
    int64_t log_level; /* enum log_level */
};

enum settings_clock { CLOCK_WALL, CLOCK_EVENT };

static inline bool
settings_wall_clock(const struct settings *settings)
{
    return settings->clock == CLOCK_WALL;
}

/* What the command line asked for. */
enum settings_command {
    SETTINGS_RUN,
    SETTINGS_HELP,    /* --help: print settings_help()          */
    SETTINGS_VERSION, /* --version                              */
    SETTINGS_PAGE,    /* --settings-page: print settings_page() */
};

/* For services: defaults, file (--config, REDRESS_CONFIG or SETTINGS_FILE_DEFAULT if it
 * is there), environment, options.  With another command than SETTINGS_RUN only the
 * defaults are in *ret.  False with ERR_STOP: a person must mend the configuration (exit
 * 2). */
MUST_CHECK bool settings_load(struct settings *ret, int argc, char **argv,
                              enum settings_command *ret_command, struct err *err);
/* For programs that read their own options (the command line tool): the same without
 * options.  file may be NULL: REDRESS_CONFIG or the default place. */
MUST_CHECK bool settings_read(struct settings *ret, const char *file, struct err *err);
/* Tests: the same from text, without environment.  name stands in errors. */
MUST_CHECK bool settings_parse(struct settings *ret, const char *name, struct str json,
                               struct err *err);
void settings_release(struct settings *settings);

/* --help of a service: options and settings. */
void settings_help(const char *program, struct buf *out);
/* deploy/CONFIGURATION.md. */
void settings_page(struct buf *out);

#endif
