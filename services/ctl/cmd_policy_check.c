/* cmd_policy_check.c - policy check: are these policy files such that services load them,
 * and do they say what can be meant? */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/now.h"
#include "conf/policy.h"
#include "ctl/ctl.h"
#include "ctl/policy_check.h"

const char policy_check_help[] =
    "  DIR: that folder. Files: they as if they lay in the folder in use. Neither: the\n"
    "  folder in use (policy_dir, REDRESS_POLICY_DIR). Errors are what the services "
    "would\n"
    "  refuse at the start and at SIGHUP (they then go on with the old files); warnings\n"
    "  are what loads but cannot be meant. Forms of the files: schemas/policy/.\n"
    "  --json  one object: files[file, kind, ok, version, hash, errors[path, text],\n"
    "          warnings[path, text]], ok, errors, warnings\n"
    "  Exit 1 with an error; warnings alone are exit 0.\n";

struct tally {
    int64_t files, errors, warnings;
};

static bool
is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* With single files given: they, and whatever else is wrong where they are used. */
static bool
is_shown(const struct policy_check *check, const struct policy_file *file,
         bool only_given)
{
    if (!only_given || file->given)
        return true;
    for (size_t i = 0; i < check->n; i++)
        if (!check->findings[i].warning && str_eq(check->findings[i].file, file->name))
            return true;
    return false;
}

static void
count(const struct policy_check *check, struct str file, int64_t *ret_errors,
      int64_t *ret_warnings)
{
    *ret_errors = 0;
    *ret_warnings = 0;
    for (size_t i = 0; i < check->n; i++)
        if (str_eq(check->findings[i].file, file))
            ++*(check->findings[i].warning ? ret_warnings : ret_errors);
}

/* Version and hash as services write them into what they decide. */
static void
read_name(const struct policy_file *file, struct policy_doc *ret)
{
    struct err ignored;
    bool absolute = file->source.ptr[0] == '/';
    *ret = (struct policy_doc){0};
    if (file->kind != POLICY_HOLIDAYS && file->kind != POLICY_MODEL &&
        policy_read(ret, absolute ? "" : ".", file->source.ptr + absolute, &ignored))
        policy_release(ret);
}

static void
print_text(struct buf *out, const struct policy_check *check, struct str file,
           const char *source, const char *kind, const struct policy_doc *doc,
           struct tally *tally)
{
    int64_t errors = 0;
    int64_t warnings = 0;
    count(check, file, &errors, &warnings);
    buf_printf(out, "%-7s %s", errors ? "WRONG" : "ok", source);
    buf_printf(out, "  (%s%s%s%s%s)\n", kind, doc->version[0] ? " " : "", doc->version,
               doc->hash[0] ? ", " : "", doc->hash);
    for (size_t i = 0; i < 2 * check->n; i++) { /* errors first */
        const struct policy_finding *finding = &check->findings[i % check->n];
        if (!str_eq(finding->file, file) || finding->warning != (i >= check->n))
            continue;
        buf_printf(out, "        %s%.*s%s%.*s\n", finding->warning ? "warning: " : "",
                   STR_ARG(finding->path), str_empty(finding->path) ? "" : ": ",
                   STR_ARG(finding->text));
    }
    tally->errors += errors;
    tally->warnings += warnings;
    tally->files++;
}

static void
add_findings(struct buf *out, const struct policy_check *check, struct str file,
             bool warnings)
{
    bool first = true;
    buf_printf(out, ",\"%s\":[", warnings ? "warnings" : "errors");
    for (size_t i = 0; i < check->n; i++) {
        const struct policy_finding *finding = &check->findings[i];
        if (!str_eq(finding->file, file) || finding->warning != warnings)
            continue;
        buf_printf(out, "%s{\"path\":", first ? "" : ",");
        buf_add_json(out, finding->path);
        buf_add_c(out, ",\"text\":");
        buf_add_json(out, finding->text);
        buf_add_char(out, '}');
        first = false;
    }
    buf_add_char(out, ']');
}

static void
print_json(struct buf *out, const struct policy_check *check, struct str file,
           const char *source, const char *kind, const struct policy_doc *doc,
           struct tally *tally)
{
    int64_t errors = 0;
    int64_t warnings = 0;
    count(check, file, &errors, &warnings);
    buf_printf(out, "%s{\"file\":", tally->files ? "," : "");
    buf_add_json(out, str_from(source));
    buf_printf(out, ",\"kind\":\"%s\",\"ok\":%s,\"version\":", kind,
               errors ? "false" : "true");
    buf_add_json(out, str_from(doc->version));
    buf_printf(out, ",\"hash\":\"%s\"", doc->hash);
    add_findings(out, check, file, false);
    add_findings(out, check, file, true);
    buf_add_char(out, '}');
    tally->errors += errors;
    tally->warnings += warnings;
    tally->files++;
}

static enum ctl_exit
report(const struct ctl *ctl, const struct policy_check *check, bool only_given)
{
    CLEANUP(buf_release) struct buf out = {0};
    struct tally tally = {0};
    struct policy_doc doc = {0};
    void (*print)(struct buf *, const struct policy_check *, struct str, const char *,
                  const char *, const struct policy_doc *, struct tally *) =
        ctl->json ? print_json : print_text;
    int64_t errors = 0;
    int64_t warnings = 0;
    if (ctl->json)
        buf_add_c(&out, "{\"files\":[");
    for (size_t i = 0; i < check->dir->n_files; i++) {
        const struct policy_file *file = &check->dir->files[i];
        if (!is_shown(check, file, only_given))
            continue;
        read_name(file, &doc);
        print(&out, check, file->name, file->source.ptr, policy_kind_name(file->kind),
              &doc, &tally);
    }
    doc = (struct policy_doc){0};
    count(check, STR(""), &errors, &warnings);
    if (errors + warnings > 0) /* a file that is not there */
        print(&out, check, STR(""), "the folder", "policy", &doc, &tally);
    if (ctl->json)
        buf_printf(&out, "],\"ok\":%s,\"errors\":%lld,\"warnings\":%lld}\n",
                   tally.errors ? "false" : "true", (long long)tally.errors,
                   (long long)tally.warnings);
    else
        buf_printf(&out, "%lld files, %lld errors, %lld warnings\n",
                   (long long)tally.files, (long long)tally.errors,
                   (long long)tally.warnings);
    return ctl_print(&out) && tally.errors == 0 ? CTL_OK : CTL_WRONG;
}

/* The loaders that read one of the files; all where a folder is checked. */
static void
check_all(struct policy_check *check, bool only_given)
{
    static const enum policy_kind kinds[] = {POLICY_RULES, POLICY_TRIAGE, POLICY_SLA,
                                             POLICY_ROUTING};
    policy_lint(check);
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        const struct stage_def *def = policy_dir_stage(kinds[k]);
        bool wanted = !only_given;
        for (size_t i = 0; i < check->dir->n_files; i++)
            wanted |= check->dir->files[i].given &&
                      policy_dir_stage(check->dir->files[i].kind) == def;
        if (wanted)
            policy_check_stage(check, def);
    }
}

/* Where the other files are: the configured folder; where there is none (a machine
 * without an installation), the one that the file lies in. */
static const char *
context_of(const struct ctl *ctl, char near[512])
{
    static const char *const folders[] = {"/sla", "/calendars", "/notices", "/models"};
    if (ctl->argc == 0 || is_folder(ctl->settings.policy_dir))
        return ctl->settings.policy_dir;
    (void)snprintf(near, 512, "./%.500s", ctl->argv[0]);
    if (ctl->argv[0][0] == '/')
        memmove(near, near + 2, strlen(near + 2) + 1);
    *strrchr(near, '/') = '\0';
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if (str_ends(str_from(near), str_from(folders[i])))
            near[strlen(near) - strlen(folders[i])] = '\0';
    return near;
}

enum ctl_exit
cmd_policy_check(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    struct err err = {0};
    if (!ctl_options(ctl, NULL, 0, 0, 64, &status))
        return status;
    bool folder = ctl->argc > 0 && is_folder(ctl->argv[0]);
    bool only_given = ctl->argc > 0 && !folder;
    struct policy_dir *dir = calloc(1, sizeof(*dir));
    struct policy_check *check = calloc(1, sizeof(*check));
    BUG_IF(!dir || !check);
    char near[512];
    bool ok = policy_dir_open(dir, folder ? ctl->argv[0] : context_of(ctl, near), &err);
    for (int i = folder; ok && i < ctl->argc; i++)
        ok = policy_dir_put(dir, ctl->argv[i], &err);
    if (!ok && ctl->argc > 0)
        err.action = ERR_DEAD_LETTER; /* what was asked about is wrong */
    *check = (struct policy_check){
        .dir = dir,
        .arena = &dir->arena,
        .now_ms = now_wall_ms(),
        .donor = ctl->argc > 0 ? ctl->settings.policy_dir : NULL,
    };
    if (ok)
        check_all(check, only_given);
    status = ok ? report(ctl, check, only_given) : ctl_fail(&err);
    policy_dir_close(dir);
    free(check);
    free(dir);
    return status;
}
