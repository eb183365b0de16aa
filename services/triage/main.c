/* Wiring only: one stage, complaints.classified -> complaints.triaged. */
#include "triage/stages.h"

#include "stage/stage.h"

int
main(int argc, char **argv)
{
    const struct stage_def *const stages[] = {&triage_stage};
    return stage_main("triage", stages, COUNT_OF(stages), argc, argv);
}
