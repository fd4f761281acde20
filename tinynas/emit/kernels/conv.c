/* Convolution with any kernel, stride and padding, int8 weights.
 *
 * constants  as pair.c says, taps in the order that gather.c says
 * scratch    4 bytes a tap
 * order      pixel
 */
#include "tinynas_kernels.h"

void tinynas_conv(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_conv_by(tinynas_pair, op, arena, tile);
}
