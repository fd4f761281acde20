/* Packed arithmetic in plain C; `tinynas_packed_dsp.h` has what it does by single instructions. */
#ifndef TINYNAS_PACKED_C_H
#define TINYNAS_PACKED_C_H

#include "tinynas_words.h"

TINYNAS_INLINE int32_t tinynas_low_half(uint32_t x)
{
    return (int16_t)(x & 0xffffu);
}

TINYNAS_INLINE int32_t tinynas_high_half(uint32_t x)
{
    return (int16_t)(x >> 16);
}

TINYNAS_INLINE uint32_t tinynas_halves(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
}

TINYNAS_INLINE uint32_t tinynas_add_even_bytes(uint32_t sum, uint32_t x)
{
    return tinynas_halves(tinynas_low_half(sum) + (int8_t)(x & 0xffu),
                          tinynas_high_half(sum) + (int8_t)((x >> 16) & 0xffu));
}

TINYNAS_INLINE uint32_t tinynas_add_odd_bytes(uint32_t sum, uint32_t x)
{
    return tinynas_add_even_bytes(sum, x >> 8);
}

TINYNAS_INLINE uint32_t tinynas_even_bytes(uint32_t x)
{
    return tinynas_add_even_bytes(0, x);
}

TINYNAS_INLINE uint32_t tinynas_odd_bytes(uint32_t x)
{
    return tinynas_add_even_bytes(0, x >> 8);
}

/* Sums wrap as the instructions do: a partial sum may leave int32 where the whole does not. */
TINYNAS_INLINE int32_t tinynas_add_product(int32_t sum, int32_t a, int32_t b)
{
    int32_t result = (int32_t)((uint32_t)sum + (uint32_t)(a * b));
#if defined(__thumb__) && defined(__GNUC__)
    __asm__("" : "+r"(result)); /* one after the other: few registers hold what is loaded ahead */
#endif
    return result;
}

TINYNAS_INLINE int32_t tinynas_dot(uint32_t a, uint32_t b, int32_t sum)
{
    sum = tinynas_add_product(sum, tinynas_low_half(a), tinynas_low_half(b));
    return tinynas_add_product(sum, tinynas_high_half(a), tinynas_high_half(b));
}

TINYNAS_INLINE void tinynas_add_tap(tinynas_four *sums, const int8_t *x, const uint32_t **weights,
                                    uint32_t offset)
{
    const uint32_t word = *(*weights)++;
    const int32_t added = tinynas_low_half(offset);
    sums->a = tinynas_add_product(sums->a, x[0] + added, tinynas_byte(word, 0));
    sums->b = tinynas_add_product(sums->b, x[1] + added, tinynas_byte(word, 1));
    sums->c = tinynas_add_product(sums->c, x[2] + added, tinynas_byte(word, 2));
    sums->d = tinynas_add_product(sums->d, x[3] + added, tinynas_byte(word, 3));
}

/* Two bytes from an even address, signed. */
TINYNAS_INLINE int32_t tinynas_load_half_aligned(const int8_t *from)
{
    int16_t half;
#if defined(__GNUC__)
    from = (const int8_t *)__builtin_assume_aligned(from, 2);
#endif
    TINYNAS_COPY(&half, from, sizeof half);
    return half;
}

/* One tap of two pixels by two channels: the pixels' int16s lie at `x` and eight bytes on. */
TINYNAS_INLINE void tinynas_add_products(tinynas_four *sums, const int8_t *x, int32_t first,
                                         int32_t second)
{
    const int32_t a = tinynas_load_half_aligned(x);
    const int32_t b = tinynas_load_half_aligned(x + 8);
    sums->a = tinynas_add_product(sums->a, a, first);
    sums->b = tinynas_add_product(sums->b, b, first);
    sums->c = tinynas_add_product(sums->c, a, second);
    sums->d = tinynas_add_product(sums->d, b, second);
}

/* Four taps of two pixels by two channels: the next 16 bytes at `x` are int16 [pixel][4], the next two
 * words of weights those of the two channels.  Sums: first channel a (first pixel) and b (second),
 * second channel c and d.
 */
TINYNAS_INLINE void tinynas_add_taps(tinynas_four *sums, const int8_t **x, const uint32_t **weights)
{
    const uint32_t first = (*weights)[0];
    const uint32_t second = (*weights)[1];
    tinynas_add_products(sums, *x, tinynas_byte(first, 0), tinynas_byte(second, 0));
    tinynas_add_products(sums, *x + 2, tinynas_byte(first, 2), tinynas_byte(second, 2));
    tinynas_add_products(sums, *x + 4, tinynas_byte(first, 1), tinynas_byte(second, 1));
    tinynas_add_products(sums, *x + 6, tinynas_byte(first, 3), tinynas_byte(second, 3));
    *x += 16;
    *weights += 2;
}

TINYNAS_INLINE int32_t tinynas_add_row(int32_t sum, uint32_t weights, uint32_t x)
{
    sum = tinynas_dot(tinynas_even_bytes(weights), tinynas_even_bytes(x), sum);
    return tinynas_dot(tinynas_odd_bytes(weights), tinynas_odd_bytes(x), sum);
}

TINYNAS_INLINE void tinynas_add_rows(tinynas_four *sums, const int8_t **x, const uint32_t **upper,
                                     const uint32_t **lower, uint32_t step)
{
    const uint32_t word = tinynas_load(*x);
    sums->a = tinynas_add_row(sums->a, **upper, word);
    sums->b = tinynas_add_row(sums->b, (*upper)[step], word);
    sums->c = tinynas_add_row(sums->c, **lower, word);
    sums->d = tinynas_add_row(sums->d, (*lower)[step], word);
    *x += 4;
    ++*upper;
    ++*lower;
}

TINYNAS_INLINE int32_t tinynas_add_lower(int32_t sum, int32_t factor, uint32_t halves)
{
    return sum + (int32_t)((int64_t)factor * tinynas_low_half(halves) >> 16);
}

TINYNAS_INLINE int32_t tinynas_add_upper(int32_t sum, int32_t factor, uint32_t halves)
{
    return sum + (int32_t)((int64_t)factor * tinynas_high_half(halves) >> 16);
}

TINYNAS_INLINE uint32_t tinynas_word(int32_t a, int32_t b, int32_t c, int32_t d)
{
    return ((uint32_t)a & 0xffu) | ((uint32_t)b & 0xffu) << 8 | ((uint32_t)c & 0xffu) << 16
           | (uint32_t)d << 24;
}

TINYNAS_INLINE uint32_t tinynas_even_bytes_raised(uint32_t upper, uint32_t x)
{
    return upper & x << 8;
}

TINYNAS_INLINE int32_t tinynas_saturated_above_20(int32_t value)
{
    const int32_t above = value >> 20;
    return above < -128 ? -128 : above > 127 ? 127 : above;
}

TINYNAS_INLINE uint32_t tinynas_larger_bytes(uint32_t a, uint32_t b)
{
    uint32_t result = 0;
    for (uint32_t i = 0; i < 4; ++i) {
        const uint32_t larger = tinynas_byte(a, i) > tinynas_byte(b, i) ? a : b;
        result |= larger & (uint32_t)0xff << (8u * i);
    }
    return result;
}

TINYNAS_INLINE uint32_t tinynas_smaller_bytes(uint32_t a, uint32_t b)
{
    return ~tinynas_larger_bytes(~a, ~b);
}

TINYNAS_INLINE int32_t tinynas_high_word(int32_t a, int32_t b)
{
#if defined(TINYNAS_SHORT_PRODUCTS)
    /* Of halves; each sum of a product and a half stays in 32 bits, whatever a and b are. */
    const uint32_t a_low = (uint32_t)a & 0xffffu;
    const uint32_t b_low = (uint32_t)b & 0xffffu;
    const int32_t upper = (a >> 16) * (int32_t)b_low + (int32_t)(a_low * b_low >> 16);
    const int32_t lower = (int32_t)a_low * (b >> 16) + (int32_t)((uint32_t)upper & 0xffffu);
    return (a >> 16) * (b >> 16) + (upper >> 16) + (lower >> 16) + (lower >> 15 & 1);
#else
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
#endif
}

TINYNAS_INLINE int32_t tinynas_saturated_half(int32_t value)
{
    const int32_t half = value >> 1;
    return half < -128 ? -128 : half > 127 ? 127 : half;
}

#endif
