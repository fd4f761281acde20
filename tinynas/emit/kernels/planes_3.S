/* Depthwise products 3 x 3, two outputs a step, on cores with the DSP extension; planes.c says the
 * layouts and has the portable twin.
 *
 * Two neighbouring inputs of a row are one word, so that SMLAD does two taps.  Of two outputs one step
 * apart the second needs pairs that begin at odd inputs: its weights are paired the other way.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#include "tinynas_planes.h"

    .syntax unified
    .thumb

/* 3 x 3: r0-r2 rows, r3-r8 weights of the rows, r9 and r10 inputs, r11 and r12 sums, lr lanes. */
.macro TAPS_3_1 row, first, second
    ldrd    r9, r10, [\row], #4
    smlad   r11, r9, \first, r11
    smlatb  r12, r9, \first, r12
    smlabt  r11, r10, \second, r11
    smlad   r12, r10, \second, r12
.endm

.macro TAPS_3_2 row, first, second
    ldrd    r9, r10, [\row], #8
    smlad   r11, r9, \first, r11
    smlad   r12, r10, \first, r12
    ldr     r9, [\row]
    smlabt  r11, r10, \second, r11
    smlabt  r12, r9, \second, r12
.endm

.macro THREE name, taps
    FUNCTION \name
    OPEN    3
    add     r9, sp, #ROWS
    ldm     r9, {r9, r10, r11}
1:  mov     r0, r9
    mov     r2, r11
    ldm     r1!, {r11, r12, lr}
    ldm     r1!, {r3-r8}
    str     r1, [sp, #WEIGHTS]
    mov     r1, r10
    strd    r11, r11, [sp, #BIAS]
    strd    r12, lr, [sp, #MULTIPLIER]
    ldr     r9, [sp, #STEPS]
    ldr     lr, [sp, #BASE]
    add     r9, lr, r9, lsl #4
    str     r9, [sp, #STEPS_LEFT]
    ldrd    r11, r12, [sp, #BIAS]
2:  \taps   r0, r3, r4
    \taps   r1, r5, r6
    \taps   r2, r7, r8
    ldrd    r9, r10, [sp, #MULTIPLIER]
    smmla   r11, r11, r9, r10
    smmla   r12, r12, r9, r10
    PACK    r11, r12
    str     r11, [lr], #16
    ldr     r9, [sp, #STEPS_LEFT]
    ldrd    r11, r12, [sp, #BIAS]
    cmp     lr, r9
    bne.n   2b
    ldr     r3, [sp, #BACK]
    ldr     r4, [sp, #CHANNELS]
    ldr     r5, [sp, #BASE]
    add     r9, r0, r3
    add     r10, r1, r3
    add     r11, r2, r3
    add     r5, r5, #4
    str     r5, [sp, #BASE]
    ldr     r1, [sp, #WEIGHTS]
    subs    r4, r4, #1
    str     r4, [sp, #CHANNELS]
    bne.n   1b
    CLOSE
    .size   \name, . - \name
.endm

    THREE   tinynas_planes_3, TAPS_3_1
    THREE   tinynas_planes_3_strided, TAPS_3_2
#endif
