/* Options that train, evaluate and classify share. */
#include <stdio.h>

#include "ctl/learn.h"
#include "intake/door_json.h"

bool
learn_take(struct ctl *ctl, const char *name, const char *brief, const char **values,
           size_t max, size_t *ret_n, enum ctl_exit *ret_exit)
{
    int kept = 0;
    size_t len = strlen(name);
    *ret_n = 0;
    for (int i = 0; i < ctl->argc; i++) {
        const char *arg = ctl->argv[i];
        bool equals = strncmp(arg, name, len) == 0 && arg[len] == '=';
        if (!equals && strcmp(arg, name) != 0 && (!brief || strcmp(arg, brief) != 0)) {
            ctl->argv[kept++] = ctl->argv[i];
            continue;
        }
        const char *value = equals              ? arg + len + 1
                            : i + 1 < ctl->argc ? ctl->argv[++i]
                                                : NULL;
        if (!value || *ret_n == max) {
            *ret_exit = value ? ctl_usage("%s at most %zu times", name, max)
                              : ctl_usage("%s needs a value", name);
            return false;
        }
        values[(*ret_n)++] = value;
    }
    ctl->argc = kept;
    return true;
}

bool
learn_is_text(const char *option, const char *value, size_t max_bytes,
              enum ctl_exit *ret_exit)
{
    struct str text = str_from(value ? value : "");
    if (text.len <= max_bytes && door_utf8_valid(text))
        return true;
    *ret_exit = ctl_usage("%s takes at most %zu bytes of UTF-8", option, max_bytes);
    return false;
}

bool
learn_choice(const char *text, struct train_options *options, enum ctl_exit *ret_exit)
{
    if (!text)
        return true;
    char rest = 0;
    struct train_choice *c = &options->choice;
    options->fixed = sscanf(text, "%lf,%lf,%lf,%lf,%lf%c", &c->c, &c->balance, &c->ratio,
                            &c->chars, &c->tf, &rest) == 5 &&
                     c->c > 0 && c->c <= 1000 && c->balance >= 0 && c->balance <= 2 &&
                     c->ratio >= 0 && c->ratio <= 2 && c->chars > 0 && c->chars <= 10 &&
                     c->tf >= 0 && c->tf <= 2;
    if (!options->fixed)
        *ret_exit = ctl_usage("--choice is C,BALANCE,RATIO,CHARS,TF as a card shows it");
    return options->fixed;
}
