/* cmd_dlq.c - dlq list, dlq show: what was refused, why, and the original bytes. */
#include <stdio.h>

#include "ctl/ctl.h"

static void
print_row(struct buf *out, const struct pg_result *rows, size_t row)
{
    buf_printf(out, "%.*s[%.*s] @%.*s  %.*s at %.*s  %.*s\n    %.*s\n",
               STR_ARG(pg_value(rows, row, 0)), STR_ARG(pg_value(rows, row, 1)),
               STR_ARG(pg_value(rows, row, 2)), STR_ARG(pg_value(rows, row, 4)),
               STR_ARG(pg_value(rows, row, 3)), STR_ARG(pg_value(rows, row, 6)),
               STR_ARG(pg_value(rows, row, 5)));
}

enum ctl_exit
cmd_dlq_list(struct ctl *ctl)
{
    const char *limit_text = NULL;
    const struct ctl_option options[] = {{"limit", &limit_text, NULL}};
    enum ctl_exit status = CTL_OK;
    int64_t limit = ctl->json ? INT32_MAX : 1000;
    if (!ctl_options(ctl, options, COUNT_OF(options), 0, 0, &status) ||
        !ctl_number("--limit", limit_text, 1, INT32_MAX, &limit, &status))
        return status;
    struct err err = {0};
    CLEANUP(pg_drop) struct pg *pg = NULL;
    CLEANUP(pg_result_drop) struct pg_result *rows = NULL;
    char number[24];
    (void)snprintf(number, sizeof(number), "%lld",
                   (long long)(ctl->json ? INT32_MAX : limit));
    struct str params[] = {str_from(number)};
    if (!ctl_pg(ctl, &pg, &err) || !pg_query(pg,
                                             "SELECT topic, \"partition\", \"offset\", "
                                             "stage, reason, detail, recorded_at, "
                                             "row_to_json(d)::text FROM bi.dead_letters "
                                             "d ORDER BY recorded_at DESC, topic, "
                                             "\"partition\", \"offset\" LIMIT $1::bigint",
                                             params, COUNT_OF(params), &rows, &err))
        return ctl_fail(&err);
    CLEANUP(buf_release) struct buf out = {0};
    for (size_t i = 0; i < pg_rows(rows); i++) {
        if (ctl->json)
            buf_printf(&out, "%.*s\n", STR_ARG(pg_value(rows, i, 7)));
        else
            print_row(&out, rows, i);
        if (!ctl_print(&out))
            return CTL_WRONG;
    }
    if (!ctl->json && pg_rows(rows) == 0)
        puts("no dead letters");
    return CTL_OK;
}

/* --- show ----------------------------------------------------------------------------
 */

struct wanted {
    struct ctl *ctl;
    struct str topic;
    struct str partition;
    struct str offset;
    int found;
};

static bool
show_if_wanted(void *ctx, const struct kafka_message *message)
{
    struct wanted *wanted = ctx;
    if (!str_eq(kafka_header_last(message, STR("redress-error-topic")), wanted->topic) ||
        !str_eq(kafka_header_last(message, STR("redress-error-partition")),
                wanted->partition) ||
        !str_eq(kafka_header_last(message, STR("redress-error-offset")), wanted->offset))
        return true;
    wanted->found++;
    if (!wanted->ctl->json) {
        for (size_t i = 0; i < message->n_headers; i++)
            printf("%.*s: %.*s\n", STR_ARG(message->headers[i].name),
                   STR_ARG(message->headers[i].value));
        printf("key: %.*s\n\n", STR_ARG(message->key));
        (void)fwrite(message->value.ptr, 1, message->value.len, stdout);
        putchar('\n');
        return true;
    }
    CLEANUP(buf_release) struct buf out = {0};
    buf_add_c(&out, "{\"headers\":{");
    for (size_t i = 0; i < message->n_headers; i++) {
        buf_add_c(&out, i ? "," : "");
        buf_add_json(&out, message->headers[i].name);
        buf_add_char(&out, ':');
        buf_add_json(&out, message->headers[i].value);
    }
    buf_add_c(&out, "},\"value\":");
    buf_add_json(&out, message->value);
    buf_add_c(&out, "}\n");
    return ctl_print(&out);
}

enum ctl_exit
cmd_dlq_show(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    if (!ctl_options(ctl, NULL, 0, 3, 3, &status))
        return status;
    struct wanted wanted = {ctl, str_from(ctl->argv[0]), str_from(ctl->argv[1]),
                            str_from(ctl->argv[2]), 0};
    struct err err = {0};
    if (!scan_topic(ctl, "complaints.deadletter", show_if_wanted, &wanted, &err))
        return ctl_fail(&err);
    if (wanted.found)
        return CTL_OK;
    fprintf(stderr, "redress: no dead letter of %s[%s] @%s; see `redress dlq list`\n",
            ctl->argv[0], ctl->argv[1], ctl->argv[2]);
    return CTL_WRONG;
}
