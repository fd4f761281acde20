/* Exact int8 arithmetic: packed multiply-accumulates and LiteRT's requantisation.
 *
 * Every helper is one instruction on a core with the DSP extension and plain C elsewhere; both give
 * the same numbers.  Signed right shifts are arithmetic, as with every compiler for these cores.
 */
#ifndef TINYNAS_ARITHMETIC_H
#define TINYNAS_ARITHMETIC_H

#include <stdint.h>

/* Loads and stores of some bytes whatever their type and address; no library is needed for them. */
#if defined(__GNUC__)
#define TINYNAS_COPY(to, from, bytes) __builtin_memcpy(to, from, bytes)
#else
#include <string.h>
#define TINYNAS_COPY(to, from, bytes) memcpy(to, from, bytes)
#endif

/* Small enough to cost nothing in its callers, whatever the compiler is asked to save. */
#if defined(__GNUC__)
#define TINYNAS_INLINE static inline __attribute__((always_inline))
#define TINYNAS_NOINLINE static __attribute__((noinline))
#else
#define TINYNAS_INLINE static inline
#define TINYNAS_NOINLINE static
#endif

/* Cortex-M with the DSP extension: some kernels are in assembly there. */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)
#if __ARM_ARCH_PROFILE == 'M'
#define TINYNAS_ASSEMBLY
#endif
#endif

/* Cores without accesses at any address, without long multiplication: Armv6-M, Armv8-M Baseline. */
#if defined(__thumb__) && !defined(__ARM_FEATURE_UNALIGNED)
#define TINYNAS_BYTEWISE
#endif
#if defined(__thumb__) && !defined(__thumb2__)
#define TINYNAS_SHORT_PRODUCTS
#endif

/* The accumulators of four neighbouring channels. */
typedef struct {
    int32_t a;
    int32_t b;
    int32_t c;
    int32_t d;
} tinynas_four;

/* Four neighbouring bytes, wherever they lie. */
typedef struct {
    int8_t bytes[4];
} tinynas_bytes;

/* Four bytes from any address. */
TINYNAS_INLINE uint32_t tinynas_load(const int8_t *from)
{
#if defined(TINYNAS_BYTEWISE)
    const uint32_t low = (uint8_t)from[0] | (uint32_t)(uint8_t)from[1] << 8;
    const uint32_t high = (uint8_t)from[2] | (uint32_t)(uint8_t)from[3] << 8;
    return low | high << 16;
#else
    uint32_t word;
    TINYNAS_COPY(&word, from, sizeof word);
    return word;
#endif
}

/* Four bytes to any address. */
TINYNAS_INLINE void tinynas_store(int8_t *to, uint32_t word)
{
#if defined(TINYNAS_BYTEWISE)
    to[0] = (int8_t)(word & 0xffu);
    to[1] = (int8_t)(word >> 8 & 0xffu);
    to[2] = (int8_t)(word >> 16 & 0xffu);
    to[3] = (int8_t)(word >> 24);
#else
    TINYNAS_COPY(to, &word, sizeof word);
#endif
}

/* Two bytes to an even address. */
TINYNAS_INLINE void tinynas_store_half_aligned(int8_t *to, int32_t value)
{
    const int16_t half = (int16_t)value;
#if defined(__GNUC__)
    to = (int8_t *)__builtin_assume_aligned(to, 2);
#endif
    TINYNAS_COPY(to, &half, sizeof half);
}

/* Four bytes to a word-aligned address. */
TINYNAS_INLINE void tinynas_store_aligned(int8_t *to, uint32_t word)
{
#if defined(__GNUC__)
    to = (int8_t *)__builtin_assume_aligned(to, 4);
#endif
    TINYNAS_COPY(to, &word, sizeof word);
}

/* Byte `index` of a word, signed. */
TINYNAS_INLINE int32_t tinynas_byte(uint32_t word, uint32_t index)
{
    return (int8_t)((word >> (8u * index)) & 0xffu);
}

/* The low half of a word, signed. */
TINYNAS_INLINE int32_t tinynas_half(uint32_t word)
{
    return (int16_t)(word & 0xffffu);
}

/* The same signed byte four times. */
TINYNAS_INLINE uint32_t tinynas_four_bytes(int32_t value)
{
    return ((uint32_t)value & 0xffu) * 0x01010101u;
}

/* The same number in both halves of a word. */
TINYNAS_INLINE uint32_t tinynas_both_halves(int32_t value)
{
    return ((uint32_t)value & 0xffffu) * 0x10001u;
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)

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

#else

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

/* Four bytes raised by 128, as int16s 0, 2, 1, 3 at a word-aligned address. */
TINYNAS_INLINE void tinynas_expand(int8_t *to, uint32_t word)
{
    const uint32_t raised = word ^ 0x80808080u;
    tinynas_store_aligned(to, raised & 0x00ff00ffu);
    tinynas_store_aligned(to + 4, raised >> 8 & 0x00ff00ffu);
}

/* How the accumulator of a channel becomes its output.
 *
 * `right` is the right shift less one, LiteRT's shift being -1 - right.  Where the generator proved
 * that `tinynas_scale` is exact for every accumulator the channel can reach, the operator holds
 * `right` itself, which then is not negative; elsewhere it holds `right - TINYNAS_GENERAL`, which
 * always is, and `tinynas_requantise` does the work.
 */
#define TINYNAS_GENERAL 64

/* What `tinynas_scale` adds before it shifts: half a unit and the zero point, in its units. */
TINYNAS_INLINE int32_t tinynas_scale_offset(int32_t zero_point, int32_t right)
{
    return (int32_t)((uint32_t)(2 * zero_point + 1) << right);
}

/* The short form of requantisation, for clamps to int8 alone.
 *
 * The doubling high multiply rounds half up.  Rounding the shift half away from zero is adding half
 * a unit, less one where the value is negative.  The last of the right + 1 shifts is the clamp's.
 * Exact while twice the accumulator, and the scaled number plus the offset, stay in 32 bits.
 */
TINYNAS_INLINE int32_t tinynas_scale(int32_t acc, int32_t multiplier, int32_t right, int32_t offset)
{
    const int32_t high = tinynas_high_word((int32_t)((uint32_t)acc << 1), multiplier);
    const int32_t less = high < 0 ? -1 : 0;
    return tinynas_saturated_half((high + less + offset) >> right);
}

/* LiteRT's MultiplyByQuantizedMultiplier and what follows it: a doubling high multiply that rounds
 * half up, a right shift that rounds half away from zero, zero point and clamp.  Exact for every
 * accumulator and every shift.
 */
int32_t tinynas_requantise(int32_t acc, int32_t multiplier, int32_t right, int32_t zero_point,
                           int32_t minimum, int32_t maximum);

#endif
