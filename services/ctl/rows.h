/* rows.h - a file of rows as JSON objects: CSV with a header line, or JSON lines.
 *
 * Plain or gzip; "-" is standard input.  Rows come one at a time, so a file of any size
 * needs little memory; a row may have up to 4 MiB.
 * Thread rule: one reader, one thread. */
#ifndef REDRESS_CTL_ROWS_H
#define REDRESS_CTL_ROWS_H

#include <jansson.h>

#include "base/base.h"

enum rows_format { ROWS_GUESS, ROWS_CSV, ROWS_TSV, ROWS_JSONL };

#define ROWS_MAX_BYTES ((size_t)4 * 1024 * 1024)

struct rows;

/* ROWS_GUESS goes by the name (.csv, .tsv, .jsonl, .json, each also with .gz; "-" is JSON
 * lines).  NULL + ERR_STOP if it cannot be opened. */
struct rows *rows_open(const char *path, enum rows_format format, struct err *err);
void rows_drop(struct rows *rows);
/* *ret_row is a new reference to an object; NULL at the end.  CSV: the header's names
 * with strings.  A line that is no JSON object: *ret_row is NULL, *ret_bad its bytes
 * (valid until the next call): a publisher would have sent it as it is.  false: the file
 * cannot be read. */
MUST_CHECK bool rows_next(struct rows *rows, json_t **ret_row, struct str *ret_bad,
                          bool *ret_end, struct err *err);
/* Share of the file read so far, 0 to 1; negative where the size is unknown. */
double rows_progress(const struct rows *rows);
/* Number of the row given last, from 1. */
int64_t rows_line(const struct rows *rows);

#endif
