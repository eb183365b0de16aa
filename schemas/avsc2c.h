/* avsc2c.h - the model between the two halves of the generator: load and emit.
 *
 * A build-time tool: it prints what is wrong and exits 1; it frees nothing, it is gone
 * in a moment.  jansson only. */
#ifndef REDRESS_AVSC2C_H
#define REDRESS_AVSC2C_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_BYTES_DEFAULT 32768
#define MAX_ITEMS_DEFAULT 64

/* The Avro types that have a C form here; the order is that of TYPE_FACTS. */
enum type_kind {
    TYPE_BOOLEAN,
    TYPE_INT,
    TYPE_LONG,
    TYPE_FLOAT,
    TYPE_DOUBLE,
    TYPE_STRING,
    TYPE_BYTES,
    TYPE_ENUM,
    TYPE_RECORD,
    TYPE_ARRAY,
    TYPE_KIND_COUNT,
};

struct named; /* a record or an enum */

struct type {
    enum type_kind kind;
    bool nullable;             /* ["null", this]                                */
    const struct named *named; /* enum, record                                  */
    const struct type *items;  /* array                                         */
};

struct field {
    const char *name;   /* in Avro, and printed                                  */
    const char *c_name; /* the same, "_" added to a C keyword                    */
    struct type type;
    size_t max_bytes;
    size_t max_items;
};

struct history {
    int number; /* of <name>.<number>.avsc */
    uint64_t fingerprint;
    char *schema;
};

enum visit { VISIT_NONE, VISIT_OPEN, VISIT_DONE };

struct named {
    enum type_kind kind;    /* TYPE_ENUM or TYPE_RECORD                         */
    const char *name;       /* ComplaintEvent                                   */
    const char *name_space; /* "" for none                                      */
    const char *full_name;  /* org.redress.ComplaintEvent                       */
    const char *c_name;     /* complaint_event                                  */
    const char *c_upper;    /* COMPLAINT_EVENT                                  */
    const char *file;       /* where it is defined                              */
    json_t *json;           /* its definition                                   */
    enum visit visit;       /* record fields read?                              */
    struct field *fields;
    size_t n_fields;
    size_t min_bytes; /* least bytes on the wire                          */
    bool is_part;     /* a field of another record is of this type        */
    json_t *symbols;  /* enum                                             */
    json_t *names;    /* enum: wire names; = symbols if not given         */
    struct history history[64];
    size_t n_history;
};

struct schemas {
    struct named types[256]; /* in order of the files                            */
    size_t n_types;
};

_Noreturn void die(const char *file, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* avsc2c_load.c */
void schemas_add_file(struct schemas *all, const char *path);
void schemas_add_history(struct schemas *all, const char *path);
/* Reads every record's fields and checks them; types used by value come first. */
void schemas_resolve(struct schemas *all);
struct named *schemas_find(struct schemas *all, const char *full_name);
size_t type_min_bytes(const struct type *type);

/* avsc2c_json.c */
/* The definition with every named type inlined at its first use; "doc" left out. */
char *schema_complete(struct schemas *all, const struct named *named);
/* CRC-64-AVRO of the parsing canonical form of a complete schema. */
uint64_t schema_fingerprint(const json_t *complete);
char *schema_canonical(const json_t *complete);

/* avsc2c_emit.c */
void emit_header(FILE *out, const struct named *named);
void emit_source(FILE *out, struct schemas *all, const struct named *named);
void emit_list_header(FILE *out, struct schemas *all);
void emit_list_source(FILE *out, struct schemas *all);

/* avsc2c_record.c */
void emit_record_header(FILE *out, const struct named *record);
void emit_record_source(FILE *out, const struct named *record);
const char *type_c(const struct type *type);

#endif
