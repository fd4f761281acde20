/* Depthwise convolution 5 x 5, stride 1 or 2, multiplier 1, channels in fours, clamped at -128.
 *
 * constants, scratch  as planes.c says
 * order               planes: a channel's outputs in raster order, each row when its inputs are read
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_planes_5(const int8_t *const *rows, const uint32_t *constants, uint32_t *lanes,
                      int32_t steps, int32_t back);
void tinynas_planes_5_strided(const int8_t *const *rows, const uint32_t *constants, uint32_t *lanes,
                              int32_t steps, int32_t back);

#else

static void tinynas_planes_5(const int8_t *const *rows, const uint32_t *constants, uint32_t *lanes,
                             int32_t steps, int32_t back)
{
    tinynas_planes_twin(rows, constants, lanes, 4 * steps, back + 2 * 4 * steps, 5, 1);
}

static void tinynas_planes_5_strided(const int8_t *const *rows, const uint32_t *constants,
                                     uint32_t *lanes, int32_t steps, int32_t back)
{
    tinynas_planes_twin(rows, constants, lanes, 4 * steps, back + 4 * 4 * steps, 5, 2);
}

#endif

void tinynas_depthwise_5(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_planes_by(op->stride_rows == 1 ? tinynas_planes_5 : tinynas_planes_5_strided, 4, op,
                      arena, tile);
}
