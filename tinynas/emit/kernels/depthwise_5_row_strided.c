/* Depthwise convolution 5 x 5, stride 2, a row of outputs at a time: multiplier 1, channels in fours, clamped
 * at -128.
 *
 * constants, scratch, order  as strips.c says
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_strip_5_strided(const tinynas_strip *strip);

#else

static void tinynas_strip_5_strided(const tinynas_strip *strip)
{
    tinynas_strip_twin(strip, 5, 2);
}

#endif

void tinynas_depthwise_5_row_strided(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_strips_by(tinynas_strip_5_strided, op, arena, tile);
}
