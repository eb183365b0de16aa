/* cmd_docs.c - docs: pages that are made from the code's own tables, never typed. */
#include <stdio.h>

#include "ctl/ctl.h"
#include "intake/lifecycle.h"
#include "stage/topics.h"

static void
print_settings(void)
{
    CLEANUP(buf_release) struct buf page = {0};
    settings_page(&page);
    (void)ctl_print(&page);
}

static void
print_lifecycle(void)
{
    fputs("# Lifecycle of a complaint\n\nMade by `make docs` from the table in "
          "`services/intake/lifecycle.c`: do not edit.\n\n```mermaid\n",
          stdout);
    lifecycle_print_mermaid(stdout);
    fputs("```\n\n", stdout);
    lifecycle_print_table(stdout);
}

static void
print_topics(void)
{
    fputs("# Topics\n\nMade by `make docs` from the table in `common/stage/topics.c`: do "
          "not "
          "edit.\nWho writes and reads them: `schemas/README.md`.\n\n"
          "| topic | retention | record time | largest message |\n|---|---|---|---|\n",
          stdout);
    for (size_t i = 0; i < topics_len; i++) {
        const struct topic_def *topic = &topics[i];
        printf("| `%s` | ", topic->name);
        if (topic->compacted)
            fputs("compacted", stdout);
        else if (topic->retention_ms < 0)
            fputs("unlimited", stdout);
        else
            printf("%lld days", (long long)(topic->retention_ms / DAY_MS));
        printf(" | %s | %d MiB |\n",
               topic->append_time ? "the broker's" : "the publisher's",
               (int)(topic->max_message_bytes / 1024 / 1024));
    }
}

enum ctl_exit
cmd_docs(struct ctl *ctl)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } PAGES[] = {
        {"settings", print_settings},
        {"lifecycle", print_lifecycle},
        {"topics", print_topics},
    };
    enum ctl_exit status = CTL_OK;
    if (!ctl_options(ctl, NULL, 0, 1, 1, &status))
        return status;
    for (size_t i = 0; i < COUNT_OF(PAGES); i++) {
        if (strcmp(ctl->argv[0], PAGES[i].name) != 0)
            continue;
        PAGES[i].print();
        return CTL_OK;
    }
    return ctl_usage("no page \"%.40s\": settings, lifecycle or topics", ctl->argv[0]);
}
