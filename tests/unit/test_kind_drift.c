/* The guard against kind drift, with the shipped phrases: a complaint that is called
 * something else is flagged and shown to a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "classification/classification.h"
#include "gen/kind.h"
#include "policy_copy.h"

static struct policy_copy copy;

static bool
drifts(const struct classification_section *s)
{
    for (size_t i = 0; i < s->n_flags; i++)
        if (str_eq(s->flags[i], STR("kind_drift")))
            return true;
    return false;
}

static void
correct(const struct classification_policy *policy, struct arena *arena,
        struct classification_section *s, struct action fix)
{
    classification_correct(policy, &fix, arena, s);
}

/* What upstream calls it against what the text says. */
static void
test_upstream_label(void **state)
{
    static const struct {
        const char *text;
        enum kind said; /* KIND_UNKNOWN: upstream said nothing */
        bool drift;
        enum kind kind;
    } table[] = {
        {"This is a complaint: the kettle arrived broken and I want a refund.",
         KIND_INQUIRY, true, KIND_INQUIRY},
        {"投诉：收到的水壶坏了，要求退款。", KIND_INQUIRY, true, KIND_INQUIRY},
        {"This is a complaint: the kettle arrived broken and I want a refund.",
         KIND_SUGGESTION, true, KIND_SUGGESTION},
        {"My lawyer will sue you.", KIND_INQUIRY, true, KIND_COMPLAINT},
        {"How do I open an account?", KIND_INQUIRY, false, KIND_INQUIRY},
        {"Where is my parcel, when will it come, is it late?", KIND_INQUIRY, false,
         KIND_INQUIRY},
        {"Great service, thank you so much!", KIND_PRAISE, false, KIND_PRAISE},
        {"Broken.", KIND_COMPLAINT, false, KIND_COMPLAINT},
        {"How do I open an account?", KIND_UNKNOWN, false, KIND_INQUIRY},
        {"How do I open an account?", KIND_COMPLAINT, false, KIND_COMPLAINT},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].text);
        struct arena arena = {0};
        struct classification_section s;
        struct submission sub = {.channel = CHANNEL_WEB,
                                 .text = str_from(table[i].text),
                                 .product = STR("kettles"),
                                 .has_kind = table[i].said != KIND_UNKNOWN,
                                 .kind = table[i].said};
        classification_submit(*state, NULL, &sub, &arena, &s);
        assert_int_equal(drifts(&s), table[i].drift);
        assert_int_equal(s.needs_review, table[i].drift);
        assert_int_equal(s.kind, table[i].kind);
        arena_release(&arena);
    }
}

/* A person relabels it: flagged until a person says complaint again. */
static void
test_correction(void **state)
{
    static const enum kind others[] = {KIND_INQUIRY, KIND_SUGGESTION, KIND_PRAISE};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        print_message("row %zu: %s\n", i, kind_name(others[i]));
        struct arena arena = {0};
        struct classification_section s;
        struct submission sub = {.channel = CHANNEL_WEB, .text = STR("It is broken.")};
        classification_submit(*state, NULL, &sub, &arena, &s);
        correct(*state, &arena, &s, (struct action){.has_severity = true, .severity = 4});
        assert_false(drifts(&s));

        correct(*state, &arena, &s, (struct action){.has_kind = true, .kind = others[i]});
        assert_int_equal(s.kind, others[i]);
        assert_true(drifts(&s));
        assert_true(s.needs_review);
        /* Another correction, of something else, is no look at the kind. */
        correct(*state, &arena, &s, (struct action){.product = STR("kettles")});
        assert_true(s.needs_review);
        /* Said once more it is; the flag stays for the statistics. */
        correct(*state, &arena, &s, (struct action){.has_kind = true, .kind = others[i]});
        assert_false(s.needs_review);
        assert_true(drifts(&s));
        /* The customer goes on complaining. */
        classification_message(*state, NULL, STR("Unacceptable, it is still broken!"),
                               &arena, &s);
        assert_int_equal(s.kind, others[i]);
        assert_true(s.needs_review);

        correct(*state, &arena, &s,
                (struct action){.has_kind = true, .kind = KIND_COMPLAINT});
        assert_int_equal(s.kind, KIND_COMPLAINT);
        assert_false(drifts(&s));
        assert_false(s.needs_review);
        arena_release(&arena);
    }
}

/* A question that becomes a complaint later; one that phrases called a question is none
 * that anybody relabelled. */
static void
test_message(void **state)
{
    static const struct {
        bool said;
        const char *message;
        bool drift;
    } table[] = {
        {true, "I want to complain: it arrived damaged.", true},
        {true, "How long does it take?", false},
        {false, "I want to complain: it arrived damaged.", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        print_message("row %zu: %s\n", i, table[i].message);
        struct arena arena = {0};
        struct classification_section s;
        struct submission sub = {.channel = CHANNEL_WEB,
                                 .text = STR("How do I order a kettle?"),
                                 .has_kind = table[i].said,
                                 .kind = table[i].said ? KIND_INQUIRY : KIND_UNKNOWN};
        classification_submit(*state, NULL, &sub, &arena, &s);
        assert_int_equal(s.kind, KIND_INQUIRY);
        classification_message(*state, NULL, str_from(table[i].message), &arena, &s);
        assert_int_equal(drifts(&s), table[i].drift);
        arena_release(&arena);
    }
}

/* The flag speaks of one case's label: a merge does not hand it on. */
static void
test_merge(void **state)
{
    struct arena arena = {0};
    struct classification_section from;
    struct classification_section into;
    struct submission sub = {.channel = CHANNEL_WEB, .text = STR("It caught fire.")};
    classification_submit(*state, NULL, &sub, &arena, &from);
    correct(*state, &arena, &from,
            (struct action){.has_kind = true, .kind = KIND_INQUIRY});
    sub.text = STR("It is broken.");
    classification_submit(*state, NULL, &sub, &arena, &into);
    classification_merge(*state, &from, &arena, &into);
    assert_true(drifts(&from));
    assert_false(drifts(&into));
    assert_int_equal(into.n_flags, 1); /* safety goes over */
    arena_release(&arena);
}

static int
load(void **state)
{
    struct err err = {0};
    policy_copy_open(&copy);
    *state = classification_policy_load(copy.dir, &err);
    if (!*state)
        print_error("%s\n", err.text);
    return *state ? 0 : -1;
}

static int
unload(void **state)
{
    classification_policy_free(*state);
    policy_copy_close(&copy);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upstream_label),
        cmocka_unit_test(test_correction),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
