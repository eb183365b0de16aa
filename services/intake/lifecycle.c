#include "intake/lifecycle.h"

/* Cells: a state to go to, or one of these. */
enum {
    NO = -1, /* refused                                      */
    ST = -2, /* accepted, stays                              */
    WT = -3, /* to waiting_customer or waiting_third_party   */
};
#define OP STATE_OPEN
#define PR STATE_PROPOSED
#define RS STATE_RESOLVED
#define CL STATE_CLOSED
#define RJ STATE_REJECTED
#define WD STATE_WITHDRAWN
#define MG STATE_MERGED
#define EX STATE_EXTERNAL

static const enum state columns[] = {
    STATE_OPEN,     STATE_WAITING_CUSTOMER, STATE_WAITING_THIRD_PARTY,
    STATE_PROPOSED, STATE_RESOLVED,         STATE_CLOSED,
    STATE_REJECTED, STATE_WITHDRAWN,        STATE_EXTERNAL,
};

struct row {
    enum event_type on;
    int cell[COUNT_OF(columns)]; /* a state, or NO, ST, WT */
    const char *why;             /* a refused cell's reason; NULL if no cell refuses */
};

/* design.md section 9, "Lifecycle".  Waiting states stand for themselves here. */
/* clang-format off */
static const struct row rows[] = {
    /*                                   open wait wait prop res  clos rej  with ext
                                              cust 3rd                               */
    {EVENT_TYPE_COMPLAINT_SUBMITTED,       {ST, OP, ST, ST, ST, ST, ST, ST, ST}, NULL},
    {EVENT_TYPE_COMPLAINT_MESSAGE,         {ST, OP, ST, ST, ST, ST, ST, ST, ST}, NULL},
    {EVENT_TYPE_COMPLAINT_REACH,           {ST, ST, ST, ST, ST, ST, ST, ST, ST}, NULL},
    {EVENT_TYPE_COMPLAINT_CORRECTED,       {ST, ST, ST, ST, ST, ST, ST, ST, ST}, NULL},
    {EVENT_TYPE_COMPLAINT_RATED,           {ST, ST, ST, ST, ST, ST, ST, ST, ST}, NULL},
    {EVENT_TYPE_COMPLAINT_ACKNOWLEDGED,    {ST, ST, ST, ST, NO, NO, NO, NO, ST},
     "work on the complaint has ended: there is nothing left to acknowledge"},
    {EVENT_TYPE_COMPLAINT_RESPONDED,       {ST, ST, ST, ST, ST, ST, ST, NO, ST},
     "the customer has withdrawn the complaint"},
    {EVENT_TYPE_COMPLAINT_ASSIGNED,        {ST, ST, ST, ST, ST, NO, NO, NO, ST},
     "a finished complaint is not assigned; reopen it first"},
    {EVENT_TYPE_COMPLAINT_TRANSFERRED,     {ST, ST, ST, ST, ST, NO, NO, NO, ST},
     "a finished complaint is not transferred; reopen it first"},
    {EVENT_TYPE_COMPLAINT_WAITING,         {WT, WT, WT, WT, NO, NO, NO, NO, NO},
     "only an open or proposed complaint can wait"},
    {EVENT_TYPE_COMPLAINT_RESUMED,         {NO, OP, OP, NO, NO, NO, NO, NO, OP},
     "only a waiting or external complaint can be resumed"},
    {EVENT_TYPE_COMPLAINT_PROMISED,        {ST, ST, ST, ST, ST, NO, NO, NO, ST},
     "nothing can be promised on a finished complaint; reopen it first"},
    {EVENT_TYPE_COMPLAINT_EXTENDED,        {ST, ST, ST, ST, ST, NO, NO, NO, ST},
     "a finished complaint has no clock to extend"},
    {EVENT_TYPE_COMPLAINT_PROMISE_KEPT,    {ST, ST, ST, ST, ST, ST, ST, ST, ST}, NULL},
    {EVENT_TYPE_COMPLAINT_REMEDY_OFFERED,  {PR, PR, PR, ST, NO, NO, NO, NO, NO},
     "a remedy can be offered on an open complaint only"},
    {EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED, {NO, NO, NO, ST, NO, NO, NO, NO, NO},
     "no remedy is on offer"},
    {EVENT_TYPE_COMPLAINT_REMEDY_REFUSED,  {NO, NO, NO, OP, NO, NO, NO, NO, NO},
     "no remedy is on offer"},
    {EVENT_TYPE_COMPLAINT_RESOLVED,        {RS, RS, RS, RS, NO, NO, NO, NO, RS},
     "work on the complaint has ended already"},
    {EVENT_TYPE_COMPLAINT_REJECTED,        {RJ, RJ, RJ, RJ, NO, NO, NO, NO, RJ},
     "work on the complaint has ended already"},
    {EVENT_TYPE_COMPLAINT_CLOSED,          {NO, NO, NO, NO, CL, NO, CL, NO, NO},
     "only a resolved or rejected complaint can be closed"},
    {EVENT_TYPE_COMPLAINT_WITHDRAWN,       {WD, WD, WD, WD, WD, NO, NO, NO, WD},
     "a closed, rejected or withdrawn complaint cannot be withdrawn"},
    {EVENT_TYPE_COMPLAINT_MERGED,          {MG, MG, MG, MG, NO, NO, NO, NO, MG},
     "only a complaint that is being worked on can be merged"},
    {EVENT_TYPE_COMPLAINT_REFERRED,        {EX, EX, EX, EX, EX, EX, EX, NO, ST},
     "a withdrawn complaint cannot be referred"},
    {EVENT_TYPE_COMPLAINT_REOPENED,        {NO, NO, NO, NO, OP, OP, OP, OP, NO},
     "the complaint has not ended: there is nothing to reopen"},
};
/* clang-format on */

static const struct row *
row_of(enum event_type on)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].on == on)
            return &rows[i];
    return NULL;
}

static size_t
column_of(enum state state)
{
    size_t i = 0;
    while (i < COUNT_OF(columns) && columns[i] != state)
        i++;
    BUG_IF(i == COUNT_OF(columns));
    return i;
}

bool
lifecycle_handles(enum event_type type)
{
    return row_of(type) != NULL;
}

bool
lifecycle_ends_work(enum state state)
{
    return state == STATE_RESOLVED || state == STATE_CLOSED || state == STATE_REJECTED ||
           state == STATE_WITHDRAWN;
}

bool
lifecycle_over(enum state state)
{
    return lifecycle_ends_work(state) || state == STATE_MERGED;
}

/* What the state alone allows can still fail on a fact; NULL: it does not. */
static const char *
fact_refuses(enum event_type on, const struct lifecycle_facts *facts)
{
    if (on == EVENT_TYPE_COMPLAINT_PROMISE_KEPT && !facts->promise_known)
        return "no such promise was made on this complaint";
    if (on == EVENT_TYPE_COMPLAINT_REMEDY_ACCEPTED && facts->remedy_accepted)
        return "the offer has been accepted already";
    if (on != EVENT_TYPE_COMPLAINT_MERGED)
        return NULL;
    switch (facts->target) {
    case LIFECYCLE_TARGET_GOOD:
        return NULL;
    case LIFECYCLE_TARGET_UNKNOWN:
        return "the complaint to merge into is not known";
    case LIFECYCLE_TARGET_OTHER_CUSTOMER:
        return "the complaint to merge into is another customer's";
    case LIFECYCLE_TARGET_ITSELF:
        return "a complaint cannot be merged into itself";
    }
    return NULL;
}

struct lifecycle_decision
lifecycle_decide(enum state from, enum event_type on, const struct lifecycle_facts *facts)
{
    const struct row *row = row_of(on);
    BUG_IF(!row);
    int cell = row->cell[column_of(from)];
    const char *why = cell == NO ? row->why : fact_refuses(on, facts);
    if (why)
        return (struct lifecycle_decision){LIFECYCLE_REFUSED, from, why};
    if (cell == ST)
        return (struct lifecycle_decision){LIFECYCLE_STAYS, from, NULL};
    if (on == EVENT_TYPE_COMPLAINT_REOPENED && facts->reopen_late)
        return (struct lifecycle_decision){LIFECYCLE_NEW_CASE, from, NULL};
    enum state to = cell != WT                  ? (enum state)cell
                    : facts->waits_for_customer ? STATE_WAITING_CUSTOMER
                                                : STATE_WAITING_THIRD_PARTY;
    return (struct lifecycle_decision){to == from ? LIFECYCLE_STAYS : LIFECYCLE_MOVES, to,
                                       NULL};
}

/* --- drawing ------------------------------------------------------------------------ */

/* "closed" of "complaint.closed"; people call a second submission a message. */
static const char *
short_name(enum event_type type)
{
    return strchr(event_type_name(type), '.') + 1;
}

/* Prints ", name" for each type that leads from one state to the other. */
static bool
print_labels(FILE *out, enum state from, enum state to)
{
    bool any = false;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int cell = rows[i].cell[column_of(from)];
        bool waits = to == STATE_WAITING_CUSTOMER || to == STATE_WAITING_THIRD_PARTY;
        if (rows[i].on == EVENT_TYPE_COMPLAINT_SUBMITTED ||
            (cell != (int)to && !(cell == WT && waits)))
            continue;
        if (!any)
            fprintf(out, "    %s --> %s : ", state_name(from), state_name(to));
        fprintf(out, "%s%s", any ? ", " : "", short_name(rows[i].on));
        any = true;
    }
    if (any)
        fputc('\n', out);
    return any;
}

void
lifecycle_print_mermaid(FILE *out)
{
    fputs("stateDiagram-v2\n    [*] --> open : submitted, reopened too late\n", out);
    for (size_t i = 0; i < COUNT_OF(columns); i++)
        for (int to = STATE_OPEN; to < STATE_COUNT; to++)
            if ((enum state)to != columns[i])
                print_labels(out, columns[i], (enum state)to);
    fputs("    merged --> [*] : everything goes to the target\n", out);
}

static void
print_cell(FILE *out, int cell)
{
    if (cell == NO)
        fputs(" refused |", out);
    else if (cell == ST)
        fputs(" stays |", out);
    else if (cell == WT)
        fputs(" → waiting_… |", out);
    else
        fprintf(out, " → %s |", state_name((enum state)cell));
}

/* What the cells leave to words. */
static void
print_notes(FILE *out)
{
    fprintf(
        out,
        "\n"
        "- Refused: nothing changes; the row is `complaint.step_refused` with the "
        "type and the reason.\n"
        "- merged is the one final state: its case never changes again. It is left in "
        "the sense that each later event\n"
        "  (named by the merged id or its ref) is taken by the target, with the "
        "target's seq and by the target's column.\n"
        "- reopened counts within %d days of the last end of work (resolved, closed, "
        "rejected, withdrawn), the last\n"
        "  millisecond included; later the old case stays as it is and a new one "
        "begins, its ref with `#2`, `#3` ...\n"
        "- A rejection can be appealed as long as it can be reopened: its row says "
        "`appeal_until`; reopened against a\n"
        "  rejection (also after closing, also late) says `appeal`.\n"
        "- promise_kept of a promise that is not known, remedy_accepted of an offer "
        "accepted already, and merged into\n"
        "  another customer's, an unknown or the same complaint are refused in every "
        "state.\n",
        (int)(LIFECYCLE_REOPEN_MS / DAY_MS));
}

void
lifecycle_print_table(FILE *out)
{
    fputs("| event |", out);
    for (size_t i = 0; i < COUNT_OF(columns); i++)
        fprintf(out, " %s |", state_name(columns[i]));
    fputs(" refused because |\n|---|", out);
    for (size_t i = 0; i <= COUNT_OF(columns); i++)
        fputs("---|", out);
    fputc('\n', out);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool again = rows[i].on == EVENT_TYPE_COMPLAINT_SUBMITTED;
        fprintf(out, "| %s |", again ? "submitted again" : short_name(rows[i].on));
        for (size_t k = 0; k < COUNT_OF(columns); k++)
            print_cell(out, rows[i].cell[k]);
        fprintf(out, " %s |\n", rows[i].why ? rows[i].why : "");
    }
    print_notes(out);
}
