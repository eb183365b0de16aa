/* routing: the assign and collect stages. Wiring only. */
#include "routing/stages.h"
#include "stage/stage.h"

int
main(int argc, char **argv)
{
    static const struct stage_def *const STAGES[] = {&assign_stage, &collect_stage};
    return stage_main("routing", STAGES, COUNT_OF(STAGES), argc, argv);
}
