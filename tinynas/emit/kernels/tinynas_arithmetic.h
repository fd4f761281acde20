/* Exact int8 arithmetic: packed multiply-accumulates and LiteRT's requantisation.
 *
 * Every helper is one instruction on a core with the DSP extension and plain C elsewhere; both give
 * the same numbers.  Signed right shifts are arithmetic, as with every compiler for these cores.
 */
#ifndef TINYNAS_ARITHMETIC_H
#define TINYNAS_ARITHMETIC_H

#include "tinynas_words.h"

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)
#include "tinynas_packed_dsp.h"
#else
#include "tinynas_packed_c.h"
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

/* The output whose sum and offset come multiplied by a power of two, so that it lies above twelve bits of
 * the high word; clamps to int8 alone.  `numbers`: multiplier, offset.
 */
TINYNAS_INLINE int8_t tinynas_above_12(uint32_t sum, const uint32_t *numbers)
{
    const int64_t multiplied = (int64_t)(int32_t)sum * (int32_t)numbers[0]
                               + (int64_t)(int32_t)numbers[1] * ((int64_t)1 << 32);
    const int32_t value = (int32_t)(multiplied >> 44);
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

/* LiteRT's MultiplyByQuantizedMultiplier and what follows it: a doubling high multiply that rounds
 * half up, a right shift that rounds half away from zero, zero point and clamp.  Exact for every
 * accumulator and every shift.
 */
int32_t tinynas_requantise(int32_t acc, int32_t multiplier, int32_t right, int32_t zero_point,
                           int32_t minimum, int32_t maximum);

#endif
