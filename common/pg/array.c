#include "pg/array.h"

/* ndim, has_null, element OID, length, lower bound: 5 x int32 [PostgreSQL array_send]. */
#define HEADER_BYTES 20
#define PG_COPY_COLUMNS_MAX 64
#define ARRAY_MAX_BYTES ((size_t)768 * 1024 * 1024)
#define PG_EPOCH_MS INT64_C(946684800000) /* 2000-01-01T00:00:00Z */
/* 4713 BC and 294276 AD, well inside what the server takes. */
#define PG_TIME_MIN_MS INT64_C(-210800000000000)
#define PG_TIME_MAX_MS INT64_C(9224000000000000)

static const struct {
    uint32_t oid;
    uint32_t array_oid;
} types[PG_TYPE_COUNT] = {
    [PG_TEXT] = {25, 1009},          [PG_JSON] = {114, 199}, [PG_JSONB] = {3802, 3807},
    [PG_UUID] = {2950, 2951},        [PG_BOOL] = {16, 1000}, [PG_INT2] = {21, 1005},
    [PG_INT4] = {23, 1007},          [PG_INT8] = {20, 1016}, [PG_FLOAT8] = {701, 1022},
    [PG_TIMESTAMPTZ] = {1184, 1185},
};

uint32_t
pg_type_oid(enum pg_type type)
{
    return types[type].oid;
}

uint32_t
pg_type_array_oid(enum pg_type type)
{
    return types[type].array_oid;
}

static void
put_u32(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)(value >> 24);
    at[1] = (unsigned char)(value >> 16);
    at[2] = (unsigned char)(value >> 8);
    at[3] = (unsigned char)value;
}

static void
put_u64(unsigned char *at, uint64_t value)
{
    put_u32(at, (uint32_t)(value >> 32));
    put_u32(at + 4, (uint32_t)value);
}

void
pg_array_begin(struct pg_array *array, enum pg_type type)
{
    static const char zeroes[HEADER_BYTES];

    array->type = type;
    array->n_items = 0;
    array->has_null = false;
    array->bytes.max_bytes = ARRAY_MAX_BYTES;
    buf_clear(&array->bytes);
    BUG_IF(!buf_add(&array->bytes, zeroes, sizeof zeroes));
}

/* Room for one item of len bytes behind its length word. */
static unsigned char *
item(struct pg_array *array, size_t len)
{
    struct buf *bytes = &array->bytes;

    /* A batch has a cap far below this (projection_run.c). */
    BUG_IF(len > INT32_MAX);
    if (bytes->room - bytes->len < len + 4)
        BUG_IF(!buf_reserve(bytes, len + 4));
    unsigned char *at = (unsigned char *)bytes->ptr + bytes->len;
    put_u32(at, (uint32_t)len);
    bytes->len += len + 4;
    array->n_items++;
    return at + 4;
}

void
pg_array_null(struct pg_array *array)
{
    unsigned char *at = item(array, 0);
    put_u32(at - 4, UINT32_MAX);
    array->has_null = true;
}

void
pg_array_str(struct pg_array *array, struct str s)
{
    bool versioned = array->type == PG_JSONB; /* jsonb_recv wants a 1 in front */

    BUG_IF(array->type != PG_TEXT && array->type != PG_JSON && !versioned);
    if (str_is_null(s)) {
        pg_array_null(array);
        return;
    }
    unsigned char *at = item(array, s.len + versioned);
    if (versioned)
        *at++ = 1;
    if (s.len > 0)
        memcpy(at, s.ptr, s.len);
}

void
pg_array_uuid(struct pg_array *array, const unsigned char uuid[PG_UUID_BYTES])
{
    BUG_IF(array->type != PG_UUID);
    memcpy(item(array, PG_UUID_BYTES), uuid, PG_UUID_BYTES);
}

void
pg_array_bool(struct pg_array *array, bool value)
{
    BUG_IF(array->type != PG_BOOL);
    *item(array, 1) = value;
}

void
pg_array_int(struct pg_array *array, int64_t value)
{
    switch (array->type) {
    case PG_INT2: {
        uint16_t cut = (uint16_t)(int16_t)i64_max(INT16_MIN, i64_min(INT16_MAX, value));
        unsigned char *at = item(array, 2);
        at[0] = (unsigned char)(cut >> 8);
        at[1] = (unsigned char)cut;
        break;
    }
    case PG_INT4: {
        int64_t cut = i64_max(INT32_MIN, i64_min(INT32_MAX, value));
        put_u32(item(array, 4), (uint32_t)(int32_t)cut);
        break;
    }
    default:
        BUG_IF(array->type != PG_INT8);
        put_u64(item(array, 8), (uint64_t)value);
    }
}

void
pg_array_double(struct pg_array *array, double value)
{
    uint64_t bits;

    BUG_IF(array->type != PG_FLOAT8);
    memcpy(&bits, &value, sizeof bits);
    put_u64(item(array, 8), bits);
}

void
pg_array_time(struct pg_array *array, int64_t ms)
{
    BUG_IF(array->type != PG_TIMESTAMPTZ);
    ms = i64_max(PG_TIME_MIN_MS, i64_min(PG_TIME_MAX_MS, ms));
    put_u64(item(array, 8), (uint64_t)((ms - PG_EPOCH_MS) * 1000));
}

void
pg_array_opt_int(struct pg_array *array, bool has, int64_t value)
{
    if (has)
        pg_array_int(array, value);
    else
        pg_array_null(array);
}

void
pg_array_opt_double(struct pg_array *array, bool has, double value)
{
    if (has)
        pg_array_double(array, value);
    else
        pg_array_null(array);
}

void
pg_array_opt_bool(struct pg_array *array, bool has, bool value)
{
    if (has)
        pg_array_bool(array, value);
    else
        pg_array_null(array);
}

void
pg_array_opt_time(struct pg_array *array, bool has, int64_t ms)
{
    if (has)
        pg_array_time(array, ms);
    else
        pg_array_null(array);
}

struct str
pg_array_end(struct pg_array *array)
{
    unsigned char *at = (unsigned char *)array->bytes.ptr;

    array->bytes.ptr[array->bytes.len] = '\0';
    /* An array without items has no dimension. */
    put_u32(at, array->n_items > 0);
    put_u32(at + 4, array->has_null);
    put_u32(at + 8, pg_type_oid(array->type));
    put_u32(at + 12, (uint32_t)array->n_items);
    put_u32(at + 16, 1);
    if (array->n_items == 0)
        return (struct str){array->bytes.ptr, 12};
    return buf_str(&array->bytes);
}

static int32_t
get_i32(const unsigned char *at)
{
    return (int32_t)((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                     (uint32_t)at[2] << 8 | at[3]);
}

bool
pg_array_copy(const struct pg_array *columns, size_t n_columns, struct buf *out)
{
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
    const unsigned char *at[PG_COPY_COLUMNS_MAX];
    const char width[2] = {0, (char)n_columns};
    size_t bytes = sizeof head + 1;

    BUG_IF(n_columns > PG_COPY_COLUMNS_MAX);
    for (size_t c = 0; c < n_columns; c++) {
        at[c] = (const unsigned char *)columns[c].bytes.ptr + HEADER_BYTES;
        bytes += columns[c].bytes.len;
    }
    bytes += (size_t)columns[0].n_items * sizeof width;
    if (!buf_reserve(out, bytes) || !buf_add(out, head, sizeof head - 1))
        return false;
    for (int32_t row = 0; row < columns[0].n_items; row++) {
        (void)buf_add(out, width, sizeof width);
        for (size_t c = 0; c < n_columns; c++) {
            size_t n = 4 + (size_t)i64_max(0, get_i32(at[c])); /* a null has length -1 */
            (void)buf_add(out, at[c], n);
            at[c] += n;
        }
    }
    return buf_add(out, "\377\377", 2);
}

void
pg_array_release(struct pg_array *array)
{
    buf_release(&array->bytes);
    array->n_items = 0;
}

/* Value of a hex digit + 1; 0 is none. */
static const unsigned char hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
    ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
    ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
    ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool
pg_uuid_parse(struct str s, unsigned char ret_uuid[PG_UUID_BYTES])
{
    unsigned char uuid[PG_UUID_BYTES];
    size_t n = 0;

    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s.ptr[i++] != '-')
                return false;
            continue;
        }
        unsigned high = hex_digits[(unsigned char)s.ptr[i]];
        unsigned low = hex_digits[(unsigned char)s.ptr[i + 1]];
        if (high == 0 || low == 0)
            return false;
        uuid[n++] = (unsigned char)((high - 1) * 16 + low - 1);
        i += 2;
    }
    memcpy(ret_uuid, uuid, sizeof uuid);
    return true;
}
