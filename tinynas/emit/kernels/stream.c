/* The order in which the rows of a stream are computed. */
#include "tinynas_kernels.h"

/* Keeps compilers from calling memset for a loop that is one. */
#if defined(__GNUC__)
#define KEEP_LOOP __asm__ volatile("" ::: "memory")
#else
#define KEEP_LOOP ((void)0)
#endif

void tinynas_begin_stream(uint16_t *next, int32_t count)
{
    for (int32_t n = 0; n < count; ++n) {
        next[n] = 0;
        KEEP_LOOP;
    }
}

int32_t tinynas_next_stage(const tinynas_stage *stages, int32_t count, const uint16_t *next,
                           int32_t rows)
{
    for (int32_t n = count - 1; n >= 0; --n) {
        const tinynas_stage *const stage = stages + n;
        const int32_t row = next[n];
        const int32_t needed = row * stage->stride + stage->reach;
        const int32_t there = n > 0 ? next[n - 1] : rows;
        if (row < stage->rows && there > 0 && (there > needed || there == stage->source_rows)) {
            return n;
        }
    }
    return -1;
}
