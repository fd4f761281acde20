/* Bytes, halves and words: what a compiler and a core can do with them, and how they are read and
 * written.
 */
#ifndef TINYNAS_WORDS_H
#define TINYNAS_WORDS_H

#include <stdint.h>

/* Loads and stores of some bytes whatever their type and address; no library is needed for them. */
#if defined(__GNUC__)
#define TINYNAS_COPY(to, from, bytes) __builtin_memcpy(to, from, bytes)
#else
#include <string.h>
#define TINYNAS_COPY(to, from, bytes) memcpy(to, from, bytes)
#endif

/* Small enough to cost nothing in its callers, whatever the compiler is asked to save. */
#if defined(__GNUC__)
#define TINYNAS_INLINE static inline __attribute__((always_inline))
#define TINYNAS_NOINLINE static __attribute__((noinline))
#else
#define TINYNAS_INLINE static inline
#define TINYNAS_NOINLINE static
#endif

/* Cortex-M with the DSP extension: some kernels are in assembly there. */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)
#if __ARM_ARCH_PROFILE == 'M'
#define TINYNAS_ASSEMBLY
#endif
#endif

/* Cores without accesses at any address, without long multiplication: Armv6-M, Armv8-M Baseline. */
#if defined(__thumb__) && !defined(__ARM_FEATURE_UNALIGNED)
#define TINYNAS_BYTEWISE
#endif
#if defined(__thumb__) && !defined(__thumb2__)
#define TINYNAS_SHORT_PRODUCTS
#endif

/* The accumulators of four neighbouring channels. */
typedef struct {
    int32_t a;
    int32_t b;
    int32_t c;
    int32_t d;
} tinynas_four;

/* Four neighbouring bytes, wherever they lie. */
typedef struct {
    int8_t bytes[4];
} tinynas_bytes;

/* Four bytes from any address. */
TINYNAS_INLINE uint32_t tinynas_load(const int8_t *from)
{
#if defined(TINYNAS_BYTEWISE)
    const uint32_t low = (uint8_t)from[0] | (uint32_t)(uint8_t)from[1] << 8;
    const uint32_t high = (uint8_t)from[2] | (uint32_t)(uint8_t)from[3] << 8;
    return low | high << 16;
#else
    uint32_t word;
    TINYNAS_COPY(&word, from, sizeof word);
    return word;
#endif
}

/* Four bytes to any address. */
TINYNAS_INLINE void tinynas_store(int8_t *to, uint32_t word)
{
#if defined(TINYNAS_BYTEWISE)
    to[0] = (int8_t)(word & 0xffu);
    to[1] = (int8_t)(word >> 8 & 0xffu);
    to[2] = (int8_t)(word >> 16 & 0xffu);
    to[3] = (int8_t)(word >> 24);
#else
    TINYNAS_COPY(to, &word, sizeof word);
#endif
}

/* Two bytes to an even address. */
TINYNAS_INLINE void tinynas_store_half_aligned(int8_t *to, int32_t value)
{
    const int16_t half = (int16_t)value;
#if defined(__GNUC__)
    to = (int8_t *)__builtin_assume_aligned(to, 2);
#endif
    TINYNAS_COPY(to, &half, sizeof half);
}

/* Four bytes to a word-aligned address. */
TINYNAS_INLINE void tinynas_store_aligned(int8_t *to, uint32_t word)
{
#if defined(__GNUC__)
    to = (int8_t *)__builtin_assume_aligned(to, 4);
#endif
    TINYNAS_COPY(to, &word, sizeof word);
}

/* Byte `index` of a word, signed. */
TINYNAS_INLINE int32_t tinynas_byte(uint32_t word, uint32_t index)
{
    return (int8_t)((word >> (8u * index)) & 0xffu);
}

/* The low half of a word, signed. */
TINYNAS_INLINE int32_t tinynas_half(uint32_t word)
{
    return (int16_t)(word & 0xffffu);
}

/* The same signed byte four times. */
TINYNAS_INLINE uint32_t tinynas_four_bytes(int32_t value)
{
    return ((uint32_t)value & 0xffu) * 0x01010101u;
}

/* The same number in both halves of a word. */
TINYNAS_INLINE uint32_t tinynas_both_halves(int32_t value)
{
    return ((uint32_t)value & 0xffffu) * 0x10001u;
}

#endif
