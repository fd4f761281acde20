/* Depthwise convolution 5 x 5 of stride 1 on cores with the DSP extension; bands.c says the layouts and has
 * the portable twin.
 *
 * Four channels at a time, for every two rows of outputs: the next two input rows become a band, then
 * every two columns are computed for a channel at a time, and the 16 sums become bytes.
 *
 * Products: a word is an input and the one below it, so that SMLAD does two taps of a column; the three
 * bands that two rows of outputs see are three words of a column.  Of two columns of outputs the second one
 * needs the inputs one column further on, so that every column of inputs and of weights is loaded once.
 *
 *     r0        columns                        r6-r9      weights: rows 0 1, 2 3, 2 1, 4 3
 *     r1        weights, sums                  r11, r12, lr  the bands of a column
 *     r2, r3    sums of the first column of outputs, one below the other
 *     r4, r5    those of the second; before them what leads to the next channel, and bias
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define STRIDE 1
#define COLUMN_BYTES 12
#define RECORD 104
#define SUMS 88
#include "tinynas_bands.h"

.macro TAPS a, b, top, middle, bottom, from_a, from_b
    smlad   \a, \top, r6, \from_a
    smlatb  \b, \top, r6, \from_b
    smlad   \a, \middle, r7, \a
    smladx  \b, \middle, r8, \b
    smlabb  \a, \bottom, r9, \a
    smladx  \b, \bottom, r9, \b
.endm

/* Two rows of outputs, for which a band goes to a place in the columns. */
.macro ROWS phase, place, top, middle, bottom
    ldr     r2, [sp, #FIRST]
    add     r2, r2, #\place
    bl      .Lband
.Lblock_\phase:
    ldr     r1, [sp, #RECORDS]
    ldm     r1!, {r4-r9}
.Lchannel_\phase:
    ldm     r0!, {r11, r12, lr}
    TAPS    r2, r3, \top, \middle, \bottom, r5, r5
    ldm     r0!, {r11, r12, lr}
    TAPS    r4, r5, \top, \middle, \bottom, r5, r5
    .rept   4
    ldm     r1!, {r6-r9}
    TAPS    r2, r3, \top, \middle, \bottom, r2, r3
    ldm     r0!, {r11, r12, lr}
    TAPS    r4, r5, \top, \middle, \bottom, r4, r5
    .endr
    stm     r1!, {r2-r5}
    ldm     r1!, {r4-r9}
    adds    r0, r0, r4
    bcc.w   .Lchannel_\phase
    bl      .Loutputs
    blo.w   .Lblock_\phase
    bl      .Lrow_end
    blo.w   .Lblock_\phase
.endm

    OPEN    tinynas_bands_5
    ldr     r1, [sp, #RECORDS]
    ldr     r2, [sp, #PLANE]
    sub     r3, r2, #6 * COLUMN_BYTES
    str     r3, [r1, #RECORD]
    str     r3, [r1, #2 * RECORD]
    str     r3, [r1, #3 * RECORD]
    add     r2, r2, r2, lsl #1
    mvn     r3, #4 * COLUMN_BYTES - 1
    sub     r3, r3, r2
    str     r3, [r1, #TAIL]
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
    pkhbt   r8, r6, r5
    pkhbt   r6, r5, r4
    stm     r1!, {r4, r5, r6, r8}
    subs    r3, r3, #1
    bne.n   2b
    add     r1, r1, #16
    subs    r12, r12, #1
    bne.n   1b
    str     r0, [sp, #CONSTANTS]
    BEGIN_GROUP
    ldr     r2, [sp, #FIRST]
    bl      .Lsplit
    ldr     r2, [sp, #FIRST]
    add     r2, r2, #4
    bl      .Lsplit
.Lrows:
    ROWS    A, 8, r11, r12, lr
    ble.w   .Lgroup_end
    ROWS    B, 0, r12, lr, r11
    ble.w   .Lgroup_end
    ROWS    C, 4, lr, r11, r12
    bgt.w   .Lrows
.Lgroup_end:
    CLOSE
    SUBROUTINES
    .size   tinynas_bands_5, . - tinynas_bands_5
#endif
