/* Depthwise products 3 x 3, stride 1, of a row of outputs, on cores with the DSP extension;
 * depthwise_row.c says the layouts and has the portable twin.
 *
 * Two channels at a time, two outputs at a time.  Of a column rows 0 and 1 are brought side by side, of
 * row 2 two neighbouring columns, so that SMLAD does two products of a channel: five multiplications an
 * output.  The two columns that are held end two outputs and begin the next two: every column is
 * loaded and taken apart once, every word of weights is used for two outputs.  An index runs over the
 * pixels; where they lie is on the stack, in an order in which one load fetches what comes together.
 *
 *     r0, r1    sums of two outputs of one channel, r2, r3 of the other
 *     r5, r6    rows 0 and 1 of the first column, a channel each     r7, r8    of the second
 *     r4, r9    row 2 of both columns, a channel each
 *     r10, r11, lr   weights; multipliers, offsets                   r12       constants
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

/* Words 0 to 7 are loaded for every two outputs: where the outputs and the three rows would be for an
 * index of 0, and the index; the step from pixel to pixel, and the index that the last columns have.
 */
#define INDEX 8
#define ROWS 12
#define END 28
#define MASKS 32        /* and the first column, the last one, channel: words 8 to 16 */
#define LAST 52
#define CHANNEL 64      /* and the end of the constants */
#define LOOP 72
#define FRAME 76

#define FINISH_BYTES 40
#define BEGIN_BYTES 32

    .syntax unified
    .thumb

/* Rows 0 to 2 of two channels of two columns to halfwords. */
.macro SPREAD a, b, c, d, e, f
    pkhbt   lr, \c, \f, lsl #16
    pkhbt   r10, \a, \b, lsl #16
    pkhbt   r11, \d, \e, lsl #16
    sxtb16  r4, lr
    sxtb16  r9, lr, ror #8
    sxtb16  r5, r10
    sxtb16  r6, r10, ror #8
    sxtb16  r7, r11
    sxtb16  r8, r11, ror #8
.endm

/* What the columns add to two outputs that they end. */
.macro END_SUMS x, y, first, second, thirds
    ldm     r12!, {r10, r11, lr}
    smlad   \x, \first, r11, \x
    smlad   \y, \first, r10, \y
    smlabt  \x, \thirds, lr, \x
    smlad   \y, \second, r11, \y
    smlad   \y, \thirds, lr, \y
.endm

/* Two outputs that they begin, with the bias in x. */
.macro BEGIN_SUMS x, y, first, second, thirds
    smlad   \y, \second, r10, \x
    smlad   \x, \first, r10, \x
    smlatb  \y, \thirds, lr, \y
    smlad   \x, \second, r11, \x
    smlad   \x, \thirds, lr, \x
.endm

.macro BEGIN
    ldm     r12!, {r0, r10, r11, lr}
    BEGIN_SUMS r0, r1, r5, r7, r4
    ldm     r12!, {r2, r10, r11, lr}
    BEGIN_SUMS r2, r3, r6, r8, r9
.endm

/* Two outputs of two channels; r10, r11 and lr: where they go, less the index, and the index. */
.macro FINISH
    END_SUMS r0, r1, r5, r7, r4
    END_SUMS r2, r3, r6, r8, r9
    ldm     r12!, {r10, r11}
    smmla   r0, r0, r10, r11
    smmla   r1, r1, r10, r11
    ldm     r12!, {r10, r11}
    smmla   r2, r2, r10, r11
    smmla   r3, r3, r10, r11
    ssat    r0, #8, r0, asr #12
    ssat    r1, #8, r1, asr #12
    ssat    r2, #8, r2, asr #12
    ssat    r3, #8, r3, asr #12
    bfi     r0, r2, #8, #8
    bfi     r1, r3, #8, #8
    ldm     sp, {r10, r11, lr}
.endm

/* The indices of both columns in r6 and lr; rows in r7, r8, r9.  Flags: lower, two more come whole. */
.macro ADVANCE
    ldm     sp, {r4-r11}
    add     lr, r6, r10
    add     r10, lr, r10
    cmp     r10, r11
    str     r10, [sp, #INDEX]
.endm

.macro OUTPUTS_THEN_NEXT
    FINISH
    strh    r1, [r11, lr]
    strh    r0, [r10, lr]
    BEGIN
    sub     r12, r12, #FINISH_BYTES + BEGIN_BYTES
.endm

/* r0 run. */
    .section .text.tinynas_slide_pairs, "ax", %progbits
    .global tinynas_slide_pairs
    .type   tinynas_slide_pairs, %function
    .thumb_func
    .p2align 2
tinynas_slide_pairs:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    ldm     r0!, {r1, r2, r6, r7, r8, r9, r10}  /* arena, output, step, end, rows */
    sub     r3, r2, r6, lsl #2
    add     r4, r3, r6
    add     r8, r8, r1
    add     r9, r9, r1
    add     r10, r10, r1
    mov     r11, r6
    mov     lr, r7
    strd    r3, r4, [sp]
    add     r3, sp, #ROWS
    stm     r3, {r8-r11, lr}
    ldm     r0!, {r2-r9}                        /* masks, first, last */
    add     r4, r4, r1
    add     r5, r5, r1
    add     r6, r6, r1
    add     r7, r7, r1
    add     r8, r8, r1
    add     r9, r9, r1
    ldm     r0, {r11, r12}                      /* end of the constants, constants */
    mov     r10, #0                             /* channel */
    adr.w   lr, .Lwhole
    ands    r0, r2, r3
    bne.n   1f
    adr.w   lr, .Lmasked
1:  add     lr, lr, #1
    add     r0, sp, #MASKS
    stm     r0, {r2-r11, lr}

/* The first two columns of two channels. */
.Lpair:
    add     r12, r12, #FINISH_BYTES
    add     r0, sp, #MASKS
    ldm     r0, {r4-r11, lr}
    ldrh    r9, [r6, lr]
    ldrh    r10, [r7, lr]
    ldrh    r11, [r8, lr]
    add     r0, sp, #ROWS
    ldm     r0, {r1-r3, r6, r7}
    add     lr, lr, r6
    and     r4, r4, lr
    and     r5, r5, lr
    ldrh    r1, [r1, r4]
    ldrh    r2, [r2, lr]
    ldrh    r3, [r3, r5]
    add     lr, lr, r6
    cmp     lr, r7
    str     lr, [sp, #INDEX]
    SPREAD  r9, r10, r11, r1, r2, r3
    BEGIN
    sub     r12, r12, #FINISH_BYTES + BEGIN_BYTES
    bhs.w   .Llast
    ldr.w   pc, [sp, #LOOP]

    .p2align 2
.Lwhole:
    ADVANCE
    ldrh    r4, [r7, r6]
    ldrh    r5, [r8, r6]
    ldrh    r10, [r9, r6]
    ldrh    r7, [r7, lr]
    ldrh    r8, [r8, lr]
    ldrh    r9, [r9, lr]
    SPREAD  r4, r5, r10, r7, r8, r9
    OUTPUTS_THEN_NEXT
    blo.w   .Lwhole
    b.n     .Llast

    .p2align 2
.Lmasked:
    ADVANCE
    ldrd    r4, r5, [sp, #MASKS]
    and     r10, r4, r6
    and     r11, r5, r6
    and     r4, r4, lr
    and     r5, r5, lr
    ldrh    r10, [r7, r10]
    ldrh    r7, [r7, r4]
    ldrh    r4, [r8, r6]
    ldrh    r8, [r8, lr]
    ldrh    r6, [r9, r11]
    ldrh    r9, [r9, r5]
    SPREAD  r10, r4, r6, r7, r8, r9
    OUTPUTS_THEN_NEXT
    blo.w   .Lmasked

/* The last two outputs or, where flags are not equal, one, whose third column then is the last one; a
 * second output, of no meaning, goes to its place before it.
 */
.Llast:
    ldm     sp, {r4-r11}
    add     lr, r6, r10, lsl #1
    str     lr, [sp, #INDEX]
    add     lr, sp, #LAST
    ldm     lr, {r4, r5, r10, r11}
    ldrh    r4, [r4, r11]
    ldrh    r5, [r5, r11]
    ldrh    r10, [r10, r11]
    beq.n   1f
    mov     r7, r4
    mov     r8, r5
    mov     r9, r10
    b.n     2f
1:  ldrd    r11, lr, [sp, #MASKS]
    and     r11, r11, r6
    and     lr, lr, r6
    ldrh    r7, [r7, r11]
    ldrh    r8, [r8, r6]
    ldrh    r9, [r9, lr]
2:  SPREAD  r7, r8, r9, r4, r5, r10
    FINISH
    it      ne
    movne   r11, r10
    strh    r1, [r11, lr]
    strh    r0, [r10, lr]
    add     r12, r12, #BEGIN_BYTES
    ldrd    r4, r5, [sp, #CHANNEL]
    ldr     r6, [sp, #END]
    cmp     r12, r5
    add     r4, r4, #2
    add     r6, r6, #2
    str     r4, [sp, #CHANNEL]
    str     r6, [sp, #END]
    bne.w   .Lpair
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size   tinynas_slide_pairs, . - tinynas_slide_pairs
#endif
