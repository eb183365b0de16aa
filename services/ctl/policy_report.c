#include "ctl/policy_report.h"

#include <stdio.h>

#include "base/times.h"

#define GROUPS_SHOWN 40

/* --- text --------------------------------------------------------------------------- */

static void
add_line(struct buf *out, const char *name, int64_t before, int64_t after, bool always)
{
    if (before == after && !always)
        return;
    buf_printf(out, "    %-18s %10lld %10lld", name, (long long)before, (long long)after);
    if (before != after)
        buf_printf(out, " %+10lld", (long long)(after - before));
    buf_add_char(out, '\n');
}

static void
add_by_clock(struct buf *out, const char *title, const int64_t before[CLOCK_COUNT],
             const int64_t after[CLOCK_COUNT])
{
    buf_printf(out, "  %s\n", title);
    for (int i = CLOCK_ACKNOWLEDGE; i < CLOCK_COUNT; i++)
        add_line(out, clock_name((enum clock)i), before[i], after[i],
                 before[i] + after[i] > 0);
    add_line(out, "all clocks", tally_sum(before), tally_sum(after), true);
}

static void
add_totals(struct buf *out, const struct tally_counts *before,
           const struct tally_counts *after)
{
    buf_printf(out, "\n    %-18s %10s %10s %10s\n", "", "current", "new", "difference");
    add_by_clock(out, "breaches", before->breaches, after->breaches);
    add_by_clock(out, "warnings", before->warnings, after->warnings);
    buf_add_c(out, "  escalations\n");
    add_line(out, "rungs climbed", before->escalations, after->escalations, true);
    buf_add_c(out, "  priorities at the end\n");
    for (int i = PRIORITY_P1; i < PRIORITY_COUNT; i++)
        add_line(out, priority_name((enum priority)i), before->priorities[i],
                 after->priorities[i], true);
}

/* "12 (+3)" */
static void
add_cell(struct buf *out, int64_t before, int64_t after)
{
    char text[64];
    (void)snprintf(text, sizeof(text), before == after ? "%lld" : "%lld (%+lld)",
                   (long long)after, (long long)(after - before));
    buf_printf(out, " %13s", text);
}

static void
add_groups(struct buf *out, const struct tally *tally)
{
    size_t shown = 0;
    size_t differ = 0;
    for (size_t i = 0; i < tally->n_groups; i++) {
        const struct tally_group *group = &tally->groups[i];
        const struct tally_counts *a = &group->runs[TALLY_BEFORE];
        const struct tally_counts *b = &group->runs[TALLY_AFTER];
        if (!tally_differs(a, b))
            continue;
        if (differ++ == 0)
            buf_printf(out, "\n  %-20s %-20s %13s %13s %13s %13s %13s %13s %13s %13s\n",
                       "team", "product", "cases", "breaches", "warnings", "escalations",
                       "P1", "P2", "P3", "P4");
        if (shown == GROUPS_SHOWN)
            continue;
        shown++;
        buf_printf(out, "  %-20.*s %-20.*s", STR_ARG(str_cut_utf8(group->team, 40)),
                   STR_ARG(str_cut_utf8(group->product, 40)));
        add_cell(out, a->cases, b->cases);
        add_cell(out, tally_sum(a->breaches), tally_sum(b->breaches));
        add_cell(out, tally_sum(a->warnings), tally_sum(b->warnings));
        add_cell(out, a->escalations, b->escalations);
        for (int p = PRIORITY_P1; p < PRIORITY_COUNT; p++)
            add_cell(out, a->priorities[p], b->priorities[p]);
        buf_add_char(out, '\n');
    }
    if (differ > shown)
        buf_printf(out, "  and %zu groups more (--json has all)\n", differ - shown);
}

static void
add_most(struct buf *out, const struct tally *tally)
{
    if (tally->n_most > 0)
        buf_add_c(out, "\nCases that differ most\n");
    for (size_t i = 0; i < tally->n_most; i++) {
        const struct tally_most *most = &tally->most[i];
        const struct tally_counts *a = &most->runs[TALLY_BEFORE];
        const struct tally_counts *b = &most->runs[TALLY_AFTER];
        buf_printf(out, "  %s ", most->complaint_id);
        if (most->priority[TALLY_BEFORE] != most->priority[TALLY_AFTER])
            buf_printf(out, " %s -> %s", priority_name(most->priority[TALLY_BEFORE]),
                       priority_name(most->priority[TALLY_AFTER]));
        if (!str_eq(most->team[TALLY_BEFORE], most->team[TALLY_AFTER]))
            buf_printf(out, " %.*s -> %.*s", STR_ARG(most->team[TALLY_BEFORE]),
                       STR_ARG(most->team[TALLY_AFTER]));
        for (int c = CLOCK_ACKNOWLEDGE; c < CLOCK_COUNT; c++)
            if (a->breaches[c] != b->breaches[c])
                buf_printf(out, " %s breaches %lld -> %lld", clock_name((enum clock)c),
                           (long long)a->breaches[c], (long long)b->breaches[c]);
        if (tally_sum(a->warnings) != tally_sum(b->warnings))
            buf_printf(out, " warnings %lld -> %lld", (long long)tally_sum(a->warnings),
                       (long long)tally_sum(b->warnings));
        if (a->escalations != b->escalations)
            buf_printf(out, " escalations %lld -> %lld", (long long)a->escalations,
                       (long long)b->escalations);
        buf_add_char(out, '\n');
    }
}

static void
add_parity(struct buf *out, const struct policy_run *run, const struct tally *tally)
{
    buf_printf(out, "Parity: replayed under %s, %lld of %lld cases come out as recorded",
               run->current, (long long)tally->n_parity, (long long)tally->n_cases);
    buf_add_c(out, tally->n_parity == tally->n_cases
                       ? "\n"
                       : "; the others were\n  decided under other versions, or their "
                         "beginning is not kept:\n");
    for (size_t i = 0; i < tally->n_unequal && i < 5; i++)
        buf_printf(out, "  %s differs in %s\n", tally->unequal[i].complaint_id,
                   tally->unequal[i].why);
}

void
policy_report_text(struct buf *out, const struct policy_run *run,
                   const struct tally *tally)
{
    char from[TIME_TEXT_BYTES] = "-";
    char to[TIME_TEXT_BYTES] = "-";
    if (run->first_ms != TIME_NONE)
        time_print(run->first_ms, from);
    if (run->until_ms != TIME_NONE)
        time_print(run->until_ms, to);
    buf_printf(out,
               "Replayed %lld events of %lld cases, %d partitions, %s to %s, %s clock\n",
               (long long)run->n_events, (long long)tally->n_cases, (int)run->partitions,
               from, to, run->wall_clock ? "wall" : "event");
    for (size_t i = 0; i < run->n_policies; i++)
        buf_printf(out, "New: %s (%s %s, %s)\n", run->policies[i].file,
                   run->policies[i].kind, run->policies[i].version,
                   run->policies[i].hash);
    if (run->n_policies == 0)
        buf_add_c(out, "New: the same policies as the current ones (holidays in .ics "
                       "files were not compared)\n");
    add_parity(out, run, tally);
    if (run->n_refused > 0)
        buf_printf(out, "%lld events were refused in a replay and left out\n",
                   (long long)run->n_refused);
    bool moved = tally->n_due_earlier > 0 || tally->n_due_later > 0;
    if (moved)
        buf_printf(out, "Due times: %lld clocks due earlier, %lld later\n",
                   (long long)tally->n_due_earlier, (long long)tally->n_due_later);
    if (tally->n_differ == 0) {
        buf_add_c(out, moved ? "No other difference.\n" : "No difference.\n");
        return;
    }
    buf_printf(out, "%lld cases differ\n", (long long)tally->n_differ);
    add_totals(out, &tally->totals[TALLY_BEFORE], &tally->totals[TALLY_AFTER]);
    add_groups(out, tally);
    add_most(out, tally);
}

/* --- JSON --------------------------------------------------------------------------- */

static void
add_clock_counts(struct buf *out, const char *name, const int64_t by_clock[CLOCK_COUNT],
                 const int64_t minus[CLOCK_COUNT])
{
    int64_t total = tally_sum(by_clock) - (minus ? tally_sum(minus) : 0);
    buf_printf(out, "\"%s\":{\"total\":%lld", name, (long long)total);
    for (int i = CLOCK_ACKNOWLEDGE; i < CLOCK_COUNT; i++)
        buf_printf(out, ",\"%s\":%lld", clock_name((enum clock)i),
                   (long long)(by_clock[i] - (minus ? minus[i] : 0)));
    buf_add_c(out, "},");
}

/* counts, or counts - minus. */
static void
add_counts(struct buf *out, const char *name, const struct tally_counts *counts,
           const struct tally_counts *minus)
{
    buf_printf(out, "\"%s\":{\"cases\":%lld,", name,
               (long long)(counts->cases - (minus ? minus->cases : 0)));
    add_clock_counts(out, "breaches", counts->breaches, minus ? minus->breaches : NULL);
    add_clock_counts(out, "warnings", counts->warnings, minus ? minus->warnings : NULL);
    buf_printf(out, "\"escalations\":%lld,\"priorities\":{",
               (long long)(counts->escalations - (minus ? minus->escalations : 0)));
    for (int i = PRIORITY_P1; i < PRIORITY_COUNT; i++)
        buf_printf(
            out, "%s\"%s\":%lld", i > PRIORITY_P1 ? "," : "",
            priority_name((enum priority)i),
            (long long)(counts->priorities[i] - (minus ? minus->priorities[i] : 0)));
    buf_add_c(out, "}}");
}

static void
add_three(struct buf *out, const struct tally_counts runs[TALLY_RUNS])
{
    add_counts(out, "before", &runs[TALLY_BEFORE], NULL);
    buf_add_char(out, ',');
    add_counts(out, "after", &runs[TALLY_AFTER], NULL);
    buf_add_char(out, ',');
    add_counts(out, "difference", &runs[TALLY_AFTER], &runs[TALLY_BEFORE]);
}

static void
add_time(struct buf *out, const char *name, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    if (ms == TIME_NONE)
        buf_printf(out, "\"%s\":null,", name);
    else
        buf_printf(out, "\"%s\":\"%s\",", name, time_print(ms, text));
}

static void
add_head(struct buf *out, const struct policy_run *run, const struct tally *tally)
{
    buf_add_c(out, "{\"policies\":[");
    for (size_t i = 0; i < run->n_policies; i++) {
        const struct run_policy *policy = &run->policies[i];
        buf_add_c(out, i ? ",{\"file\":" : "{\"file\":");
        buf_add_json(out, str_from(policy->file));
        buf_printf(out, ",\"kind\":\"%s\",\"version\":", policy->kind);
        buf_add_json(out, str_from(policy->version));
        buf_printf(out, ",\"hash\":\"%s\"}", policy->hash);
    }
    buf_printf(out, "],\"clock\":\"%s\",", run->wall_clock ? "wall" : "event");
    add_time(out, "from", run->first_ms);
    add_time(out, "to", run->until_ms);
    buf_printf(out,
               "\"partitions\":%d,\"events\":%lld,\"cases\":%lld,\"refused\":%lld,"
               "\"differing\":%lld,",
               (int)run->partitions, (long long)run->n_events, (long long)tally->n_cases,
               (long long)run->n_refused, (long long)tally->n_differ);
    buf_printf(out, "\"due_times\":{\"earlier\":%lld,\"later\":%lld},",
               (long long)tally->n_due_earlier, (long long)tally->n_due_later);
    buf_printf(out, "\"parity\":{\"cases\":%lld,\"equal\":%lld,\"examples\":[",
               (long long)tally->n_cases, (long long)tally->n_parity);
    for (size_t i = 0; i < tally->n_unequal; i++)
        buf_printf(out, "%s{\"complaint_id\":\"%s\",\"differs_in\":\"%s\"}", i ? "," : "",
                   tally->unequal[i].complaint_id, tally->unequal[i].why);
    buf_add_c(out, "]},");
}

static void
add_case(struct buf *out, const struct tally_most *most)
{
    static const char *const NAMES[TALLY_RUNS] = {"", "before", "after"};
    buf_printf(out, "{\"complaint_id\":\"%s\"", most->complaint_id);
    for (int run = TALLY_BEFORE; run <= TALLY_AFTER; run++) {
        const struct tally_counts *counts = &most->runs[run];
        buf_printf(out, ",\"%s\":{\"priority\":\"%s\",\"team\":", NAMES[run],
                   priority_name(most->priority[run]));
        buf_add_json(out, most->team[run]);
        buf_add_char(out, ',');
        add_clock_counts(out, "breaches", counts->breaches, NULL);
        add_clock_counts(out, "warnings", counts->warnings, NULL);
        buf_printf(out, "\"escalations\":%lld}", (long long)counts->escalations);
    }
    buf_add_char(out, '}');
}

void
policy_report_json(struct buf *out, const struct policy_run *run,
                   const struct tally *tally)
{
    add_head(out, run, tally);
    buf_add_c(out, "\"totals\":{");
    add_counts(out, "recorded", &tally->totals[TALLY_RECORDED], NULL);
    buf_add_char(out, ',');
    add_three(out, tally->totals);
    buf_add_c(out, "},\"groups\":[");
    for (size_t i = 0; i < tally->n_groups; i++) {
        buf_add_c(out, i ? ",{\"team\":" : "{\"team\":");
        buf_add_json(out, tally->groups[i].team);
        buf_add_c(out, ",\"product\":");
        buf_add_json(out, tally->groups[i].product);
        buf_add_char(out, ',');
        add_three(out, tally->groups[i].runs);
        buf_add_char(out, '}');
    }
    buf_add_c(out, "],\"most\":[");
    for (size_t i = 0; i < tally->n_most; i++) {
        if (i)
            buf_add_char(out, ',');
        add_case(out, &tally->most[i]);
    }
    buf_add_c(out, "]}\n");
}
