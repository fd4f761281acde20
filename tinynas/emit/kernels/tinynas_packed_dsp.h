/* Packed arithmetic by instructions of the DSP extension; `tinynas_packed_c.h` is the same in C. */
#ifndef TINYNAS_PACKED_DSP_H
#define TINYNAS_PACKED_DSP_H

#include "tinynas_words.h"

/* Halves of `sum` plus bytes 0 and 2 of `x`. */
TINYNAS_INLINE uint32_t tinynas_add_even_bytes(uint32_t sum, uint32_t x)
{
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(sum), "r"(x));
    return result;
}

/* Halves of `sum` plus bytes 1 and 3 of `x`. */
TINYNAS_INLINE uint32_t tinynas_add_odd_bytes(uint32_t sum, uint32_t x)
{
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(sum), "r"(x));
    return result;
}

TINYNAS_INLINE uint32_t tinynas_even_bytes(uint32_t x)
{
    uint32_t result;
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(x));
    return result;
}

TINYNAS_INLINE uint32_t tinynas_odd_bytes(uint32_t x)
{
    uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(x));
    return result;
}

/* sum + both products of halves. */
TINYNAS_INLINE int32_t tinynas_dot(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* One tap of four channels: to every sum the product of its byte at `x`, to which the halves of
 * `offset` are added, and its byte of the next word of weights.
 */
TINYNAS_INLINE void tinynas_add_tap(tinynas_four *sums, const int8_t *x, const uint32_t **weights,
                                    uint32_t offset)
{
    uint32_t even_x;
    uint32_t odd_x;
    uint32_t even_w;
    uint32_t odd_w;
    __asm__("ldr     %[odd_w], [%[weights]], #4\n\t"
            "ldr     %[odd_x], %[x]\n\t"
            "sxtb16  %[even_w], %[odd_w]\n\t"
            "sxtb16  %[odd_w], %[odd_w], ror #8\n\t"
            "sxtab16 %[even_x], %[offset], %[odd_x]\n\t"
            "sxtab16 %[odd_x], %[offset], %[odd_x], ror #8\n\t"
            "smlabb  %[a], %[even_x], %[even_w], %[a]\n\t"
            "smlatt  %[c], %[even_x], %[even_w], %[c]\n\t"
            "smlabb  %[b], %[odd_x], %[odd_w], %[b]\n\t"
            "smlatt  %[d], %[odd_x], %[odd_w], %[d]"
            : [a] "+&r"(sums->a), [b] "+&r"(sums->b), [c] "+&r"(sums->c), [d] "+&r"(sums->d),
              [weights] "+&r"(*weights), [even_x] "=&r"(even_x), [odd_x] "=&r"(odd_x),
              [even_w] "=&r"(even_w), [odd_w] "=&r"(odd_w)
            : [offset] "r"(offset), [x] "m"(*(const tinynas_bytes *)x)
            : "memory");
}

/* Four inputs by four rows of weights, a byte each: to every sum the four products of its row.  Sums a
 * and b take the next words at `upper` and `step` words behind it, c and d those at `lower`.  In one
 * piece, so that no compiler loads more weights ahead than there are registers for.
 */
TINYNAS_INLINE void tinynas_add_rows(tinynas_four *sums, const int8_t **x, const uint32_t **upper,
                                     const uint32_t **lower, uint32_t step)
{
    uint32_t even_x;
    uint32_t odd_x;
    uint32_t even_w;
    uint32_t odd_w;
    __asm__("ldr    %[odd_x], [%[x]], #4\n\t"
            "ldr    %[odd_w], [%[upper], %[step], lsl #2]\n\t"
            "sxtb16 %[even_x], %[odd_x]\n\t"
            "sxtb16 %[odd_x], %[odd_x], ror #8\n\t"
            "sxtb16 %[even_w], %[odd_w]\n\t"
            "sxtb16 %[odd_w], %[odd_w], ror #8\n\t"
            "smlad  %[b], %[even_x], %[even_w], %[b]\n\t"
            "smlad  %[b], %[odd_x], %[odd_w], %[b]\n\t"
            "ldr    %[odd_w], [%[lower], %[step], lsl #2]\n\t"
            "sxtb16 %[even_w], %[odd_w]\n\t"
            "sxtb16 %[odd_w], %[odd_w], ror #8\n\t"
            "smlad  %[d], %[even_x], %[even_w], %[d]\n\t"
            "smlad  %[d], %[odd_x], %[odd_w], %[d]\n\t"
            "ldr    %[odd_w], [%[upper]], #4\n\t"
            "sxtb16 %[even_w], %[odd_w]\n\t"
            "sxtb16 %[odd_w], %[odd_w], ror #8\n\t"
            "smlad  %[a], %[even_x], %[even_w], %[a]\n\t"
            "smlad  %[a], %[odd_x], %[odd_w], %[a]\n\t"
            "ldr    %[odd_w], [%[lower]], #4\n\t"
            "sxtb16 %[even_w], %[odd_w]\n\t"
            "sxtb16 %[odd_w], %[odd_w], ror #8\n\t"
            "smlad  %[c], %[even_x], %[even_w], %[c]\n\t"
            "smlad  %[c], %[odd_x], %[odd_w], %[c]"
            : [a] "+&r"(sums->a), [b] "+&r"(sums->b), [c] "+&r"(sums->c), [d] "+&r"(sums->d),
              [x] "+&r"(*x), [upper] "+&r"(*upper), [lower] "+&r"(*lower), [even_x] "=&r"(even_x),
              [odd_x] "=&r"(odd_x), [even_w] "=&r"(even_w), [odd_w] "=&r"(odd_w)
            : [step] "r"(step)
            : "memory");
}

/* sum + floor(factor * half / 2^16), of the lower or the upper half of a word. */
TINYNAS_INLINE int32_t tinynas_add_lower(int32_t sum, int32_t factor, uint32_t halves)
{
    int32_t result;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(result) : "r"(factor), "r"(halves), "r"(sum));
    return result;
}

TINYNAS_INLINE int32_t tinynas_add_upper(int32_t sum, int32_t factor, uint32_t halves)
{
    int32_t result;
    __asm__("smlawt %0, %1, %2, %3" : "=r"(result) : "r"(factor), "r"(halves), "r"(sum));
    return result;
}

/* floor((a * b + 2^31) / 2^32). */
TINYNAS_INLINE int32_t tinynas_high_word(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* Bytes 0 and 2 of `x`, multiplied by 256, as halves; `upper` is 0xff00ff00. */
TINYNAS_INLINE uint32_t tinynas_even_bytes_raised(uint32_t upper, uint32_t x)
{
    uint32_t result;
    __asm__("and %0, %1, %2, lsl #8" : "=r"(result) : "r"(upper), "r"(x));
    return result;
}

/* Byte 1, 2 or 3 of a word replaced by the low one of `byte`. */
#define TINYNAS_INSERT(word, byte, index) \
    __asm__("bfi %0, %1, %2, #8" : "+r"(word) : "r"(byte), "I"(8 * (index)))

/* The low bytes of four numbers. */
TINYNAS_INLINE uint32_t tinynas_word(int32_t a, int32_t b, int32_t c, int32_t d)
{
    uint32_t word = (uint32_t)a;
    TINYNAS_INSERT(word, b, 1);
    TINYNAS_INSERT(word, c, 2);
    TINYNAS_INSERT(word, d, 3);
    return word;
}

/* value / 2^20, rounded down, clamped to int8. */
TINYNAS_INLINE int32_t tinynas_saturated_above_20(int32_t value)
{
    int32_t result;
    __asm__("ssat %0, #8, %1, asr #20" : "=r"(result) : "r"(value) : "cc");
    return result;
}

/* Of each two signed bytes the smaller one. */
TINYNAS_INLINE uint32_t tinynas_smaller_bytes(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\t"
            "sel   %0, %2, %1"
            : "=&r"(result)
            : "r"(a), "r"(b)
            : "cc");
    return result;
}

/* Of each two signed bytes the larger one. */
TINYNAS_INLINE uint32_t tinynas_larger_bytes(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\t"
            "sel   %0, %1, %2"
            : "=&r"(result)
            : "r"(a), "r"(b)
            : "cc");
    return result;
}

/* value / 2, rounded down, clamped to int8. */
TINYNAS_INLINE int32_t tinynas_saturated_half(int32_t value)
{
    int32_t result;
    __asm__("ssat %0, #8, %1, asr #1" : "=r"(result) : "r"(value) : "cc");
    return result;
}

#endif
