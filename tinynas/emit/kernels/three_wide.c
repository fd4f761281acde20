/* The product at the heart of dense convolutions with weights that are int16 in flash: three gathered
 * pixels x all output channels, which come in fours.
 *
 * gathered   for every four taps of three pixels: of each, taps 0 and 2 as int16s, raised by 128 (the bias
 *            makes up for it and for the zero point) and multiplied by 2^shift; then of each taps 1 and 3
 * constants  for every pass over two output channels a and b (of four 0 and 2, then 1 and 3), as words:
 *            bias a, b; for every four taps int16 weights of a for taps 0, 2, of b for 0, 2, of a for 1, 3,
 *            of b for 1, 3, in the second pass of two all from the last taps to the first; multiplier a, b;
 *            offset a, b; if outputs are signed, unit a, b
 *
 * Sums come out multiplied by a power of two 2^k, k = 17 - right shift, through inputs and weights, so
 * that one multiplication leaves the output in the upper half of its result: see docs/kernels.md.
 *
 * Cores with the DSP extension have it in assembly, three_wide.S.
 */
#include "tinynas_kernels.h"

#if !defined(TINYNAS_ASSEMBLY)

/* What the tail makes of a sum, `tail` at the channel's numbers. */
static int8_t output_of(int32_t sum, const uint32_t *tail, int32_t form)
{
    int64_t scaled = (int64_t)sum * (int32_t)tail[0] + (int64_t)tail[2] * ((int64_t)1 << 32);
    if (form != 0 && sum < 0) {
        scaled -= (int64_t)tail[4] * ((int64_t)1 << 32);
    }
    const int32_t value = (int32_t)(scaled >> 48);
    return (int8_t)((value < 0 ? 0 : value > 255 ? 255 : value) - 128);
}

void tinynas_three_wide(tinynas_triples *t, int32_t groups)
{
    const uint32_t *constants = t->constants;
    const int32_t halves = 2 * t->units; /* of four taps */
    (void)groups; /* one here */
    for (int32_t pass = 0; constants != t->constants_end; ++pass) {
        const uint32_t *const tail = constants + 2 + 2 * halves;
        for (int32_t half = 0; half < 2; ++half) {
            const int32_t channel = 4 * (pass / 2) + pass % 2 + 2 * half;
            for (int32_t pixel = 2; pixel >= 0; --pixel) {
                int32_t sum = (int32_t)constants[half];
                for (int32_t i = 0; i < halves; ++i) {
                    const int32_t at = pass % 2 != 0 ? halves - 1 - i : i;
                    const int8_t *const x = t->gathered + 12 * at + 4 * pixel;
                    sum = tinynas_dot(constants[2 + 2 * i + half], tinynas_load(x), sum);
                }
                t->outputs[pixel][channel] = output_of(sum, tail + half, t->form);
            }
        }
        constants = tail + (t->form != 0 ? 6 : 4);
    }
}

#endif
