#include "ctl/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csv.h>
#include <zlib.h>

#include "base/buf.h"

#define CHUNK_BYTES 65536

struct rows {
    gzFile in;
    int64_t size_bytes; /* of the file as it lies there; -1 unknown */
    enum rows_format format;
    char path[512];
    struct buf line; /* JSON lines: the line at hand */
    struct csv_parser csv;
    json_t *names; /* header, an array of strings     */
    json_t *cells; /* of the row at hand              */
    json_t *ready; /* array of complete rows          */
    size_t ready_at;
    size_t row_bytes;
    bool too_large;
    bool begun; /* the first bytes are read */
    bool end;
    int64_t line_no;
};

static enum rows_format
guess(const char *path)
{
    struct str name = str_from(path);
    if (str_ends(name, STR(".gz")))
        name.len -= 3;
    if (str_ends(name, STR(".csv")))
        return ROWS_CSV;
    return str_ends(name, STR(".tsv")) ? ROWS_TSV : ROWS_JSONL;
}

struct rows *
rows_open(const char *path, enum rows_format format, struct err *err)
{
    int fd =
        strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_set(err, ERR_STOP, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct rows *rows = calloc(1, sizeof(*rows));
    BUG_IF(!rows);
    struct stat st;
    rows->size_bytes = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
    rows->in = gzdopen(fd, "rb");
    BUG_IF(!rows->in);
    (void)gzbuffer(rows->in, CHUNK_BYTES);
    (void)snprintf(rows->path, sizeof(rows->path), "%s", path);
    rows->format = format == ROWS_GUESS ? guess(path) : format;
    buf_init(&rows->line, ROWS_MAX_BYTES);
    BUG_IF(csv_init(&rows->csv, CSV_APPEND_NULL) != 0);
    csv_set_blk_size(&rows->csv, CHUNK_BYTES); /* it grows by that; 128 by itself */
    if (rows->format == ROWS_TSV)
        csv_set_delim(&rows->csv, '\t');
    rows->cells = json_array();
    rows->ready = json_array();
    return rows;
}

void
rows_drop(struct rows *rows)
{
    if (!rows)
        return;
    (void)gzclose(rows->in);
    buf_release(&rows->line);
    csv_free(&rows->csv);
    json_decref(rows->names);
    json_decref(rows->cells);
    json_decref(rows->ready);
    free(rows);
}

static void
on_cell(void *bytes, size_t len, void *ctx)
{
    struct rows *rows = ctx;
    rows->row_bytes += len;
    if (rows->row_bytes > ROWS_MAX_BYTES) {
        rows->too_large = true;
        return;
    }
    json_t *cell = json_stringn(bytes, len);
    /* Not UTF-8: Latin-1 is what old exports hold; every byte is a character there. */
    if (!cell) {
        CLEANUP(buf_release) struct buf utf8 = {.max_bytes = 2 * ROWS_MAX_BYTES};
        for (size_t i = 0; i < len; i++) {
            unsigned char c = ((const unsigned char *)bytes)[i];
            if (c >= 0x80)
                (void)buf_add_char(&utf8, (char)(0xc0 | (c >> 6)));
            (void)buf_add_char(&utf8, (char)(c < 0x80 ? c : 0x80 | (c & 0x3f)));
        }
        cell = json_stringn(utf8.ptr ? utf8.ptr : "", utf8.len);
    }
    BUG_IF(!cell);
    json_array_append_new(rows->cells, cell);
}

static void
on_row(int terminator, void *ctx)
{
    (void)terminator;
    struct rows *rows = ctx;
    rows->row_bytes = 0;
    if (!rows->names) {
        rows->names = rows->cells;
        rows->cells = json_array();
        return;
    }
    json_t *row = json_object();
    for (size_t i = 0; i < json_array_size(rows->cells); i++) {
        const char *name = json_string_value(json_array_get(rows->names, i));
        if (name)
            json_object_set(row, name, json_array_get(rows->cells, i));
    }
    json_array_append_new(rows->ready, row);
    json_array_clear(rows->cells);
}

/* zlib tells of a gzip stream that breaks off only here, after an ordinary end of file.
 */
static bool
broke_off(const struct rows *rows)
{
    int code = Z_OK;
    (void)gzerror(rows->in, &code);
    return code != Z_OK && code != Z_STREAM_END;
}

static bool
read_error(struct rows *rows, struct err *err)
{
    int code = 0;
    const char *text = gzerror(rows->in, &code);
    return err_set(err, ERR_STOP, "%s: row %lld: %s", rows->path,
                   (long long)rows->line_no + 1,
                   code == Z_ERRNO ? strerror(errno) : text);
}

/* Of the byte order mark that spreadsheets put before UTF-8. */
static size_t
mark_bytes(struct rows *rows, const char *chunk, size_t len)
{
    bool first = !rows->begun;
    rows->begun = true;
    return first && str_starts((struct str){chunk, len}, STR("\xef\xbb\xbf")) ? 3 : 0;
}

static bool
csv_fill(struct rows *rows, struct err *err)
{
    char chunk[CHUNK_BYTES];
    json_array_clear(rows->ready);
    rows->ready_at = 0;
    while (json_array_size(rows->ready) == 0 && !rows->end) {
        int got = gzread(rows->in, chunk, sizeof(chunk));
        if (got < 0 || (got == 0 && broke_off(rows)))
            return read_error(rows, err);
        size_t skip = mark_bytes(rows, chunk, (size_t)got);
        size_t len = (size_t)got - skip;
        if (got == 0) {
            rows->end = true;
            (void)csv_fini(&rows->csv, on_cell, on_row, rows);
        } else if (csv_parse(&rows->csv, chunk + skip, len, on_cell, on_row, rows) !=
                   len) {
            return err_set(err, ERR_STOP, "%s: after row %lld: %s", rows->path,
                           (long long)rows->line_no, csv_strerror(csv_error(&rows->csv)));
        }
        if (rows->too_large)
            return err_set(err, ERR_STOP, "%s: after row %lld: a row larger than 4 MiB",
                           rows->path, (long long)rows->line_no);
    }
    return true;
}

static bool
next_csv(struct rows *rows, json_t **ret_row, bool *ret_end, struct err *err)
{
    if (rows->ready_at == json_array_size(rows->ready) && !csv_fill(rows, err))
        return false;
    *ret_end = rows->ready_at == json_array_size(rows->ready);
    if (*ret_end)
        return true;
    *ret_row = json_incref(json_array_get(rows->ready, rows->ready_at++));
    rows->line_no++;
    return true;
}

static bool
next_line(struct rows *rows, bool *ret_end, struct err *err)
{
    char chunk[8192];
    buf_clear(&rows->line);
    for (;;) {
        /* Filled with what is no NUL: then the last NUL is the end of what was read, even
         * where the line itself holds some. */
        memset(chunk, 1, sizeof(chunk));
        if (!gzgets(rows->in, chunk, sizeof(chunk))) {
            if (!gzeof(rows->in) || broke_off(rows))
                return read_error(rows, err);
            *ret_end = rows->line.len == 0;
            break;
        }
        const char *end = memrchr(chunk, '\0', sizeof(chunk));
        BUG_IF(!end);
        size_t len = (size_t)(end - chunk);
        size_t skip = mark_bytes(rows, chunk, len);
        if (!buf_add(&rows->line, chunk + skip, len - skip))
            return err_set(err, ERR_STOP, "%s: row %lld is larger than 4 MiB", rows->path,
                           (long long)rows->line_no + 1);
        *ret_end = false;
        if (len > 0 && chunk[len - 1] == '\n') {
            rows->line.len--;
            break;
        }
    }
    if (!*ret_end)
        rows->line_no++;
    return true;
}

bool
rows_next(struct rows *rows, json_t **ret_row, struct str *ret_bad, bool *ret_end,
          struct err *err)
{
    *ret_row = NULL;
    *ret_bad = STR_NULL;
    if (rows->format != ROWS_JSONL)
        return next_csv(rows, ret_row, ret_end, err);
    do {
        if (!next_line(rows, ret_end, err))
            return false;
    } while (!*ret_end && str_trim(buf_str(&rows->line)).len == 0);
    if (*ret_end)
        return true;
    json_error_t fault;
    *ret_row = json_loadb(rows->line.ptr, rows->line.len, JSON_REJECT_DUPLICATES, &fault);
    if (*ret_row && !json_is_object(*ret_row)) {
        json_decref(*ret_row);
        *ret_row = NULL;
    }
    if (!*ret_row)
        *ret_bad = buf_str(&rows->line);
    return true;
}

double
rows_progress(const struct rows *rows)
{
    if (rows->size_bytes <= 0)
        return -1;
    double share = (double)gzoffset(rows->in) / (double)rows->size_bytes;
    return share > 1 ? 1 : share;
}

int64_t
rows_line(const struct rows *rows)
{
    return rows->line_no;
}
