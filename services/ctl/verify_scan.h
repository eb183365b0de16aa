/* verify_scan.h - what `redress verify` reads from the topics: sets, to be compared. */
#ifndef REDRESS_CTL_VERIFY_SCAN_H
#define REDRESS_CTL_VERIFY_SCAN_H

#include "ctl/ctl.h"

/* How often each inbound message was met again downstream. */
struct inbound_marks {
    int32_t partitions;
    int64_t low[CHAIN_MAX_PARTITIONS];
    int64_t end[CHAIN_MAX_PARTITIONS];
    unsigned char
        *marks[CHAIN_MAX_PARTITIONS]; /* by offset - low: bit 7 is there, rest count */
};

/* A growing set of short keys; counted once each. */
struct key_set {
    struct arena arena;
    struct str *keys;
    size_t n;
    size_t room;
};
void key_set_add(struct key_set *set, struct str key);
/* Sorts and drops doubles; gives how many doubles there were. */
size_t key_set_settle(struct key_set *set);
void key_set_release(struct key_set *set);

struct verify_scan {
    const struct ctl *ctl;
    char inbound_topic[256];
    struct arena arena;
    struct inbound_marks inbound;
    int64_t keyed;          /* messages on complaints.keyed, ticks included */
    bool keyed_whole;       /* nothing of it has expired                    */
    struct key_set routed;  /* event ids, ticks left out                    */
    struct key_set letters; /* topic/partition/offset/stage of dead letters */
    struct key_set items;   /* feedback ids                                 */
    size_t routed_doubles;
    int64_t lost;    /* inbound messages met nowhere */
    int64_t doubled; /* inbound messages met twice   */
    int64_t inbound_messages;
    char example[384]; /* the first lost or doubled one */
};

/* Reads inbound, keyed, observed, routed, deadletter and feedback, each whole. */
MUST_CHECK bool verify_scan_run(struct verify_scan *scan, struct err *err);
void verify_scan_release(struct verify_scan *scan);

#endif
