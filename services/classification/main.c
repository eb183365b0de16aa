/* Wiring only: one stage, complaints.received -> complaints.classified. */
#include "classification/stages.h"

#include "stage/stage.h"

int
main(int argc, char **argv)
{
    const struct stage_def *const stages[] = {&classification_stage};
    return stage_main("classification", stages, COUNT_OF(stages), argc, argv);
}
