#include "http/ops.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16
#define IDLE_SECONDS 10

struct ops {
    struct MHD_Daemon *daemon;
    struct ops_hooks hooks;
    uint16_t port;
};

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, const char *type,
       const struct buf *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->len, (void *)(uintptr_t)buf_str(body).ptr, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    (void)MHD_add_response_header(response, "Content-Type", type);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

/* The signature is libmicrohttpd's. */
/* NOLINTBEGIN(readability-non-const-parameter) */
static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url,
           const char *method, const char *version, const char *upload,
           size_t *upload_len, void **state)
/* NOLINTEND(readability-non-const-parameter) */
{
    const struct ops *ops = cls;
    (void)version;
    (void)upload;
    (void)upload_len;
    (void)state;
    CLEANUP(buf_release) struct buf body = {0};
    unsigned status = MHD_HTTP_OK;
    const char *type = "text/plain; charset=utf-8";
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        status = MHD_HTTP_METHOD_NOT_ALLOWED;
    } else if (strcmp(url, "/healthz") == 0) {
        status = ops->hooks.healthy(ops->hooks.ctx, &body) ? status
                                                           : MHD_HTTP_SERVICE_UNAVAILABLE;
    } else if (strcmp(url, "/readyz") == 0) {
        status = ops->hooks.ready(ops->hooks.ctx, &body) ? status
                                                         : MHD_HTTP_SERVICE_UNAVAILABLE;
    } else if (strcmp(url, "/metrics") == 0) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        ops->hooks.metrics(ops->hooks.ctx, &body);
    } else {
        status = MHD_HTTP_NOT_FOUND;
    }
    if (body.len == 0)
        (void)buf_add_c(&body, status == MHD_HTTP_OK ? "ok\n" : "no\n");
    return answer(connection, status, type, &body);
}

struct ops *
ops_start(const char *address, uint16_t port, const struct ops_hooks *hooks,
          struct err *err)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, address, &where.sin_addr) != 1) {
        err_set(err, ERR_STOP, "ops.address %.60s: must be an IPv4 address", address);
        return NULL;
    }
    struct ops *ops = calloc(1, sizeof(*ops));
    BUG_IF(!ops);
    ops->hooks = *hooks;
    ops->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, port, NULL, NULL, on_request, ops,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&where, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
    if (!ops->daemon) {
        err_set(err, ERR_STOP, "ops: cannot listen on %.60s port %u: %s; set ops.port",
                address, (unsigned)port, strerror(errno));
        free(ops);
        return NULL;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(ops->daemon, MHD_DAEMON_INFO_BIND_PORT);
    ops->port = info ? info->port : port;
    return ops;
}

uint16_t
ops_port(const struct ops *ops)
{
    return ops->port;
}

void
ops_stop(struct ops *ops)
{
    if (!ops)
        return;
    MHD_stop_daemon(ops->daemon);
    free(ops);
}
