/* ident.h - who is who: deterministic ids from what a publisher said (design: Identity).
 *
 * Same input, same id, always: nothing here depends on time, order or machine.
 * Hashes are HMAC-SHA-256 with the installation's salt over length-prefixed parts, so
 * ("ab","c") and ("a","bc") differ and a key cannot be guessed without the salt. */
#ifndef REDRESS_IDENT_H
#define REDRESS_IDENT_H

#include "base/arena.h"
#include "base/base.h"

#define IDENT_HASH_HEX 32 /* customer hash: 128 bits            */
#define IDENT_KEY_HEX 12  /* customer_key, cluster_key: 48 bits */
#define IDENT_UUID_TEXT 36

/* HMAC-SHA-256 over the parts, each preceded by its length (8 bytes, big endian). */
void ident_hmac(struct str salt, const struct str *parts, size_t n_parts,
                unsigned char ret_digest[32]);
/* Lower-case hex into the arena. */
struct str ident_hex(struct arena *arena, const unsigned char *bytes, size_t n_bytes);

/* 32 hex digits over (kind, value); kind is "id", "email", "phone", "handle" or "ref". */
struct str ident_customer_hash(struct arena *arena, struct str salt, struct str kind,
                               const struct str *values, size_t n_values);
/* The first 12 digits. A view into hash. */
struct str ident_customer_key(struct str customer_hash);
/* UUID version 8 (RFC 9562) with the customer hash's first 48 bits in front. */
struct str ident_complaint_id(struct arena *arena, struct str salt,
                              struct str customer_hash, struct str source,
                              struct str complaint_ref);
/* The customer_key (or cluster_key) inside such an id; null if it is no UUID of version 8
 * in lower-case text form. Into the arena. */
struct str ident_key_of(struct arena *arena, struct str uuid);
/* UUID of an inbound event from (source, id). */
struct str ident_event_id(struct arena *arena, struct str source, struct str ce_id);
/* UUID of an event that a stage makes: from its cause (an event_id or a state key), what
 * it is, a number that tells several of one cause apart, and the due time of a timer (or
 * 0). */
struct str ident_child_id(struct arena *arena, struct str cause, struct str what,
                          int64_t n, int64_t due_ms);
/* 12 hex digits over product and issue (null counts as ""). */
struct str ident_cluster_key(struct arena *arena, struct str salt, struct str product,
                             struct str issue);
/* UUID version 8 with the cluster_key in front: feedback_id, collective_id. */
struct str ident_cluster_id(struct arena *arena, struct str cluster_key, struct str what,
                            int64_t n);

#endif
