/* A model's bytes: checked whole, written. */
#include "classification/model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unicode/utf8.h>

#define FORMAT UINT32_C(2)
#define ROW_PAD 16 /* so that tags and weights may be read in eights */
/* What training makes is below 1,000.  With these bounds no score overflows: at most
 * LARGE^2 * 127 * sqrt(n-grams of a text). */
#define LARGE 1e6F
/* Rows are spread by hash, four a bucket and hardly ever ten: a search stays short. */
#define BUCKET 1024
static const char MAGIC[8] = "REDRESSM";

_Static_assert(sizeof(struct model_header) == 80, "the header is 80 bytes in the file");
_Static_assert(sizeof(struct model_label) == 16, "a label is 16 bytes in the file");
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little endian and mapped as they are"
#endif

static uint64_t
checksum_of(const struct model_header *header, const char *bytes, size_t len)
{
    struct model_header zero = *header;
    zero.checksum = 0;
    uint64_t h = UINT64_C(0x243F6A8885A308D3);
    uint64_t word;
    for (size_t i = 0; i < sizeof(zero); i += 8) {
        memcpy(&word, (const char *)&zero + i, 8);
        h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 29;
    }
    for (size_t i = sizeof(zero); i < len; i += 8) {
        word = 0;
        memcpy(&word, bytes + i, len - i < 8 ? len - i : 8);
        h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 29;
    }
    return h;
}

uint32_t
model_bucket_bits(uint32_t n_rows)
{
    uint32_t bits = 1;
    while (bits < 22 && (n_rows >> bits) > 4)
        bits++;
    return bits;
}

/* Places of the parts; their sum is the file's size. */
static uint64_t
lay_out(struct model *m, const struct model_header *h)
{
    const char *base = (const char *)h;
    uint64_t at = sizeof(*h);
    m->header = h;
    m->width = h->n_labels == 2 ? 1 : h->n_labels;
    m->labels = (const struct model_label *)(const void *)(base + at);
    at += (uint64_t)h->n_labels * sizeof(struct model_label);
    m->bucket = (const uint32_t *)(const void *)(base + at);
    at += ((UINT64_C(1) << h->bucket_bits) + 1) * sizeof(uint32_t);
    m->tag = (const uint16_t *)(const void *)(base + at);
    at += (uint64_t)h->n_rows * sizeof(uint16_t);
    m->rows = (const unsigned char *)base + at;
    m->row_bytes = 4 + m->width;
    at += (uint64_t)h->n_rows * m->row_bytes + ROW_PAD;
    m->text = base + at;
    return at + h->text_bytes;
}

static bool
bad(struct err *err, const char *what)
{
    return err_set(err, ERR_STOP, "not a usable model: %s; train it again", what);
}

static bool
check_header(const struct model_header *h, size_t len, struct err *err)
{
    if (memcmp(h->magic, MAGIC, sizeof(MAGIC)) != 0)
        return bad(err, "the first bytes are not those of a model");
    if (h->format != FORMAT || h->features != FEATURES_VERSION)
        return bad(err, "it was made by another version");
    if (h->file_bytes != len)
        return bad(err, "it is cut or has something behind its end");
    if (h->n_labels < 2 || h->n_labels > MODEL_LABELS || h->n_rows < 1 ||
        h->n_rows > MODEL_ROWS || h->bucket_bits < 1 || h->bucket_bits > 22)
        return bad(err, "counts out of range");
    if (!(h->slope >= 0 && h->slope <= LARGE) || !isfinite(h->threshold) ||
        !(h->sure_slope >= 0 && h->sure_slope <= LARGE) ||
        !(fabsf(h->sure_offset) <= LARGE) || !(fabsf(h->sure_spread) <= LARGE) ||
        !(h->tf >= 0 && h->tf <= 2))
        return bad(err, "calibration is no number or too large");
    return true;
}

/* It stands in JSON and in tables. */
static bool
check_name(struct str name, struct err *err)
{
    if (name.len == 0)
        return bad(err, "a label or its task has no name");
    if (name.len > MODEL_NAME_BYTES)
        return bad(err, "the name of a label or its task is longer than 256 bytes");
    for (size_t at = 0; at < name.len;) {
        UChar32 c;
        U8_NEXT((const uint8_t *)name.ptr, at, name.len, c);
        if (c <= 0)
            return bad(err, "the name of a label or its task is no text");
    }
    return true;
}

static bool
check_parts(const struct model *m, struct err *err)
{
    const struct model_header *h = m->header;
    if (h->task_bytes > h->text_bytes || h->card_bytes > h->text_bytes - h->task_bytes)
        return bad(err, "text out of range");
    if (!check_name(model_task(m), err))
        return false;
    for (uint32_t i = 0; i < h->n_labels; i++) {
        const struct model_label *label = &m->labels[i];
        if (label->name_at > h->text_bytes ||
            label->name_bytes > h->text_bytes - label->name_at)
            return bad(err, "a label's name out of range");
        if (!check_name(model_label_name(m, i), err))
            return false;
        if (!(fabsf(label->offset) <= LARGE) || !(fabsf(label->sure) <= LARGE))
            return bad(err, "a label's offset is no number or too large");
    }
    uint32_t n_buckets = UINT32_C(1) << h->bucket_bits;
    if (m->bucket[0] != 0 || m->bucket[n_buckets] != h->n_rows)
        return bad(err, "the directory does not cover the rows");
    for (uint32_t i = 0; i < n_buckets; i++)
        if (m->bucket[i] > m->bucket[i + 1] || m->bucket[i + 1] > h->n_rows)
            return bad(err, "the directory does not ascend");
        else if (m->bucket[i + 1] - m->bucket[i] > BUCKET)
            return bad(err, "a bucket of the directory has too many rows");
    for (uint32_t i = 0; i < h->n_rows; i++) {
        float scale = model_row_scale(model_row(m, i));
        if (!(scale >= 0 && scale <= LARGE))
            return bad(err, "a scale is no number or too large");
    }
    return true;
}

bool
model_from(struct model *ret, struct str bytes, struct err *err)
{
    struct model m = {0};
    if (bytes.len < sizeof(struct model_header))
        return bad(err, "too short");
    const struct model_header *h = (const struct model_header *)(const void *)bytes.ptr;
    if (!check_header(h, bytes.len, err))
        return false;
    if (lay_out(&m, h) != bytes.len)
        return bad(err, "its parts do not fill it");
    if (checksum_of(h, bytes.ptr, bytes.len) != h->checksum)
        return bad(err, "the checksum differs");
    if (!check_parts(&m, err))
        return false;
    for (uint32_t i = 0; i < COUNT_OF(m.tf); i++)
        m.tf[i] = model_tf(i, h->tf);
    *ret = m;
    return true;
}

/* The whole file in memory of ours; NULL, errno 0: it ends early. */
static void *
read_whole(int fd, size_t len)
{
    errno = 0;
    char *bytes =
        len ? mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            : MAP_FAILED;
    if (bytes == MAP_FAILED)
        return NULL;
    /* Rows are read here and there: large pages where the system has them. */
    (void)madvise(bytes, len, MADV_HUGEPAGE);
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, bytes + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int why = n < 0 ? errno : 0;
            (void)munmap(bytes, len);
            errno = why;
            return NULL;
        }
        at += (size_t)n;
    }
    (void)mprotect(bytes, len, PROT_READ);
    return bytes;
}

bool
model_open(struct model *ret, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO does not wait */
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)err_set(err, ERR_STOP, "model %.200s cannot be opened: %s", path,
                      fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    size_t len = (size_t)info.st_size;
    void *bytes = read_whole(fd, len);
    const char *why = errno ? strerror(errno) : "it is empty or ends early";
    (void)close(fd);
    if (!bytes)
        return err_set(err, ERR_STOP, "model %.200s cannot be read: %s", path, why);
    if (!model_from(ret, (struct str){bytes, len}, err)) {
        (void)munmap(bytes, len);
        return err_prefix(err, "%.120s", path);
    }
    ret->mapped = bytes;
    ret->mapped_bytes = len;
    return true;
}

void
model_close(struct model *model)
{
    if (model->mapped)
        (void)munmap(model->mapped, model->mapped_bytes);
    *model = (struct model){0};
}

struct str
model_task(const struct model *model)
{
    return (struct str){model->text, model->header->task_bytes};
}

struct str
model_label_name(const struct model *model, uint32_t label)
{
    const struct model_label *l = &model->labels[label];
    return (struct str){model->text + l->name_at, l->name_bytes};
}

struct str
model_card(const struct model *model)
{
    const struct model_header *h = model->header;
    return (struct str){model->text + h->text_bytes - h->card_bytes, h->card_bytes};
}

/* --- writing ------------------------------------------------------------------------ */

static bool
write_labels(const struct model_parts *p, struct buf *out)
{
    uint32_t at = (uint32_t)p->task.len;
    bool ok = true;
    for (uint32_t i = 0; i < p->n_labels; i++) {
        struct model_label label = {
            .name_at = at,
            .name_bytes = (uint32_t)p->label[i].len,
            .offset = p->offset[i],
            .sure = p->sure ? p->sure[i] : 0,
        };
        at += label.name_bytes;
        ok = ok && buf_add(out, &label, sizeof(label));
    }
    return ok;
}

static bool
write_buckets(const struct model_parts *p, uint32_t bits, struct buf *out)
{
    uint32_t row = 0;
    bool ok = true;
    for (uint32_t i = 0; i <= UINT32_C(1) << bits; i++) {
        while (row < p->n_rows && (uint32_t)(p->hash[row] >> (64 - bits)) < i)
            row++;
        ok = ok && buf_add(out, &row, sizeof(row));
    }
    return ok;
}

/* The upper half of a float, rounded up so that a weight never exceeds 127 steps. */
static uint16_t
upper_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return (uint16_t)((bits + 0xFFFF) >> 16);
}

static float
from_upper_half(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static float
largest(const float *weight, uint32_t n)
{
    float most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(weight[i]));
    return most;
}

static bool
write_row(const struct model_parts *p, uint32_t row, uint32_t width, struct buf *out)
{
    const float *weight = p->weight + (size_t)row * width;
    uint16_t idf = (uint16_t)fminf(65535, roundf(p->idf[row] * 2048));
    uint16_t half = upper_half(largest(weight, width) / 127);
    float scale = from_upper_half(half);
    bool ok = buf_add(out, &idf, sizeof(idf)) && buf_add(out, &half, sizeof(half));
    for (uint32_t k = 0; ok && k < width; k++) {
        int8_t steps = 0;
        if (scale > 0)
            steps = (int8_t)roundf(weight[k] / scale);
        ok = buf_add(out, &steps, 1);
    }
    return ok;
}

static bool
write_rows(const struct model_parts *p, uint32_t width, struct buf *out)
{
    static const char PAD[ROW_PAD];
    bool ok = true;
    for (uint32_t i = 0; ok && i < p->n_rows; i++) {
        uint16_t tag = (uint16_t)p->hash[i];
        ok = buf_add(out, &tag, sizeof(tag));
    }
    for (uint32_t i = 0; ok && i < p->n_rows; i++)
        ok = write_row(p, i, width, out);
    return ok && buf_add(out, PAD, sizeof(PAD));
}

bool
model_write(const struct model_parts *p, struct buf *out)
{
    uint32_t bits = model_bucket_bits(p->n_rows);
    size_t text = p->task.len + p->card.len;
    for (uint32_t i = 0; i < p->n_labels; i++)
        text += p->label[i].len;
    struct model_header header = {
        .format = FORMAT,
        .features = FEATURES_VERSION,
        .n_labels = p->n_labels,
        .n_rows = p->n_rows,
        .bucket_bits = bits,
        .task_bytes = (uint32_t)p->task.len,
        .card_bytes = (uint32_t)p->card.len,
        .text_bytes = (uint32_t)text,
        .slope = p->slope,
        .threshold = p->threshold,
        .tf = p->tf,
        .sure_slope = p->sure_slope,
        .sure_offset = p->sure_offset,
        .sure_spread = p->sure_spread,
    };
    memcpy(header.magic, MAGIC, sizeof(MAGIC));
    struct model m;
    header.file_bytes = lay_out(&m, &header);
    buf_clear(out);
    bool ok = buf_reserve(out, header.file_bytes) &&
              buf_add(out, &header, sizeof(header)) && write_labels(p, out) &&
              write_buckets(p, bits, out) && write_rows(p, m.width, out) &&
              buf_add_str(out, p->task);
    for (uint32_t i = 0; ok && i < p->n_labels; i++)
        ok = buf_add_str(out, p->label[i]);
    if (!ok || !buf_add_str(out, p->card))
        return false;
    model_seal(out->ptr, out->len);
    return true;
}

void
model_seal(char *bytes, size_t len)
{
    struct model_header header;
    BUG_IF(len < sizeof(header));
    memcpy(&header, bytes, sizeof(header));
    header.checksum = checksum_of(&header, bytes, len);
    memcpy(bytes, &header, sizeof(header));
}
