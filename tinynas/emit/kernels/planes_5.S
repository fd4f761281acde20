/* Depthwise products 5 x 5, on cores with the DSP extension; planes.c says the
 * layouts and has the portable twin.
 *
 * Two neighbouring inputs of a row are one word, so that SMLAD does two taps.  Of two outputs one step
 * apart the second needs pairs that begin at odd inputs: its weights are paired the other way.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#include "tinynas_planes.h"

    .syntax unified
    .thumb

.macro TAPS_5_1 row
    ldr     r0, [sp, #ROWS + 4 * \row]
    ldm     r1!, {r6-r9}
    ldrd    r10, r11, [r0], #8
    str     r0, [sp, #ROWS + 4 * \row]
    smlad   r2, r10, r6, r2
    smlatb  r3, r10, r6, r3
    smlad   r2, r11, r7, r2
    smlad   r3, r11, r8, r3
    smlad   r4, r11, r6, r4
    smlatb  r5, r11, r6, r5
    ldrd    r10, r11, [r0]
    smlabt  r2, r10, r9, r2
    smlad   r3, r10, r9, r3
    smlad   r4, r10, r7, r4
    smlad   r5, r10, r8, r5
    smlabt  r4, r11, r9, r4
    smlad   r5, r11, r9, r5
.endm

.macro TAPS_5_2 row
    ldr     r0, [sp, #ROWS + 4 * \row]
    ldm     r1!, {r6-r9}
    ldrd    r10, r11, [r0], #16
    str     r0, [sp, #ROWS + 4 * \row]
    smlad   r2, r10, r6, r2
    smlad   r2, r11, r7, r2
    smlad   r3, r11, r6, r3
    ldrd    r10, r11, [r0, #-8]
    smlabt  r2, r10, r9, r2
    smlad   r3, r10, r7, r3
    smlad   r4, r10, r6, r4
    smlabt  r3, r11, r9, r3
    smlad   r4, r11, r7, r4
    smlad   r5, r11, r6, r5
    ldrd    r10, r11, [r0]
    smlabt  r4, r10, r9, r4
    smlad   r5, r10, r7, r5
    smlabt  r5, r11, r9, r5
.endm

    LARGE   tinynas_planes_5, 5, 80, TAPS_5_1
    LARGE   tinynas_planes_5_strided, 5, 80, TAPS_5_2
#endif
