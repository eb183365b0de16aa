/* stages.h - the stage of this service, for main.c and the scenario runner. */
#ifndef REDRESS_SLA_STAGES_H
#define REDRESS_SLA_STAGES_H

#include "stage/turn.h"

extern const struct stage_def sla_stage;

#endif
