/* A border of one value around the input, in up to three dimensions.
 *
 * scratch    none
 * order      none
 */
#include "tinynas_kernels.h"

void tinynas_pad(const tinynas_pad_op *op, int8_t *arena)
{
    const int8_t *x = arena + op->input;
    int8_t *const y = arena + op->output;
    const uint32_t columns = op->output_extents[1];
    const uint32_t channels = op->output_extents[2];
    tinynas_fill_bytes(y, op->value, op->output_extents[0] * columns * channels);
    for (uint32_t row = 0; row < op->input_extents[0]; ++row) {
        for (uint32_t column = 0; column < op->input_extents[1]; ++column) {
            const uint32_t pixel = (row + op->before[0]) * columns + column + op->before[1];
            tinynas_copy_bytes(y + pixel * channels + op->before[2], x, op->input_extents[2]);
            x += op->input_extents[2];
        }
    }
}
