/* Convolution with a 1 x 1 kernel, any stride, no padding, int8 weights.
 *
 * constants  as pair.c says, a tap an input channel, padded to words with zeros
 * scratch    4 bytes an input channel (rounded up to a multiple of 4 channels)
 * order      pixel
 */
#include "tinynas_kernels.h"

void tinynas_pointwise(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_pointwise_by(tinynas_pair, op, arena, tile);
}
