/* Mean over rows and columns; channels four at a time.
 *
 * scratch    none
 * order      none
 */
#include "tinynas_kernels.h"

/* `sum` is that of the inputs as they are, `zero` that of as many zero points; `right` as in
 * tinynas_arithmetic.h.
 */
TINYNAS_INLINE int8_t output_of(const tinynas_mean_op *op, int32_t sum, int32_t zero)
{
    const int32_t zero_point = op->output.zero_point;
    const int32_t right = op->right;
    if (right >= 0) {
        return (int8_t)tinynas_scale(sum - zero, op->multiplier, right,
                                     tinynas_scale_offset(zero_point, right));
    }
    return (int8_t)tinynas_requantise(sum - zero, op->multiplier, right + TINYNAS_GENERAL,
                                      zero_point, op->minimum, op->maximum);
}

void tinynas_mean(const tinynas_mean_op *op, int8_t *arena)
{
    const tinynas_tensor *const input = &op->input;
    const int32_t channels = input->channels;
    const int32_t count = input->rows * input->columns;
    const int32_t zero = input->zero_point * count;
    const tinynas_pixels pixels = {arena + input->offset, 1, count, channels, 0, 1, 0};
    int8_t *const y = arena + op->output.offset;
    int32_t channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
        tinynas_four sums;
        tinynas_sums_over(&sums, &pixels, channel);
        y[channel] = output_of(op, sums.a, zero);
        y[channel + 1] = output_of(op, sums.b, zero);
        y[channel + 2] = output_of(op, sums.c, zero);
        y[channel + 3] = output_of(op, sums.d, zero);
    }
    for (; channel < channels; ++channel) {
        y[channel] = output_of(op, tinynas_sum_over(&pixels, channel), zero);
    }
}
