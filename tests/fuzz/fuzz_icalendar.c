/* Any bytes as a holiday file: no crash, no leak of libical's, and days that rise, once
 * each, within the range; a refusal names the file and asks for a stop. */
#include "base/times.h"
#include "sla/icalendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 0);
    int64_t from = days_from_civil(2024, 1, 1);
    int64_t to = days_from_civil(2027, 12, 31);
    struct icalendar days = {0};
    struct err err = {0};
    struct str text = {(const char *)data, size};
    if (!icalendar_read(text, "x.ics", from, to, &arena, &days, &err)) {
        BUG_IF(err.action != ERR_STOP || !str_starts(str_from(err.text), STR("x.ics: ")));
        return 0;
    }
    BUG_IF(days.n_days > ICALENDAR_DAYS_MAX);
    for (size_t i = 0; i < days.n_days; i++) {
        BUG_IF(days.days[i].day < from || days.days[i].day > to);
        BUG_IF(i > 0 && days.days[i].day <= days.days[i - 1].day);
        BUG_IF(days.days[i].name.len > ICALENDAR_NAME_MAX);
    }
    return 0;
}
