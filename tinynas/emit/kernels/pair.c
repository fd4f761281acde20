/* The product at the heart of dense convolutions: two gathered pixels x all output channels.
 *
 * gathered   for every four taps 16 bytes: int16 [first pixel: 4][second pixel: 4], word aligned,
 *            raised by 128 (the bias makes up for it and for the zero point); of four taps
 *            0, 2, 1, 3 in this order
 * taps       a multiple of 4
 * constants  for every pass over two output channels a and b, as words: bias a, bias b; for every four
 *            taps weights a, weights b, a byte a tap; multiplier a, multiplier b; shift a | shift b << 16.
 *            A shift is LiteRT's right shift, or `right - TINYNAS_GENERAL`, in a byte.
 *            Of every four channels 0 and 2 make a pass, then 1 and 3; one or two channels that are
 *            left make one pass, three make two.  What is missing has weights of zero.
 *
 * Two pixels by two channels at a time: each word of weights and of inputs is used twice.  `first`
 * may equal `second`: then the first pixel's outputs win.
 *
 * Cores with the DSP extension have it in assembly, pair.S; this file then holds what that calls.
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

_Static_assert(offsetof(tinynas_conv_op, output.channels) == 32, "pair.S: OP_CHANNELS");
_Static_assert(offsetof(tinynas_conv_op, output.zero_point) == 38, "pair.S: OP_ZERO_POINT");
_Static_assert(offsetof(tinynas_conv_op, constants) == 40, "pair.S: OP_CONSTANTS");

/* Outputs of one pass, where a channel needs the general form: halfwords, raised by 128. */
uint64_t tinynas_pair_general(const tinynas_conv_op *op, const int32_t sums[4],
                              const uint32_t *tail);

uint64_t tinynas_pair_general(const tinynas_conv_op *op, const int32_t sums[4],
                              const uint32_t *tail)
{
    uint64_t lanes = 0;
    for (uint32_t i = 4; i-- > 0;) {
        const uint32_t channel = i & 1u;
        const int32_t shift = tinynas_byte(tail[2], 2u * channel);
        const int32_t y = tinynas_rescale(op, sums[i], (int32_t)tail[channel],
                                          shift < 0 ? shift : shift - 1);
        lanes = lanes << 16 | (uint32_t)(y + 128);
    }
    return lanes;
}

#else

/* Two pixels x channels a and b (b is left out where it is negative).  Returns the next constants. */
static const uint32_t *pass(const tinynas_conv_op *op, const int8_t *gathered, int32_t taps,
                            const uint32_t *constants, int8_t *first, int8_t *second, int32_t a,
                            int32_t b)
{
    const int8_t *const end = gathered + 4 * taps;
    const int32_t bias_a = (int32_t)constants[0];
    const int32_t bias_b = (int32_t)constants[1];
    tinynas_four acc = {bias_a, bias_a, bias_b, bias_b};
    constants += 2;
    while (gathered != end) {
        tinynas_add_taps(&acc, &gathered, &constants);
    }
    const int32_t shift_a = tinynas_byte(constants[2], 0);
    const int32_t shift_b = tinynas_byte(constants[2], 2);
    const int32_t right_a = shift_a < 0 ? shift_a : shift_a - 1;
    const int32_t right_b = shift_b < 0 ? shift_b : shift_b - 1;
    second[a] = (int8_t)tinynas_rescale(op, acc.b, (int32_t)constants[0], right_a);
    first[a] = (int8_t)tinynas_rescale(op, acc.a, (int32_t)constants[0], right_a);
    if (b >= 0) {
        second[b] = (int8_t)tinynas_rescale(op, acc.d, (int32_t)constants[1], right_b);
        first[b] = (int8_t)tinynas_rescale(op, acc.c, (int32_t)constants[1], right_b);
    }
    return constants + 3;
}

void tinynas_pair(const tinynas_conv_op *op, const int8_t *gathered, int32_t taps, int8_t *first,
                  int8_t *second)
{
    const uint32_t *constants = op->constants;
    int32_t left = op->output.channels;
    for (; left > 2; left -= 4) {
        constants = pass(op, gathered, taps, constants, first, second, 0, 2);
        constants = pass(op, gathered, taps, constants, first, second, 1, left > 3 ? 3 : -1);
        first += 4;
        second += 4;
    }
    if (left > 0) {
        pass(op, gathered, taps, constants, first, second, 0, left > 1 ? 1 : -1);
    }
}

#endif
