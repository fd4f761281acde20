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
        int32_t a_first = (int32_t)constants[0];
        int32_t b_first = (int32_t)constants[1];
        int32_t a_second = a_first;
        int32_t b_second = b_first;
        constants += 2;
        const int8_t *x = gathered;
        do {
            const uint32_t a = constants[0];
            const uint32_t b = constants[1];
            const uint32_t even_a = tinynas_even_bytes(a);
            const uint32_t odd_a = tinynas_odd_bytes(a);
            const uint32_t even_b = tinynas_even_bytes(b);
            const uint32_t odd_b = tinynas_odd_bytes(b);
            const uint32_t even_first = tinynas_load_aligned(x);
            const uint32_t odd_first = tinynas_load_aligned(x + 4);
            const uint32_t even_second = tinynas_load_aligned(x + 8);
            const uint32_t odd_second = tinynas_load_aligned(x + 12);
            a_first = tinynas_dot(even_a, even_first, a_first);
            b_first = tinynas_dot(even_b, even_first, b_first);
            a_second = tinynas_dot(even_a, even_second, a_second);
            b_second = tinynas_dot(even_b, even_second, b_second);
            a_first = tinynas_dot(odd_a, odd_first, a_first);
            b_first = tinynas_dot(odd_b, odd_first, b_first);
            a_second = tinynas_dot(odd_a, odd_second, a_second);
            b_second = tinynas_dot(odd_b, odd_second, b_second);
            constants += 2;
            x += 16;
        } while (x != end);
        const int32_t multiplier_a = (int32_t)constants[0];
        const int32_t multiplier_b = (int32_t)constants[1];
        const uint32_t rights = constants[2];
        constants += 3;
        const int32_t right_a = tinynas_byte(rights, 0);
        const int32_t right_b = tinynas_byte(rights, 1);
        if ((rights & 0x8080u) == 0) {
            const int32_t offset_a = tinynas_scale_offset(zero_point, right_a);
            const int32_t offset_b = tinynas_scale_offset(zero_point, right_b);
            a_first = tinynas_scale(a_first, multiplier_a, right_a, offset_a);
            a_second = tinynas_scale(a_second, multiplier_a, right_a, offset_a);
            b_first = tinynas_scale(b_first, multiplier_b, right_b, offset_b);
            b_second = tinynas_scale(b_second, multiplier_b, right_b, offset_b);
        } else {
            a_first = tinynas_rescale(op, a_first, multiplier_a, right_a);
            a_second = tinynas_rescale(op, a_second, multiplier_a, right_a);
            b_first = tinynas_rescale(op, b_first, multiplier_b, right_b);
            b_second = tinynas_rescale(op, b_second, multiplier_b, right_b);
        }
        second[channel] = (int8_t)a_second;
        first[channel] = (int8_t)a_first;
        if (channel + 1 < channels) {
            second[channel + 1] = (int8_t)b_second;
            first[channel + 1] = (int8_t)b_first;
        }
    }
}
