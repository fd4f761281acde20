/* The dense product of three pixels with int8 weights, on cores with the DSP extension; three.c says the
 * layouts and has the portable twin, tinynas_three.h the plan of the registers.
 *
 * Three pixels by two channels at a time: of four taps 3 loads, 2 extensions and 12 SMLAD for 24
 * products, as weights are used as they lie in flash before they are extended.  Two pixels need 2 loads and
 * 8 SMLAD for 16 products.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#define UNIT_BYTES (8 + 20 * PIXELS)
#define UNITS 8
#define FEW 0
#include "tinynas_three.h"

.macro UPWARDS
    ldrd    r8, r9, [r1], #8
    .if     PIXELS == 2
    TWO_PIXELS ldm, r2, r3, r5, r6
    .else
    ldm.w   r0!, {r11, r12, lr}
    smlad   r2, r11, r8, r2
    smlad   r3, r12, r8, r3
    smlad   r4, lr, r8, r4
    smlad   r5, r11, r9, r5
    smlad   r6, r12, r9, r6
    smlad   r7, lr, r9, r7
    LOWER_UPWARDS
    .endif
.endm

.macro LOWER_UPWARDS
    ldm.w   r0!, {r11, r12, lr}
    sxtb16  r8, r8
    sxtb16  r9, r9
    smlad   r2, r11, r8, r2
    smlad   r3, r12, r8, r3
    smlad   r4, lr, r8, r4
    smlad   r5, r11, r9, r5
    smlad   r6, r12, r9, r6
    smlad   r7, lr, r9, r7
.endm

.macro DOWNWARDS
    ldrd    r8, r9, [r1], #8
    .if     PIXELS == 2
    TWO_PIXELS ldmdb, r2, r3, r5, r6
    .else
    ldmdb.w r0!, {r11, r12, lr}
    sxtb16  r10, r8
    smlad   r2, r11, r10, r2
    smlad   r3, r12, r10, r3
    smlad   r4, lr, r10, r4
    sxtb16  r10, r9
    smlad   r5, r11, r10, r5
    smlad   r6, r12, r10, r6
    smlad   r7, lr, r10, r7
    LOWER_DOWNWARDS
    .endif
.endm

.macro LOWER_DOWNWARDS
    ldmdb.w r0!, {r11, r12, lr}
    smlad   r2, r11, r8, r2
    smlad   r3, r12, r8, r3
    smlad   r4, lr, r8, r4
    smlad   r5, r11, r9, r5
    smlad   r6, r12, r9, r6
    smlad   r7, lr, r9, r7
.endm

/* Those of a pass come first, with both biases. */
.macro FIRST_UPWARDS
    ldm     r1!, {r2, r5, r8, r9}
    .if     PIXELS == 2
    TWO_PIXELS ldm, r2, r2, r5, r5
    .else
    ldm.w   r0!, {r11, r12, lr}
    smlad   r3, r12, r8, r2
    smlad   r4, lr, r8, r2
    smlad   r2, r11, r8, r2
    smlad   r6, r12, r9, r5
    smlad   r7, lr, r9, r5
    smlad   r5, r11, r9, r5
    LOWER_UPWARDS
    .endif
.endm

.macro FIRST_DOWNWARDS
    ldm     r1!, {r2, r5, r8, r9}
    .if     PIXELS == 2
    TWO_PIXELS ldmdb, r2, r2, r5, r5
    .else
    ldmdb.w r0!, {r11, r12, lr}
    sxtb16  r10, r8
    smlad   r3, r12, r10, r2
    smlad   r4, lr, r10, r2
    smlad   r2, r11, r10, r2
    sxtb16  r10, r9
    smlad   r6, r12, r10, r5
    smlad   r7, lr, r10, r5
    smlad   r5, r11, r10, r5
    LOWER_DOWNWARDS
    .endif
.endm

/* Four taps of two pixels, sums to be added to a, b, c, d; both words of both are in four registers. */
.macro TWO_PIXELS load, a, b, c, d
    \load\().w r0!, {r7, r11, r12, lr}
    smlad   r3, r11, r8, \b
    smlad   r2, r7, r8, \a
    smlad   r6, r11, r9, \d
    smlad   r5, r7, r9, \c
    sxtb16  r8, r8
    sxtb16  r9, r9
    smlad   r2, r12, r8, r2
    smlad   r3, lr, r8, r3
    smlad   r5, r12, r9, r5
    smlad   r6, lr, r9, r6
.endm

.macro CLAMPED sum, multiplier, offset, shift
    smmla   \sum, \sum, \multiplier, \offset
    asr     \sum, \sum, \shift
.endm

/* Ties go away from zero: of a negative number one unit of the high product is taken off. */
.macro SIGNED sum, multiplier, offset, shift
    asr     r0, \sum, #31
    smmla   \sum, \sum, \multiplier, \offset
    add     \sum, \sum, r0, lsl #7
    asr     \sum, \sum, \shift
.endm

.macro SCALE how
    ldm     r1!, {r8-r12, lr}
    \how    r2, r8, r10, r12
    \how    r3, r8, r10, r12
    THIRD   \how r4, r8, r10, r12
    \how    r5, r9, r11, lr
    \how    r6, r9, r11, lr
    THIRD   \how r7, r9, r11, lr
.endm

.macro PACK
    pkhbt   r2, r2, r5, lsl #16
    pkhbt   r3, r3, r6, lsl #16
    THIRD   pkhbt r4, r4, r7, lsl #16
    usat16  r2, #8, r2
    usat16  r3, #8, r3
    THIRD   usat16 r4, #8, r4
.endm

.macro SCALE_CLAMPED
    SCALE   CLAMPED
.endm

.macro SCALE_SIGNED
    SCALE   SIGNED
.endm

.macro BEGIN_SPREAD
    movw    r10, #0xff81
    movt    r10, #0xff81
.endm

.macro SPREAD
    .if     PIXELS == 3
    sxtab16 r4, r10, r7
    sxtab16 r5, r10, r8
    sxtab16 r6, r10, r9
    eor     r7, r7, #0x007f007f
    eor     r8, r8, #0x007f007f
    eor     r9, r9, #0x007f007f
    .else
    sxtab16 r4, r10, r7
    sxtab16 r5, r10, r8
    eor     r6, r7, #0x007f007f
    eor     r7, r8, #0x007f007f
    .endif
.endm

    .set    PIXELS, 3
    THREE   tinynas_three, 3
    GATHER_NINE tinynas_gather_nine
    .set    PIXELS, 2
    THREE   tinynas_two, 2
#endif
