/* policy_check.h - all that is wrong with the files of a policy folder.
 *
 * The services' loaders stop at the first mistake.  To find the next one, what they
 * complained about is taken out of a copy of the file and they are asked again; what only
 * follows from something taken out is not told.  Lint (policy_lint.c) adds what loads but
 * cannot be meant. */
#ifndef REDRESS_CTL_POLICY_CHECK_H
#define REDRESS_CTL_POLICY_CHECK_H

#include <jansson.h>

#include "ctl/policy_dir.h"

#define FINDINGS_MAX 1000

struct policy_finding {
    struct str file; /* name in the folder */
    struct str path; /* JSON path, "" without */
    struct str text;
    bool warning;
};
struct policy_check {
    struct policy_dir *dir;
    struct arena *arena;
    int64_t now_ms;    /* calendars are looked at from here */
    const char *donor; /* a folder whose values stand in for bad ones, or NULL */
    size_t n;
    struct policy_finding findings[FINDINGS_MAX];
};

void policy_find(struct policy_check *check, struct str file, struct str path,
                 bool warning, const char *fmt, ...) PRINTF(5, 6);

/* Errors of all files that the stage's loader reads.  Changes the copy in the folder. */
void policy_check_stage(struct policy_check *check, const struct stage_def *def);
/* Warnings, and models that cannot be read and no stage reads; call before
 * policy_check_stage(). Files that are no JSON are passed over. */
void policy_lint(struct policy_check *check);

/* The file as it lies in the folder; NULL if it is no JSON object. To be json_decref'd.
 */
json_t *policy_check_read(const struct policy_check *check, struct str name);

#endif
