/* inputs.h - from a Kafka message to what it puts into the tables.
 *
 * Four topics, four readers (inputs_of).  A message that cannot be read is refused, with
 * the reason: it becomes a row in dead_letters (stage projection) and the next one
 * follows. No I/O. */
#ifndef REDRESS_PROJECTION_INPUTS_H
#define REDRESS_PROJECTION_INPUTS_H

#include "kafka/kafka.h"
#include "projection/rows.h"

enum input_kind {
    INPUT_ROUTED,   /* complaints.routed: ComplaintEvent            */
    INPUT_FEEDBACK, /* products.feedback: CloudEvents JSON          */
    INPUT_ALERTS,   /* products.alerts: CloudEvents JSON            */
    INPUT_DEAD,     /* complaints.deadletter: redress-error headers */
};

struct input {
    int32_t partition;
    bool refused;
    int64_t offset;
    int64_t timestamp_ms;           /* of the Kafka record */
    const struct err *why;          /* if refused          */
    struct complaint_event *ev;     /* INPUT_ROUTED        */
    struct rows_feedback *feedback; /* INPUT_FEEDBACK; NULL: nothing to write */
    struct rows_dead *dead;         /* INPUT_DEAD          */
};

/* message must live as long as the arena (see input_copy). */
void input_read(enum input_kind kind, const struct kafka_message *message,
                struct arena *arena, struct input *ret);
/* Copies key, value and headers into the arena. */
struct kafka_message input_copy(const struct kafka_message *message, struct arena *arena);
/* A batch must end behind it. */
bool input_ends_batch(const struct input *input);
/* The server will not have it: refused from now on. */
void input_refuse(struct input *input, const struct err *why, struct arena *arena);

/* All inputs of one topic, folded, into rows. */
void inputs_to_rows(struct str topic, const struct input *inputs, size_t n,
                    struct rows *rows, struct arena *arena);

#endif
