/* policy.h - reading JSON policy files so that a mistake names its file and path.
 *
 * A policy_node is a JSON value and where it stands.  Getters refuse wrong types and,
 * through policy_known(), unknown keys: a bad policy stops the start (or keeps the old
 * one on reload).  All errors are ERR_STOP with "file: $.path: what".
 * Thread rule: read once, then const. */
#ifndef REDRESS_POLICY_H
#define REDRESS_POLICY_H

#include <jansson.h>

#include "base/base.h"

struct policy_doc {
    json_t *root;
    char file[256];
    char version[64]; /* $.version, "" if absent                                        */
    char hash[17]; /* of the canonical JSON: order of keys and white space do not count */
};
struct policy_node {
    const struct policy_doc *doc;
    json_t *json; /* borrowed; NULL: absent */
    char path[160];
};

#define POLICY_FILE_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* Reads dir/file: a JSON object without duplicate keys. */
MUST_CHECK bool policy_read(struct policy_doc *ret_doc, const char *dir, const char *file,
                            struct err *err);
/* The same from memory; name stands in errors. */
MUST_CHECK bool policy_parse(struct policy_doc *ret_doc, const char *name,
                             struct str text, struct err *err);
void policy_release(struct policy_doc *doc);
struct policy_node policy_root(const struct policy_doc *doc);

/* false + err: "file: path: <text>". */
bool policy_error(const struct policy_node *node, struct err *err, const char *fmt, ...)
    PRINTF(3, 4);
/* Every key of the object must be in the NULL-terminated list ("comment" is always). */
MUST_CHECK bool policy_known(const struct policy_node *node, const char *const *keys,
                             struct err *err);
bool policy_has(const struct policy_node *node, const char *key);
/* Children; a missing key gives json == NULL. */
struct policy_node policy_get(const struct policy_node *node, const char *key);
size_t policy_len(const struct policy_node *array);
struct policy_node policy_at(const struct policy_node *array, size_t i);
/* Types: *ret stays as it was (the default) if the key is absent and not required. */
MUST_CHECK bool policy_object(const struct policy_node *node, const char *key,
                              bool required, struct policy_node *ret_child,
                              struct err *err);
MUST_CHECK bool policy_array(const struct policy_node *node, const char *key,
                             bool required, size_t max_items,
                             struct policy_node *ret_child, struct err *err);
/* View into the document. */
MUST_CHECK bool policy_str(const struct policy_node *node, const char *key, bool required,
                           struct str *ret, struct err *err);
MUST_CHECK bool policy_i64(const struct policy_node *node, const char *key, bool required,
                           int64_t min, int64_t max, int64_t *ret, struct err *err);
MUST_CHECK bool policy_double(const struct policy_node *node, const char *key,
                              bool required, double min, double max, double *ret,
                              struct err *err);
MUST_CHECK bool policy_bool(const struct policy_node *node, const char *key,
                            bool required, bool *ret, struct err *err);
/* The node itself as a string / integer; for array items. */
MUST_CHECK bool policy_as_str(const struct policy_node *node, struct str *ret,
                              struct err *err);

#endif
