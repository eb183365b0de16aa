/* Input of train, evaluate and classify. */
#include "ctl/learn.h"

#include <stdio.h>

#include "base/times.h"
#include "ctl/rows.h"

enum { ID, TEXT, SUBJECT, LABEL, TIMES };
static const char *const TIME_NAMES[] = {"occurred_at", "received_at", "date", "time"};
_Static_assert(TIMES + COUNT_OF(TIME_NAMES) <= LEARN_JSON_NAMES, "all are wanted");

/* --- fields ------------------------------------------------------------------------- */

static const char *
label_name(const struct learn_fields *fields)
{
    return fields->label ? fields->label : "label";
}

bool
learn_fields_load(struct learn_fields *fields, struct err *err)
{
    json_error_t fault;
    const char *name = NULL;
    json_t *value = NULL;
    if (!fields->map_file)
        return true;
    fields->map = json_load_file(fields->map_file, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(fields->map))
        return err_set(err, ERR_STOP, "%.160s: %s", fields->map_file,
                       fields->map ? "must be a JSON object, label to label or null"
                                   : fault.text);
    json_object_foreach(fields->map, name, value)
    {
        if (!json_is_null(value) && (json_string_length(value) == 0 ||
                                     json_string_length(value) > TRAIN_LABEL_BYTES))
            return err_set(err, ERR_STOP,
                           "%.160s: \"%.80s\" must become a label of 1 to %d bytes, or "
                           "null to be left out",
                           fields->map_file, name, TRAIN_LABEL_BYTES);
    }
    return true;
}

void
learn_fields_release(struct learn_fields *fields)
{
    json_decref(fields->map);
    fields->map = NULL;
}

static void
want(const struct learn_fields *fields, struct learn_json *json)
{
    json->names[ID] = STR("id");
    json->keep_nul[ID] = true;
    json->names[TEXT] = str_from(fields->text ? fields->text : "text");
    json->names[SUBJECT] = STR("subject");
    json->names[LABEL] = str_from(label_name(fields));
    for (size_t i = 0; i < COUNT_OF(TIME_NAMES); i++)
        json->names[TIMES + i] = str_from(TIME_NAMES[i]);
    json->n_names = TIMES + COUNT_OF(TIME_NAMES);
}

/* --- a line ------------------------------------------------------------------------- */

static bool
bad(struct learn_count *count, int64_t *why, int64_t line)
{
    ++*why;
    if (count->first_bad == 0)
        count->first_bad = line;
    return false;
}

/* What is written as a string or another plain value; null for nothing. */
static struct str
plain(const struct learn_value *value)
{
    return value->type == LEARN_STRING || value->type == LEARN_NUMBER ||
                   value->type == LEARN_BOOL
               ? value->text
               : STR_NULL;
}

static int64_t
time_of(const struct learn_json *json)
{
    for (size_t i = 0; i < COUNT_OF(TIME_NAMES); i++) {
        const struct learn_value *value = &json->values[TIMES + i];
        int64_t ms = TIME_NONE;
        if (value->type == LEARN_STRING && time_parse_any(str_trim(value->text), &ms))
            return ms;
    }
    return TIME_NONE;
}

/* A truth value as a label: yes or no, as the service says it. */
static struct str
label_of(const struct learn_value *value)
{
    if (value->type == LEARN_BOOL)
        return value->text.len == 4 ? STR("yes") : STR("no");
    return plain(value);
}

/* False: left out. */
static bool
map_label(const struct learn_fields *fields, struct learn_count *count, struct str *label)
{
    if (!fields->map)
        return true;
    const json_t *to = json_object_getn(fields->map, label->ptr, label->len);
    if (!to) {
        count->unmapped++;
        return true;
    }
    if (json_is_null(to)) {
        count->mapped_out++;
        return false;
    }
    *label = (struct str){json_string_value(to), json_string_length(to)};
    return true;
}

/* The values of a line as a text; false: left out. */
static bool
read_text(const struct learn_fields *fields, const struct learn_json *json, int64_t line,
          struct learn_count *count, struct learn_text *ret)
{
    *ret = (struct learn_text){
        .id = json->values[ID],
        .text = plain(&json->values[TEXT]),
        .subject = plain(&json->values[SUBJECT]),
        .time_ms = time_of(json),
    };
    if (!fields->labelled && (ret->id.type == LEARN_ABSENT || ret->id.type == LEARN_NULL))
        return bad(count, &count->no_id, line);
    if (fields->labelled) {
        ret->label = label_of(&json->values[LABEL]);
        if (str_empty(ret->label) || ret->label.len > TRAIN_LABEL_BYTES)
            return bad(count, &count->no_label, line);
        if (!map_label(fields, count, &ret->label))
            return false;
    }
    if (str_empty(ret->text) && str_empty(ret->subject)) {
        count->no_text++;
        if (fields->need_text)
            return false;
    }
    if (str_is_null(ret->text))
        ret->text = STR("");
    return true;
}

struct each {
    const struct learn_fields *fields;
    const struct learn_reader *reader;
    struct learn_json json;
    struct learn_count *count;
};

static bool
hand_over(struct each *each, int64_t line, struct err *err)
{
    struct learn_text text;
    if (!read_text(each->fields, &each->json, line, each->count, &text))
        return true;
    each->count->rows++;
    return each->reader->fn(each->reader->ctx, &text, err);
}

static bool
each_line(const char *file, struct each *each, struct err *err)
{
    struct learn_lines *lines = learn_lines_open(file, err);
    bool ok = lines != NULL;
    bool end = false;
    if (ok)
        learn_lines_idle(lines, each->reader->idle, each->reader->ctx);
    while (ok) {
        struct str line;
        ok = learn_lines_next(lines, &line, &end, err);
        if (!ok || end)
            break;
        if (str_empty(str_trim(line)))
            continue;
        int64_t number = learn_lines_number(lines);
        each->count->lines++;
        if (!learn_json_read(&each->json, line)) {
            (void)bad(each->count, &each->count->no_object, number);
            continue;
        }
        each->count->repaired +=
            each->json.repaired || each->json.broken || learn_lines_was_cut(lines);
        ok = hand_over(each, number, err);
    }
    ok = ok && learn_lines_hash(lines, each->count->sha256);
    learn_lines_drop(lines);
    return ok;
}

/* --- tables: CSV with a header ------------------------------------------------------ */

static bool
is_table(const char *file)
{
    struct str name = str_from(file);
    if (str_ends(name, STR(".gz")))
        name.len -= 3;
    return str_ends(name, STR(".csv")) || str_ends(name, STR(".tsv"));
}

static void
read_cells(struct learn_json *json, const json_t *row)
{
    json->repaired = false;
    json->broken = false;
    for (size_t i = 0; i < json->n_names; i++) {
        const json_t *cell =
            json_object_getn(row, json->names[i].ptr, json->names[i].len);
        json->values[i] = (struct learn_value){0};
        if (json_is_string(cell))
            json->values[i] = (struct learn_value){
                LEARN_STRING, {json_string_value(cell), json_string_length(cell)}};
    }
}

static bool
each_cell_row(const char *file, struct each *each, struct err *err)
{
    struct rows *rows = rows_open(file, ROWS_GUESS, err);
    bool ok = rows != NULL;
    while (ok) {
        json_t *row = NULL;
        struct str unused = STR_NULL;
        bool end = false;
        ok = rows_next(rows, &row, &unused, &end, err);
        if (!ok || end)
            break;
        each->count->lines++;
        read_cells(&each->json, row);
        ok = hand_over(each, rows_line(rows), err);
        json_decref(row);
    }
    rows_drop(rows);
    return ok;
}

bool
learn_each(const char *file, const struct learn_fields *fields,
           const struct learn_reader *reader, struct learn_count *ret, struct err *err)
{
    struct each each = {.fields = fields, .reader = reader, .count = ret};
    *ret = (struct learn_count){0};
    want(fields, &each.json);
    bool ok =
        is_table(file) ? each_cell_row(file, &each, err) : each_line(file, &each, err);
    learn_json_release(&each.json);
    return ok;
}

/* --- what went wrong ---------------------------------------------------------------- */

int64_t
learn_left_out(const struct learn_count *count)
{
    return count->no_object + count->no_id + count->no_label;
}

static void
add_part(struct buf *out, int64_t n, const char *what)
{
    if (n > 0)
        buf_printf(out, "%s%lld %s", out->len ? ", " : "", (long long)n, what);
}

void
learn_tell(const char *file, const struct learn_fields *fields,
           const struct learn_count *count)
{
    CLEANUP(buf_release) struct buf out = {0};
    CLEANUP(buf_release) struct buf label = {0};
    buf_printf(&label, "left out without \"%s\"", label_name(fields));
    add_part(&out, count->no_object, "left out that are no JSON object");
    add_part(&out, count->no_id, "left out without \"id\"");
    add_part(&out, count->no_label, buf_str(&label).ptr);
    add_part(&out, count->mapped_out, "left out by the map");
    add_part(&out, count->unmapped, "with a label that is not in the map, kept");
    add_part(&out, count->no_text,
             fields->need_text ? "left out without text" : "without text");
    add_part(&out, count->repaired, "repaired");
    if (out.len == 0)
        return;
    fprintf(stderr, "redress: %s: of %lld lines %s",
            strcmp(file, "-") == 0 ? "standard input" : file, (long long)count->lines,
            out.ptr);
    if (count->first_bad)
        fprintf(stderr, "; first at line %lld", (long long)count->first_bad);
    fputc('\n', stderr);
}
