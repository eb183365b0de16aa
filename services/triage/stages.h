/* stages.h - the stages of this service, for main.c and the scenario runner. */
#ifndef REDRESS_TRIAGE_STAGES_H
#define REDRESS_TRIAGE_STAGES_H

#include "stage/turn.h"

extern const struct stage_def triage_stage;

#endif
