/* Largest value of a window; padding never wins.
 *
 * scratch    none
 * order      element
 */
#include "tinynas_kernels.h"

static int32_t window_maximum(const tinynas_view *input, const tinynas_window *taps,
                              int32_t channel)
{
    const int32_t columns = taps->column_end - taps->column;
    int32_t largest = INT8_MIN;
    for (int32_t row = taps->row; row < taps->row_end; ++row) {
        const int8_t *x = tinynas_pixel(input, row, taps->column) + channel;
        for (int32_t i = 0; i < columns; ++i) {
            largest = *x > largest ? *x : largest;
            x += input->channels;
        }
    }
    return largest;
}

void tinynas_max_pool(const tinynas_pool_op *op, int8_t *arena, const tinynas_tile *tile)
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
            int8_t *const y = tinynas_pixel(&output, row, column);
            for (int32_t channel = 0; channel < output.channels; ++channel) {
                const int32_t value = window_maximum(&input, &taps, channel);
                y[channel] = (int8_t)(value < op->minimum   ? op->minimum
                                      : value > op->maximum ? op->maximum
                                                            : value);
            }
        }
    }
}
