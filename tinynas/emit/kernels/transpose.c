/* Up to three dimensions in another order.
 *
 * scratch    none
 * order      none
 */
#include "tinynas_kernels.h"

void tinynas_transpose(const tinynas_transpose_op *op, int8_t *arena)
{
    const int8_t *const x = arena + op->input;
    int8_t *y = arena + op->output;
    for (uint32_t i = 0; i < op->extents[0]; ++i) {
        for (uint32_t j = 0; j < op->extents[1]; ++j) {
            const int8_t *from = x + i * op->steps[0] + j * op->steps[1];
            for (uint32_t k = 0; k < op->extents[2]; ++k) {
                *y++ = *from;
                from += op->steps[2];
            }
        }
    }
}
