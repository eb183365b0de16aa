/* cloudevent.h - a Kafka message as a CloudEvent 1.0, structured or binary mode.
 *
 * Binary mode if any "ce_" header is there, else structured (Kafka protocol
 * binding 1.0.2; JSON event format 1.0.2).  Attributes come out raw but checked: present
 * where required, strings, no control characters, within their limits. Thread rule: pure.
 */
#ifndef REDRESS_INTAKE_CLOUDEVENT_H
#define REDRESS_INTAKE_CLOUDEVENT_H

#include "intake/door_json.h"
#include "stage/turn.h"

#define CLOUDEVENT_MESSAGE_MAX ((size_t)1024 * 1024) /* of the value */
#define CLOUDEVENT_ID_MAX 512                        /* id, source   */
#define CLOUDEVENT_ATTRIBUTE_MAX 8192                /* any other    */
#define CLOUDEVENT_EXTENSIONS_COUNT 256
#define CLOUDEVENT_EXTENSIONS_MAX ((size_t)64 * 1024) /* names and values of all */

/* Strings are null where the attribute is absent. Views into the message or the arena. */
struct cloudevent {
    struct str id;
    struct str source;
    struct str type;
    struct str time;
    struct str subject;
    struct str traceparent;
    struct str tracestate;
    struct door_json *extensions; /* an object: every further attribute, dataschema too */
    struct door_json *data;       /* NULL if there is none                              */
};

/* Dead letters: bad_cloudevent, bad_json, bad_encoding, too_large. */
MUST_CHECK bool cloudevent_read(struct arena *arena, const struct raw_message *message,
                                struct cloudevent *ret, struct err *err);

#endif
