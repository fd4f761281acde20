/* Depthwise convolution 7 x 7 of stride 1 on cores with the DSP extension; bands.c says the layouts and has
 * the portable twin.
 *
 * Four channels at a time, for every two rows of outputs: the next two input rows become a band, then
 * every two columns are computed for a channel at a time, and the 16 sums become bytes.
 *
 * Products: a word is an input and the one below it, so that SMLAD does two taps of a column.  Two rows of
 * outputs see four bands, one after the other: eight columns of it, for two columns of outputs.  Where a
 * channel's weights for a band end lies what leads to the next band.
 *
 *     r0        columns                        r6-r9      weights
 *     r1        weights, sums                  r10-r12, lr  inputs of neighbouring columns
 *     r2, r3    sums of the first column of outputs, one below the other
 *     r4, r5    those of the second; before them what leads to the next channel, and bias
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define STRIDE 1
#define COLUMN_BYTES 4
#define RECORD 204
#define SUMS 188
#include "tinynas_bands.h"

/* What leads to the second band, to the third and to the fourth, in a record. */
#define TO_SECOND 36
#define TO_THIRD 96
#define TO_FOURTH 156

/* A tap of the first band: rows 0 and 1 of the weights; of the last one: rows 6 and 5. */
.macro FIRST_TAP x, w, unused, a, b, from_a, from_b
    smlad   \a, \x, \w, \from_a
    smlatb  \b, \x, \w, \from_b
.endm

.macro LAST_TAP x, w, unused, a, b, from_a, from_b
    smlabb  \a, \x, \w, \from_a
    smladx  \b, \x, \w, \from_b
.endm

/* A tap of those between: two words of weights, for the upper and for the lower output. */
.macro TAP x, upper, lower, a, b
    smlad   \a, \x, \upper, \a
    smladx  \b, \x, \lower, \b
.endm

/* A band that has one word of weights a column, of which the first four are there. */
.macro BAND_BY_ONE tap, from_a, from_b, last:vararg
    ldm     r0!, {r10-r12, lr}
    \tap    r10, r6, 0, r2, r3, \from_a, \from_b
    .ifc    \from_b, r5
    \tap    r11, r6, 0, r4, r5, r5, r5
    .else
    \tap    r11, r6, 0, r4, r5, r4, r5
    .endif
    \tap    r11, r7, 0, r2, r3, r2, r3
    \tap    r12, r7, 0, r4, r5, r4, r5
    \tap    r12, r8, 0, r2, r3, r2, r3
    \tap    lr, r8, 0, r4, r5, r4, r5
    \tap    lr, r9, 0, r2, r3, r2, r3
    ldm     r0!, {r10-r12, lr}
    \tap    r10, r9, 0, r4, r5, r4, r5
    ldm     r1!, {\last}
    \tap    r10, r6, 0, r2, r3, r2, r3
    \tap    r11, r6, 0, r4, r5, r4, r5
    \tap    r11, r7, 0, r2, r3, r2, r3
    \tap    r12, r7, 0, r4, r5, r4, r5
    \tap    r12, r8, 0, r2, r3, r2, r3
    \tap    lr, r8, 0, r4, r5, r4, r5
.endm

.macro BAND_BY_TWO
    ldm     r1!, {r6-r9}
    ldm     r0!, {r10-r12, lr}
    TAP     r10, r6, r7, r2, r3
    TAP     r11, r6, r7, r4, r5
    TAP     r11, r8, r9, r2, r3
    TAP     r12, r8, r9, r4, r5
    ldm     r1!, {r6-r9}
    TAP     r12, r6, r7, r2, r3
    TAP     lr, r6, r7, r4, r5
    TAP     lr, r8, r9, r2, r3
    ldm     r0!, {r10-r12, lr}
    TAP     r10, r8, r9, r4, r5
    ldm     r1!, {r6-r9}
    TAP     r10, r6, r7, r2, r3
    TAP     r11, r6, r7, r4, r5
    TAP     r11, r8, r9, r2, r3
    TAP     r12, r8, r9, r4, r5
    ldm     r1!, {r6-r8}
    TAP     r12, r6, r7, r2, r3
    TAP     lr, r6, r7, r4, r5
    add     r0, r0, r8
.endm

    OPEN    tinynas_bands_7
.Lgroup:
    ldr     r0, [sp, #CONSTANTS]
    ldr     r1, [sp, #RECORDS]
    ldr     r10, [sp, #SHIFT]
    add     r2, r1, #TAIL_SCALES
    mov     r11, #0x8000
    mov     r12, #4
1:  ldm     r0!, {r3, r4}
    ldrsb   r9, [r0, #7]
    HEAD
    add     lr, r1, #40
    add     r1, r1, #8
    mov     r8, #7
2:  ldm     r0!, {r4, r6}
    sxtb16  r3, r4
    sxtb16  r4, r4, ror #8
    sxtb16  r5, r6
    sxtb16  r6, r6, ror #8
    SHIFTED r3
    SHIFTED r4
    SHIFTED r5
    lsl     r6, r6, r9
    str     r3, [r1], #4
    pkhbt   r6, r6, r5
    pkhbt   r3, r4, r3
    str     r6, [r1, #148]
    strd    r4, r3, [lr], #8
    pkhbt   r4, r5, r4
    strd    r5, r4, [lr, #52]
    subs    r8, r8, #1
    bne.n   2b
    add     r1, r1, #RECORD - 36
    subs    r12, r12, #1
    bne.n   1b
    str     r0, [sp, #CONSTANTS]
    str     r12, [sp, #TURN]
    BEGIN_GROUP
    ldr     r2, [sp, #FIRST]
    bl      .Lsplit
    ldr     r2, [sp, #FIRST]
    ldr     r3, [sp, #BAND]
    add     r2, r2, r3
    bl      .Lsplit
    ldr     r2, [sp, #FIRST]
    ldr     r3, [sp, #BAND]
    add     r2, r2, r3, lsl #1
    bl      .Lsplit
.Lrows:
    NEW_BAND 4
    bl      .Lband
    WAYS    4, 8, 2, TO_SECOND, TO_THIRD, TO_FOURTH
.Lblock:
    ldr     r1, [sp, #RECORDS]
    ldm     r1!, {r4-r9}
.Lchannel:
    BAND_BY_ONE FIRST_TAP, r5, r5, r6-r9
    add     r0, r0, r9
    BAND_BY_TWO
    BAND_BY_TWO
    ldm     r1!, {r6-r9}
    BAND_BY_ONE LAST_TAP, r2, r3, r6-r8
    stm     r1!, {r2-r5}
    ldm     r1!, {r4-r9}
    adds    r0, r0, r4
    bcc.w   .Lchannel
    bl      .Loutputs
    blo.w   .Lblock
    bl      .Lrow_end
    blo.w   .Lblock
    bgt.w   .Lrows
    CLOSE
    SUBROUTINES
    .size   tinynas_bands_7, . - tinynas_bands_7
#endif
