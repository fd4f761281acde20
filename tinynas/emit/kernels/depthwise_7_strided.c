/* Depthwise convolution 7 x 7, stride 2, multiplier 1, channels in fours, clamped at -128.
 *
 * constants, scratch  as bands.c says
 * order               planes: a channel's outputs in raster order, each row when its inputs are read
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_bands_7_strided(const tinynas_bands *bands);

#else

static void tinynas_bands_7_strided(const tinynas_bands *bands)
{
    tinynas_bands_twin(bands, 7, 2);
}

#endif

void tinynas_depthwise_7_strided(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_bands_by(tinynas_bands_7_strided, op, arena, tile);
}
