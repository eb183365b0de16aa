#include "base/now.h"

#include <time.h>

static int64_t
read_us(clockid_t clock)
{
    struct timespec ts = {0, 0};
    (void)clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
now_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
now_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t
now_cpu_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}
