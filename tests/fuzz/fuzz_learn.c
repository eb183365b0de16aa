/* Any bytes as a line of the learning commands: no harm, UTF-8 comes out, and where
 * jansson reads an object, ours reads the same of it. */
#include <stdlib.h>

#include <jansson.h>

#include "ctl/learn_json.h"
#include "intake/door_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_same(const json_t *theirs, const struct learn_value *ours, bool keep_nul)
{
    if (!theirs) {
        BUG_IF(ours->type != LEARN_ABSENT);
    } else if (json_is_string(theirs)) {
        struct str s = {json_string_value(theirs), json_string_length(theirs)};
        BUG_IF(ours->type != LEARN_STRING);
        if (keep_nul || !memchr(s.ptr, '\0', s.len))
            BUG_IF(!str_eq(ours->text, s));
    } else {
        BUG_IF(json_is_null(theirs) != (ours->type == LEARN_NULL));
        BUG_IF(json_is_boolean(theirs) != (ours->type == LEARN_BOOL));
        BUG_IF(json_is_number(theirs) != (ours->type == LEARN_NUMBER));
        BUG_IF(json_is_object(theirs) &&
               (ours->type != LEARN_OTHER || ours->text.ptr[0] != '{'));
        BUG_IF(json_is_array(theirs) &&
               (ours->type != LEARN_OTHER || ours->text.ptr[0] != '['));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct learn_json json = {.names = {{"id", 2}, {"text", 4}, {"label", 5}},
                                     .n_names = 3,
                                     .keep_nul = {true}};
    if (size > 65536)
        return 0;
    bool object = learn_json_read(&json, (struct str){(const char *)data, size});
    for (size_t i = 0; object && i < json.n_names; i++) {
        const struct learn_value *value = &json.values[i];
        BUG_IF(value->type == LEARN_STRING && !door_utf8_valid(value->text));
        BUG_IF(value->type == LEARN_OTHER && !door_utf8_valid(value->text));
        BUG_IF(value->type == LEARN_NUMBER && !learn_json_number(value->text));
    }
    if (memchr(data, 0, size))
        return 0; /* jansson takes a NUL behind a number for a blank */
    json_t *row = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
    if (json_is_object(row)) {
        BUG_IF(!object || json.broken);
        for (size_t i = 0; i < json.n_names; i++)
            check_same(json_object_getn(row, json.names[i].ptr, json.names[i].len),
                       &json.values[i], json.keep_nul[i]);
    }
    json_decref(row);
    return 0;
}
