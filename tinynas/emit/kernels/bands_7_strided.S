/* Depthwise convolution 7 x 7 of stride 2 on cores with the DSP extension; bands.c says the layouts and has
 * the portable twin.
 *
 * Four channels at a time, for every row of outputs: the next two input rows become a band, then every
 * four columns are computed for a channel at a time, and the 16 sums become bytes.
 *
 * Products: a word is an input and the one below it, so that SMLAD does two taps of a column.  A row of
 * outputs sees four bands, one after the other: thirteen columns of it, for four columns of outputs, of
 * which four are loaded for the first weights and once more for the last three.  Between these lies, in a
 * channel's record, what leads to the band.
 *
 *     r0        columns                        r6-r9      weights of a band: the first four
 *     r1        weights, sums                  r7-r9      the last three
 *     r2-r5     sums of four columns of outputs; before them in r4, r5 what leads to the next channel, and
 *               bias
 *     r10-r12, lr  inputs of neighbouring columns; for the last three weights r6, too
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define STRIDE 2
#define COLUMN_BYTES 4
#define RECORD 152
#define SUMS 136
#include "tinynas_bands.h"

/* What leads to the second band, to the third and to the fourth, in a record. */
#define TO_SECOND 56
#define TO_THIRD 88
#define TO_FOURTH 120

/* A band whose first four weights are there, sums to be added to a, b, c, d; `last`: the others, behind what
 * is not needed now.
 */
.macro TAPS tap, a, b, c, d, last:vararg
    ldm     r0!, {r10-r12, lr}
    \tap    r2, r10, r6, \a
    \tap    r2, r11, r7, r2
    \tap    r3, r12, r6, \b
    \tap    r2, r12, r8, r2
    \tap    r2, lr, r9, r2
    \tap    r3, lr, r7, r3
    ldm     r0!, {r10-r12, lr}
    \tap    r4, r10, r6, \c
    \tap    r5, r12, r6, \d
    \tap    r3, r10, r8, r3
    \tap    r3, r11, r9, r3
    \tap    r4, r11, r7, r4
    \tap    r4, r12, r8, r4
    \tap    r4, lr, r9, r4
    \tap    r5, lr, r7, r5
    ldm     r0!, {r10, r11}
    \tap    r5, r10, r8, r5
    \tap    r5, r11, r9, r5
    ldm     r1!, {\last}
    ldm     r0!, {r6, r12, lr}
    \tap    r3, r10, r9, r3
    \tap    r4, r10, r7, r4
    \tap    r4, r11, r8, r4
    \tap    r4, r6, r9, r4
    \tap    r5, r6, r7, r5
    \tap    r5, r12, r8, r5
    \tap    r5, lr, r9, r5
    sub     r0, r0, #9 * COLUMN_BYTES
    ldm     r0!, {r10-r12, lr}
    \tap    r2, r10, r7, r2
    \tap    r2, r11, r8, r2
    \tap    r2, r12, r9, r2
    \tap    r3, r12, r7, r3
    \tap    r3, lr, r8, r3
.endm

    OPEN    tinynas_bands_7_strided
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
    str     r4, [r1, #28]
    str     r5, [r1, #60]
    str     r6, [r1, #92]
    cmp     r8, #4
    it      eq
    addeq   r1, r1, #4
    subs    r8, r8, #1
    bne.n   2b
    add     r1, r1, #RECORD - 40
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
    WAYS    4, 8, 8, TO_SECOND, TO_THIRD, TO_FOURTH
.Lblock:
    ldr     r1, [sp, #RECORDS]
    ldm     r1!, {r4-r9}
.Lchannel:
    TAPS    smlad, r5, r5, r5, r5, r6-r9
    .rept   2
    ldm     r1!, {r6-r10}
    add     r0, r0, r10
    TAPS    smlad, r2, r3, r4, r5, r7-r9
    .endr
    ldm     r1!, {r6-r10}
    add     r0, r0, r10
    TAPS    smlabb, r2, r3, r4, r5, r7-r9
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
    .size   tinynas_bands_7_strided, . - tinynas_bands_7_strided
#endif
