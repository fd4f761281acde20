/* Product of two tensors that broadcast.
 *
 * constants  the bytes of a constant input, rounded up to words
 * scratch    none
 * order      flat
 */
#include "tinynas_kernels.h"

void tinynas_mul(const tinynas_broadcast_op *op, int8_t *arena)
{
    const int8_t *const first = tinynas_operand(op, 0, arena);
    const int8_t *const second = tinynas_operand(op, 1, arena);
    int8_t *y = arena + op->output;
    for (uint32_t i = 0; i < op->extents[0]; ++i) {
        for (uint32_t j = 0; j < op->extents[1]; ++j) {
            const int8_t *a = first + i * op->steps[0][0] + j * op->steps[0][1];
            const int8_t *b = second + i * op->steps[1][0] + j * op->steps[1][1];
            for (uint32_t k = 0; k < op->extents[2]; ++k) {
                const int32_t product = (*a - op->zero_points[0]) * (*b - op->zero_points[1]);
                *y++ = (int8_t)tinynas_requantise(product, op->multipliers[2], op->rights[2],
                                                  op->zero_points[2], op->minimum, op->maximum);
                a += op->steps[0][2];
                b += op->steps[1][2];
            }
        }
    }
}
