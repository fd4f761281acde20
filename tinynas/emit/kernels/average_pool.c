/* Average over a window; padding counts neither in the sum nor in the divisor.
 *
 * scratch    none
 * order      element
 *
 * The quotient is rounded to nearest, ties away from zero.
 */
#include "tinynas_kernels.h"

static int32_t window_sum(const tinynas_view *input, const tinynas_window *taps, int32_t channel)
{
    const int32_t columns = taps->column_end - taps->column;
    int32_t sum = 0;
    for (int32_t row = taps->row; row < taps->row_end; ++row) {
        const int8_t *x = tinynas_pixel(input, row, taps->column) + channel;
        for (int32_t i = 0; i < columns; ++i) {
            sum += *x;
            x += input->channels;
        }
    }
    return sum;
}

void tinynas_average_pool(const tinynas_pool_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    for (int32_t row = window.row; row < window.row_end; ++row) {
        for (int32_t column = window.column; column < window.column_end; ++column) {
            tinynas_window taps;
            tinynas_taps_of(&taps, op, row, column);
            const int32_t count =
                (taps.row_end - taps.row) * (taps.column_end - taps.column);
            int8_t *const y = tinynas_pixel(&output, row, column);
            for (int32_t channel = 0; channel < output.channels; ++channel) {
                const int32_t sum = window_sum(&input, &taps, channel);
                const int32_t half = sum > 0 ? count / 2 : -(count / 2);
                const int32_t value = (sum + half) / count;
                y[channel] = (int8_t)(value < op->minimum   ? op->minimum
                                      : value > op->maximum ? op->maximum
                                                            : value);
            }
        }
    }
}
