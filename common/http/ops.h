/* ops.h - /healthz, /readyz and /metrics of a process, for probes and Prometheus.
 *
 * Serves from a thread of its own: the hooks are called from it and must be safe beside
 * the workers.  Bounded: few connections, GET only, short timeouts. Thread rule: start
 * and stop from one thread. */
#ifndef REDRESS_OPS_H
#define REDRESS_OPS_H

#include "base/buf.h"

struct ops;

struct ops_hooks {
    void *ctx;
    /* A false answer is status 503; out takes one line why. */
    bool (*healthy)(void *ctx, struct buf *out);
    bool (*ready)(void *ctx, struct buf *out);
    void (*metrics)(void *ctx, struct buf *out); /* Prometheus text format */
};

/* ERR_STOP: the address cannot be used. port 0 takes a free one (see ops_port()). */
struct ops *ops_start(const char *address, uint16_t port, const struct ops_hooks *hooks,
                      struct err *err);
uint16_t ops_port(const struct ops *ops);
/* Takes NULL. */
void ops_stop(struct ops *ops);

#endif
