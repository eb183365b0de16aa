#include "ctl/learn_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "base/buf.h"

#define CHUNK_BYTES 131072

/* zlib's own reader waits until its buffer is full; a pipe would wait for ever. */
struct learn_lines {
    int fd;
    char path[512];
    bool (*idle)(void *ctx);
    void *idle_ctx;
    EVP_MD_CTX *hash;
    z_stream z;
    bool begun, gzip, ended;
    bool in_member; /* gzip: between the head of a member and its end */
    unsigned char raw[CHUNK_BYTES];
    char plain[CHUNK_BYTES];
    size_t at, len; /* what is left of plain */
    struct buf line;
    int64_t number;
    bool cut;
};

struct learn_lines *
learn_lines_open(const char *path, struct err *err)
{
    struct stat st;
    int fd =
        strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        (void)err_set(err, ERR_STOP, "%.200s: %s", path,
                      fd < 0 ? strerror(errno) : "is a folder, not a file");
        if (fd >= 0)
            (void)close(fd);
        return NULL;
    }
    struct learn_lines *lines = calloc(1, sizeof(*lines));
    BUG_IF(!lines);
    lines->fd = fd;
    (void)snprintf(lines->path, sizeof(lines->path), "%s", path);
    buf_init(&lines->line, LEARN_LINE_BYTES + LEARN_LINE_END_BYTES);
    lines->hash = EVP_MD_CTX_new();
    BUG_IF(!lines->hash || EVP_DigestInit_ex(lines->hash, EVP_sha256(), NULL) != 1);
    return lines;
}

void
learn_lines_drop(struct learn_lines *lines)
{
    if (!lines)
        return;
    if (lines->gzip)
        (void)inflateEnd(&lines->z);
    (void)close(lines->fd);
    EVP_MD_CTX_free(lines->hash);
    buf_release(&lines->line);
    free(lines);
}

void
learn_lines_idle(struct learn_lines *lines, bool (*fn)(void *ctx), void *ctx)
{
    lines->idle = fn;
    lines->idle_ctx = ctx;
}

static bool
read_error(const struct learn_lines *lines, const char *what, struct err *err)
{
    return err_set(err, ERR_STOP, "%.200s: after line %lld: %s", lines->path,
                   (long long)lines->number, what);
}

/* More bytes as they lie in the file, from a place of raw on; none: the end. */
static bool
read_raw(struct learn_lines *lines, size_t from, size_t *ret_len, struct err *err)
{
    *ret_len = 0;
    if (lines->idle && !lines->idle(lines->idle_ctx))
        return true;
    ssize_t got = 0;
    do {
        got = read(lines->fd, lines->raw + from, sizeof(lines->raw) - from);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return read_error(lines, strerror(errno), err);
    *ret_len = (size_t)got;
    (void)EVP_DigestUpdate(lines->hash, lines->raw + from, (size_t)got);
    return true;
}

static bool
begin(struct learn_lines *lines, size_t len)
{
    lines->begun = true;
    lines->gzip = len >= 2 && lines->raw[0] == 0x1f && lines->raw[1] == 0x8b;
    return !lines->gzip || inflateInit2(&lines->z, 15 + 16) == Z_OK;
}

/* Members may follow one another; zeros behind the last are padding. */
static bool
inflate_more(struct learn_lines *lines, struct err *err)
{
    lines->z.next_out = (unsigned char *)lines->plain;
    lines->z.avail_out = sizeof(lines->plain);
    while (lines->z.avail_out == sizeof(lines->plain)) {
        if (lines->z.avail_in == 0) {
            size_t len = 0;
            if (!read_raw(lines, 0, &len, err))
                return false;
            lines->ended = len == 0;
            if (lines->ended)
                return !lines->in_member ||
                       read_error(lines, "the gzip file breaks off", err);
            lines->z.next_in = lines->raw;
            lines->z.avail_in = (unsigned)len;
        }
        if (!lines->in_member && *lines->z.next_in == 0) {
            lines->z.next_in++;
            lines->z.avail_in--;
            continue;
        }
        lines->in_member = true;
        int code = inflate(&lines->z, Z_NO_FLUSH);
        if (code == Z_STREAM_END) {
            lines->in_member = false;
            code = inflateReset(&lines->z);
        }
        if (code != Z_OK && code != Z_BUF_ERROR)
            return read_error(lines, "the gzip file is damaged", err);
    }
    lines->len = sizeof(lines->plain) - lines->z.avail_out;
    return true;
}

static bool
fill(struct learn_lines *lines, struct err *err)
{
    size_t len = 0;
    lines->at = 0;
    lines->len = 0;
    if (lines->begun && lines->gzip)
        return inflate_more(lines, err);
    if (!read_raw(lines, 0, &len, err))
        return false;
    if (!lines->begun && len == 1 && lines->raw[0] == 0x1f) {
        size_t more = 0; /* a slow pipe: whether it is gzip, the second byte tells */
        if (!read_raw(lines, 1, &more, err))
            return false;
        len += more;
    }
    lines->ended = len == 0;
    if (!lines->begun && !begin(lines, len))
        return read_error(lines, "zlib cannot begin", err);
    if (lines->gzip) {
        lines->z.next_in = lines->raw;
        lines->z.avail_in = (unsigned)len;
        lines->in_member = true;
        return inflate_more(lines, err);
    }
    memcpy(lines->plain, lines->raw, len);
    lines->len = len;
    return true;
}

/* Beyond the line's maximum its last bytes take each other's place: an id may stand
 * there, behind a text of any length. */
static void
keep(struct learn_lines *lines, const char *bytes, size_t len)
{
    size_t most = LEARN_LINE_BYTES + LEARN_LINE_END_BYTES;
    size_t over = lines->line.len + len > most ? lines->line.len + len - most : 0;
    size_t old =
        lines->line.len > LEARN_LINE_BYTES ? lines->line.len - LEARN_LINE_BYTES : 0;
    size_t drop = over < old ? over : old;
    lines->cut = lines->cut || over > 0;
    if (drop > 0) {
        char *end = lines->line.ptr + LEARN_LINE_BYTES;
        memmove(end, end + drop, old - drop);
        lines->line.len -= drop;
    }
    /* What is new is longer than the rest of the room: its own middle goes. */
    size_t skip = over - drop;
    size_t head = lines->line.len < LEARN_LINE_BYTES && skip > 0
                      ? LEARN_LINE_BYTES - lines->line.len
                      : 0;
    (void)buf_add(&lines->line, bytes, head);
    (void)buf_add(&lines->line, bytes + head + skip, len - head - skip);
}

bool
learn_lines_next(struct learn_lines *lines, struct str *ret_line, bool *ret_end,
                 struct err *err)
{
    bool any = false;
    buf_clear(&lines->line);
    lines->cut = false;
    *ret_end = false;
    for (;;) {
        if (lines->at == lines->len && !lines->ended && !fill(lines, err))
            return false;
        if (lines->at == lines->len && lines->ended)
            break;
        const char *start = lines->plain + lines->at;
        size_t left = lines->len - lines->at;
        const char *end = memchr(start, '\n', left);
        size_t len = end ? (size_t)(end - start) : left;
        lines->at += len + (end != NULL);
        any = true;
        if (end && lines->line.len == 0) {
            lines->number++;
            *ret_line = (struct str){start, len};
            return true;
        }
        keep(lines, start, len);
        if (end)
            break;
    }
    *ret_end = !any;
    lines->number += any;
    *ret_line = buf_str(&lines->line);
    return true;
}

int64_t
learn_lines_number(const struct learn_lines *lines)
{
    return lines->number;
}

bool
learn_lines_was_cut(const struct learn_lines *lines)
{
    return lines->cut;
}

bool
learn_lines_hash(struct learn_lines *lines, char hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (EVP_DigestFinal_ex(lines->hash, digest, &len) != 1 || len < 32)
        return false;
    for (unsigned int i = 0; i < 32; i++)
        (void)snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
    return true;
}
