/* Tensors side by side along one dimension: block after block, of each tensor its part.
 *
 * constants  for each tensor its offset in the arena, and the bytes of its part of a block
 * scratch    none
 * order      none
 */
#include "tinynas_kernels.h"

void tinynas_concat(const tinynas_concat_op *op, int8_t *arena)
{
    int8_t *y = arena + op->output;
    for (uint32_t block = 0; block < op->blocks; ++block) {
        for (uint32_t part = 0; part < op->parts; ++part) {
            const uint32_t bytes = op->constants[2 * part + 1];
            tinynas_copy_bytes(y, arena + op->constants[2 * part] + block * bytes, bytes);
            y += bytes;
        }
    }
}
