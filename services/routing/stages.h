/* stages.h - the stages of this service, for main.c and the scenario runner. */
#ifndef REDRESS_ROUTING_STAGES_H
#define REDRESS_ROUTING_STAGES_H

#include "stage/turn.h"

extern const struct stage_def assign_stage;
extern const struct stage_def collect_stage;

#endif
