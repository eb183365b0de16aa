/* learn_json.h - a line of JSON as strangers write it: some members of an object.
 *
 * Nothing is refused that can be read: what is no UTF-8 or half a surrogate becomes
 * U+FFFD, a line that breaks off has what stands before the break and, wherever it is,
 * the first of the names; of a name that comes twice the last counts.  Linear in the
 * line; no recursion. Thread rule: a reader belongs to one thread. */
#ifndef REDRESS_CTL_LEARN_JSON_H
#define REDRESS_CTL_LEARN_JSON_H

#include "base/base.h"
#include "base/buf.h"

#define LEARN_JSON_NAMES 8

enum learn_type {
    LEARN_ABSENT,
    LEARN_NULL,
    LEARN_STRING, /* text: decoded                               */
    LEARN_NUMBER, /* text: as written, a number of JSON's grammar */
    LEARN_BOOL,   /* text: true or false                         */
    LEARN_OTHER,  /* an object, an array or none of JSON's words: as written */
};
struct learn_value {
    enum learn_type type;
    struct str text; /* into the line or the reader, until the next read */
};
struct learn_json {
    struct str names[LEARN_JSON_NAMES]; /* wanted; set by the caller */
    size_t n_names;
    bool keep_nul[LEARN_JSON_NAMES]; /* a NUL stays; else U+FFFD */
    struct learn_value values[LEARN_JSON_NAMES];
    bool repaired; /* U+FFFD was put in, or a name came twice */
    bool broken;   /* not JSON from some place on             */
    struct buf key;
    struct buf room[LEARN_JSON_NAMES];
};

/* Fills values, repaired and broken; false: no object begins here. */
bool learn_json_read(struct learn_json *json, struct str line);
void learn_json_release(struct learn_json *json);
/* Of JSON's grammar. */
bool learn_json_number(struct str s);

#endif
