/* Where a model and its card are written: both or none. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/learn.h"

#define PROBE_BYTES ((size_t)1 << 20)

static void
hold_signals(sigset_t *before)
{
    sigset_t held;
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGINT);
    (void)sigaddset(&held, SIGTERM);
    (void)sigaddset(&held, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &held, before);
    (void)signal(SIGXFSZ,
                 SIG_IGN); /* a limit of the shell is an error like a full disk */
}

static bool
refuse(const char *name, struct err *err)
{
    return err_set(err, ERR_STOP, "%.200s cannot be written: %s", name, strerror(errno));
}

/* To the disk, in a file beside its place. */
static bool
write_fresh(const char *name, struct str bytes, struct err *err)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return refuse(name, err);
    size_t at = 0;
    bool ok = true;
    while (ok && at < bytes.len) {
        ssize_t put = write(fd, bytes.ptr + at, bytes.len - at);
        ok = put > 0 || (put < 0 && errno == EINTR);
        at += put > 0 ? (size_t)put : 0;
    }
    ok = ok && fsync(fd) == 0;
    if (!ok)
        (void)refuse(name, err);
    if (close(fd) != 0 && ok)
        ok = refuse(name, err);
    if (!ok)
        (void)unlink(name);
    return ok;
}

/* Something else than a file in the way (a folder) would let one of the two be put in
 * place and not the other. */
static bool
check_place(const char *name, struct err *err)
{
    struct stat st;
    return stat(name, &st) != 0 || S_ISREG(st.st_mode) ||
           err_set(err, ERR_STOP, "%.200s is no file that could be replaced", name);
}

bool
learn_out_check(const char *path, struct err *err)
{
    CLEANUP(buf_release) struct buf fresh = {0};
    CLEANUP(buf_release) struct buf probe = {.max_bytes = 2 * PROBE_BYTES};
    CLEANUP(buf_release) struct buf card = {0};
    sigset_t before;
    if (!*path || strcmp(path, "-") == 0)
        return err_set(err, ERR_STOP, "-o names the file of the model; \"%s\" is none",
                       path);
    buf_printf(&card, "%s.card.json", path);
    if (!check_place(path, err) || !check_place(card.ptr, err))
        return false;
    buf_printf(&fresh, "%s.new", path);
    BUG_IF(!buf_reserve(&probe, PROBE_BYTES));
    memset(probe.ptr, 0, PROBE_BYTES);
    hold_signals(&before);
    bool ok = write_fresh(fresh.ptr, (struct str){probe.ptr, PROBE_BYTES}, err);
    if (ok)
        (void)unlink(fresh.ptr);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}

bool
learn_out_write(const char *path, struct str model, struct str card, struct err *err)
{
    CLEANUP(buf_release) struct buf fresh = {0};
    CLEANUP(buf_release) struct buf fresh_card = {0};
    CLEANUP(buf_release) struct buf name = {0};
    sigset_t before;
    buf_printf(&fresh, "%s.new", path);
    buf_printf(&name, "%s.card.json", path);
    buf_printf(&fresh_card, "%s.new", name.ptr);
    hold_signals(&before);
    bool ok = check_place(path, err) && check_place(name.ptr, err) &&
              write_fresh(fresh.ptr, model, err);
    if (ok && !write_fresh(fresh_card.ptr, card, err)) {
        (void)unlink(fresh.ptr);
        ok = false;
    }
    /* A service maps the old model or the new one, never a half. */
    if (ok && (rename(fresh.ptr, path) != 0 || rename(fresh_card.ptr, name.ptr) != 0)) {
        ok = refuse(path, err);
        (void)unlink(fresh.ptr);
        (void)unlink(fresh_card.ptr);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}
