/* door_json.h - JSON as strangers send it: into the arena, in one pass, nothing lost.
 *
 * Made for the door because it needs what a general library does not give: the reason why
 * a text is refused (not JSON, bad encoding, too large), numbers kept as they were
 * written (an unknown field may hold 30 digits), and no malloc per value. RFC 8259;
 * duplicate keys, lone surrogates and deep nesting are refused; an escaped NUL becomes
 * U+FFFD.  Strings without escapes are views into the text: it must stay. Thread rule:
 * pure. */
#ifndef REDRESS_INTAKE_DOOR_JSON_H
#define REDRESS_INTAKE_DOOR_JSON_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

enum door_json_type {
    DOOR_JSON_NULL,
    DOOR_JSON_FALSE,
    DOOR_JSON_TRUE,
    DOOR_JSON_NUMBER,
    DOOR_JSON_STRING,
    DOOR_JSON_ARRAY,
    DOOR_JSON_OBJECT,
};

struct door_json {
    enum door_json_type type;
    uint32_t count;          /* of members or items                              */
    struct str key;          /* as a member: its name, unescaped; else null      */
    struct str text;         /* string: unescaped UTF-8; number: as written      */
    struct door_json *first; /* member or item, in the order of the text         */
    struct door_json *next;  /* in the same object or array                      */
};

#define DOOR_JSON_DEPTH_MAX 32
/* Values in one message: bounds the memory that one message can take to 8 MiB. */
#define DOOR_JSON_VALUES_MAX 131072

/* The whole text is one value; a byte order mark in front is skipped. Dead letters
 * bad_json, bad_encoding or too_large; path says where the text stands ("$", "$.data").
 */
MUST_CHECK bool door_json_parse(struct arena *arena, struct str text, const char *path,
                                struct door_json **ret_value, struct err *err);
/* The member of an object; NULL if there is none. */
const struct door_json *door_json_get(const struct door_json *object, struct str key);
/* Appends compact JSON; every string and key cleaned as free text (normalised, redacted),
 * numbers as written unless their digits are a card's or a person's: then a string.
 * false if out is full. */
MUST_CHECK bool door_json_print(struct arena *arena, const struct door_json *value,
                                struct buf *out);
/* Length of the UTF-8 sequence at `at` (1-4), 0 if it is none (overlong, surrogate, cut).
 */
size_t door_utf8_len(const char *at, const char *end);
bool door_utf8_valid(struct str s);

#endif
