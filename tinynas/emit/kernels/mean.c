/* Mean over rows and columns.
 *
 * scratch    none
 * order      none
 */
#include "tinynas_kernels.h"

void tinynas_mean(const tinynas_mean_op *op, int8_t *arena)
{
    const int8_t *const x = arena + op->input.offset;
    int8_t *const y = arena + op->output.offset;
    const int32_t channels = op->input.channels;
    const int32_t count = op->input.rows * op->input.columns;
    for (int32_t channel = 0; channel < channels; ++channel) {
        int32_t sum = -op->input.zero_point * count;
        for (int32_t i = 0; i < count; ++i) {
            sum += x[i * channels + channel];
        }
        y[channel] = (int8_t)tinynas_requantise(sum, op->multiplier, op->right,
                                                op->output.zero_point, op->minimum, op->maximum);
    }
}
