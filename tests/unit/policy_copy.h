/* policy_copy.h - a folder with the shipped rules.json and taxonomy.json and whatever
 * models a test wants: none at first. */
#ifndef REDRESS_POLICY_COPY_H
#define REDRESS_POLICY_COPY_H

#include "base/base.h"

struct policy_copy {
    char dir[64];
};
void policy_copy_open(struct policy_copy *copy);
void policy_copy_close(struct policy_copy *copy);
/* Writes over a file in place, as cp does. */
void policy_copy_put(const struct policy_copy *copy, const char *name, struct str bytes);
/* models.json and the tiny models of tests/scenario/policies/trained. */
void policy_copy_trained(const struct policy_copy *copy);
/* A file of that folder; at most size bytes of it are taken. */
size_t policy_copy_read(const char *name, char *bytes, size_t size);

#endif
