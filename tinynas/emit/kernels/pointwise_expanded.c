/* Convolution with a 1 x 1 kernel, any stride, no padding, int8 weights that become int16 once a call:
 * three pixels at a time, output channels in fours.
 *
 * constants  as expand_weights.c says, a tap an input channel
 * scratch    6 bytes a tap (rounded up to a multiple of 4 taps); the constants of pointwise_wide.c
 * order      pixel
 */
#include "tinynas_kernels.h"

void tinynas_pointwise_expanded(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    const uint32_t *const wide = tinynas_expand_weights(op, arena, 0);
    tinynas_threes_by(tinynas_three_wide, TINYNAS_IN_ASSEMBLY(tinynas_two_wide), NULL, wide, op,
                      arena, tile);
}
