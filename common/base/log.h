/* log.h - one JSON object a line on standard error.
 *
 * Only `stage` and the main programs log; libraries return a struct err.
 * error: a person must act.  warn: degraded, going on.  info: lifecycle.  debug: off by
 * default.  Never complaint text or personal data: ids, topics, offsets, counts only.
 * Thread rule: any thread; a line is one write(). */
#ifndef REDRESS_LOG_H
#define REDRESS_LOG_H

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Call once at start; service is kept by reference. */
void log_init(const char *service, enum log_level least);
/* Extra fields of a line; a NULL or zero-length value is left out. */
struct log_field {
    const char *name;
    struct str value;
};
/* `event` is a short constant word ("batch_aborted"); the text is for a person. */
void log_line(enum log_level level, const char *event, const struct log_field *fields,
              size_t n_fields, const char *fmt, ...) PRINTF(5, 6);
#define log_debug(event, ...) log_line(LOG_DEBUG, (event), NULL, 0, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_INFO, (event), NULL, 0, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_WARN, (event), NULL, 0, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, (event), NULL, 0, __VA_ARGS__)
/* Names the calling thread in its lines ("register-0"). */
void log_thread(const char *name);

#endif
