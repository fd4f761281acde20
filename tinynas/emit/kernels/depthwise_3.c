/* Depthwise convolution 3 x 3, stride 1 or 2, multiplier 1, channels in fours, clamped at -128.
 *
 * constants, scratch  as planes.c says
 * order               planes: a channel's outputs in raster order, each row when its inputs are read
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_planes_3(const int8_t *const *rows, const uint32_t *constants, uint32_t *lanes,
                      int32_t steps, int32_t back);
void tinynas_planes_3_strided(const int8_t *const *rows, const uint32_t *constants, uint32_t *lanes,
                              int32_t steps, int32_t back);

#else

static void tinynas_planes_3(const int8_t *const *rows, const uint32_t *constants, uint32_t *lanes,
                             int32_t steps, int32_t back)
{
    tinynas_planes_twin(rows, constants, lanes, 2 * steps, back + 2 * 2 * steps, 3, 1);
}

static void tinynas_planes_3_strided(const int8_t *const *rows, const uint32_t *constants,
                                     uint32_t *lanes, int32_t steps, int32_t back)
{
    tinynas_planes_twin(rows, constants, lanes, 2 * steps, back + 4 * 2 * steps, 3, 2);
}

#endif

void tinynas_depthwise_3(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_planes_by(op->stride_rows == 1 ? tinynas_planes_3 : tinynas_planes_3_strided, 2, op,
                      arena, tile);
}
