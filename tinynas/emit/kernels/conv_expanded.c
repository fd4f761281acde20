/* Convolution with a kernel of at most ten rows, any stride and padding, int8 weights that become int16
 * once a call: three pixels at a time, output channels in fours.
 *
 * constants  as expand_weights.c says, taps in the order that conv.c says
 * scratch    6 bytes a tap (rounded up to a multiple of 4 taps); the kernel rows of three pixels
 *            and 3 bytes (up to a whole number of words); the constants of conv_wide.c
 * order      pixel
 */
#include "tinynas_kernels.h"

void tinynas_conv_expanded(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    const int32_t seen = (2 * op->stride_columns + op->kernel_columns) * op->input.channels;
    const int32_t rows = (op->kernel_rows * seen + 6) & ~3;
    const uint32_t *const wide = tinynas_expand_weights(op, arena, rows);
    tinynas_threes_by(tinynas_three_wide, TINYNAS_IN_ASSEMBLY(tinynas_two_wide),
                      TINYNAS_IN_ASSEMBLY(tinynas_gather_nine_wide), wide, op, arena, tile);
}
