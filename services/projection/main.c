/* Wiring only: complaints.routed, products.* and complaints.deadletter -> PostgreSQL. */
#include <stdio.h>

#include "base/log.h"
#include "conf/settings.h"
#include "projection/projection_run.h"

#define PROGRAM "redress-projection"

static void
print(enum settings_command command)
{
    CLEANUP(buf_release) struct buf out = {0};

    if (command == SETTINGS_HELP)
        settings_help(PROGRAM, &out);
    else if (command == SETTINGS_PAGE)
        settings_page(&out);
    else
        (void)buf_printf(&out, PROGRAM " %s\n", SETTINGS_PROGRAM_VERSION);
    (void)fwrite(out.ptr, 1, out.len, stdout);
}

int
main(int argc, char **argv)
{
    struct settings settings;
    enum settings_command command = SETTINGS_RUN;
    struct err err = {0};
    int status = 0;

    log_init("projection", LOG_INFO);
    if (!settings_load(&settings, argc, argv, &command, &err)) {
        log_error("configuration", "%s", err.text);
        return 2;
    }
    if (command != SETTINGS_RUN) {
        print(command);
    } else {
        log_init("projection", (enum log_level)settings.log_level);
        status = projection_run(&settings);
        log_info("stopped", "exit %d", status);
    }
    settings_release(&settings);
    return status;
}
