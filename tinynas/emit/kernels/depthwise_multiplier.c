/* Depthwise convolution in its general form: any multiplier, kernel, stride and padding.
 *
 * constants  for each output channel, as words: bias, multiplier, right, weights, a byte a tap;
 *            output channel c reads input channel c / multiplier
 * scratch    none
 * order      none
 */
#include "tinynas_kernels.h"

static int32_t accumulate(const tinynas_conv_op *op, const tinynas_view *input, int32_t top,
                          int32_t left, int32_t channel, const uint32_t *constants)
{
    const int8_t *weights = (const int8_t *)(constants + 3);
    uint32_t acc = constants[0];
    for (int32_t row = top; row < top + op->kernel_rows; ++row) {
        for (int32_t column = left; column < left + op->kernel_columns; ++column) {
            if (row >= 0 && row < op->input.rows && column >= 0 && column < op->input.columns) {
                const int32_t x = tinynas_pixel(input, row, column)[channel];
                acc += (uint32_t)((x - op->input.zero_point) * *weights);
            }
            ++weights;
        }
    }
    return (int32_t)acc;
}

void tinynas_depthwise_multiplier(const tinynas_conv_op *op, int8_t *arena,
                                  const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    const int32_t multiplier = output.channels / input.channels;
    const int32_t words = 3 + (op->kernel_rows * op->kernel_columns + 3) / 4;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int32_t top = row * op->stride_rows - op->padding_top;
        for (int32_t column = window.column; column < window.column_end; ++column) {
            const int32_t left = column * op->stride_columns - op->padding_left;
            int8_t *const pixel = tinynas_pixel(&output, row, column);
            const uint32_t *constants = op->constants;
            for (int32_t channel = 0; channel < output.channels; ++channel) {
                const int32_t acc =
                    accumulate(op, &input, top, left, channel / multiplier, constants);
                pixel[channel] = (int8_t)tinynas_rescale(op, acc, (int32_t)constants[1],
                                                        (int32_t)constants[2]);
                constants += words;
            }
        }
    }
}
