/* The product at the heart of dense convolutions: two gathered pixels x all output channels.
 *
 * gathered   for every four taps 16 bytes: int16 [first pixel: 4][second pixel: 4], word aligned,
 *            the input's zero point already subtracted
 * taps       a multiple of 4
 * constants  for every two output channels a and b, as words: bias a, bias b; for every four taps
 *            weights a, weights b; multiplier a, multiplier b; right a | right b << 8.  Bytes 0, 1, 2,
 *            3 of a word of weights belong to the gathered int16s 0, 2, 1, 3.  An odd last channel
 *            has a companion of zeros, which is not written.
 *
 * Two pixels by two channels at a time: each word of weights and of inputs is used twice.  `first`
 * may equal `second`: then the first pixel's outputs win.
 */
#include "tinynas_kernels.h"

void tinynas_pair(const tinynas_conv_op *op, const int8_t *gathered, int32_t taps, int8_t *first,
                  int8_t *second)
{
    const int8_t *const end = gathered + 4 * taps;
    const uint32_t *constants = op->constants;
    const int32_t zero_point = op->output.zero_point;
    const int32_t channels = op->output.channels;
    for (int32_t channel = 0; channel < channels; channel += 2) {
        const int32_t bias_a = (int32_t)constants[0];
        const int32_t bias_b = (int32_t)constants[1];
        tinynas_four acc = {bias_a, bias_a, bias_b, bias_b};
        const int8_t *x = gathered;
        constants += 2;
        if ((taps & 4) != 0) {
            tinynas_add_taps(&acc, &x, &constants);
        }
        while (x != end) {
            tinynas_add_taps(&acc, &x, &constants);
            tinynas_add_taps(&acc, &x, &constants);
        }
        const int32_t multiplier_a = (int32_t)constants[0];
        const int32_t multiplier_b = (int32_t)constants[1];
        const uint32_t rights = constants[2];
        constants += 3;
        const int32_t right_a = tinynas_byte(rights, 0);
        const int32_t right_b = tinynas_byte(rights, 1);
        if ((rights & 0x8080u) == 0) {
            const int32_t offset_a = tinynas_scale_offset(zero_point, right_a);
            const int32_t offset_b = tinynas_scale_offset(zero_point, right_b);
            acc.a = tinynas_scale(acc.a, multiplier_a, right_a, offset_a);
            acc.b = tinynas_scale(acc.b, multiplier_a, right_a, offset_a);
            acc.c = tinynas_scale(acc.c, multiplier_b, right_b, offset_b);
            acc.d = tinynas_scale(acc.d, multiplier_b, right_b, offset_b);
        } else {
            acc.a = tinynas_rescale(op, acc.a, multiplier_a, right_a);
            acc.b = tinynas_rescale(op, acc.b, multiplier_a, right_a);
            acc.c = tinynas_rescale(op, acc.c, multiplier_b, right_b);
            acc.d = tinynas_rescale(op, acc.d, multiplier_b, right_b);
        }
        second[channel] = (int8_t)acc.b;
        first[channel] = (int8_t)acc.a;
        if (channel + 1 < channels) {
            second[channel + 1] = (int8_t)acc.d;
            first[channel + 1] = (int8_t)acc.c;
        }
    }
}
