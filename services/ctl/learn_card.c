/* Model cards and scores, as JSON and for people. */
#include "ctl/learn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/now.h"
#include "base/times.h"
#include "intake/door_json.h"

static void
add_choice(const struct train_choice *choice, struct buf *out)
{
    buf_printf(out, "{\"c\":%g,\"balance\":%g,\"ratio\":%g,\"chars\":%g,\"tf\":%g",
               choice->c, choice->balance, choice->ratio, choice->chars, choice->tf);
}

/* A file may be named by any bytes. */
static void
add_file_name(struct str name, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0};
    const char *end = name.ptr + name.len;
    for (const char *at = name.ptr; at < end;) {
        size_t n = door_utf8_len(at, end);
        (void)(n ? buf_add(&text, at, n) : buf_add_c(&text, "\xef\xbf\xbd"));
        at += n ? n : 1;
    }
    (void)buf_add_json(out, buf_str(&text));
}

static void
add_files(const struct learn_origin *origin, struct buf *out)
{
    buf_add_c(out, ",\"data\":[");
    for (size_t i = 0; i < origin->n_data; i++) {
        const struct learn_data *data = &origin->data[i];
        const char *slash = strrchr(data->file, '/');
        buf_add_c(out, i ? ",{\"file\":" : "{\"file\":");
        add_file_name(str_from(slash ? slash + 1 : data->file), out);
        buf_printf(out, ",\"rows\":%lld,\"left_out\":%lld", (long long)data->count.rows,
                   (long long)(data->count.lines - data->count.rows));
        if (data->count.sha256[0])
            buf_printf(out, ",\"sha256\":\"%s\"", data->count.sha256);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

/* "2026-11-22"; TIME_NONE leaves it out. */
static void
add_day(const char *name, int64_t ms, struct buf *out)
{
    char text[TIME_TEXT_BYTES];
    if (ms != TIME_NONE)
        (void)buf_add_member(out, name, (struct str){time_print(ms, text), 10});
}

/* Of the training: as said, else SOURCE_DATE_EPOCH (reproducible-builds.org), else today.
 */
static void
add_date(const struct learn_origin *origin, bool beside, struct buf *out)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    int64_t seconds = 0;
    if (origin->date)
        (void)buf_add_member(out, "date", str_from(origin->date));
    else if (beside && epoch && str_to_i64(str_from(epoch), &seconds) && seconds >= 0 &&
             seconds < INT64_C(253402300800))
        add_day("date", seconds * SECOND_MS, out);
    else if (beside)
        add_day("date", now_wall_ms(), out);
}

static void
add_origin(const struct learn_origin *origin, bool beside, struct buf *out)
{
    char digest[2 * sizeof(origin->digest.sum) + 1];
    for (size_t i = 0; i < sizeof(origin->digest.sum); i++)
        (void)snprintf(digest + 2 * i, 3, "%02x", origin->digest.sum[i]);
    (void)buf_add_member(out, "task", str_from(origin->task));
    add_date(origin, beside, out);
    (void)buf_add_member(out, "licence",
                         origin->licence ? str_from(origin->licence) : STR("not stated"));
    (void)buf_add_member(out, "source", str_from(origin->source));
    add_day("from", origin->first_ms, out);
    add_day("to", origin->last_ms, out);
    (void)buf_add_member(out, "rows_sha256", str_from(digest));
}

void
learn_card(const struct learn_origin *origin, const struct train_result *result,
           uint64_t beside, struct buf *out)
{
    buf_add_char(out, '{');
    add_origin(origin, beside != 0, out);
    (void)buf_add_member(
        out, "method",
        STR("linear SVM, one label against the rest, over tf-idf of hashed word and "
            "character n-grams"));
    buf_printf(out, ",\"texts\":%u,\"features\":%u", result->n_texts,
               result->parts.n_rows);
    if (beside) {
        buf_printf(out, ",\"model\":\"%016llx\"", (unsigned long long)beside);
        add_files(origin, out);
    }
    buf_add_c(out, ",\"choice\":");
    add_choice(&result->choice, out);
    buf_add_c(out, "},\"averaged_with\":[");
    for (size_t i = 0; i < result->n_also; i++) {
        buf_add_c(out, i ? "," : "");
        add_choice(&result->also[i], out);
        buf_add_char(out, '}');
    }
    buf_add_c(out, "],\"tried\":[");
    for (size_t i = 0; i < result->n_tried; i++) {
        buf_add_c(out, i ? "," : "");
        add_choice(&result->tried[i].choice, out);
        buf_printf(out, ",\"accuracy\":%.4f,\"macro_f1\":%.4f}",
                   result->tried[i].accuracy, result->tried[i].macro_f1);
    }
    buf_printf(out, "],\"validation\":{\"by\":\"%s\",\"folds\":%u,",
               result->by_time ? "the latest fifth" : "folds", result->n_folds);
    learn_score_json(&result->score, result->parts.label, out);
    buf_printf(out,
               "},\"calibration\":{\"slope\":%.4f,\"figures\":\"of answers that "
               "neither calibration nor threshold was fitted on\"}",
               (double)result->parts.slope);
    learn_threshold_json(origin->wanted, (double)result->parts.threshold,
                         result->kept.kept, result->kept.accuracy, out);
    buf_add_char(out, '}');
}

/* --- a card for people -------------------------------------------------------------- */

static void
show_member(const json_t *card, const char *name, struct buf *out)
{
    const char *value = json_string_value(json_object_get(card, name));
    if (value)
        buf_printf(out, "%-10s %s\n", name, value);
}

static double
number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static const char *
text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static void
show_data(const json_t *root, struct buf *out)
{
    size_t i;
    const json_t *data;
    json_array_foreach(json_object_get(root, "data"), i, data)
    {
        const char *hash = text(data, "sha256");
        buf_printf(out, "%-10s %s: %.0f rows, %.0f left out%s%s\n", "data",
                   text(data, "file"), number(data, "rows"), number(data, "left_out"),
                   *hash ? ", SHA-256 " : "", hash);
    }
    if (json_object_get(root, "from"))
        buf_printf(out, "%-10s %s to %s\n", "written", text(root, "from"),
                   text(root, "to"));
    buf_printf(out, "%-10s %.0f n-grams from %.0f texts\n", "features",
               number(root, "features"), number(root, "texts"));
}

/* The card in the file beside a model, if it is this model's. */
static bool
read_beside(const char *path, const struct model *model, struct buf *out)
{
    CLEANUP(buf_release) struct buf name = {0};
    char expect[17];
    char chunk[8192];
    size_t n = 0;
    bool ok = true;
    buf_printf(&name, "%s.card.json", path);
    (void)snprintf(expect, sizeof(expect), "%016llx",
                   (unsigned long long)model->header->checksum);
    FILE *in = fopen(name.ptr, "rb");
    if (!in)
        return false;
    while (ok && (n = fread(chunk, 1, sizeof(chunk), in)) > 0)
        ok = buf_add(out, chunk, n);
    (void)fclose(in);
    json_t *root = json_loadb(buf_str(out).ptr, out->len, 0, NULL);
    ok = ok && strcmp(text(root, "model"), expect) == 0;
    json_decref(root);
    while (ok && out->len > 0 && out->ptr[out->len - 1] == '\n')
        out->len--;
    return ok;
}

bool
learn_card_find(const char *path, const struct model *model, struct buf *out)
{
    buf_clear(out);
    if (read_beside(path, model, out))
        return true;
    buf_clear(out);
    return buf_add_str(out, model_card(model)) && out->len > 0;
}

bool
learn_card_show(struct str card, struct buf *out)
{
    json_t *root = json_loadb(card.ptr, card.len, 0, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return false;
    }
    static const char *const NAMES[] = {"task", "date", "licence", "source", "method"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++)
        show_member(root, NAMES[i], out);
    show_data(root, out);
    const json_t *v = json_object_get(root, "validation");
    const char *by = json_string_value(json_object_get(v, "by"));
    buf_printf(out,
               "%-10s by %s (%.0f texts): accuracy %.3f, macro-F1 %.3f, calibration "
               "error %.3f\n",
               "validation", by ? by : "?", number(v, "texts"), number(v, "accuracy"),
               number(v, "macro_f1"), number(v, "ece"));
    buf_printf(out, "%-10s ", "threshold");
    learn_threshold_show(json_object_get(root, "threshold"), out);
    learn_tables_show(v, out);
    json_decref(root);
    return true;
}
