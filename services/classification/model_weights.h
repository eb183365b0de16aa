/* model_weights.h - the inner loops of scores and reasons, of model and pool alike: both
 * add the same numbers in the same order. */
#ifndef REDRESS_CLASSIFICATION_MODEL_WEIGHTS_H
#define REDRESS_CLASSIFICATION_MODEL_WEIGHTS_H

#include "classification/model.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline float
model_count_tf(const struct model *m, uint32_t count)
{
    uint32_t n = count < UINT16_MAX ? count : UINT16_MAX;
    return n < COUNT_OF(m->tf) ? m->tf[n] : model_tf(n, m->header->tf);
}

/* score += value * weight.  In eights: what is behind a row's weights are the next row's
 * or the 16 bytes of 0, and what is behind the scores is nobody's. */
static inline void
model_add_weights(float *score, float value, const int8_t *weight, uint32_t width)
{
    if (width == 1) {
        score[0] += value * (float)weight[0];
        return;
    }
#ifdef __SSE2__
    __m128 times = _mm_set1_ps(value);
    for (uint32_t k = 0; k < width; k += 8) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(weight + k));
        __m128i twice = _mm_unpacklo_epi8(bytes, bytes);
        __m128i low = _mm_srai_epi32(_mm_unpacklo_epi16(twice, twice), 24);
        __m128i high = _mm_srai_epi32(_mm_unpackhi_epi16(twice, twice), 24);
        __m128 *at = (__m128 *)(void *)(score + k);
        at[0] = _mm_add_ps(at[0], _mm_mul_ps(times, _mm_cvtepi32_ps(low)));
        if (k + 4 >= width)
            break;
        at[1] = _mm_add_ps(at[1], _mm_mul_ps(times, _mm_cvtepi32_ps(high)));
    }
#else
    for (uint32_t k = 0; k < width; k++)
        score[k] += value * (float)weight[k];
#endif
}

/* What a hit adds to the best label over the second, as log-odds, by one occurrence, of
 * the share that the scores made of it. */
static inline void
model_share_out(const struct model *m, const unsigned char *row, uint32_t best,
                uint32_t second, struct model_hit *hit)
{
    const int8_t *weight = (const int8_t *)(row + 4);
    int steps = m->width == 1 ? (best == 1 ? weight[0] : -weight[0])
                              : weight[best] - weight[second];
    hit->times = (float)(hit->count < UINT16_MAX ? hit->count : UINT16_MAX);
    hit->share *= m->header->slope * model_row_scale(row) * (float)steps / hit->times;
}

#endif
