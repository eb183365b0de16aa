/* settings_table.h - the table of settings: to add one, add a field and a row. Private to
 * this room. */
#ifndef REDRESS_SETTINGS_TABLE_H
#define REDRESS_SETTINGS_TABLE_H

#include "conf/settings.h"

enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_CHOICE };

struct setting {
    const char *key; /* with dots; REDRESS_<KEY> in the environment */
    enum setting_type type;
    bool secret;
    size_t field;             /* offset in struct settings: const char * or int64_t */
    const char *fallback;     /* the default, as text */
    int64_t min, max;         /* of a number */
    const char *unit;         /* "" if none */
    const char *option;       /* on the command line, NULL if not there */
    const char *const *words; /* of a choice, NULL-terminated */
    const char *help;
};

extern const struct setting settings_table[];
extern const size_t settings_table_len;
/* librdkafka properties that the runtime decides about: refused in the configuration. */
extern const char *const settings_kafka_owned[];

#define SETTING_ENV_BYTES 64
/* "commit.interval_ms" -> "REDRESS_COMMIT_INTERVAL_MS". */
void setting_env(const char *key, char ret_name[SETTING_ENV_BYTES]);

#endif
