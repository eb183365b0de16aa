/* learn_lines.h - a file or a pipe as lines, plain or gzip, of any size.
 *
 * A line of a pipe is handed over as soon as it is there: what was asked before can be
 * answered before the next is written.
 * Thread rule: one reader, one thread. */
#ifndef REDRESS_CTL_LEARN_LINES_H
#define REDRESS_CTL_LEARN_LINES_H

#include "base/base.h"

/* A longer line loses its middle: first that many bytes, then its end. */
#define LEARN_LINE_BYTES ((size_t)64 * 1024 * 1024)
#define LEARN_LINE_END_BYTES ((size_t)4096)

struct learn_lines;

/* "-": standard input.  NULL + ERR_STOP if it cannot be opened. */
struct learn_lines *learn_lines_open(const char *path, struct err *err);
void learn_lines_drop(struct learn_lines *lines);
/* Called before each wait for more; false stops the reading as if it ended. May be NULL.
 */
void learn_lines_idle(struct learn_lines *lines, bool (*fn)(void *ctx), void *ctx);
/* The next line without its end, valid until the next call.  false: it cannot be read. */
MUST_CHECK bool learn_lines_next(struct learn_lines *lines, struct str *ret_line,
                                 bool *ret_end, struct err *err);
/* Number of the line given last, from 1; whether it was cut. */
int64_t learn_lines_number(const struct learn_lines *lines);
bool learn_lines_was_cut(const struct learn_lines *lines);
/* At the end: SHA-256 of the file's bytes as they lie there. */
MUST_CHECK bool learn_lines_hash(struct learn_lines *lines, char hex[65]);

#endif
