/* The product at the heart of dense convolutions with int8 weights: three gathered pixels x all output
 * channels, which come in fours, with the short form of requantisation in all of them.
 *
 * With weights e and o of two taps a halfword in flash is v = 256 e + o, whose lower byte, signed, is o
 * again.  For inputs x and y of these taps
 *
 *     (x - 127) v + (256 y + 127 - x) o = 256 ((x - 127) e + y o)
 *
 * and both factors are int16, so that a word of four weights is extended once, not twice.  Sums are 256
 * times the accumulator; the bias makes up for the 127 and for the zero point.
 *
 * gathered   for every four taps of three pixels: of each, taps 0 and 2 less 127 as int16s; then of each
 *            the bytes of all four, those of taps 0 and 2 as 127 - x
 * constants  for every pass over two output channels a and b (of four 0 and 2, then 1 and 3), as words:
 *            bias a, b; for every four taps weights a, weights b, as above, in the second pass of two from
 *            the last ones to the first; multiplier a, b; offset a, b; shift a, b
 *
 * Cores with the DSP extension have it in assembly, three.S.
 */
#include "tinynas_kernels.h"

#if !defined(TINYNAS_ASSEMBLY)

static int8_t output_of(int32_t sum, const uint32_t *tail, int32_t form)
{
    const int64_t high = ((int64_t)sum * (int32_t)tail[0]) >> 32;
    const int32_t less = form != 0 && sum < 0 ? 128 : 0;
    const int32_t value = ((int32_t)high + (int32_t)tail[2] - less) >> tail[4];
    return (int8_t)((value < 0 ? 0 : value > 255 ? 255 : value) - 128);
}

void tinynas_three(tinynas_triples *t, int32_t groups)
{
    const uint32_t *constants = t->constants;
    const int32_t units = t->units;
    (void)groups; /* one here */
    for (int32_t pass = 0; constants != t->constants_end; ++pass) {
        const uint32_t *const tail = constants + 2 + 2 * units;
        for (int32_t half = 0; half < 2; ++half) {
            const int32_t channel = 4 * (pass / 2) + pass % 2 + 2 * half;
            for (int32_t pixel = 2; pixel >= 0; --pixel) {
                int32_t sum = (int32_t)constants[half];
                for (int32_t i = 0; i < units; ++i) {
                    const int32_t unit = pass % 2 != 0 ? units - 1 - i : i;
                    const uint32_t weights = constants[2 + 2 * i + half];
                    const int8_t *const x = t->gathered + 24 * unit + 4 * pixel;
                    sum = tinynas_dot(weights, tinynas_load(x), sum);
                    sum = tinynas_dot(tinynas_even_bytes(weights), tinynas_load(x + 12), sum);
                }
                t->outputs[pixel][channel] = output_of(sum, tail + half, t->form);
            }
        }
        constants = tail + 6;
    }
}

#endif
