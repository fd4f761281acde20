/* Mean over a window, without padding.
 *
 * scratch    none
 * order      element, four channels at a time
 *
 * The quotient is rounded to nearest, ties away from zero.
 */
#include "tinynas_kernels.h"

/* `half` of `count`, rounded down: quotients are rounded towards zero. */
TINYNAS_INLINE int32_t average(int32_t sum, int32_t half, int32_t count)
{
    return (sum < 0 ? sum - half : sum + half) / count;
}

static void write_pixel(const tinynas_pool_op *op, const tinynas_pixels *pixels, int32_t channels,
                        int8_t *y)
{
    const int32_t count = pixels->rows * pixels->columns;
    const int32_t half = count / 2;
    const uint32_t least = tinynas_four_bytes(op->minimum);
    const uint32_t most = tinynas_four_bytes(op->maximum);
    int32_t channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
        tinynas_four sums;
        tinynas_sums_over(&sums, pixels, channel);
        const uint32_t four = tinynas_word(average(sums.a, half, count), average(sums.b, half, count),
                                           average(sums.c, half, count), average(sums.d, half, count));
        tinynas_store(y + channel, tinynas_smaller_bytes(tinynas_larger_bytes(four, least), most));
    }
    for (; channel < channels; ++channel) {
        const int32_t value = average(tinynas_sum_over(pixels, channel), half, count);
        y[channel] = (int8_t)(value < op->minimum   ? op->minimum
                              : value > op->maximum ? op->maximum
                                                    : value);
    }
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
            tinynas_pixels pixels;
            tinynas_pixels_under(&pixels, op, &input, row, column);
            write_pixel(op, &pixels, output.channels, tinynas_pixel(&output, row, column));
        }
    }
}
