/* The dense product of three pixels with int16 weights, on cores with the DSP extension; three_wide.c says
 * the layouts and has the portable twin, tinynas_three.h the plan of the registers.
 *
 * Three pixels by two channels at a time: of four taps 4 loads and 12 SMLAD for 24 products.  Two pixels
 * need 2 loads and 8 SMLAD for 16 products: without a third one's sums there is room for all weights.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#define UNIT_BYTES (24 * PIXELS - 8)
#define UNITS 16
#define FEW (2 * (PIXELS - 2))
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
    .if     PIXELS == 2
    ldm.w   r1!, {r4, r8, r9, r10}
    ldm.w   r0!, {r7, r11, r12, lr}
    TWO_PIXELS r7, r11, r12, lr
    .else
    HALF_UPWARDS
    HALF_UPWARDS
    .endif
.endm

.macro HALF_DOWNWARDS
    ldrd    r8, r9, [r1], #8
    ldmdb.w r0!, {r11, r12, lr}
    PRODUCTS
.endm

.macro DOWNWARDS
    .if     PIXELS == 2
    ldm.w   r1!, {r4, r8, r9, r10}
    ldmdb.w r0!, {r7, r11, r12, lr}
    TWO_PIXELS r12, lr, r7, r11
    .else
    HALF_DOWNWARDS
    HALF_DOWNWARDS
    .endif
.endm

.macro FIRST_UPWARDS
    .if     PIXELS == 2
    ldm.w   r1!, {r2, r4, r5, r8, r9, r10}
    ldm.w   r0!, {r7, r11, r12, lr}
    FIRST_TWO_PIXELS r7, r11, r12, lr
    .else
    ldm     r1!, {r2, r5, r8, r9}
    ldm.w   r0!, {r11, r12, lr}
    FIRST_PRODUCTS
    HALF_UPWARDS
    .endif
.endm

.macro FIRST_DOWNWARDS
    .if     PIXELS == 2
    ldm.w   r1!, {r2, r4, r5, r8, r9, r10}
    ldmdb.w r0!, {r7, r11, r12, lr}
    FIRST_TWO_PIXELS r12, lr, r7, r11
    .else
    ldm     r1!, {r2, r5, r8, r9}
    ldmdb.w r0!, {r11, r12, lr}
    FIRST_PRODUCTS
    HALF_DOWNWARDS
    .endif
.endm

/* Four taps of two pixels: the words that come first, a and b, and then, c and d.  Weights of both
 * channels are r4 and r8, then r9 and r10.
 */
.macro TWO_PIXELS a, b, c, d
    smlad   r2, \a, r4, r2
    smlad   r3, \b, r4, r3
    smlad   r5, \a, r8, r5
    smlad   r6, \b, r8, r6
    SECOND_HALF \c, \d
.endm

/* With biases r2 and r4; the weights are r5 and r8, then r9 and r10. */
.macro FIRST_TWO_PIXELS a, b, c, d
    smlad   r3, \b, r5, r2
    smlad   r2, \a, r5, r2
    smlad   r6, \b, r8, r4
    smlad   r5, \a, r8, r4
    SECOND_HALF \c, \d
.endm

.macro SECOND_HALF c, d
    smlad   r2, \c, r9, r2
    smlad   r3, \d, r9, r3
    smlad   r5, \c, r10, r5
    smlad   r6, \d, r10, r6
.endm

/* Outputs from -128 up, where what is negative needs no correction. */
.macro SCALE_CLAMPED
    ldm     r1!, {r8-r11}
    smmla   r2, r2, r8, r10
    smmla   r3, r3, r8, r10
    THIRD   smmla r4, r4, r8, r10
    smmla   r5, r5, r9, r11
    smmla   r6, r6, r9, r11
    THIRD   smmla r7, r7, r9, r11
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
    THIRD   SIGNED r4, r8, r10, r12
    SIGNED  r5, r9, r11, lr
    SIGNED  r6, r9, r11, lr
    THIRD   SIGNED r7, r9, r11, lr
.endm

.macro PACK
    pkhtb   r2, r5, r2, asr #16
    pkhtb   r3, r6, r3, asr #16
    THIRD   pkhtb r4, r7, r4, asr #16
    usat16  r2, #8, r2
    usat16  r3, #8, r3
    THIRD   usat16 r4, #8, r4
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
    THIRD   eor r9, r9, #0x80808080
    ror     r7, r7, r10
    ror     r8, r8, r10
    THIRD   ror r9, r9, r10
    and     r4, r11, r7
    and     r5, r11, r8
    .if     PIXELS == 3
    and     r6, r11, r9
    and     r7, r11, r7, ror #8
    and     r8, r11, r8, ror #8
    and     r9, r11, r9, ror #8
    .else
    and     r6, r11, r7, ror #8
    and     r7, r11, r8, ror #8
    .endif
.endm

    .set    PIXELS, 3
    THREE   tinynas_three_wide, 3
    GATHER_NINE tinynas_gather_nine_wide
    .set    PIXELS, 2
    THREE   tinynas_two_wide, 2
#endif
