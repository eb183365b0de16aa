/* policy_dir.h - a policy folder with files put over it, for trying policies out.
 *
 * A temporary folder of links to the files of a base folder, in which single files are
 * replaced; the services' own loaders read it.  Messages name the files as the user knows
 * them.  Removed by policy_dir_close(); nothing else is touched.  Thread rule: one
 * thread. */
#ifndef REDRESS_CTL_POLICY_DIR_H
#define REDRESS_CTL_POLICY_DIR_H

#include "base/arena.h"
#include "stage/turn.h"

#define POLICY_DIR_FILES_MAX 1024

enum policy_kind {
    POLICY_UNKNOWN,
    POLICY_TAXONOMY,
    POLICY_RULES,
    POLICY_TRIAGE,
    POLICY_SLA,
    POLICY_PRESET,
    POLICY_CALENDAR,
    POLICY_HOLIDAYS, /* an iCalendar file */
    POLICY_ROUTING,
    POLICY_NOTICES,
    POLICY_MODELS, /* models.json           */
    POLICY_MODEL,  /* a trained model, no JSON */
    POLICY_KIND_COUNT,
};
/* "sla preset", ...; static. */
const char *policy_kind_name(enum policy_kind kind);

struct policy_file {
    struct str name;   /* below the folder: "sla/us_cfpb.json"       */
    struct str source; /* as the user knows it; NUL-terminated       */
    enum policy_kind kind;
    bool given; /* put over the base by policy_dir_put()      */
};
struct policy_dir {
    struct arena arena;
    char path[256]; /* of the temporary folder; "" before it is made */
    size_t n_files;
    struct policy_file files[POLICY_DIR_FILES_MAX]; /* by name */
};

/* Links all files of base. ERR_STOP if there is no such folder. */
MUST_CHECK bool policy_dir_open(struct policy_dir *dir, const char *base,
                                struct err *err);
void policy_dir_close(struct policy_dir *dir);
/* Removes the folder; what is known of its files stays. */
void policy_dir_remove(struct policy_dir *dir);
/* Puts a file (its kind is told by its name, else by its content) or all files of a
 * folder over what is there. */
MUST_CHECK bool policy_dir_put(struct policy_dir *dir, const char *path, struct err *err);
/* Replaces what a file holds; name as in policy_file. */
MUST_CHECK bool policy_dir_write(struct policy_dir *dir, struct str name,
                                 struct str bytes, struct err *err);
struct policy_file *policy_dir_find(struct policy_dir *dir, struct str name);

/* The stage whose loader reads this kind; NULL for an unknown one. */
const struct stage_def *policy_dir_stage(enum policy_kind kind);
/* What the stage's policy_load() gives for the folder. An error of a file names it as the
 * user knows it. */
MUST_CHECK bool policy_dir_load(const struct policy_dir *dir, const struct stage_def *def,
                                void **ret_policy, struct err *err);

#endif
