/* Convolution with any kernel, stride and padding, int16 weights.
 *
 * constants  as pair_wide.c says, taps in the order that gather.c says
 * scratch    4 bytes a tap
 * order      pixel
 */
#include "tinynas_kernels.h"

void tinynas_conv_wide(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_conv_by(tinynas_pair_wide, op, arena, tile);
}
