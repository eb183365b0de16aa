/* Any bytes are refused or give a record that survives encoding, by every codec.
 *
 * The first byte chooses: 0 an older version of classification_section (arrays in
 * arrays, moved symbols, missing fields), else the record whose name hashes to it, else
 * that many records on.  The rest is the body. */
#include "base/arena.h"
#include "gen/classification_section.h"
#include "gen/wire_all.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char OLDER[] =
    "{\"type\":\"record\",\"name\":\"ClassificationSection\",\"fields\":["
    "{\"name\":\"findings\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\","
    "\"name\":\"Finding\",\"fields\":["
    "{\"name\":\"reasons\",\"type\":{\"type\":\"array\",\"items\":\"string\"}},"
    "{\"name\":\"gone\",\"type\":[\"null\",\"long\",\"double\",\"string\"]},"
    "{\"name\":\"task\",\"type\":\"bytes\"},{\"name\":\"label\",\"type\":\"string\"},"
    "{\"name\":\"confidence\",\"type\":\"float\"},"
    "{\"name\":\"decided_by\",\"type\":{\"type\":\"enum\",\"name\":\"DecidedBy\","
    "\"symbols\":[\"rule\",\"oracle\",\"nothing\"]}}]}}},"
    "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"Kind\","
    "\"symbols\":[\"complaint\"]}},"
    "{\"name\":\"language\",\"type\":[\"null\",\"string\"]},"
    "{\"name\":\"severity\",\"type\":\"int\"},"
    "{\"name\":\"double_deviation\",\"type\":\"boolean\"}]}";
#define OLDER_FINGERPRINT UINT64_C(0x0100000000000001)

static void
older_version(struct str body, struct arena *arena)
{
    static const struct wire_version version = {OLDER_FINGERPRINT, OLDER,
                                                sizeof(OLDER) - 1};
    struct wire_schema schema = classification_section_wire;
    schema.history = &version;
    schema.n_history = 1;
    struct err err;
    struct classification_section record;
    CLEANUP(buf_release) struct buf framed = {0};
    CLEANUP(buf_release) struct buf again = {0};
    BUG_IF(!buf_add(&framed, "\xc3\x01\x01\0\0\0\0\0\0\x01", WIRE_HEADER_BYTES));
    BUG_IF(!buf_add_str(&framed, body));
    if (!wire_decode(&schema, buf_str(&framed), arena, &record, &err)) {
        BUG_IF(err.action != ERR_DEAD_LETTER);
        return;
    }
    BUG_IF(!wire_encode(&schema, &record, &again, &err));
}

static uint8_t
name_hash(const char *name)
{
    unsigned hash = 7;
    for (; *name; name++)
        hash = hash * 31 + (unsigned char)*name;
    return (uint8_t)hash;
}

static const struct wire_schema *
choose(uint8_t byte)
{
    BUG_IF(WIRE_ALL_COUNT == 0);
    for (size_t i = 0; i < WIRE_ALL_COUNT; i++)
        if (name_hash(WIRE_ALL[i]->name) == byte)
            return WIRE_ALL[i];
    return WIRE_ALL[byte % WIRE_ALL_COUNT];
}

static void
round_trip(const struct wire_schema *schema, struct str body, struct arena *arena)
{
    struct err err;
    CLEANUP(buf_release) struct buf first = {0};
    CLEANUP(buf_release) struct buf second = {0};
    CLEANUP(buf_release) struct buf json = {0};
    void *record = arena_alloc(arena, schema->struct_bytes);
    if (!schema->decode(body, arena, record, &err)) {
        BUG_IF(err.action != ERR_DEAD_LETTER || err.reason != DEAD_BAD_SCHEMA);
        return;
    }
    BUG_IF(!schema->encode(record, &first, &err));
    BUG_IF(!schema->decode(buf_str(&first), arena, record, &err));
    BUG_IF(!schema->encode(record, &second, &err));
    BUG_IF(!str_eq(buf_str(&first), buf_str(&second)));
    BUG_IF(!wire_print_json(schema, record, &json));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena arena = {0};
    struct str body = {(const char *)data + 1, size - 1};
    if (data[0] == 0)
        older_version(body, &arena);
    else
        round_trip(choose(data[0]), body, &arena);
    arena_release(&arena);
    return 0;
}
