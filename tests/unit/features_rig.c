#include "features_rig.h"

#include <stdlib.h>

bool
features_rig_open(struct features_rig *rig)
{
    struct err err = {0};
    rig->table = features_table_new(&rig->arena, &err);
    rig->text = ARENA_NEW(&rig->arena, struct features_scratch);
    rig->other = ARENA_NEW(&rig->arena, struct features_scratch);
    rig->answer = ARENA_NEW(&rig->arena, struct model_answer);
    return rig->table != NULL;
}

int
features_rig_set_up(void **state)
{
    struct features_rig *rig = calloc(1, sizeof(*rig));
    if (!rig)
        return -1;
    *state = rig;
    return features_rig_open(rig) ? 0 : -1;
}

int
features_rig_tear_down(void **state)
{
    struct features_rig *rig = *state;
    arena_release(&rig->arena);
    free(rig);
    return 0;
}
