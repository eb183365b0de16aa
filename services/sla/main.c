/* Wiring only: one stage, complaints.triaged -> complaints.timed. */
#include "sla/stages.h"

#include "stage/stage.h"

int
main(int argc, char **argv)
{
    const struct stage_def *const stages[] = {&sla_stage};
    return stage_main("sla", stages, COUNT_OF(stages), argc, argv);
}
