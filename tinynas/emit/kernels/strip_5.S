/* Depthwise products 5 x 5 of stride 1, a row of outputs, on cores with the DSP extension: tinynas_strip.h.
 *
 *     r2-r5     sums of four outputs; before them in r5 the bias
 *     r6-r10    weights of a band; of the last row r6-r8 for even outputs, r9-r11 for odd ones
 *     r11, r12, lr  columns; of the last row r12, lr
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define SIZE 5
#define STRIDE 1
#include "tinynas_strip.h"

/* A band, sums to be added to a, b, c. */
.macro BAND_OF_FOUR a, b, c
    ldm     r0!, {r11, r12, lr}
    smlad   r2, r11, r6, \a
    smlad   r2, r12, r7, r2
    smlad   r3, r12, r6, \b
    smlad   r2, lr, r8, r2
    smlad   r3, lr, r7, r3
    smlad   r4, lr, r6, \c
    ldm     r0!, {r11, r12, lr}
    strd    r12, lr, [r0, #-24]
    smlad   r2, r11, r9, r2
    smlad   r3, r11, r8, r3
    smlad   r4, r11, r7, r4
    smlad   r5, r11, r6, r5
    smlad   r2, r12, r10, r2
    smlad   r3, r12, r9, r3
    smlad   r4, r12, r8, r4
    smlad   r5, r12, r7, r5
    smlad   r3, lr, r10, r3
    smlad   r4, lr, r9, r4
    smlad   r5, lr, r8, r5
    ldm     r0!, {r11, r12}
    strd    r11, r12, [r0, #-24]
    smlad   r4, r11, r10, r4
    smlad   r5, r11, r9, r5
    smlad   r5, r12, r10, r5
.endm

.macro FOUR
    ldm     r1!, {r5-r10}
    BAND_OF_FOUR r5, r5, r5
    ldm     r1!, {r6-r10}
    BAND_OF_FOUR r2, r3, r4
    ldm     r1!, {r6-r11}
    ldm     r0!, {r12, lr}
    smlad   r2, r12, r6, r2
    smlad   r3, r12, r9, r3
    smlad   r2, lr, r7, r2
    smlad   r3, lr, r10, r3
    smlad   r4, lr, r6, r4
    smlad   r5, lr, r9, r5
    ldm     r0!, {r12, lr}
    strd    r12, lr, [r0, #-16]
    smlad   r2, r12, r8, r2
    smlad   r3, r12, r11, r3
    smlad   r4, r12, r7, r4
    smlad   r5, r12, r10, r5
    smlad   r4, lr, r8, r4
    smlad   r5, lr, r11, r5
.endm

.macro BAND_OF_TWO a
    ldm     r0!, {r11, r12, lr}
    smlad   r2, r11, r6, \a
    smlad   r2, r12, r7, r2
    smlad   r3, r12, r6, r3
    smlad   r2, lr, r8, r2
    smlad   r3, lr, r7, r3
    ldm     r0!, {r11, r12, lr}
    smlad   r2, r11, r9, r2
    smlad   r3, r11, r8, r3
    smlad   r2, r12, r10, r2
    smlad   r3, r12, r9, r3
    smlad   r3, lr, r10, r3
    add     r0, r0, #8
.endm

.macro TWO
    ldm     r1!, {r3, r6-r10}
    BAND_OF_TWO r3
    ldm     r1!, {r6-r10}
    BAND_OF_TWO r2
    ldm     r1!, {r6-r11}
    ldm     r0!, {r4, r12, lr}
    smlad   r2, r4, r6, r2
    smlad   r3, r4, r9, r3
    smlad   r2, r12, r7, r2
    smlad   r3, r12, r10, r3
    smlad   r2, lr, r8, r2
    smlad   r3, lr, r11, r3
    add     r0, r0, #4
.endm

    STRIP   tinynas_strip_5
#endif
