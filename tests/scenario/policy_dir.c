/* Policy folders made of the shipped one and what a scenario puts over it. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>

static bool
is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!(name.ptr[i] >= 'a' && name.ptr[i] <= 'z') && name.ptr[i] != '_')
            return false;
    return name.len > 0;
}

static bool
shell(const char *command)
{
    (void)fflush(NULL);
    return system(command) == 0; /* NOLINT(cert-env33-c): our own words only */
}

bool
policy_dir_make(const char *base, struct str name, char *ret_dir, size_t size,
                struct err *err)
{
    char command[2048];
    if (!is_name(name))
        return err_set(err, ERR_STOP, "policy NAME: a folder of tests/scenario/policies");
    (void)snprintf(ret_dir, size, "/tmp/scenario-policy.XXXXXX");
    if (!mkdtemp(ret_dir))
        return err_set(err, ERR_STOP, "%s: cannot be made", ret_dir);
    (void)snprintf(command, sizeof(command),
                   "cp -RL '%s/.' '%s' && cp -RL 'tests/scenario/policies/%.*s/.' '%s'",
                   base, ret_dir, STR_ARG(name), ret_dir);
    if (shell(command))
        return true;
    policy_dir_remove(ret_dir);
    return err_set(err, ERR_STOP, "policy %.*s: cannot be copied", STR_ARG(name));
}

void
policy_dir_remove(const char *dir)
{
    char command[512];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    (void)shell(command);
}
