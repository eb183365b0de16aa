#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/now.h"
#include "base/times.h"

static const char *log_service = "redress";
static enum log_level log_least = LOG_INFO;
static _Thread_local char log_thread_name[32];

void
log_init(const char *service, enum log_level least)
{
    log_service = service;
    log_least = least;
}

void
log_thread(const char *name)
{
    (void)snprintf(log_thread_name, sizeof(log_thread_name), "%s", name);
}

static void
add_field(struct buf *line, const char *name, struct str value)
{
    if (!str_empty(value))
        (void)buf_add_member(line, name, value);
}

void
log_line(enum log_level level, const char *event, const struct log_field *fields,
         size_t n_fields, const char *fmt, ...)
{
    static const char *const NAMES[] = {"debug", "info", "warn", "error"};
    if (level < log_least)
        return;
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    char when[TIME_TEXT_BYTES];
    CLEANUP(buf_release) struct buf line = {.max_bytes = 16384};
    (void)buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\"",
                     time_print(now_wall_ms(), when), NAMES[level]);
    add_field(&line, "service", str_from(log_service));
    add_field(&line, "thread", str_from(log_thread_name));
    add_field(&line, "event", str_from(event));
    for (size_t i = 0; i < n_fields; i++)
        add_field(&line, fields[i].name, fields[i].value);
    add_field(&line, "msg", str_from(text));
    (void)buf_add(&line, "}\n", 2);
    /* One write, so lines of several threads do not mix; a full pipe is not our worry. */
    ssize_t written = write(STDERR_FILENO, line.ptr, line.len);
    (void)written;
}
