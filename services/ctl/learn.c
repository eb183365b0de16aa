/* Input of train, evaluate and classify. */
#include "ctl/learn.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/times.h"

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

/* A string or a whole number as text; null for anything else. */
static struct str
text_of(const json_t *value, char number[32])
{
    if (json_is_string(value))
        return (struct str){json_string_value(value), json_string_length(value)};
    if (!json_is_integer(value))
        return STR_NULL;
    int n = snprintf(number, 32, "%lld", (long long)json_integer_value(value));
    return (struct str){number, (size_t)n};
}

static int64_t
time_of(json_t *row)
{
    static const char *const NAMES[] = {"occurred_at", "received_at", "date"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        int64_t ms = TIME_NONE;
        const json_t *value = json_object_get(row, NAMES[i]);
        struct str s = {json_string_value(value), json_string_length(value)};
        if (s.ptr && time_parse_loose(s, &ms))
            return ms;
    }
    return TIME_NONE;
}

static bool
leave_out(const char *file, const struct rows *rows, const char *why)
{
    fprintf(stderr, "redress: %s: line %lld left out: %s\n", file,
            (long long)rows_line(rows), why);
    return false;
}

bool
learn_read(const char *file, struct rows *rows, json_t *row, bool labelled,
           struct learn_text *ret)
{
    if (!row)
        return leave_out(file, rows, "not a JSON object in UTF-8");
    ret->id = text_of(json_object_get(row, "id"), ret->id_number);
    ret->label = text_of(json_object_get(row, "label"), ret->label_number);
    const json_t *text = json_object_get(row, "text");
    const json_t *subject = json_object_get(row, "subject");
    ret->text = (struct str){json_string_value(text), json_string_length(text)};
    ret->subject = (struct str){json_string_value(subject), json_string_length(subject)};
    ret->time_ms = time_of(row);
    if (!ret->text.ptr)
        return leave_out(file, rows, "\"text\" is missing or no string");
    if (subject && !json_is_null(subject) && !ret->subject.ptr)
        return leave_out(file, rows, "\"subject\" is no string");
    if (!labelled && !ret->id.ptr)
        return leave_out(file, rows, "\"id\" is missing or no string");
    if (labelled &&
        (!ret->label.ptr || ret->label.len == 0 || ret->label.len > TRAIN_LABEL_BYTES))
        return leave_out(file, rows, "\"label\" is missing, empty or too long");
    return true;
}

bool
learn_each(const char *file, bool labelled,
           bool (*fn)(void *ctx, const struct learn_text *text, struct err *err),
           void *ctx, int64_t *left_out, struct err *err)
{
    struct rows *rows = rows_open(file, ROWS_GUESS, err);
    bool ok = rows != NULL;
    while (ok) {
        json_t *row = NULL;
        struct str bad = STR_NULL;
        bool end = false;
        ok = rows_next(rows, &row, &bad, &end, err);
        if (!ok || end)
            break;
        struct learn_text text;
        if (learn_read(file, rows, row, labelled, &text))
            ok = fn(ctx, &text, err);
        else
            ++*left_out;
        json_decref(row);
    }
    rows_drop(rows);
    return ok;
}

bool
learn_hash(const char *file, char hex[65], struct err *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char block[65536];
    unsigned int len = 0;
    FILE *in = fopen(file, "rb");
    if (!in)
        return err_set(err, ERR_STOP, "%.200s cannot be opened", file);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    size_t n = 0;
    while (ok && (n = fread(block, 1, sizeof(block), in)) > 0)
        ok = EVP_DigestUpdate(ctx, block, n) == 1;
    ok = ok && !ferror(in) && EVP_DigestFinal_ex(ctx, digest, &len) == 1;
    EVP_MD_CTX_free(ctx);
    (void)fclose(in);
    if (!ok)
        return err_set(err, ERR_STOP, "%.200s cannot be read", file);
    for (unsigned int i = 0; i < 32; i++)
        (void)snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
    return true;
}
