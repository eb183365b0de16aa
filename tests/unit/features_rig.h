/* features_rig.h - what tests of features and models read texts with: the table, and
 * room for what is read and answered.  A test with more of its own has it as the first
 * member. */
#ifndef REDRESS_TEST_FEATURES_RIG_H
#define REDRESS_TEST_FEATURES_RIG_H

#include "classification/model.h"

struct features_rig {
    struct arena arena;
    const struct features_table *table;
    struct features_scratch *text, *other;
    struct model_answer *answer;
    struct model_scratch scratch; /* empty: model_scratch_new() is the test's */
};
/* Into what is all zero; false without the data of ICU. */
bool features_rig_open(struct features_rig *rig);

/* Setup of a group or a test, and teardown also of a larger rig that calloc() gave. */
int features_rig_set_up(void **state);
int features_rig_tear_down(void **state);

#endif
