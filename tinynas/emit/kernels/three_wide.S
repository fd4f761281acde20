/* The dense product of three pixels with int16 weights, on cores with the DSP extension; three_wide.c says
 * the layouts and has the portable twin, tinynas_three.h the plan of the registers.
 *
 * Three pixels by two channels at a time: of four taps 4 loads and 12 SMLAD for 24 products.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#define UNIT_BYTES 64
#define UNITS 16
#define FEW 2
#include "tinynas_three.h"

.macro PRODUCTS
    smlad   r2, r11, r8, r2
    smlad   r3, r12, r8, r3
    smlad   r4, lr, r8, r4
    smlad   r5, r11, r9, r5
    smlad   r6, r12, r9, r6
    smlad   r7, lr, r9, r7
.endm

/* Those of a pass come first, with both biases. */
.macro FIRST_PRODUCTS
    smlad   r3, r12, r8, r2
    smlad   r4, lr, r8, r2
    smlad   r2, r11, r8, r2
    smlad   r6, r12, r9, r5
    smlad   r7, lr, r9, r5
    smlad   r5, r11, r9, r5
.endm

.macro HALF_UPWARDS
    ldrd    r8, r9, [r1], #8
    ldm.w   r0!, {r11, r12, lr}
    PRODUCTS
.endm

.macro UPWARDS
    HALF_UPWARDS
    HALF_UPWARDS
.endm

.macro HALF_DOWNWARDS
    ldrd    r8, r9, [r1], #8
    ldmdb.w r0!, {r11, r12, lr}
    PRODUCTS
.endm

.macro DOWNWARDS
    HALF_DOWNWARDS
    HALF_DOWNWARDS
.endm

.macro FIRST_UPWARDS
    ldm     r1!, {r2, r5, r8, r9}
    ldm.w   r0!, {r11, r12, lr}
    FIRST_PRODUCTS
    HALF_UPWARDS
.endm

.macro FIRST_DOWNWARDS
    ldm     r1!, {r2, r5, r8, r9}
    ldmdb.w r0!, {r11, r12, lr}
    FIRST_PRODUCTS
    HALF_DOWNWARDS
.endm

/* Outputs from -128 up, where what is negative needs no correction. */
.macro SCALE_CLAMPED
    ldm     r1!, {r8-r11}
    smmla   r2, r2, r8, r10
    smmla   r3, r3, r8, r10
    smmla   r4, r4, r8, r10
    smmla   r5, r5, r9, r11
    smmla   r6, r6, r9, r11
    smmla   r7, r7, r9, r11
.endm

/* Ties go away from zero: a negative number gives one unit of the high product back. */
.macro SIGNED sum, multiplier, offset, unit
    and     r0, \unit, \sum, asr #31
    smmla   \sum, \sum, \multiplier, \offset
    sub     \sum, \sum, r0
.endm

.macro SCALE_SIGNED
    ldm     r1!, {r8-r12, lr}
    SIGNED  r2, r8, r10, r12
    SIGNED  r3, r8, r10, r12
    SIGNED  r4, r8, r10, r12
    SIGNED  r5, r9, r11, lr
    SIGNED  r6, r9, r11, lr
    SIGNED  r7, r9, r11, lr
.endm

.macro PACK
    pkhtb   r2, r5, r2, asr #16
    pkhtb   r3, r6, r3, asr #16
    pkhtb   r4, r7, r4, asr #16
    usat16  r2, #8, r2
    usat16  r3, #8, r3
    usat16  r4, #8, r4
.endm

/* Bytes raised by 128, not negative, so that shifting a word shifts its halves: by a rotation and masks. */
.macro BEGIN_SPREAD
    ldr     r10, [r12, #OF_SHIFT]
    mov     r11, #0x00ff00ff
    lsl     r11, r11, r10
    rsb     r10, r10, #32
.endm

.macro SPREAD
    eor     r7, r7, #0x80808080
    eor     r8, r8, #0x80808080
    eor     r9, r9, #0x80808080
    ror     r7, r7, r10
    ror     r8, r8, r10
    ror     r9, r9, r10
    and     r4, r11, r7
    and     r5, r11, r8
    and     r6, r11, r9
    and     r7, r11, r7, ror #8
    and     r8, r11, r8, ror #8
    and     r9, r11, r9, ror #8
.endm

    .set    PIXELS, 3
    THREE   tinynas_three_wide, 3
    GATHER_NINE tinynas_gather_nine_wide
#endif
