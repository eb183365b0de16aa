/* stages.h - the stages of this service, for main.c and the scenario runner. */
#ifndef REDRESS_CLASSIFICATION_STAGES_H
#define REDRESS_CLASSIFICATION_STAGES_H

#include "stage/turn.h"

extern const struct stage_def classification_stage;

#endif
