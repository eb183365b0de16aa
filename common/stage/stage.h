/* stage.h - the stage runtime: Kafka in, a stage's turns, Kafka out, exactly once.
 *
 * A service's main.c lists its stages and calls stage_main(); everything else is here:
 * options, configuration, logs, ops endpoint, threads, transactions, restore, rebalance,
 * timers, dead letters, SIGTERM (finish the batch, commit, close), SIGHUP (reload
 * policy). */
#ifndef REDRESS_STAGE_H
#define REDRESS_STAGE_H

#include "stage/turn.h"

/* Runs the service until SIGTERM. Returns the exit status: 0 stopped, 1 fatal or fenced,
 * 2 usage or configuration, 3 a dependency is away at the start. */
int stage_main(const char *service, const struct stage_def *const *stages,
               size_t n_stages, int argc, char **argv);

#endif
