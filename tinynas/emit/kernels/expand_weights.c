/* The constants of the product with int16 weights, from int8 weights: once a call, into scratch memory.
 *
 * constants  for every output channel, of four 0, 2, 1, 3, as words: where its sums begin; multiplier;
 *            exponent k; int8 weights, a word for every four taps, of channels 1 and 3 the last four taps
 *            first and in each of these 1, 0, 3, 2
 *
 * That is the order in which they are needed: bytes 0 and 2 of a word, then bytes 1 and 3, become two
 * int16s each, multiplied by 2^(k - shift).  three_wide.c says what comes of them.
 */
#include "tinynas_kernels.h"

/* Both int16s shifted; none leaves its half, but the signs of the lower one come into the upper one. */
TINYNAS_INLINE uint32_t shifted(uint32_t halves, uint32_t by, uint32_t kept)
{
    return halves << by & kept;
}

const uint32_t *tinynas_expand_weights(const tinynas_conv_op *op, int8_t *arena, int32_t behind)
{
    const int32_t taps = op->kernel_rows * op->kernel_columns * op->input.channels;
    const int32_t units = (int32_t)((uint32_t)(taps + 3) / 4u);
    uint32_t *const wide = (uint32_t *)(void *)(arena + op->scratch + 24 * units + behind);
    const uint32_t *from = op->constants;
    uint32_t *pass = wide;
    for (int32_t channel = 0; channel < op->output.channels; ++channel) {
        uint32_t *to = pass + (channel & 1);
        const uint32_t exponent = from[2];
        const uint32_t by = exponent - op->shift;
        const uint32_t kept = ~(((1u << by) - 1u) << 16);
        const uint32_t multiplier = from[1];
        to[0] = from[0];
        from += 3;
        for (int32_t unit = 0; unit < units; ++unit) {
            const uint32_t word = *from++;
            to[2] = shifted(tinynas_even_bytes(word), by, kept);
            to[4] = shifted(tinynas_odd_bytes(word), by, kept);
            to += 4;
        }
        to[2] = multiplier;
        to[4] = ((uint32_t)(op->output.zero_point + 128) << 16) + (1u << 15) + (1u << exponent >> 2);
        if (op->form != 0) {
            to[6] = 1u << exponent >> 1;
        }
        if ((channel & 1) != 0) {
            pass = to + (op->form != 0 ? 7 : 5);
        }
    }
    return wide;
}
