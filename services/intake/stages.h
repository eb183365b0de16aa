/* stages.h - intake's two stages, for main.c and for the scenario runner. */
#ifndef REDRESS_INTAKE_STAGES_H
#define REDRESS_INTAKE_STAGES_H

#include "stage/turn.h"

/* complaints.inbound -> complaints.keyed, products.observed (teams' answers). */
extern const struct stage_def door_stage;
/* complaints.keyed -> complaints.received. */
extern const struct stage_def register_stage;

#endif
