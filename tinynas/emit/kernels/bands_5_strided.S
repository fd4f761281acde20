/* Depthwise convolution 5 x 5 of stride 2 on cores with the DSP extension; bands.c says the layouts and has
 * the portable twin.
 *
 * Four channels at a time, for every row of outputs: the next two input rows become a band, then every
 * four columns are computed for a channel at a time, and the 16 sums become bytes.
 *
 * Products: a word is an input and the one below it, so that SMLAD does two taps of a column.  A row of
 * outputs sees three bands, one after the other: eleven columns of it, for four columns of outputs.  Where a
 * channel's weights for a band end lies what leads to the next band.
 *
 *     r0        columns                        r6-r10     weights of a band
 *     r1        weights, sums                  r11, r12, lr  inputs of neighbouring columns
 *     r2-r5     sums of four columns of outputs; before them in r4, r5 what leads to the next channel, and
 *               bias
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define STRIDE 2
#define COLUMN_BYTES 4
#define RECORD 92
#define SUMS 76
#include "tinynas_bands.h"

/* What leads to the second band and to the third, in a record. */
#define TO_SECOND 48
#define TO_THIRD 72

/* A band, sums to be added to a, b, c, d. */
.macro TAPS tap, a, b, c, d
    ldm     r0!, {r11, r12, lr}
    \tap    r2, r11, r6, \a
    \tap    r2, r12, r7, r2
    \tap    r3, lr, r6, \b
    \tap    r2, lr, r8, r2
    ldm     r0!, {r11, r12, lr}
    \tap    r4, r12, r6, \c
    \tap    r2, r11, r9, r2
    \tap    r3, r11, r7, r3
    \tap    r2, r12, r10, r2
    \tap    r3, r12, r8, r3
    \tap    r3, lr, r9, r3
    \tap    r4, lr, r7, r4
    ldm     r0!, {r11, r12, lr}
    \tap    r5, r11, r6, \d
    \tap    r3, r11, r10, r3
    \tap    r4, r11, r8, r4
    \tap    r4, r12, r9, r4
    \tap    r5, r12, r7, r5
    \tap    r4, lr, r10, r4
    \tap    r5, lr, r8, r5
    ldm     r0!, {r11, r12}
    \tap    r5, r11, r9, r5
    \tap    r5, r12, r10, r5
.endm

    OPEN    tinynas_bands_5_strided
.Lgroup:
    ldr     r0, [sp, #CONSTANTS]
    ldr     r1, [sp, #RECORDS]
    ldr     r10, [sp, #SHIFT]
    add     r2, r1, #TAIL_SCALES
    mov     r11, #0x8000
    mov     r12, #4
1:  ldm     r0!, {r3-r6}
    sub     lr, r0, #8
    ubfx    r9, r6, #8, #8
    HEAD
    add     r1, r1, #8
    mov     r3, #5
2:  ldr     r5, [r0], #4
    ldrsb   r6, [lr], #1
    sxtb16  r4, r5
    sxtb16  r5, r5, ror #8
    lsl     r6, r6, r9
    SHIFTED r4
    SHIFTED r5
    str     r4, [r1], #4
    str     r5, [r1, #16]
    str     r6, [r1, #40]
    subs    r3, r3, #1
    bne.n   2b
    add     r1, r1, #RECORD - 28
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
.Lrows:
    NEW_BAND 3
    bl      .Lband
    WAYS    3, 11, 8, TO_SECOND, TO_THIRD
.Lblock:
    ldr     r1, [sp, #RECORDS]
    ldm     r1!, {r4-r10}
.Lchannel:
    TAPS    smlad, r5, r5, r5, r5
    ldm     r1!, {r6-r11}
    add     r0, r0, r11
    TAPS    smlad, r2, r3, r4, r5
    ldm     r1!, {r6-r11}
    add     r0, r0, r11
    TAPS    smlabb, r2, r3, r4, r5
    stm     r1!, {r2-r5}
    ldm     r1!, {r4-r10}
    adds    r0, r0, r4
    bcc.w   .Lchannel
    sub     r1, r1, #4
    bl      .Loutputs
    blo.w   .Lblock
    bl      .Lrow_end
    blo.w   .Lblock
    bgt.w   .Lrows
    CLOSE
    SUBROUTINES
    .size   tinynas_bands_5_strided, . - tinynas_bands_5_strided
#endif
