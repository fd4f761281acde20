/* Depthwise convolution 7 x 7, stride 2, a row of outputs at a time: multiplier 1, channels in fours, clamped
 * at -128.
 *
 * constants, scratch, order  as strips.c says
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_strip_7_strided(const tinynas_strip *strip);

#else

static void tinynas_strip_7_strided(const tinynas_strip *strip)
{
    tinynas_strip_twin(strip, 7, 2);
}

#endif

void tinynas_depthwise_7_row_strided(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_strips_by(tinynas_strip_7_strided, op, arena, tile);
}
