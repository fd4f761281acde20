/* Sums over pixels, for averages. */
#include "tinynas_kernels.h"

/* As many signed bytes do not leave 16 bits. */
#define MOST 255

/* Sums of 16 bits: channels 0 and 2, 1 and 3. */
typedef struct {
    uint32_t even;
    uint32_t odd;
} halves;

TINYNAS_INLINE void add_pixel(halves *to, const int8_t *x)
{
    const uint32_t word = tinynas_load(x);
    to->even = tinynas_add_even_bytes(to->even, word);
    to->odd = tinynas_add_odd_bytes(to->odd, word);
}

/* The pixel behind the last of `count`. */
TINYNAS_INLINE const int8_t *add_pixels(halves *to, const int8_t *x, int32_t step, int32_t count)
{
    if ((count & 1) != 0) {
        add_pixel(to, x);
        x += step;
    }
    for (count >>= 1; count > 0; --count) {
        add_pixel(to, x);
        add_pixel(to, x + step);
        x += 2 * step;
    }
    return x;
}

TINYNAS_INLINE void empty(tinynas_four *sums, const halves *from)
{
    sums->a += tinynas_half(from->even);
    sums->b += tinynas_half(from->odd);
    sums->c += tinynas_half(from->even >> 16);
    sums->d += tinynas_half(from->odd >> 16);
}

/* More pixels than 16 bits hold the sums of. */
TINYNAS_NOINLINE void sums_over_many(tinynas_four *sums, const tinynas_pixels *pixels,
                                     const int8_t *first)
{
    for (int32_t row = 0; row < pixels->rows; ++row) {
        const int8_t *x = first;
        for (int32_t left = pixels->columns; left > 0; left -= MOST) {
            halves some = {0, 0};
            x = add_pixels(&some, x, pixels->step, left < MOST ? left : MOST);
            empty(sums, &some);
        }
        first = tinynas_next_row(pixels, first, pixels->until_wrap - 1 - row);
    }
}

void tinynas_sums_over(tinynas_four *sums, const tinynas_pixels *pixels, int32_t channel)
{
    const int8_t *first = pixels->first + channel;
    sums->a = 0; /* one by one: no memset */
    sums->b = 0;
    sums->c = 0;
    sums->d = 0;
    if (pixels->rows * pixels->columns > MOST) {
        sums_over_many(sums, pixels, first);
        return;
    }
    halves some = {0, 0};
    for (int32_t row = 0; row < pixels->rows; ++row) {
        add_pixels(&some, first, pixels->step, pixels->columns);
        first = tinynas_next_row(pixels, first, pixels->until_wrap - 1 - row);
    }
    empty(sums, &some);
}

int32_t tinynas_sum_over(const tinynas_pixels *pixels, int32_t channel)
{
    const int8_t *first = pixels->first + channel;
    int32_t sum = 0;
    for (int32_t row = 0; row < pixels->rows; ++row) {
        const int8_t *x = first;
        for (int32_t i = 0; i < pixels->columns; ++i) {
            sum += *x;
            x += pixels->step;
        }
        first = tinynas_next_row(pixels, first, pixels->until_wrap - 1 - row);
    }
    return sum;
}
