/* The product at the heart of dense convolutions, with weights that are int16 in flash.
 *
 * gathered   as pair.c says
 * constants  for every pass over two output channels a and b (as in pair.c), as words: bias a, bias b,
 *            bias a, bias b; for every four taps int16 weights of a for taps 0, 2, of b for 0, 2, of a
 *            for 1, 3, of b for 1, 3; and the tail that the operator's form says.
 *            form 0: multiplier a, b; offset a, b.  form 1: also unit a, b.  form 2: also a word that
 *            is 0, or 1 where the pass takes the general form: then the offsets are LiteRT's right
 *            shifts less one, and the weights are not scaled.
 *
 * Sums come out multiplied by a power of two 2^k, k = 17 - right shift, through inputs and weights, so
 * that one multiplication leaves the output in the upper half of its result: see docs/kernels.md.
 *
 * Cores with the DSP extension have it in assembly, pair_wide.S; this file then holds what that calls.
 */
#include "tinynas_kernels.h"

/* The general form of requantisation, less the output's clamp to int8; raised by 128. */
static int32_t general(const tinynas_conv_op *op, int32_t sum, uint32_t multiplier, uint32_t right)
{
    return 128
           + tinynas_requantise(sum >> op->shift, (int32_t)multiplier, (int32_t)right,
                                op->output.zero_point, op->minimum, op->maximum);
}

#if defined(TINYNAS_ASSEMBLY)

/* Outputs of one pass, where a channel needs the general form: halfwords, raised by 128. */
uint64_t tinynas_pair_wide_general(const tinynas_conv_op *op, const int32_t sums[4],
                                   const uint32_t *tail);

uint64_t tinynas_pair_wide_general(const tinynas_conv_op *op, const int32_t sums[4],
                                   const uint32_t *tail)
{
    uint64_t lanes = 0;
    for (uint32_t i = 4; i-- > 0;) {
        const uint32_t *const channel = tail + (i & 1u);
        lanes = lanes << 16 | (uint32_t)general(op, sums[i], channel[0], channel[2]);
    }
    return lanes;
}

#else

enum { CLAMPED, SIGNED, MIXED };

static const uint32_t tail_words[] = {4, 6, 7};

/* What the tail makes of a sum, `tail` at the channel's numbers. */
static int32_t finished(const tinynas_conv_op *op, int32_t sum, const uint32_t *tail)
{
    int64_t scaled = (int64_t)sum * (int32_t)tail[0] + (int64_t)tail[2] * ((int64_t)1 << 32);
    if (op->form != CLAMPED && sum < 0) {
        scaled -= (int64_t)tail[4] * ((int64_t)1 << 32);
    }
    const int32_t value = (int32_t)(scaled >> 48);
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* Two pixels x channels a and b (b is left out where it is negative).  Returns the next constants. */
static const uint32_t *pass(const tinynas_conv_op *op, const int8_t *gathered, int32_t taps,
                            const uint32_t *constants, int8_t *const pixels[2], int32_t a, int32_t b)
{
    const int32_t channels[2] = {a, b};
    const uint32_t *const weights = constants + 4;
    const uint32_t *const tail = weights + taps;
    const uint32_t words = tail_words[op->form];
    const int32_t is_general = op->form == MIXED && tail[6] != 0;
    for (uint32_t pixel = 2; pixel-- > 0;) {
        for (uint32_t i = 0; i < 2 && channels[i] >= 0; ++i) {
            const int8_t *x = gathered + 8u * pixel;
            const uint32_t *w = weights + i;
            int32_t sum = (int32_t)constants[i];
            for (int32_t tap = 0; tap < taps; tap += 4) {
                sum = tinynas_dot(tinynas_load(x), w[0], sum);
                sum = tinynas_dot(tinynas_load(x + 4), w[2], sum);
                x += 16;
                w += 4;
            }
            const int32_t y = is_general ? general(op, sum, tail[i], tail[2u + i])
                                         : finished(op, sum, tail + i);
            pixels[pixel][channels[i]] = (int8_t)(y - 128);
        }
    }
    return tail + words;
}

void tinynas_pair_wide(const tinynas_conv_op *op, const int8_t *gathered, int32_t taps,
                       int8_t *first, int8_t *second)
{
    const uint32_t *constants = op->constants;
    int32_t left = op->output.channels;
    int8_t *pixels[2] = {first, second};
    for (; left > 2; left -= 4) {
        constants = pass(op, gathered, taps, constants, pixels, 0, 2);
        constants = pass(op, gathered, taps, constants, pixels, 1, left > 3 ? 3 : -1);
        pixels[0] += 4;
        pixels[1] += 4;
    }
    if (left > 0) {
        pass(op, gathered, taps, constants, pixels, 0, left > 1 ? 1 : -1);
    }
}

#endif
