/* Convolution with a kernel of at most ten rows, any stride and padding, int16 weights:
 * three pixels at a time, output channels in fours.
 *
 * constants  as three_wide.c says, taps in the order that conv.c says
 * scratch    6 bytes a tap (rounded up to a multiple of 4 taps); the kernel rows of three pixels
 *            and 3 bytes
 * order      pixel
 */
#include "tinynas_kernels.h"

void tinynas_conv_wide(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_threes_by(tinynas_three_wide, TINYNAS_IN_ASSEMBLY(tinynas_two_wide),
                      TINYNAS_IN_ASSEMBLY(tinynas_gather_nine_wide), op->constants, op, arena,
                      tile);
}
