/* ctl.h - the command line tool `redress`: what its commands share.
 *
 * Exit: 0 success, 1 the thing asked about is wrong, 2 usage or configuration, 3 a
 * dependency is away.  Errors are one line on standard error: what, and what to do.
 * Results go to standard output; --json wherever a program may read. */
#ifndef REDRESS_CTL_H
#define REDRESS_CTL_H

#include <getopt.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "conf/settings.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "pg/pg.h"

enum ctl_exit { CTL_OK = 0, CTL_WRONG = 1, CTL_USAGE = 2, CTL_AWAY = 3 };

struct ctl {
    struct settings settings;
    bool json; /* --json                                  */
    int argc;  /* what is left after the command's name   */
    char **argv;
};

struct ctl_command {
    const char *name;  /* "dlq list": one or two words */
    const char *usage; /* arguments                    */
    const char *help;  /* one line                     */
    enum ctl_exit (*run)(struct ctl *ctl);
    const char *more; /* what --help adds, whole lines; NULL: nothing */
};

enum ctl_exit cmd_topics_create(struct ctl *ctl);
enum ctl_exit cmd_topics_check(struct ctl *ctl);
enum ctl_exit cmd_db_migrate(struct ctl *ctl);
enum ctl_exit cmd_import(struct ctl *ctl);
enum ctl_exit cmd_publish(struct ctl *ctl);
enum ctl_exit cmd_tail(struct ctl *ctl);
enum ctl_exit cmd_show(struct ctl *ctl);
enum ctl_exit cmd_status(struct ctl *ctl);
enum ctl_exit cmd_wait(struct ctl *ctl);
enum ctl_exit cmd_verify(struct ctl *ctl);
enum ctl_exit cmd_dlq_list(struct ctl *ctl);
enum ctl_exit cmd_dlq_show(struct ctl *ctl);
enum ctl_exit cmd_clock_advance(struct ctl *ctl);
enum ctl_exit cmd_state_dump(struct ctl *ctl);
enum ctl_exit cmd_doctor(struct ctl *ctl);
enum ctl_exit cmd_docs(struct ctl *ctl);
enum ctl_exit cmd_policy_check(struct ctl *ctl);
enum ctl_exit cmd_policy_explain(struct ctl *ctl);
enum ctl_exit cmd_policy_simulate(struct ctl *ctl);
enum ctl_exit cmd_train(struct ctl *ctl);
enum ctl_exit cmd_evaluate(struct ctl *ctl);
enum ctl_exit cmd_classify(struct ctl *ctl);
extern const char train_help[];
extern const char evaluate_help[];
extern const char classify_help[];
extern const char policy_check_help[];
extern const char policy_explain_help[];
extern const char policy_simulate_help[];

/* Prints err as the tool's one line; gives the exit status that belongs to it. */
enum ctl_exit ctl_fail(const struct err *err);
/* "redress: <text>; see `redress help`" */
enum ctl_exit ctl_usage(const char *fmt, ...) PRINTF(1, 2);

/* A command's own options; --json is always understood.  Positional arguments are
 * counted against [min, max] and lie in ctl->argv[0..argc). */
struct ctl_option {
    const char *name;   /* "map": --map VALUE     */
    const char **value; /* NULL for a flag        */
    bool *flag;         /* NULL for a value       */
};
MUST_CHECK bool ctl_options(struct ctl *ctl, const struct ctl_option *options, size_t n,
                            int min_args, int max_args, enum ctl_exit *ret_exit);
/* A number of an option; absent: *ret stays. */
MUST_CHECK bool ctl_number(const char *option, const char *text, int64_t min, int64_t max,
                           int64_t *ret, enum ctl_exit *ret_exit);

/* A connection to the projection's database; its schema is on the search path. */
MUST_CHECK bool ctl_pg(const struct ctl *ctl, struct pg **ret_pg, struct err *err);
/* Writes what is in out to standard output and clears it; false when nobody reads. */
bool ctl_print(struct buf *out);
/* Waits a moment in a loop that asks again. */
void ctl_pause(int64_t ms);

/* --- chain.c: where every part of the pipeline stands --------------------------------
 */

/* A topic and who reads it. position of the projection is in PostgreSQL. */
struct chain_step {
    const char *topic; /* without prefix */
    const char *stage; /* "projection" for the last ones */
};
extern const struct chain_step chain[];
extern const size_t chain_len;
#define CHAIN_MAX_PARTITIONS 1024

struct chain_lag {
    int32_t partitions;
    int64_t ends[CHAIN_MAX_PARTITIONS];      /* after the last written          */
    int64_t lows[CHAIN_MAX_PARTITIONS];      /* first kept                      */
    int64_t positions[CHAIN_MAX_PARTITIONS]; /* next to read; lows[] if never   */
    int64_t lag;                             /* sum of what is not read yet     */
};
struct chain_reader; /* connections */
struct chain_reader *chain_open(const struct ctl *ctl, struct err *err);
void chain_close(struct chain_reader *reader);
/* Ends first, then positions: a lag of 0 means that all that was written when it was
 * asked has been read. */
MUST_CHECK bool chain_ends(struct chain_reader *reader, size_t step,
                           struct chain_lag *ret, struct err *err);
MUST_CHECK bool chain_positions(struct chain_reader *reader, size_t step,
                                struct chain_lag *lag, struct err *err);
/* Until all that is in the pipeline now, and what follows from it, is in PostgreSQL.
 * *ret_done = false at the deadline; what it waits for is in waiting_for. */
MUST_CHECK bool chain_wait(struct chain_reader *reader, int64_t timeout_ms,
                           bool *ret_done, char waiting_for[160], struct err *err);
/* The same up to a stage and no further: everything before it has been read. */
MUST_CHECK bool chain_wait_until(struct chain_reader *reader, size_t first, size_t last,
                                 int64_t deadline_us, bool *ret_done,
                                 char waiting_for[160], struct err *err);

/* --- scan.c: reading whole topics -----------------------------------------------------
 */

/* Every message of a topic from low to the end as it is now, partition by partition order
 * kept; stops early if fn returns false. */
MUST_CHECK bool scan_topic(const struct ctl *ctl, const char *topic,
                           bool (*fn)(void *ctx, const struct kafka_message *message),
                           void *ctx, struct err *err);
/* The same of a part of it. */
struct scan_part {
    int32_t partition; /* -1: all                                       */
    int64_t last;      /* only so many offsets before the end; 0: all   */
    int64_t until;     /* this is the end, if it is not later; 0: none  */
};
MUST_CHECK bool scan_part(const struct ctl *ctl, const char *topic, struct scan_part part,
                          bool (*fn)(void *ctx, const struct kafka_message *message),
                          void *ctx, struct err *err);
/* Where a key lies among n partitions: murmur2, as Java clients and the door do it. */
int32_t scan_partition_of(struct str key, int32_t n);
/* How many partitions a topic has. */
MUST_CHECK bool scan_partitions(const struct ctl *ctl, const char *topic,
                                int32_t *ret_count, struct err *err);

#endif
