/* Pixels to planes and back for the depthwise products, on cores with the DSP extension; planes.c is
 * the portable twin.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#include "tinynas_planes.h"

    .syntax unified
    .thumb

/* Four channels of neighbouring pixels into four planes.  r0 first pixel, r1 bytes from pixel to pixel,
 * r2 first plane, r3 bytes from plane to plane, [sp] pairs of pixels (not 0), [sp, 4] shift.
 */
.macro SPLIT
    ldr     r4, [r0]
    ldr     r5, [r0, r1]
    add     r0, r0, r1, lsl #1
    eor     r4, r4, #0x80808080
    eor     r5, r5, #0x80808080
    pkhbt   r6, r4, r5, lsl #16
    pkhtb   r7, r5, r4, asr #16
    uxtb16  r4, r6, ror #8
    uxtb16  r6, r6
    uxtb16  r5, r7, ror #8
    uxtb16  r7, r7
.endm

.macro SPREAD
    str     r4, [r2, r3]
    str     r7, [r2, r3, lsl #1]
    str     r5, [r2, r10]
    str     r6, [r2], #4
.endm

    FUNCTION tinynas_planes_split
    push    {r4-r10, lr}
    ldrd    r8, r9, [sp, #32]
    add     r10, r3, r3, lsl #1
    cmp     r9, #0
    bne.n   2f
1:  SPLIT
    subs    r8, r8, #1
    SPREAD
    bne.n   1b
    pop     {r4-r10, pc}
2:  SPLIT
    lsl     r4, r4, r9
    lsl     r5, r5, r9
    lsl     r6, r6, r9
    lsl     r7, r7, r9
    subs    r8, r8, #1
    SPREAD
    bne.n   2b
    pop     {r4-r10, pc}
    .size   tinynas_planes_split, . - tinynas_planes_split

/* Lanes of four channels to pixels.  r0 lanes, r1 first pixel, r2 bytes from pixel to pixel, r3 pixels. */
.macro JOIN
    ldm     r0!, {r4-r7}
    orr     r4, r4, r5, lsl #8
    orr     r6, r6, r7, lsl #8
    eor     r4, r4, #0x80808080
    eor     r6, r6, #0x80808080
    pkhbt   r5, r4, r6, lsl #16
    str     r5, [r1]
.endm

    FUNCTION tinynas_planes_join
    push    {r4-r7}
    subs    r3, r3, #2
    blt.n   2f
1:  JOIN
    pkhtb   r7, r6, r4, asr #16
    subs    r3, r3, #2
    str     r7, [r1, r2]
    add     r1, r1, r2, lsl #1
    bge.n   1b
2:  adds    r3, r3, #1
    bne.n   3f
    JOIN
3:  pop     {r4-r7}
    bx      lr
    .size   tinynas_planes_join, . - tinynas_planes_join
#endif
