/* cmd_state.c - state dump: a stage's state as its changelog holds it, sorted, so that
 * two runs over the same input can be compared line by line. */
#include "base/times.h"
#include "ctl/ctl.h"
#include "gen/wire_all.h"
#include "stage/changelog.h"

struct dump {
    struct arena arena;
    struct buf out;
    int32_t partition;
    bool broken;
};

static void
print_record(void *ctx, struct str key, struct str value, int64_t due_ms)
{
    struct dump *dump = ctx;
    struct buf *out = &dump->out;
    uint64_t fingerprint = 0;
    char text[TIME_TEXT_BYTES];
    buf_printf(out, "{\"partition\":%d,\"key\":", (int)dump->partition);
    buf_add_json(out, key);
    if (due_ms != TIME_NONE)
        buf_printf(out, ",\"due\":\"%s\"", time_print(due_ms, text));
    const struct wire_schema *schema =
        wire_fingerprint(value, &fingerprint) ? wire_find(fingerprint) : NULL;
    struct err err = {0};
    void *record = schema ? arena_alloc(&dump->arena, schema->struct_bytes) : NULL;
    if (schema && wire_decode(schema, value, &dump->arena, record, &err)) {
        buf_printf(out, ",\"type\":\"%s\",\"record\":", schema->name);
        wire_print_json(schema, record, out);
    } else {
        dump->broken = true;
        buf_printf(out, ",\"unreadable_bytes\":%zu", value.len);
    }
    buf_add_c(out, "}\n");
    (void)ctl_print(out);
    arena_clear(&dump->arena);
}

enum ctl_exit
cmd_state_dump(struct ctl *ctl)
{
    enum ctl_exit status = CTL_OK;
    if (!ctl_options(ctl, NULL, 0, 1, 1, &status))
        return status;
    struct dump dump = {0};
    struct err err = {0};
    bool ok = true;
    for (int32_t p = 0; ok && p < (int32_t)ctl->settings.partitions; p++) {
        struct store *store = store_new();
        struct changelog_position position;
        dump.partition = p;
        ok = changelog_read(&ctl->settings, ctl->argv[0], p, store, &position, &err);
        if (ok)
            store_each(store, true, print_record, &dump);
        store_drop(store);
    }
    arena_release(&dump.arena);
    buf_release(&dump.out);
    if (!ok)
        return ctl_fail(&err);
    return dump.broken ? CTL_WRONG : CTL_OK;
}
