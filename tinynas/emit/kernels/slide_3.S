/* Depthwise products 3 x 3, stride 2, of a row of outputs, on cores with the DSP extension;
 * depthwise_strided.c says the layouts and has the portable twin.
 *
 * Of a column rows 0 and 1 are brought side by side, so that SMLAD does both of a channel, and row 2 is
 * multiplied alone.  The third column of an output is the first of the next, whose sums begin when its
 * own are finished: so four sums are enough, and all registers are taken.  An index runs over the
 * pixels; where they lie is on the stack.
 *
 *     r0-r3     sums of four channels
 *     r4-r7     rows 0 and 1 of a column, a channel each     r8, r11  row 2: channels 0 and 2, 1 and 3
 *     r9, r10, lr   weights; multipliers, offsets            r12      constants
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define STEP 0          /* words 0 to 8 are loaded at once: end, middle and shared columns, index */
#define END 4
#define AT 32
#define OUTPUT 36
#define MASKS 40
#define FIRST 48
#define PADDING 60
#define SPAN 64
#define CONSTANTS_END 68
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

/* Sums of an output begin with the column that is held. */
.macro BEGIN
    ldm     r12!, {r0-r3, r9, r10, lr}
    smlad   r0, r4, r9, r0
    smlad   r1, r5, r10, r1
    smlad   r2, r6, lr, r2
    ldm     r12!, {r9, r10, lr}
    smlad   r3, r7, r9, r3
    smlabb  r0, r8, r10, r0
    smlatt  r2, r8, r10, r2
    smlabb  r1, r11, lr, r1
    smlatt  r3, r11, lr, r3
.endm

/* Where the columns of the next output lie; flags: lower, another one follows it; equal, its third
 * column is padding.
 */
.macro ADVANCE
    ldm     sp, {r4-r11, lr}
    add     lr, lr, r4
    cmp     lr, r5
    str     lr, [sp, #AT]
.endm

/* The middle column, in r6, r7, r8. */
.macro MIDDLE
    sxtb16  r4, r8
    sxtb16  r8, r8, ror #8
    ldm     r12!, {r5, lr}
    smlabb  r0, r4, r5, r0
    smlatt  r2, r4, r5, r2
    smlabb  r1, r8, lr, r1
    smlatt  r3, r8, lr, r3
    pkhbt   r4, r6, r7, lsl #16
    pkhtb   r7, r7, r6, asr #16
    ldm     r12!, {r6, r8, lr}
    sxtb16  r5, r4
    sxtb16  r4, r4, ror #8
    smlad   r0, r5, r6, r0
    smlad   r1, r4, r8, r1
    ldr     r6, [r12], #4
    sxtb16  r5, r7
    sxtb16  r7, r7, ror #8
    smlad   r2, r5, lr, r2
    smlad   r3, r7, r6, r3
.endm

/* The third column, which then is held, and the outputs. */
.macro FINISH
    SPREAD
    ldm     r12!, {r9, r10, lr}
    smlad   r0, r4, r9, r0
    smlad   r1, r5, r10, r1
    smlad   r2, r6, lr, r2
    ldm     r12!, {r9, r10, lr}
    smlad   r3, r7, r9, r3
    smlabb  r0, r8, r10, r0
    smlatt  r2, r8, r10, r2
    smlabb  r1, r11, lr, r1
    smlatt  r3, r11, lr, r3
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

/* r4 and r5: the index for rows 0 and 2, which stays 0 where these are padding. */
.macro INDICES
    ldrd    r4, r5, [sp, #MASKS]
    and     r4, r4, lr
    and     r5, r5, lr
.endm

.macro LOAD first, second, third, upper, lower
    ldr     \first, [\first, \upper, lsl #1]
    ldr     \second, [\second, lr, lsl #1]
    ldr     \third, [\third, \lower, lsl #1]
.endm

.macro OUTPUT_THEN_NEXT upper, lower
    LOAD    r6, r7, r8, \upper, \lower
    LOAD    r9, r10, r11, \upper, \lower
    MIDDLE
    FINISH
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
    add     r6, r6, r1
    add     r7, r7, r1
    add     r8, r8, r1
    add     r9, r9, r1
    add     r10, r10, r1
    add     r11, r11, r1
    sub     lr, lr, r4
    stm     sp, {r4-r12, lr}
    ldm     r0!, {r4-r10, r12}
    add     r6, r6, r1
    add     r7, r7, r1
    add     r8, r8, r1
    ldr     r11, [r0]
    and     r0, r4, r5
    adr.w   lr, .Lwhole
    cmp     r0, #0
    bne.n   1f
    adr.w   lr, .Lmasked
1:  add     lr, lr, #1
    add     r3, sp, #MASKS
    stm     r3, {r4-r11, lr}
.Lgroup:
    ldrd    r9, r10, [sp, #FIRST]
    ldr     r11, [sp, #FIRST + 8]
    ldr     lr, [sp, #AT]
    ldr     r9, [r9, lr, lsl #1]
    ldr     r10, [r10, lr, lsl #1]
    ldr     r11, [r11, lr, lsl #1]
    SPREAD
    BEGIN
    ADVANCE
    bhs.w   .Llast
    ldr.w   pc, [sp, #LOOP]
    .p2align 2
.Lwhole:
    OUTPUT_THEN_NEXT lr, lr
    blo.w   .Lwhole
    b.w     .Llast
    .p2align 2
.Lmasked:
    INDICES
    OUTPUT_THEN_NEXT r4, r5
    blo.w   .Lmasked
.Llast:
    INDICES
    LOAD    r6, r7, r8, r4, r5
    beq.n   1f
    LOAD    r9, r10, r11, r4, r5
    b.n     2f
1:  ldr     r9, [sp, #PADDING]
    mov     r10, r9
    mov     r11, r9
2:  MIDDLE
    FINISH
    ldr     r4, [sp, #END]
    ldrd    r6, r7, [sp, #AT]
    ldrd    r8, r9, [sp, #SPAN]
    add     r4, r4, #2
    add     r7, r7, #2
    sub     r6, r6, r8
    str     r4, [sp, #END]
    strd    r6, r7, [sp, #AT]
    cmp     r12, r9
    bne.w   .Lgroup
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size   tinynas_slide_3, . - tinynas_slide_3
#endif
