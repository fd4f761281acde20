/* Depthwise products 5 x 5 of stride 2, a row of outputs, on cores with the DSP extension: tinynas_strip.h.
 *
 *     r2-r5     sums of four outputs; before them in r5 the bias
 *     r6-r10    weights of a band; of the last row r6-r8
 *     r11, r12, lr  columns; of the last row r9-r12, lr
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define SIZE 5
#define STRIDE 2
#include "tinynas_strip.h"

/* A band, sums to be added to a, b, c. */
.macro BAND_OF_FOUR a, b, c
    ldm     r0!, {r11, r12, lr}
    smlad   r2, r11, r6, \a
    smlad   r2, r12, r7, r2
    smlad   r2, lr, r8, r2
    smlad   r3, lr, r6, \b
    ldm     r0!, {r11, r12, lr}
    smlad   r2, r11, r9, r2
    smlad   r3, r11, r7, r3
    smlad   r2, r12, r10, r2
    smlad   r3, r12, r8, r3
    smlad   r4, r12, r6, \c
    smlad   r3, lr, r9, r3
    smlad   r4, lr, r7, r4
    ldm     r0!, {r11, r12, lr}
    str     lr, [r0, #-36]
    smlad   r3, r11, r10, r3
    smlad   r4, r11, r8, r4
    smlad   r5, r11, r6, r5
    smlad   r4, r12, r9, r4
    smlad   r5, r12, r7, r5
    smlad   r4, lr, r10, r4
    smlad   r5, lr, r8, r5
    ldm     r0!, {r11, r12, lr}
    strd    r11, r12, [r0, #-44]
    str     lr, [r0, #-36]
    smlad   r5, r11, r9, r5
    smlad   r5, r12, r10, r5
.endm

.macro FOUR
    ldm     r1!, {r5-r10}
    BAND_OF_FOUR r5, r5, r5
    ldm     r1!, {r6-r10}
    BAND_OF_FOUR r2, r3, r4
    ldm     r1!, {r6-r8}
    ldm     r0!, {r9-r12, lr}
    smlad   r2, r9, r6, r2
    ldr     r9, [r0], #4
    strd    lr, r9, [r0, #-24]
    smlad   r2, r10, r7, r2
    smlad   r3, r10, r6, r3
    smlad   r2, r11, r8, r2
    smlad   r3, r11, r7, r3
    smlad   r4, r11, r6, r4
    smlad   r3, r12, r8, r3
    smlad   r4, r12, r7, r4
    smlad   r5, r12, r6, r5
    smlad   r4, lr, r8, r4
    smlad   r5, lr, r7, r5
    smlad   r5, r9, r8, r5
.endm

.macro BAND_OF_TWO a
    ldm     r0!, {r11, r12, lr}
    smlad   r2, r11, r6, \a
    smlad   r2, r12, r7, r2
    smlad   r2, lr, r8, r2
    smlad   r3, lr, r6, r3
    ldm     r0!, {r11, r12, lr}
    smlad   r2, r11, r9, r2
    smlad   r3, r11, r7, r3
    smlad   r2, r12, r10, r2
    smlad   r3, r12, r8, r3
    ldr     r11, [r0], #24
    smlad   r3, lr, r9, r3
    smlad   r3, r11, r10, r3
.endm

.macro TWO
    ldm     r1!, {r3, r6-r10}
    BAND_OF_TWO r3
    ldm     r1!, {r6-r10}
    BAND_OF_TWO r2
    ldm     r1!, {r6-r8}
    ldm     r0!, {r9-r12}
    smlad   r2, r9, r6, r2
    smlad   r2, r10, r7, r2
    smlad   r3, r10, r6, r3
    smlad   r2, r11, r8, r2
    smlad   r3, r11, r7, r3
    smlad   r3, r12, r8, r3
    add     r0, r0, #8
.endm

    STRIP   tinynas_strip_5_strided
#endif
