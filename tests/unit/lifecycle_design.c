#include "lifecycle_design.h"

#include <stdio.h>
#include <stdlib.h>

/* Word for word; a change there is to be made here, too. */
static const char text[] =
    "| inbound type | open | proposed | resolved | closed | rejected | withdrawn | "
    "external |\n"
    "|---|---|---|---|---|---|---|---|\n"
    "| message, submitted again | · (waiting_customer → open) | · | · | · | · | · | · |\n"
    "| reach, corrected, rated | · | · | · | · | · | · | · |\n"
    "| acknowledged | · | · | ✗ | ✗ | ✗ | ✗ | · |\n"
    "| responded | · | · | · | · | · | ✗ | · |\n"
    "| assigned, transferred | · | · | · | ✗ | ✗ | ✗ | · |\n"
    "| waiting | → waiting_… | → waiting_… | ✗ | ✗ | ✗ | ✗ | ✗ |\n"
    "| resumed | waiting → open, else ✗ | ✗ | ✗ | ✗ | ✗ | ✗ | → open |\n"
    "| promised, extended | · | · | · | ✗ | ✗ | ✗ | · |\n"
    "| promise_kept (known promise, else ✗) | · | · | · | · | · | · | · |\n"
    "| remedy_offered | → proposed | · | ✗ | ✗ | ✗ | ✗ | ✗ |\n"
    "| remedy_accepted / remedy_refused | ✗ | · marked accepted (twice ✗) / → open | ✗ | "
    "✗ "
    "| ✗ | ✗ | ✗ |\n"
    "| resolved | → resolved | → resolved | ✗ | ✗ | ✗ | ✗ | → resolved |\n"
    "| rejected | → rejected | → rejected | ✗ | ✗ | ✗ | ✗ | → rejected |\n"
    "| closed | ✗ | ✗ | → closed | ✗ | → closed | ✗ | ✗ |\n"
    "| withdrawn | → withdrawn | → withdrawn | → withdrawn | ✗ | ✗ | ✗ | → withdrawn |\n"
    "| merged | → merged | → merged | ✗ | ✗ | ✗ | ✗ | → merged |\n"
    "| referred | → external | → external | → external | → external | → external | ✗ | · "
    "|\n"
    "| reopened | ✗ | ✗ | → open | → open | → open (appeal) | → open | ✗ |\n";

#define CASES_MAX 512
#define COLUMNS 7

static struct design_case cases[CASES_MAX];
static size_t n_cases;

static void
unreadable(const char *what, struct str where)
{
    fprintf(stderr, "design table: %s: %.*s\n", what, STR_ARG(where));
    exit(1);
}

/* Up to the next mark; *rest is what stands behind it. */
static struct str
take(struct str *rest, const char *mark)
{
    size_t n = strlen(mark);
    size_t i = 0;
    while (i + n <= rest->len && memcmp(rest->ptr + i, mark, n) != 0)
        i++;
    struct str taken = i + n <= rest->len ? str_sub(*rest, 0, i) : *rest;
    *rest = str_sub(*rest, i + n <= rest->len ? i + n : rest->len, rest->len);
    return str_trim(taken);
}

static enum state
state_of(struct str name)
{
    enum state state = STATE_NONE;
    if (!state_parse(name, &state))
        unreadable("no state", name);
    return state;
}

static void
add(struct design_case c, bool refused, enum state to)
{
    if (n_cases == CASES_MAX)
        unreadable("too many cases", STR(""));
    c.refused = refused;
    c.to = refused ? c.from : to;
    cases[n_cases++] = c;
}

/* One cell for one state. */
static void
read_cell(struct design_case c, struct str cell)
{
    bool waits = c.from == STATE_WAITING_CUSTOMER || c.from == STATE_WAITING_THIRD_PARTY;
    struct str rest = cell;
    if (str_eq(cell, STR("✗"))) {
        add(c, true, c.from);
    } else if (str_eq(cell, STR("· (waiting_customer → open)"))) {
        add(c, false, c.from == STATE_WAITING_CUSTOMER ? STATE_OPEN : c.from);
    } else if (str_eq(cell, STR("waiting → open, else ✗"))) {
        add(c, !waits, STATE_OPEN);
    } else if (str_eq(cell, STR("· marked accepted (twice ✗)"))) {
        add(c, false, c.from);
        c.accepted_before = true;
        add(c, true, c.from);
    } else if (str_eq(cell, STR("→ waiting_…"))) {
        add(c, false, STATE_WAITING_THIRD_PARTY);
        c.waits_for_customer = true;
        add(c, false, STATE_WAITING_CUSTOMER);
    } else if (str_eq(cell, STR("·"))) {
        add(c, false, c.from);
    } else {
        if (!str_eq(take(&rest, " "), STR("→")))
            unreadable("no such cell", cell);
        add(c, false, state_of(take(&rest, " ")));
    }
}

/* "open" includes the waiting states. */
static void
read_column(enum state column, enum event_type on, bool promise_known, struct str cell)
{
    const enum state waiting[] = {STATE_WAITING_CUSTOMER, STATE_WAITING_THIRD_PARTY};
    struct design_case c = {.from = column, .on = on, .promise_known = promise_known};
    read_cell(c, cell);
    for (size_t i = 0; column == STATE_OPEN && i < COUNT_OF(waiting); i++) {
        c.from = waiting[i];
        read_cell(c, cell);
    }
}

static enum event_type
type_of(struct str name)
{
    char full[64];
    enum event_type type = EVENT_TYPE_UNKNOWN;
    struct str first = take(&name, " "); /* "submitted again", "promise_kept (...)" */
    (void)snprintf(full, sizeof(full), "complaint.%.*s", STR_ARG(first));
    if (!event_type_parse(str_from(full), &type))
        unreadable("no type", str_from(full));
    return type;
}

static void
read_row(struct str line, const enum state columns[COLUMNS])
{
    (void)take(&line, "|");
    struct str names = take(&line, "|");
    bool on_promise = str_starts(names, STR("promise_kept"));
    struct str cells[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        cells[i] = take(&line, "|");
    struct str behind = names;
    (void)take(&behind, " / ");
    bool halves = behind.len > 0;
    for (size_t n = 0; names.len > 0; n++) {
        struct str name =
            on_promise ? take(&names, "|") : take(&names, halves ? " / " : ",");
        enum event_type on = type_of(name);
        for (size_t i = 0; i < COLUMNS; i++) {
            struct str cell = cells[i];
            struct str half = take(&cell, " / ");
            read_column(columns[i], on, true, n == 0 || str_empty(cell) ? half : cell);
            if (on_promise)
                read_column(columns[i], on, false, STR("✗"));
        }
    }
}

size_t
design_cases(const struct design_case **ret)
{
    enum state columns[COLUMNS];
    struct str rest = str_from(text);
    struct str head = take(&rest, "\n");
    (void)take(&head, "|");
    (void)take(&head, "|");
    for (size_t i = 0; i < COLUMNS; i++)
        columns[i] = state_of(take(&head, "|"));
    (void)take(&rest, "\n");
    n_cases = 0;
    while (rest.len > 0)
        read_row(take(&rest, "\n"), columns);
    *ret = cases;
    return n_cases;
}
