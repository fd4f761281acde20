/* Convolution with a 1 x 1 kernel, any stride, no padding.
 *
 * constants  as pair.c says, a tap an input channel, padded to words with zeros; gathered are
 *            channels 0, 2, 1, 3 of every four, so that weights lie in natural order
 * scratch    4 bytes an input channel (rounded up to a multiple of 4 channels)
 * order      pixel
 */
#include "tinynas_kernels.h"

/* Four channels as int16s 0, 2, 1, 3 with the zero point subtracted. */
TINYNAS_INLINE void expand(int8_t *gathered, uint32_t word, uint32_t offset)
{
    tinynas_store_aligned(gathered, tinynas_add_even_bytes(offset, word));
    tinynas_store_aligned(gathered + 4, tinynas_add_odd_bytes(offset, word));
}

static void gather(const int8_t *x, int32_t channels, uint32_t offset, int8_t *gathered)
{
    for (; channels >= 4; channels -= 4) {
        expand(gathered, tinynas_load(x), offset);
        x += 4;
        gathered += 16;
    }
    if (channels > 0) {
        uint32_t word = 0; /* what stays zero meets weights that are zero */
        for (int32_t i = 0; i < channels; ++i) {
            word |= (uint32_t)(uint8_t)x[i] << (8 * i);
        }
        expand(gathered, word, offset);
    }
}

void tinynas_pointwise(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    const uint32_t offset = tinynas_both_halves(-op->input.zero_point);
    const int32_t taps = (input.channels + 3) & ~3;
    int8_t *const gathered = arena + op->scratch;
    int8_t *waiting = NULL;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int8_t *x = tinynas_pixel(&input, row * op->stride_rows,
                                        window.column * op->stride_columns);
        int8_t *pixel = tinynas_pixel(&output, row, window.column);
        for (int32_t column = window.column; column < window.column_end; ++column) {
            gather(x, input.channels, offset, waiting == NULL ? gathered : gathered + 8);
            if (waiting == NULL) {
                waiting = pixel;
            } else {
                tinynas_pair(op, gathered, taps, waiting, pixel);
                waiting = NULL;
            }
            x += op->stride_columns * input.channels;
            pixel += output.channels;
        }
    }
    if (waiting != NULL) {
        tinynas_pair(op, gathered, taps, waiting, waiting);
    }
}
