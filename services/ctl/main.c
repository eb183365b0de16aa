/* redress: the command line tool. The table below is its manual and its dispatch. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/ctl.h"
#include "ctl/show.h"

static const struct ctl_command COMMANDS[] = {
    {"import", "FILE [--map MAP.json] [--source S] [--rate N] [--dry-run]",
     "publish a CSV, JSON lines or CloudEvents file (.gz, - for stdin)", cmd_import,
     NULL},
    {"publish", "[FILE] [--key KEY]",
     "publish CloudEvents, one JSON a line, exactly as they stand, in their order",
     cmd_publish, NULL},
    {"tail", "TOPIC [--from beginning] [--max N] [--follow]",
     "messages of a topic, Avro shown as JSON", cmd_tail, NULL},
    {"show", "COMPLAINT_ID", "a complaint's story: timeline, reasons, clocks", cmd_show,
     show_help},
    {"status", "[--watch]", "lag, positions, cases, dead letters", cmd_status, NULL},
    {"wait", "[--timeout SECONDS]",
     "until everything published so far has reached PostgreSQL", cmd_wait, NULL},
    {"verify", "", "parity of topics, state and tables; exit 1 on a difference",
     cmd_verify, NULL},
    {"dlq list", "[--limit N]", "dead letters, newest first", cmd_dlq_list, NULL},
    {"dlq show", "TOPIC PARTITION OFFSET", "one dead letter with its original bytes",
     cmd_dlq_show, NULL},
    {"policy check", "[DIR | FILE.json ...]",
     "load policy files as the services do; all errors, and what looks wrong",
     cmd_policy_check, policy_check_help},
    {"policy explain", "COMPLAINT_ID",
     "every interval counted and left out until each clock's due time",
     cmd_policy_explain, policy_explain_help},
    {"policy simulate", "--policy NEW.json|DIR ... [--from T] [--to T]",
     "what would have differed under another policy; touches nothing",
     cmd_policy_simulate, policy_simulate_help},
    {"train", "--task T --labels FILE ... | --from-corrections -o MODEL [--licence L]",
     "a model and its card, from labelled lines or from what people corrected", cmd_train,
     train_help},
    {"evaluate", "--model MODEL | --folds K --task T  --labels FILE ...",
     "a model's accuracy, calibration and errors on lines it has not seen", cmd_evaluate,
     evaluate_help},
    {"classify", "[--model MODEL ...] [FILE ...] [--card]",
     "lines with id and text in, one line a model out; --card: what a model is",
     cmd_classify, classify_help},
    {"topics create", "", "make the topics that are missing", cmd_topics_create, NULL},
    {"topics check", "", "compare the topics with what they must be", cmd_topics_check,
     NULL},
    {"db migrate", "", "bring the database to this version's schema", cmd_db_migrate,
     NULL},
    {"clock advance", "--to TIME", "event clock: move every partition to TIME",
     cmd_clock_advance, NULL},
    {"state dump", "STAGE", "a stage's state from its changelog, sorted JSON lines",
     cmd_state_dump, NULL},
    {"doctor", "", "what is wrong with this installation, and what to do", cmd_doctor,
     NULL},
    {"docs", "settings|lifecycle|topics", "a page made from the code's own tables",
     cmd_docs, NULL},
};

static void
print_help(FILE *out)
{
    fputs("redress: complaints in at one end, handled cases out at the other\n\n"
          "usage: redress [--config FILE] COMMAND [ARGUMENTS] [--json]\n\n",
          out);
    for (size_t i = 0; i < COUNT_OF(COMMANDS); i++)
        fprintf(out, "  %-15s %s\n  %-15s %s\n", COMMANDS[i].name, COMMANDS[i].help, "",
                COMMANDS[i].usage);
    fputs(
        "\nexit: 0 success, 1 the thing asked about is wrong, 2 usage, 3 a dependency is "
        "away\n`redress COMMAND --help` says more of some\n",
        out);
}

/* What begins with the word: "policy" -> policy check, policy explain, ...; with names
 * NULL they are printed as help. */
static bool
list_group(const char *word, struct buf *names)
{
    bool any = false;
    struct str start = str_from(word);
    for (size_t i = 0; i < COUNT_OF(COMMANDS); i++) {
        const struct ctl_command *command = &COMMANDS[i];
        struct str name = str_from(command->name);
        if (name.len <= start.len || !str_starts(name, start) ||
            name.ptr[start.len] != ' ')
            continue;
        if (names)
            buf_printf(names, "%s%s", any ? ", " : "", name.ptr + start.len + 1);
        else
            printf("redress %s %s\n  %s\n", command->name, command->usage, command->help);
        any = true;
    }
    return any;
}

enum ctl_exit
ctl_fail(const struct err *err)
{
    fprintf(stderr, "redress: %s\n", err->text);
    return err->action == ERR_RETRY  ? CTL_AWAY
           : err->action == ERR_STOP ? CTL_USAGE
                                     : CTL_WRONG;
}

enum ctl_exit
ctl_usage(const char *fmt, ...)
{
    va_list args;
    fputs("redress: ", stderr);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    fputs("; see `redress help`\n", stderr);
    return CTL_USAGE;
}

static enum ctl_exit
unknown_command(const struct ctl *ctl, bool help)
{
    CLEANUP(buf_release) struct buf names = {0};
    if (help && list_group(ctl->argv[0], NULL))
        return CTL_OK;
    if (!list_group(ctl->argv[0], &names))
        return ctl_usage("unknown command \"%.40s\"", ctl->argv[0]);
    return ctl_usage("%s needs one of %.*s behind it", ctl->argv[0],
                     STR_ARG(buf_str(&names)));
}

static const struct ctl_option *
find_option(const struct ctl_option *options, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_from(options[i].name), name))
            return &options[i];
    return NULL;
}

/* One option at ctl->argv[*at]; its value may follow "=" or stand next. */
static bool
take_option(struct ctl *ctl, const struct ctl_option *options, size_t n, int *at,
            enum ctl_exit *ret_exit)
{
    const char *text = ctl->argv[*at] + 2;
    const char *equals = strchr(text, '=');
    struct str name = {text, equals ? (size_t)(equals - text) : strlen(text)};
    if (str_eq(name, STR("json")) && !equals) {
        ctl->json = true;
        return true;
    }
    const struct ctl_option *option = find_option(options, n, name);
    if (!option || (option->flag && equals)) {
        *ret_exit = ctl_usage("unknown option --%.*s", STR_ARG(name));
        return false;
    }
    if (option->flag) {
        *option->flag = true;
        return true;
    }
    if (!equals && *at + 1 >= ctl->argc) {
        *ret_exit = ctl_usage("--%.*s needs a value", STR_ARG(name));
        return false;
    }
    *option->value = equals ? equals + 1 : ctl->argv[++*at];
    return true;
}

bool
ctl_options(struct ctl *ctl, const struct ctl_option *options, size_t n, int min_args,
            int max_args, enum ctl_exit *ret_exit)
{
    int kept = 0;
    bool only_args = false;
    for (int i = 0; i < ctl->argc; i++) {
        const char *arg = ctl->argv[i];
        if (!only_args && strcmp(arg, "--") == 0) {
            only_args = true;
        } else if (!only_args && strncmp(arg, "--", 2) == 0) {
            if (!take_option(ctl, options, n, &i, ret_exit))
                return false;
        } else {
            ctl->argv[kept++] = ctl->argv[i];
        }
    }
    ctl->argc = kept;
    if (kept >= min_args && kept <= max_args)
        return true;
    *ret_exit = ctl_usage("%s arguments", kept < min_args ? "too few" : "too many");
    return false;
}

bool
ctl_number(const char *option, const char *text, int64_t min, int64_t max, int64_t *ret,
           enum ctl_exit *ret_exit)
{
    int64_t value = 0;
    if (!text)
        return true;
    if (!str_to_i64(str_from(text), &value) || value < min || value > max) {
        *ret_exit = ctl_usage("%s must be a whole number from %lld to %lld", option,
                              (long long)min, (long long)max);
        return false;
    }
    *ret = value;
    return true;
}

bool
ctl_pg(const struct ctl *ctl, struct pg **ret_pg, struct err *err)
{
    if (!ctl->settings.pg_dsn[0])
        return err_set(err, ERR_STOP, "no database is configured; set REDRESS_PG_DSN");
    struct pg *pg = NULL;
    if (!pg_connect(&pg, ctl->settings.pg_dsn, "redress", err))
        return false;
    if (!pg_exec(pg, "SET search_path = redress, pg_catalog; SET timezone = 'UTC'",
                 err)) {
        pg_close(pg);
        return false;
    }
    *ret_pg = pg;
    return true;
}

bool
ctl_print(struct buf *out)
{
    bool ok = fwrite(out->ptr ? out->ptr : "", 1, out->len, stdout) == out->len;
    buf_clear(out);
    return ok && !ferror(stdout);
}

void
ctl_pause(int64_t ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
        continue;
}

/* How many words of argv the command's name takes; 0: another command. */
static int
matches(const struct ctl_command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    if (!space)
        return argc >= 1 && strcmp(command->name, argv[0]) == 0;
    size_t first = (size_t)(space - command->name);
    bool same = argc >= 2 && strlen(argv[0]) == first &&
                strncmp(command->name, argv[0], first) == 0 &&
                strcmp(space + 1, argv[1]) == 0;
    return same ? 2 : 0;
}

/* librdkafka's own lines: only what a person must know. */
static void
on_kafka_log(int level, const char *facility, const char *text)
{
    if (level <= 2)
        fprintf(stderr, "redress: kafka: %s: %s\n", facility, text);
}

/* "help policy explain" is "policy explain --help". */
static bool
wants_help(struct ctl *ctl)
{
    if (ctl->argc > 1 && strcmp(ctl->argv[0], "help") == 0) {
        ctl->argc--;
        ctl->argv++;
        return true;
    }
    for (int i = 0; i < ctl->argc; i++)
        if (strcmp(ctl->argv[i], "--help") == 0)
            return true;
    return false;
}

/* --config FILE may stand before or behind the command; it is taken out of argv. */
static const char *
take_config(struct ctl *ctl)
{
    for (int i = 0; i + 1 < ctl->argc; i++) {
        if (strcmp(ctl->argv[i], "--config") != 0)
            continue;
        const char *config = ctl->argv[i + 1];
        for (int k = i + 2; k < ctl->argc; k++)
            ctl->argv[k - 2] = ctl->argv[k];
        ctl->argc -= 2;
        return config;
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    struct ctl ctl = {.argc = argc - 1, .argv = argv + 1};
    (void)signal(SIGPIPE, SIG_IGN);
    log_init("redress", LOG_WARN);
    kafka_log_to(on_kafka_log);
    const char *config = take_config(&ctl);
    bool help = wants_help(&ctl);
    if (ctl.argc == 0 || strcmp(ctl.argv[0], "help") == 0 ||
        strcmp(ctl.argv[0], "--help") == 0) {
        print_help(ctl.argc == 0 ? stderr : stdout);
        return ctl.argc == 0 ? CTL_USAGE : CTL_OK;
    }
    for (size_t i = 0; i < COUNT_OF(COMMANDS); i++) {
        int words = matches(&COMMANDS[i], ctl.argc, ctl.argv);
        if (words == 0)
            continue;
        if (help) {
            printf("redress %s %s\n  %s\n", COMMANDS[i].name, COMMANDS[i].usage,
                   COMMANDS[i].help);
            if (COMMANDS[i].more)
                fputs(COMMANDS[i].more, stdout);
            return CTL_OK;
        }
        struct err err = {0};
        if (!settings_read(&ctl.settings, config, &err))
            return (int)ctl_fail(&err);
        ctl.argc -= words;
        ctl.argv += words;
        enum ctl_exit status = COMMANDS[i].run(&ctl);
        settings_release(&ctl.settings);
        if (fflush(stdout) != 0 && status == CTL_OK)
            status = CTL_WRONG;
        return (int)status;
    }
    return (int)unknown_command(&ctl, help);
}
