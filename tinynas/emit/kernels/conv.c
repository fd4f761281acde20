/* Convolution with any kernel, stride and padding.
 *
 * constants  as pair.c says, taps in the order kernel row, kernel column, input channel, padded to
 *            words with zeros
 * scratch    4 bytes a tap
 * order      pixel
 *
 * The taps of two output pixels are gathered as int16, zero where they fall outside the input, and
 * multiplied together.
 */
#include "tinynas_kernels.h"

/* Gathered int16 number `index` of one pixel: after every four come four of the other pixel. */
TINYNAS_INLINE int8_t *place(int8_t *gathered, int32_t index)
{
    return gathered + 2 * (index + (index & ~3));
}

TINYNAS_INLINE void put(int8_t *gathered, int32_t index, int32_t value)
{
    const int16_t half = (int16_t)value;
    TINYNAS_COPY(place(gathered, index), &half, sizeof half);
}

static int32_t put_zeros(int8_t *gathered, int32_t index, int32_t count)
{
    for (; count > 0; --count) {
        put(gathered, index++, 0);
    }
    return index;
}

/* The taps of the output pixel whose window begins at input row `top`, column `left`. */
static void gather(const tinynas_conv_op *op, const tinynas_view *input, int32_t top, int32_t left,
                   int8_t *gathered)
{
    const int32_t channels = input->channels;
    const int32_t kernel_columns = op->kernel_columns;
    const int32_t zero_point = op->input.zero_point;
    const int32_t columns = op->input.columns;
    const int32_t begin = left < 0 ? -left : 0;
    const int32_t end = columns - left < kernel_columns ? columns - left : kernel_columns;
    int32_t index = 0;
    for (int32_t row = top; row < top + op->kernel_rows; ++row) {
        if (row < 0 || row >= op->input.rows || begin >= end) {
            index = put_zeros(gathered, index, kernel_columns * channels);
            continue;
        }
        const int8_t *x = tinynas_pixel(input, row, left + begin);
        index = put_zeros(gathered, index, begin * channels);
        for (const int32_t last = index + (end - begin) * channels; index < last; ++index) {
            put(gathered, index, *x++ - zero_point);
        }
        index = put_zeros(gathered, index, (kernel_columns - end) * channels);
    }
}

void tinynas_conv(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    const int32_t taps = (op->kernel_rows * op->kernel_columns * input.channels + 3) & ~3;
    int8_t *const gathered = arena + op->scratch;
    int8_t *waiting = NULL;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int32_t top = row * op->stride_rows - op->padding_top;
        for (int32_t column = window.column; column < window.column_end; ++column) {
            const int32_t left = column * op->stride_columns - op->padding_left;
            int8_t *const pixel = tinynas_pixel(&output, row, column);
            gather(op, &input, top, left, waiting == NULL ? gathered : gathered + 8);
            if (waiting == NULL) {
                waiting = pixel;
            } else {
                tinynas_pair(op, gathered, taps, waiting, pixel);
                waiting = NULL;
            }
        }
    }
    if (waiting != NULL) {
        tinynas_pair(op, gathered, taps, waiting, waiting);
    }
}
