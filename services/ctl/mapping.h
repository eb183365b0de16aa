/* mapping.h - a stranger's row into CloudEvents, by a mapping file (deploy/mappings/).
 *
 * A mapping is data: which fields, constants, tables and templates make which event.  The
 * id of an event is a hash of source, row and the event's place in the mapping, so
 * importing a file twice gives the same ids, and the pipeline drops the second time.
 * Pure but for reading the file.  Format: schemas/policy/mapping.schema.json. */
#ifndef REDRESS_CTL_MAPPING_H
#define REDRESS_CTL_MAPPING_H

#include <jansson.h>

#include "base/arena.h"
#include "base/base.h"
#include "ctl/rows.h"

struct mapping;

/* path NULL: the built-in mapping (CloudEvents as they are; else the row's members are
 * the data of a complaint.submitted). source: overrides the mapping's, NULL leaves it. */
struct mapping *mapping_load(const char *path, const char *source, struct err *err);
void mapping_drop(struct mapping *mapping);
enum rows_format mapping_format(const struct mapping *mapping);
/* The file wants its events in order of time ("order": "time"). */
bool mapping_sorts(const struct mapping *mapping);

/* One event of a row; views into the arena. */
struct mapped {
    struct str key;   /* record key: customer, else ref; null if neither */
    struct str value; /* structured CloudEvent                           */
    int64_t time_ms;  /* TIME_NONE if it has none                        */
};
#define MAPPED_MAX 16

/* Events of a row, in the mapping's order; those whose "when" does not hold are left out.
 * false (ERR_DEAD_LETTER): the row cannot be mapped, e.g. a time that is none. */
MUST_CHECK bool mapping_apply(const struct mapping *mapping, json_t *row, int64_t row_no,
                              struct arena *arena, struct mapped *ret_events,
                              size_t *ret_n, struct err *err);

#endif
