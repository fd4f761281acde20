/* Moving and filling bytes, without a C library. */
#include "tinynas_kernels.h"

/* Keeps compilers from calling memcpy or memset for a loop that is one. */
#if defined(__GNUC__)
#define KEEP_LOOP __asm__ volatile("" ::: "memory")
#else
#define KEEP_LOOP ((void)0)
#endif

void tinynas_copy_bytes(int8_t *to, const int8_t *from, uint32_t bytes)
{
    for (; bytes >= 4; bytes -= 4) {
        tinynas_store(to, tinynas_load(from));
        from += 4;
        to += 4;
        KEEP_LOOP;
    }
    for (; bytes > 0; --bytes) {
        *to++ = *from++;
        KEEP_LOOP;
    }
}

void tinynas_fill_bytes(int8_t *to, int8_t value, uint32_t bytes)
{
    for (; bytes > 0; --bytes) {
        *to++ = value;
        KEEP_LOOP;
    }
}
