/* Bytes to int16s for the dense product; cores with the DSP extension have it in expand.S. */
#include "tinynas_kernels.h"

#if !defined(TINYNAS_ASSEMBLY)

void tinynas_expand_both(const int8_t *a, const int8_t *b, int8_t *to, uint32_t words)
{
    for (; words > 0; --words) {
        tinynas_expand(to, tinynas_load(a));
        tinynas_expand(to + 8, tinynas_load(b));
        a += 4;
        b += 4;
        to += 16;
    }
}

#endif
