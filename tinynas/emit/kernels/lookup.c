/* A function of one byte: a table of its 256 results, in the order of unsigned bytes.
 *
 * constants  64 words, four results each
 * scratch    none
 * order      flat
 */
#include "tinynas_kernels.h"

void tinynas_lookup(const tinynas_lookup_op *op, int8_t *arena)
{
    const int8_t *const x = arena + op->input;
    int8_t *const y = arena + op->output;
    const int8_t *const table = (const int8_t *)op->constants;
    for (uint32_t i = 0; i < op->bytes; ++i) {
        y[i] = table[(uint8_t)x[i]];
    }
}
