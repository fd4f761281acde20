/* Largest value of a window; padding never wins.
 *
 * scratch    none
 * order      element, four channels at a time
 */
#include "tinynas_kernels.h"

/* The largest bytes of four neighbouring channels, and those of `least`. */
TINYNAS_INLINE uint32_t four_maxima(const tinynas_pixels *pixels, int32_t channel, uint32_t least)
{
    const int8_t *first = pixels->first + channel;
    uint32_t largest = least;
    for (int32_t row = 0; row < pixels->rows; ++row) {
        const int8_t *x = first;
        for (int32_t left = pixels->columns; left > 0; --left) {
            largest = tinynas_larger_bytes(largest, tinynas_load(x));
            x += pixels->step;
        }
        first = tinynas_next_row(pixels, first, pixels->until_wrap - 1 - row);
    }
    return largest;
}

static int32_t maximum_over(const tinynas_pixels *pixels, int32_t channel, int32_t least)
{
    const int8_t *first = pixels->first + channel;
    int32_t largest = least;
    for (int32_t row = 0; row < pixels->rows; ++row) {
        const int8_t *x = first;
        for (int32_t left = pixels->columns; left > 0; --left) {
            largest = *x > largest ? *x : largest;
            x += pixels->step;
        }
        first = tinynas_next_row(pixels, first, pixels->until_wrap - 1 - row);
    }
    return largest;
}

static void write_pixel(const tinynas_pool_op *op, const tinynas_pixels *pixels, int32_t channels,
                        int8_t *y)
{
    const uint32_t least = tinynas_four_bytes(op->minimum);
    const uint32_t most = tinynas_four_bytes(op->maximum);
    int32_t channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
        const uint32_t largest = four_maxima(pixels, channel, least);
        tinynas_store(y + channel, tinynas_smaller_bytes(largest, most));
    }
    for (; channel < channels; ++channel) {
        const int32_t largest = maximum_over(pixels, channel, op->minimum);
        y[channel] = (int8_t)(largest > op->maximum ? op->maximum : largest);
    }
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
            tinynas_pixels pixels;
            tinynas_pixels_under(&pixels, op, &input, row, column);
            write_pixel(op, &pixels, output.channels, tinynas_pixel(&output, row, column));
        }
    }
}
