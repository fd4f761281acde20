/* Every output pixel is a copy of an input pixel.
 *
 * constants  for each output row the offset of its input row, then for each output column that of
 *            its input pixel in the row (bytes)
 * scratch    none
 * order      none
 */
#include "tinynas_kernels.h"

void tinynas_resize_nearest(const tinynas_resize_op *op, int8_t *arena)
{
    const int8_t *const x = arena + op->input;
    int8_t *y = arena + op->output;
    const uint32_t *const columns = op->constants + op->rows;
    for (uint32_t row = 0; row < op->rows; ++row) {
        for (uint32_t column = 0; column < op->columns; ++column) {
            tinynas_copy_bytes(y, x + op->constants[row] + columns[column], op->channels);
            y += op->channels;
        }
    }
}
