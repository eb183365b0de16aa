/* The solver: one label against the rest, by liblinear's dual coordinate descent. */
#include "classification/train_parts.h"

#include <math.h>
#include <stdlib.h>

#define EPS 0.1 /* liblinear's own for this solver */

static void
be_silent(const char *text)
{
    (void)text;
}

/* Labels weigh (n / (k n_c))^balance each. */
static double
label_weight(const double *n_of, uint32_t k, double n, uint32_t n_labels, double balance)
{
    return n_of[k] > 0 ? pow(n / (n_labels * n_of[k]), balance) : 1;
}

struct fit {
    struct train_matrix *m;
    const struct train_choice *choice;
    struct feature_node **x; /* texts of the training part */
    const uint32_t *label;
    double *y;
    uint32_t n;
    double *factor; /* of each row, for the label being fitted */
    double *plain;  /* values of x before a factor, text after text */
    double n_of[MODEL_LABELS];
};

/* How much more often a row stands in texts of the label, as log ratio: NB-SVM [Wang &
 * Manning, ACL 2012]; its power is the choice's. */
static void
set_factors(struct fit *f, uint32_t label)
{
    uint32_t rows = f->m->n_rows;
    double *with = f->factor;
    double *without = f->factor + rows;
    double sum_with = rows;
    double sum_without = rows;
    for (uint32_t i = 0; i < 2 * rows; i++)
        f->factor[i] = 1;
    const double *plain = f->plain;
    for (uint32_t i = 0; i < f->n; i++) {
        double *to = f->label[i] == label ? with : without;
        double *sum = f->label[i] == label ? &sum_with : &sum_without;
        for (const struct feature_node *x = f->x[i]; x->index <= (int)rows; x++) {
            to[x->index - 1] += *plain;
            *sum += *plain++;
        }
    }
    double mean = 0;
    for (uint32_t i = 0; i < rows; i++) {
        with[i] =
            pow(fabs(log(with[i] / sum_with) - log(without[i] / sum_without)) + 0.01,
                f->choice->ratio);
        mean += with[i];
    }
    for (uint32_t i = 0; i < rows; i++)
        with[i] *= rows / mean;
}

static void
keep_plain(struct fit *f)
{
    int rows = (int)f->m->n_rows;
    double *plain = f->plain;
    for (uint32_t i = 0; i < f->n; i++)
        for (const struct feature_node *x = f->x[i]; x->index <= rows; x++)
            *plain++ = x->value;
}

/* Values times factors; factors NULL: the values as they were. */
static void
scale(struct fit *f, const double *factor)
{
    int rows = (int)f->m->n_rows;
    const double *plain = f->plain;
    for (uint32_t i = 0; i < f->n; i++)
        for (struct feature_node *x = f->x[i]; x->index <= rows; x++)
            x->value = *plain++ * (factor ? factor[x->index - 1] : 1);
}

static void
fit_label(struct fit *f, uint32_t label, struct train_weights *ret)
{
    const struct train_matrix *m = f->m;
    int sign[2] = {1, -1};
    double weight[2];
    double c = f->choice->c;
    uint32_t against = label == 0 ? 1 : 0;
    weight[0] = label_weight(f->n_of, label, f->n, m->n_labels, f->choice->balance);
    weight[1] = m->width > 1 ? 1
                             : label_weight(f->n_of, against, f->n, m->n_labels,
                                            f->choice->balance);
    uint32_t column = m->width == 1 ? 0 : label;
    for (uint32_t i = 0; i < f->n; i++)
        f->y[i] = f->label[i] == label ? 1 : -1;
    if (f->n_of[label] <= 0 || f->n_of[label] >= f->n) {
        /* Nothing to learn: never it, or always. */
        for (uint32_t i = 0; i < m->n_rows; i++)
            ret->w[(size_t)i * m->width + column] = 0;
        ret->bias[column] = f->n_of[label] > 0 ? 1 : -1;
        return;
    }
    struct problem problem = {
        .l = (int)f->n,
        .n = (int)m->n_rows + 1,
        .y = f->y,
        .x = f->x,
        .bias = 1,
    };
    struct parameter parameter = {
        .solver_type = L2R_L2LOSS_SVC_DUAL,
        .eps = EPS,
        .C = c,
        .nr_weight = 2,
        .weight_label = sign,
        .weight = weight,
    };
    if (f->choice->ratio > 0) {
        set_factors(f, label);
        scale(f, f->factor);
    }
    srand(1); /* the solver shuffles */
    struct linear_model *trained = train(&problem, &parameter);
    double turn = trained->label[0] == 1 ? 1 : -1;
    for (uint32_t i = 0; i < m->n_rows; i++) {
        double w = turn * trained->w[i];
        if (f->choice->ratio > 0)
            w *= f->factor[i];
        ret->w[(size_t)i * m->width + column] = (float)w;
    }
    ret->bias[column] = (float)(turn * trained->w[m->n_rows]);
    free_and_destroy_model(&trained);
}

void
train_fit(struct train_matrix *m, const struct train_choice *choice, uint32_t left_out,
          struct train_weights *ret)
{
    set_print_string_function(be_silent);
    CLEANUP(buf_release) struct buf memory = {.max_bytes = SIZE_MAX / 2};
    size_t x_bytes = m->n * sizeof(struct feature_node *);
    size_t y_bytes = m->n * sizeof(double);
    size_t factor_bytes = choice->ratio > 0 ? 2 * (size_t)m->n_rows * sizeof(double) : 0;
    size_t plain_bytes = choice->ratio > 0 ? m->n_cells * sizeof(double) : 0;
    size_t label_bytes = m->n * sizeof(uint32_t);
    BUG_IF(!buf_reserve(&memory,
                        x_bytes + y_bytes + factor_bytes + plain_bytes + label_bytes));
    struct fit f = {.m = m, .choice = choice};
    f.x = (struct feature_node **)(void *)memory.ptr;
    f.y = (double *)(void *)(memory.ptr + x_bytes);
    f.factor = (double *)(void *)(memory.ptr + x_bytes + y_bytes);
    f.plain = (double *)(void *)(memory.ptr + x_bytes + y_bytes + factor_bytes);
    uint32_t *label =
        (uint32_t *)(void *)(memory.ptr + x_bytes + y_bytes + factor_bytes + plain_bytes);
    f.label = label;
    for (uint32_t i = 0; i < m->n; i++) {
        if (m->fold[i] == left_out)
            continue;
        f.x[f.n] = m->x[i];
        label[f.n++] = m->label[i];
        f.n_of[m->label[i]]++;
    }
    if (choice->ratio > 0)
        keep_plain(&f);
    for (uint32_t k = 0; k < m->width; k++)
        fit_label(&f, m->width == 1 ? 1 : k, ret);
    if (choice->ratio > 0)
        scale(&f, NULL);
}

void
train_score_text(const struct train_matrix *m, const struct train_weights *weights,
                 uint32_t text, float *ret)
{
    memcpy(ret, weights->bias, m->width * sizeof(*ret));
    for (const struct feature_node *x = m->x[text]; x->index <= (int)m->n_rows; x++) {
        const float *w = weights->w + (size_t)(x->index - 1) * m->width;
        for (uint32_t k = 0; k < m->width; k++)
            ret[k] += (float)x->value * w[k];
    }
}
