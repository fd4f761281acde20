/* Depthwise convolution 5 x 5, stride 2, multiplier 1, channels in fours, clamped at -128.
 *
 * constants, scratch  as bands.c says
 * order               planes: a channel's outputs in raster order, each row when its inputs are read
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_bands_5_strided(const tinynas_bands *bands);

#else

static void tinynas_bands_5_strided(const tinynas_bands *bands)
{
    tinynas_bands_twin(bands, 5, 2);
}

#endif

void tinynas_depthwise_5_strided(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_bands_by(tinynas_bands_5_strided, op, arena, tile);
}
