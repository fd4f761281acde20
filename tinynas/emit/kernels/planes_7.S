/* Depthwise products 7 x 7, on cores with the DSP extension; planes.c says the
 * layouts and has the portable twin.
 *
 * Two neighbouring inputs of a row are one word, so that SMLAD does two taps.  Of two outputs one step
 * apart the second needs pairs that begin at odd inputs: its weights are paired the other way.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#include "tinynas_planes.h"

    .syntax unified
    .thumb

.macro TAPS_7_1 row
    ldr     r0, [sp, #ROWS + 4 * \row]
    ldm     r1!, {r6-r11}
    ldrd    r12, lr, [r0], #8
    str     r0, [sp, #ROWS + 4 * \row]
    smlad   r2, r12, r6, r2
    smlatb  r3, r12, r6, r3
    smlad   r2, lr, r7, r2
    smlad   r3, lr, r9, r3
    smlad   r4, lr, r6, r4
    smlatb  r5, lr, r6, r5
    ldrd    r12, lr, [r0]
    smlad   r2, r12, r8, r2
    smlad   r3, r12, r10, r3
    smlad   r4, r12, r7, r4
    smlad   r5, r12, r9, r5
    smlabt  r2, lr, r11, r2
    smlad   r3, lr, r11, r3
    smlad   r4, lr, r8, r4
    smlad   r5, lr, r10, r5
    ldr     r12, [r0, #8]
    smlabt  r4, r12, r11, r4
    smlad   r5, r12, r11, r5
.endm

.macro TAPS_7_2 row
    ldr     r0, [sp, #ROWS + 4 * \row]
    ldm     r1!, {r6-r11}
    ldrd    r12, lr, [r0], #16
    str     r0, [sp, #ROWS + 4 * \row]
    smlad   r2, r12, r6, r2
    smlad   r2, lr, r7, r2
    smlad   r3, lr, r6, r3
    ldrd    r12, lr, [r0, #-8]
    smlad   r2, r12, r8, r2
    smlad   r3, r12, r7, r3
    smlad   r4, r12, r6, r4
    smlabt  r2, lr, r11, r2
    smlad   r3, lr, r8, r3
    smlad   r4, lr, r7, r4
    smlad   r5, lr, r6, r5
    ldrd    r12, lr, [r0]
    smlabt  r3, r12, r11, r3
    smlad   r4, r12, r8, r4
    smlad   r5, r12, r7, r5
    smlabt  r4, lr, r11, r4
    smlad   r5, lr, r8, r5
    ldr     r12, [r0, #8]
    smlabt  r5, r12, r11, r5
.endm

    LARGE   tinynas_planes_7, 7, 168, TAPS_7_1
    LARGE   tinynas_planes_7_strided, 7, 168, TAPS_7_2
#endif
