/* projection_run.h - the projection's process: four lanes, one PostgreSQL connection.
 *
 * One thread does the work: fill a lane's batch, write it, next lane.  More throughput
 * comes from more processes: Kafka divides the partitions, the fence keeps them apart. */
#ifndef REDRESS_PROJECTION_RUN_H
#define REDRESS_PROJECTION_RUN_H

#include "conf/settings.h"

/* Runs until SIGTERM.  Exit status: 0 stopped, 1 fatal or fenced, 2 configuration, 3 a
 * dependency is away at the start. */
int projection_run(const struct settings *settings);

#endif
