/* Depthwise products 3 x 3, stride 2, of a row of outputs, on cores with the DSP extension;
 * depthwise_strided.c says the layouts and has the portable twin.
 *
 * Of a column rows 0 and 1 are brought side by side, so that SMLAD does both of a channel, and row 2 is
 * multiplied alone.  The third column of an output is the first of the next, whose sums begin when its
 * own are finished: so four sums are enough, and all registers are taken.  An index runs over the
 * pixels; where they lie is on the stack, in an order in which one load fetches what comes together.  A
 * column of padding is one word for all channels and rows.
 *
 *     r0-r3     sums of four channels
 *     r4-r7     rows 0 and 1 of a column, a channel each     r8, r11  row 2: channels 0 and 2, 1 and 3
 *     r4-r6     rows 0 to 2 of the middle column, as they are loaded
 *     r9, r10, lr   weights; multipliers, offsets            r12      constants
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

/* Words 0 to 8 are loaded for every output: middle and shared columns, step, end, index; 7 to 14 for every
 * four channels.
 */
#define END 28
#define AT 32
#define MASKS 60
#define PADDING 68
#define LOOP 72
#define FRAME 76

#define CONSTANTS_BYTES 120

    .syntax unified
    .thumb

/* The column in r9, r10, r11 (a word a row) to halfwords. */
.macro SPREAD
    sxtb16  r8, r11
    sxtb16  r11, r11, ror #8
    pkhbt   lr, r9, r10, lsl #16
    pkhtb   r10, r10, r9, asr #16
    sxtb16  r4, lr
    sxtb16  r5, lr, ror #8
    sxtb16  r6, r10
    sxtb16  r7, r10, ror #8
.endm

/* Adds a column, the registers as above, that meets the next six words of weights. */
.macro ADD_COLUMN a, b, c, d, even, odd
    smlad   r0, \a, r9, r0
    smlad   r1, \b, r10, r1
    smlad   r2, \c, lr, r2
    ldm     r12!, {r9, r10, lr}
    smlad   r3, \d, r9, r3
    smlabb  r0, \even, r10, r0
    smlatt  r2, \even, r10, r2
    smlabb  r1, \odd, lr, r1
    smlatt  r3, \odd, lr, r3
.endm

/* Sums of an output begin with the column that is held. */
.macro BEGIN
    ldm     r12!, {r0-r3, r9, r10, lr}
    ADD_COLUMN r4, r5, r6, r7, r8, r11
.endm

/* Where the columns of the next output lie; flags: lower, another one follows it; equal, its third
 * column is padding.
 */
.macro ADVANCE
    ldm     sp, {r4-r11, lr}
    add     lr, lr, r10
    cmp     lr, r11
    str     lr, [sp, #AT]
.endm

/* The middle column, in r4, r5, r6. */
.macro MIDDLE
    sxtb16  r7, r6
    sxtb16  r6, r6, ror #8
    ldm     r12!, {r8, lr}
    smlabb  r0, r7, r8, r0
    smlatt  r2, r7, r8, r2
    smlabb  r1, r6, lr, r1
    smlatt  r3, r6, lr, r3
    pkhbt   r6, r4, r5, lsl #16
    pkhtb   r5, r5, r4, asr #16
    ldm     r12!, {r4, r8, lr}
    sxtb16  r7, r6
    sxtb16  r6, r6, ror #8
    smlad   r0, r7, r4, r0
    smlad   r1, r6, r8, r1
    ldr     r4, [r12], #4
    sxtb16  r7, r5
    sxtb16  r5, r5, ror #8
    smlad   r2, r7, lr, r2
    smlad   r3, r5, r4, r3
.endm

/* The outputs. */
.macro FINISH
    ldm     r12!, {r9, r10, lr}
    smmla   r0, r0, r9, r10
    ldm     r12!, {r9, r10}
    smmla   r1, r1, lr, r9
    ssat    r0, #8, r0, asr #12
    ssat    r1, #8, r1, asr #12
    bfi     r0, r1, #8, #8
    ldm     r12!, {r1, r9, lr}
    smmla   r2, r2, r10, r1
    smmla   r3, r3, r9, lr
    ldrd    r9, r10, [sp, #AT]
    ssat    r2, #8, r2, asr #12
    ssat    r3, #8, r3, asr #12
    bfi     r0, r2, #16, #8
    bfi     r0, r3, #24, #8
    str     r0, [r10, r9]
.endm

/* The third column in r9, r10, r11, which then is held, and the outputs. */
.macro THIRD_THEN_FINISH
    SPREAD
    ldm     r12!, {r9, r10, lr}
    ADD_COLUMN r4, r5, r6, r7, r8, r11
    FINISH
.endm

/* r10 and r11: the index for rows 0 and 2, which stays 0 where these are padding. */
.macro INDICES
    ldrd    r10, r11, [sp, #MASKS]
    and     r10, r10, lr
    and     r11, r11, lr
.endm

.macro LOAD_MIDDLE upper, lower
    ldr     r4, [r4, \upper, lsl #1]
    ldr     r5, [r5, lr, lsl #1]
    ldr     r6, [r6, \lower, lsl #1]
.endm

.macro LOAD_SHARED upper, lower
    ldr     r11, [r9, \lower, lsl #1]
    ldr     r9, [r7, \upper, lsl #1]
    ldr     r10, [r8, lr, lsl #1]
.endm

.macro OUTPUT_THEN_NEXT upper, lower
    LOAD_MIDDLE \upper, \lower
    LOAD_SHARED \upper, \lower
    MIDDLE
    THIRD_THEN_FINISH
    sub     r12, r12, #CONSTANTS_BYTES
    BEGIN
    ADVANCE
.endm

/* r0 run. */
    .section .text.tinynas_slide_3, "ax", %progbits
    .global tinynas_slide_3
    .type   tinynas_slide_3, %function
    .thumb_func
    .p2align 2
tinynas_slide_3:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    ldr     r1, [r0], #4
    ldm     r0!, {r4-r12, lr}
    add     r4, r4, r1
    add     r5, r5, r1
    add     r6, r6, r1
    add     r7, r7, r1
    add     r8, r8, r1
    add     r9, r9, r1
    sub     lr, lr, r10
    stm     sp, {r4-r12, lr}
    ldm     r0, {r4-r12}
    add     r6, r6, r1
    add     r7, r7, r1
    add     r8, r8, r1
    sxtb16  r11, r11
    and     r0, r9, r10
    adr.w   lr, .Lwhole
    cmp     r0, #0
    bne.n   1f
    adr.w   lr, .Lmasked
1:  add     lr, lr, #1
    add     r0, sp, #40
    stm     r0, {r4-r11, lr}
    add     r3, sp, #END
    ldm     r3, {r4-r11}
    b.w     .Lgroup

    .p2align 2
.Lmasked:
    INDICES
    OUTPUT_THEN_NEXT r10, r11
    blo.w   .Lmasked
.Llast_masked:
    INDICES
    LOAD_MIDDLE r10, r11
    beq.w   .Lpadded
    LOAD_SHARED r10, r11
    b.w     .Llast
    .p2align 2
.Lwhole:
    OUTPUT_THEN_NEXT lr, lr
    blo.w   .Lwhole
    LOAD_MIDDLE lr, lr
    beq.w   .Lpadded
    LOAD_SHARED lr, lr
.Llast:
    MIDDLE
    THIRD_THEN_FINISH
    b.n     .Lnext
.Lpadded:
    MIDDLE
    ldr     r4, [sp, #PADDING]
    ldm     r12!, {r9, r10, lr}
    ADD_COLUMN r4, r4, r4, r4, r4, r4
    FINISH
.Lnext:
    add     r3, sp, #END
    ldm     r3, {r4-r11}
    cmp     r12, r8
    beq.n   .Ldone
    add     r4, r4, #2
    sub     r5, r5, r7
    add     r6, r6, #2
    stm     r3, {r4-r6}
/* End, index, output in r4, r5, r6; first column in r9, r10, r11. */
.Lgroup:
    ldr     r9, [r9, r5, lsl #1]
    ldr     r10, [r10, r5, lsl #1]
    ldr     r11, [r11, r5, lsl #1]
    SPREAD
    BEGIN
    ADVANCE
    bhs.w   .Llast_masked
    ldr.w   pc, [sp, #LOOP]
.Ldone:
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size   tinynas_slide_3, . - tinynas_slide_3
#endif
