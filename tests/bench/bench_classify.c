/* bench_classify --model FILE --rows FILE.jsonl [--repeats N] [--dump] - how fast a model
 * answers, on one core, of rows {"text", "subject", "label"} that are read before.
 * Prints JSON: texts a second of CPU, the fastest of N repeats (3), for
 *   json     from the line of JSON to label, confidence and reasons
 *   reasons  from the text to label, confidence and reasons
 *   label    from the text to label and confidence
 *   words    from the text to its n-grams of words, without a model
 * and what opening costs, memory, and the accuracy.  --dump: the answers instead. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/now.h"
#include "classification/model.h"

struct row {
    struct str line, subject, text, label;
};
struct bench {
    struct arena arena;
    const struct features_table *table;
    struct model model;
    struct features_scratch *text;
    struct model_scratch scratch;
    struct model_answer answer;
    struct buf bytes;
    struct row *row;
    size_t n_rows;
    size_t right; /* answers that are the row's label */
    int64_t open_us, open_cold_us, table_us;
    size_t thread_bytes;
};

static void
stop(const char *what)
{
    (void)fprintf(stderr, "bench_classify: %s\n", what);
    exit(1);
}

static struct str
member(const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    return json_is_string(value)
               ? (struct str){json_string_value(value), json_string_length(value)}
               : STR_NULL;
}

static void
read_rows(struct bench *b, const char *path)
{
    FILE *file = fopen(path, "r");
    char chunk[65536];
    size_t n;
    if (!file)
        stop("cannot read the rows");
    buf_init(&b->bytes, (size_t)4 << 30);
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        if (!buf_add(&b->bytes, chunk, n))
            stop("too many rows");
    (void)fclose(file);
    size_t lines = 0;
    for (size_t i = 0; i < b->bytes.len; i++)
        lines += b->bytes.ptr[i] == '\n';
    b->row = ARENA_ARRAY(&b->arena, struct row, lines + 1);
    for (size_t at = 0; at < b->bytes.len;) {
        const char *line = b->bytes.ptr + at;
        const char *end = memchr(line, '\n', b->bytes.len - at);
        size_t len = end ? (size_t)(end - line) : b->bytes.len - at;
        at += len + 1;
        json_t *row = json_loadb(line, len, 0, NULL);
        if (row && json_is_string(json_object_get(row, "text")))
            b->row[b->n_rows++] = (struct row){
                .line = {line, len},
                .subject = arena_str(&b->arena, member(row, "subject")),
                .text = arena_str(&b->arena, member(row, "text")),
                .label = arena_str(&b->arena, member(row, "label")),
            };
        json_decref(row);
    }
    if (b->n_rows == 0)
        stop("no rows with a text");
}

enum work { WORK_JSON, WORK_REASONS, WORK_LABEL, WORK_WORDS, WORKS };

static void
classify(struct bench *b, struct str subject, struct str text)
{
    features_read(b->table, subject, text, b->text);
    model_classify(&b->model, b->text, &b->scratch, &b->answer);
}

static void
work_on(struct bench *b, const struct row *row, enum work work)
{
    if (work == WORK_WORDS) {
        features_read(b->table, row->subject, row->text, b->text);
        return;
    }
    if (work == WORK_JSON) {
        json_t *json = json_loadb(row->line.ptr, row->line.len, 0, NULL);
        classify(b, member(json, "subject"), member(json, "text"));
        json_decref(json);
    } else {
        classify(b, row->subject, row->text);
    }
    b->right += str_eq(model_label_name(&b->model, b->answer.label), row->label);
}

/* Texts a second. */
static double
measure(struct bench *b, enum work work)
{
    b->scratch.no_reasons = work == WORK_LABEL;
    b->right = 0;
    int64_t start = now_cpu_us();
    for (size_t i = 0; i < b->n_rows; i++)
        work_on(b, &b->row[i], work);
    int64_t took_us = now_cpu_us() - start;
    return (double)b->n_rows * 1e6 / (double)(took_us ? took_us : 1);
}

static void
dump(struct bench *b)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        classify(b, b->row[i].subject, b->row[i].text);
        struct str label = model_label_name(&b->model, b->answer.label);
        printf("%.*s %.7f", STR_ARG(label), (double)b->answer.confidence);
        for (uint32_t k = 0; k < b->model.header->n_labels; k++)
            printf(" %.7f", (double)b->answer.probability[k]);
        for (size_t k = 0; k < b->answer.n_reasons; k++)
            printf(" | %.*s %.6f", STR_ARG(b->answer.reason[k].text),
                   (double)b->answer.reason[k].weight);
        printf("\n");
    }
}

/* What it costs to open the model; cold: the system is asked to read the file again. */
static int64_t
open_model(struct bench *b, const char *path, bool cold)
{
    struct err err = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && cold) {
        (void)fdatasync(fd);
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    }
    if (fd >= 0)
        (void)close(fd);
    model_close(&b->model);
    int64_t start = now_mono_us();
    if (!model_open(&b->model, path, &err))
        stop(err.text);
    return now_mono_us() - start;
}

static void
prepare(struct bench *b, const char *model, const char *rows)
{
    struct err err = {0};
    arena_init(&b->arena, (size_t)8 << 30);
    b->open_cold_us = open_model(b, model, true);
    b->open_us = open_model(b, model, false);
    int64_t start = now_cpu_us();
    b->table = features_table_new(&b->arena, &err);
    b->table_us = now_cpu_us() - start;
    if (!b->table)
        stop(err.text);
    size_t before = b->arena.used_bytes;
    b->text = ARENA_NEW(&b->arena, struct features_scratch);
    model_scratch_new(&b->scratch, b->model.header->n_rows, &b->arena);
    b->thread_bytes = b->arena.used_bytes - before;
    read_rows(b, rows);
}

static void
report(struct bench *b, int repeats)
{
    static const char *const NAMES[] = {"json", "reasons", "label", "words"};
    double best[WORKS] = {0};
    double accuracy = 0;
    for (int i = 0; i < repeats; i++)
        for (enum work work = WORK_JSON; work < WORKS; work++) {
            double speed = measure(b, work);
            best[work] = speed > best[work] ? speed : best[work];
            if (work == WORK_LABEL)
                accuracy = (double)b->right / (double)b->n_rows;
        }
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("{");
    for (enum work work = WORK_JSON; work < WORKS; work++)
        printf("\"%s\":%.0f,", NAMES[work], best[work]);
    printf("\"accuracy\":%.4f,\"texts\":%zu,\"text_bytes\":%zu,\"open_us\":%lld,"
           "\"open_cold_us\":%lld,\"table_us\":%lld,\"model_bytes\":%llu,\"thread_"
           "bytes\":%zu,"
           "\"max_rss_kb\":%ld}\n",
           accuracy, b->n_rows, b->bytes.len, (long long)b->open_us,
           (long long)b->open_cold_us, (long long)b->table_us,
           (unsigned long long)b->model.header->file_bytes, b->thread_bytes,
           usage.ru_maxrss);
}

int
main(int argc, char **argv)
{
    const char *model = NULL;
    const char *rows = NULL;
    int repeats = 3;
    bool dumps = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--dump") == 0)
            dumps = true;
        else if (i + 1 == argc)
            stop("usage: bench_classify --model FILE --rows FILE [--repeats N] [--dump]");
        else if (strcmp(argv[i], "--model") == 0)
            model = argv[++i];
        else if (strcmp(argv[i], "--rows") == 0)
            rows = argv[++i];
        else if (strcmp(argv[i], "--repeats") == 0)
            repeats = (int)strtol(argv[++i], NULL, 10);
    }
    if (!model || !rows)
        stop("usage: bench_classify --model FILE --rows FILE [--repeats N] [--dump]");
    struct bench *b = calloc(1, sizeof(*b));
    if (!b)
        stop("no memory");
    prepare(b, model, rows);
    if (dumps)
        dump(b);
    else
        report(b, repeats);
    model_close(&b->model);
    buf_release(&b->bytes);
    arena_release(&b->arena);
    free(b);
    return 0;
}
