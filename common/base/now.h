/* now.h - the only place that asks the machine for the time.  Cores must not include it
 * (tests/layers.sh checks). */
#ifndef REDRESS_NOW_H
#define REDRESS_NOW_H

#include <stdint.h>

/* Milliseconds since 1970, UTC. */
int64_t now_wall_ms(void);
/* For intervals: never goes back. */
int64_t now_mono_us(void);
/* CPU time of the calling thread. */
int64_t now_cpu_us(void);

#endif
