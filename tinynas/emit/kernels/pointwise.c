/* Convolution with a 1 x 1 kernel, any stride, no padding, int8 weights:
 * two pixels at a time.
 *
 * constants  as pair.c says, a tap an input channel, padded to words with zeros
 * scratch    4 bytes an input channel (rounded up to a multiple of 4 channels)
 * order      pixel
 */
#include "tinynas_kernels.h"

/* Up to three channels that are left, as a word; what is not there meets weights that are zero. */
static uint32_t last_word(const int8_t *x, int32_t channels)
{
    uint32_t word = 0;
    for (int32_t i = 0; i < channels; ++i) {
        word |= (uint32_t)(uint8_t)x[i] << (8 * i);
    }
    return word;
}

static void product(const tinynas_conv_op *op, int8_t *gathered,
                    const int8_t *const x[2], int8_t *const pixels[2])
{
    const int32_t channels = op->input.channels;
    const int32_t whole = channels & ~3;
    tinynas_expand_both(x[0], x[1], gathered, (uint32_t)whole / 4u);
    if (whole != channels) {
        for (int32_t i = 0; i < 2; ++i) {
            tinynas_expand(gathered + 4 * whole + 8 * i, last_word(x[i] + whole, channels - whole));
        }
    }
    tinynas_pair(op, gathered, (channels + 3) & ~3, pixels[0], pixels[1]);
}

void tinynas_pointwise(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    int8_t *const gathered = arena + op->scratch;
    const int8_t *inputs[2];
    int8_t *outputs[2];
    int32_t waiting = 0;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int8_t *x = tinynas_pixel(&input, row * op->stride_rows,
                                        window.column * op->stride_columns);
        int8_t *pixel = tinynas_pixel(&output, row, window.column);
        for (int32_t column = window.column; column < window.column_end; ++column) {
            inputs[waiting] = x;
            outputs[waiting] = pixel;
            waiting ^= 1;
            if (waiting == 0) {
                product(op, gathered, inputs, outputs);
            }
            x += op->stride_columns * input.channels;
            pixel += output.channels;
        }
    }
    if (waiting != 0) {
        inputs[1] = inputs[0];
        outputs[1] = outputs[0];
        product(op, gathered, inputs, outputs);
    }
}
