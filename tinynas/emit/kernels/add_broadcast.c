/* Sum of two tensors that broadcast, each with its own scale; one may be constant.
 *
 * constants  the bytes of a constant input, rounded up to words
 * scratch    none
 * order      flat
 *
 * Each input, shifted left by 20, is brought to a common scale, and the sum to the output's.
 */
#include "tinynas_kernels.h"

static int32_t scaled_input(const tinynas_broadcast_op *op, int32_t index, int32_t x)
{
    return tinynas_requantise((x - op->zero_points[index]) * (1 << 20), op->multipliers[index],
                              op->rights[index], 0, INT32_MIN, INT32_MAX);
}

void tinynas_add_broadcast(const tinynas_broadcast_op *op, int8_t *arena)
{
    const int8_t *const first = tinynas_operand(op, 0, arena);
    const int8_t *const second = tinynas_operand(op, 1, arena);
    int8_t *y = arena + op->output;
    for (uint32_t i = 0; i < op->extents[0]; ++i) {
        for (uint32_t j = 0; j < op->extents[1]; ++j) {
            const int8_t *a = first + i * op->steps[0][0] + j * op->steps[0][1];
            const int8_t *b = second + i * op->steps[1][0] + j * op->steps[1][1];
            for (uint32_t k = 0; k < op->extents[2]; ++k) {
                const int32_t sum = scaled_input(op, 0, *a) + scaled_input(op, 1, *b);
                *y++ = (int8_t)tinynas_requantise(sum, op->multipliers[2], op->rights[2],
                                                  op->zero_points[2], op->minimum, op->maximum);
                a += op->steps[0][2];
                b += op->steps[1][2];
            }
        }
    }
}
