/* Depthwise products 7 x 7 of stride 2, a row of outputs, on cores with the DSP extension: tinynas_strip.h.
 *
 *     r2-r5     sums of four outputs; before them in r5 the bias
 *     r6-r9     weights of a band: the first four, then in r7-r9 the last three; of the last row
 *     r10-r12, lr  columns, and r6; two of them are loaded for the last three weights once more
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define SIZE 7
#define STRIDE 2
#include "tinynas_strip.h"

/* A band whose first four weights are there, sums to be added to a, b, c. */
.macro BAND_OF_FOUR a, b, c
    ldm     r0!, {r10-r12, lr}
    smlad   r2, r10, r6, \a
    smlad   r2, r11, r7, r2
    smlad   r2, r12, r8, r2
    smlad   r3, r12, r6, \b
    smlad   r2, lr, r9, r2
    smlad   r3, lr, r7, r3
    ldm     r0!, {r10-r12, lr}
    smlad   r3, r10, r8, r3
    smlad   r4, r10, r6, \c
    smlad   r3, r11, r9, r3
    smlad   r4, r11, r7, r4
    smlad   r4, r12, r8, r4
    smlad   r5, r12, r6, r5
    smlad   r4, lr, r9, r4
    smlad   r5, lr, r7, r5
    ldm     r0!, {r10, r11}
    smlad   r5, r10, r8, r5
    smlad   r5, r11, r9, r5
    ldm     r1!, {r7-r9}
    smlad   r2, r12, r9, r2
    smlad   r3, r12, r7, r3
    smlad   r3, lr, r8, r3
    smlad   r3, r10, r9, r3
    smlad   r4, r10, r7, r4
    smlad   r4, r11, r8, r4
    ldrd    r12, lr, [r0, #-24]
    smlad   r2, r12, r7, r2
    smlad   r2, lr, r8, r2
    ldm     r0!, {r6, r12, lr}
    smlad   r4, r6, r9, r4
    smlad   r5, r6, r7, r5
    smlad   r5, r12, r8, r5
    smlad   r5, lr, r9, r5
    ldr     r9, [r0], #4
    strd    r10, r11, [r0, #-56]
    strd    r6, r12, [r0, #-48]
    strd    lr, r9, [r0, #-40]
.endm

.macro FOUR
    ldm     r1!, {r5-r9}
    BAND_OF_FOUR r5, r5, r5
    .rept   2
    ldm     r1!, {r6-r9}
    BAND_OF_FOUR r2, r3, r4
    .endr
    ldm     r1!, {r6-r9}
    ldm     r0!, {r10-r12, lr}
    smlad   r2, r10, r6, r2
    smlad   r2, r11, r7, r2
    smlad   r3, r11, r6, r3
    smlad   r2, r12, r8, r2
    smlad   r3, r12, r7, r3
    smlad   r4, r12, r6, r4
    smlad   r2, lr, r9, r2
    smlad   r3, lr, r8, r3
    smlad   r4, lr, r7, r4
    smlad   r5, lr, r6, r5
    ldm     r0!, {r10-r12}
    strd    r10, r11, [r0, #-28]
    str     r12, [r0, #-20]
    smlad   r3, r10, r9, r3
    smlad   r4, r10, r8, r4
    smlad   r5, r10, r7, r5
    smlad   r4, r11, r9, r4
    smlad   r5, r11, r8, r5
    smlad   r5, r12, r9, r5
.endm

.macro BAND_OF_TWO a
    ldm     r0!, {r12, lr}
    smlad   r2, r12, r5, \a
    smlad   r2, lr, r6, r2
    ldm     r0!, {r12, lr}
    smlad   r2, r12, r7, r2
    smlad   r3, r12, r5, r3
    smlad   r2, lr, r8, r2
    smlad   r3, lr, r6, r3
    ldm     r0!, {r12, lr}
    smlad   r2, r12, r9, r2
    smlad   r3, r12, r7, r3
    smlad   r2, lr, r10, r2
    smlad   r3, lr, r8, r3
    ldm     r0!, {r12, lr}
    smlad   r2, r12, r11, r2
    smlad   r3, r12, r9, r3
    ldr     r12, [r0], #24
    smlad   r3, lr, r10, r3
    smlad   r3, r12, r11, r3
.endm

.macro TWO
    ldm     r1!, {r3, r5-r11}
    BAND_OF_TWO r3
    .rept   2
    ldm     r1!, {r5-r11}
    BAND_OF_TWO r2
    .endr
    ldm     r1!, {r4-r7}
    ldm     r0!, {r8-r12}
    smlad   r2, r8, r4, r2
    smlad   r2, r9, r5, r2
    smlad   r3, r9, r4, r3
    smlad   r2, r10, r6, r2
    smlad   r3, r10, r5, r3
    smlad   r2, r11, r7, r2
    smlad   r3, r11, r6, r3
    smlad   r3, r12, r7, r3
    add     r0, r0, #8
.endm

    STRIP   tinynas_strip_7_strided
#endif
