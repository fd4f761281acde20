/* Convolution with a 1 x 1 kernel, any stride, no padding, int16 weights:
 * three pixels at a time, output channels in fours.
 *
 * constants  as three_wide.c says, a tap an input channel
 * scratch    6 bytes a tap (rounded up to a multiple of 4 taps)
 * order      pixel
 */
#include "tinynas_kernels.h"

void tinynas_pointwise_wide(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_threes_by(tinynas_three_wide, TINYNAS_IN_ASSEMBLY(tinynas_two_wide), NULL,
                      op->constants, op, arena, tile);
}
