/* redress-intake: the two stages through which every event enters. */
#include "intake/stages.h"
#include "stage/stage.h"

int
main(int argc, char **argv)
{
    const struct stage_def *const stages[] = {&door_stage, &register_stage};
    return stage_main("intake", stages, COUNT_OF(stages), argc, argv);
}
