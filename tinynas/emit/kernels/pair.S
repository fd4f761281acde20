/* The dense product with int8 weights on cores with the DSP extension.
 *
 * pair.c is its portable twin and says the layouts.
 * Four taps of two pixels by two channels: 2 loads, 4 extensions and 8 SMLAD for 16 products.
 *
 * A group is four output channels in two passes, channels 0 and 2, then 1
 * and 3, so that two passes of halfwords make a word of bytes; a pass is two pixels by two channels.
 *
 *     r0        gathered inputs      r1        constants
 *     r2, r3    sums of the first pixel, both channels
 *     r4, r5    sums of the second pixel
 *     r6-r9     weights              r10-r12, lr   inputs
 *
 * All registers are taken, so the loop over the taps is entered in its middle by a load into pc, and
 * what else there is lies on the stack.  Needs the DSP extension; no alignment but that of words.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define ENTRY_EVEN 0
#define ENTRY_ODD 4
#define AFTER_EVEN 8
#define AFTER_ODD 12
#define TAIL_EVEN 16
#define TAIL_ODD 20
#define NEXT 24
#define GATHERED 28
#define GATHERED_END 32
#define PIXELS 36 /* channels that are left, less 2; first and second pixel */
#define OPERATOR 48
#define LANES 52
#define SPARE 60
#define FRAME 68

/* Offsets in tinynas_conv_op, asserted in pair.c. */
#define OP_CHANNELS 32
#define OP_ZERO_POINT 38
#define OP_CONSTANTS 40

/* In: r0 op, r1 gathered, r2 taps, r3 first, [sp] second.  Leaves the addresses of a block of `units`
 * units of `bytes` each in the frame; r0 still holds the operator.
 */
.macro OPEN units, bytes
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    ldr     r4, [sp, #FRAME + 36]
    strd    r3, r4, [sp, #PIXELS + 4]
    add     r3, r1, r2, lsl #2
    strd    r1, r3, [sp, #GATHERED]
    str     r0, [sp, #OPERATOR]
    lsr     r2, r2, #2
    sub     r3, r2, #1
    and     r3, r3, #\units - 1
    add     r3, r3, #1
    mov     r4, #\bytes
    mul     r3, r3, r4
    adr.w   r4, .Leven_end
    adr.w   r5, .Lodd_end
    add     r4, r4, #1
    add     r5, r5, #1
    sub     r6, r4, r3
    sub     r7, r5, r3
    strd    r6, r7, [sp, #ENTRY_EVEN]
    adr.w   r6, .Lodd_pass
    add     r6, r6, #1
    ldrh    r8, [r0, #OP_CHANNELS]
    subs    r8, r8, #2
    str     r8, [sp, #PIXELS]
    bgt.n   1f
    adr.w   r6, .Llast_pair
    add     r6, r6, #1
1:  str     r6, [sp, #NEXT]
    adr.w   r6, .Leven_tail
    adr.w   r7, .Lodd_tail
    add     r6, r6, #1
    add     r7, r7, #1
.endm

/* In: r2 units, r4 and r5 the ends of the blocks, r6 and r7 the tails, all with the Thumb bit. */
.macro SET_TAILS units
    strd    r6, r7, [sp, #TAIL_EVEN]
    add     r4, r4, #4
    add     r5, r5, #4
    cmp     r2, #\units
    bgt.n   1f
    mov     r4, r6
    mov     r5, r7
1:  strd    r4, r5, [sp, #AFTER_EVEN]
.endm

/* `units` units that are entered in their middle; then again from the first, or on to the tail. */
.macro BLOCK units, begin, end, after, tail
    .p2align 2
\begin:
    .rept \units
    UNIT
    .endr
\end:
    ldr.w   pc, [sp, #\after]
    ldr     r6, [sp, #GATHERED_END]
    cmp     r0, r6
    bne.w   \begin
    ldr.w   pc, [sp, #\tail]
.endm

/* Halfwords of the even channels go into the frame; then the odd ones, or the end. */
.macro KEEP_EVEN
    strd    r2, r4, [sp, #LANES]
    ldr.w   pc, [sp, #NEXT]
.endm

/* Writes a group, the odd channels in r2 and r4; all channels are raised by 128 as yet. */
.macro CLOSE group
    ldrd    r6, r7, [sp, #LANES]
    add     r5, sp, #PIXELS
    orr     r2, r6, r2, lsl #8
    orr     r4, r7, r4, lsl #8
    ldm     r5, {r3, r6, r7}
    eor     r2, r2, #0x80808080
    eor     r4, r4, #0x80808080
    subs    r3, r3, #4
    ble.n   1f
    str     r4, [r7], #4
    str     r2, [r6], #4
    stm     r5, {r3, r6, r7}
    b.w     \group
1:  cmp     r3, #-3
    ble.n   .Lthree
    str     r4, [r7], #4
    str     r2, [r6], #4
    stm     r5, {r3, r6, r7}
    cmp     r3, #-2
    ble.n   .Ldone
    adr.w   r3, .Llast_pair
    add     r3, r3, #1
    str     r3, [sp, #NEXT]
    b.w     \group
.Lthree:
    strb    r4, [r7]
    lsr     r4, r4, #8
    strb    r4, [r7, #1]
    lsr     r4, r4, #8
    strb    r4, [r7, #2]
    strb    r2, [r6]
    lsr     r2, r2, #8
    strb    r2, [r6, #1]
    lsr     r2, r2, #8
    strb    r2, [r6, #2]
.Ldone:
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .p2align 2
.Llast_pair:
    add     r5, sp, #PIXELS
    ldm     r5, {r3, r6, r7}
    eor     r2, r2, #0x80808080
    eor     r4, r4, #0x80808080
    strb    r4, [r7]
    cmp     r3, #-1
    beq.n   1f
    lsr     r5, r4, #16
    strb    r5, [r7, #1]
    lsr     r5, r2, #16
    strb    r5, [r6, #1]
1:  strb    r2, [r6]
    b.n     .Ldone
.endm


/* Halfwords of two channels, as bytes raised by 128. */
.macro PACK
    pkhbt   r2, r2, r3, lsl #16
    pkhbt   r4, r4, r5, lsl #16
    usat16  r2, #8, r2
    usat16  r4, #8, r4
.endm

/* The general form, in C: sums in r2-r5, `words` of the tail just read lie below r1. */
.macro GENERAL function, words
    push    {r2-r5}
    mov     r11, r1
    sub     r2, r1, #4 * \words
    mov     r1, sp
    ldr     r0, [sp, #OPERATOR + 16]
    bl      \function
    add     sp, sp, #16
    mov     r2, r0
    mov     r4, r1
    mov     r1, r11
    ldr     r0, [sp, #GATHERED]
.endm

.macro UNIT
    ldm.w   r0!, {r10, r11, r12, lr}
    ldrd    r6, r8, [r1], #8
    sxtb16  r7, r6, ror #8
    sxtb16  r6, r6
    sxtb16  r9, r8, ror #8
    sxtb16  r8, r8
    smlad   r2, r10, r6, r2
    smlad   r3, r10, r8, r3
    smlad   r4, r12, r6, r4
    smlad   r5, r12, r8, r5
    smlad   r2, r11, r7, r2
    smlad   r3, r11, r9, r3
    smlad   r4, lr, r7, r4
    smlad   r5, lr, r9, r5
.endm

.macro BEGIN entry
    ldm     r1!, {r2, r3}
    mov     r4, r2
    mov     r5, r3
    ldr.w   pc, [sp, #\entry]
.endm

/* `tinynas_scale`: the high multiply rounds half up, ADC adds the last bit that ASRS shifts out. */
.macro SCALE sum, multiplier, shift
    lsl     \sum, \sum, #1
    smmulr  \sum, \sum, \multiplier
    add     \sum, \sum, \sum, asr #31
    asrs    \sum, \sum, \shift
    adc     \sum, \sum, r10
.endm

.macro FINISH general
    ldm     r1!, {r6, r7, r8}
    ldr     r0, [sp, #GATHERED]
    tst     r8, #0x00800080
    bne.w   \general
    lsr     r9, r8, #16
    ldr     r10, [sp, #SPARE]
    SCALE   r2, r6, r8
    SCALE   r3, r7, r9
    SCALE   r4, r6, r8
    SCALE   r5, r7, r9
    PACK
.endm

    .syntax unified
    .thumb
    .section .text.tinynas_pair, "ax", %progbits
    .global tinynas_pair
    .type   tinynas_pair, %function
    .thumb_func
    .p2align 2
tinynas_pair:
    OPEN    4, 56
    SET_TAILS 4
    ldrsh   r3, [r0, #OP_ZERO_POINT]
    add     r3, r3, #128
    str     r3, [sp, #SPARE]
    ldr     r1, [r0, #OP_CONSTANTS]
    ldr     r0, [sp, #GATHERED]
.Lgroup:
    BEGIN   ENTRY_EVEN
    BLOCK   4, .Leven, .Leven_end, AFTER_EVEN, TAIL_EVEN
    .p2align 2
.Leven_tail:
    FINISH  .Leven_general
.Leven_finished:
    KEEP_EVEN
    .p2align 2
.Lodd_pass:
    BEGIN   ENTRY_ODD
    BLOCK   4, .Lodd, .Lodd_end, AFTER_ODD, TAIL_ODD
    .p2align 2
.Lodd_tail:
    FINISH  .Lodd_general
.Lodd_finished:
    CLOSE   .Lgroup
.Leven_general:
    GENERAL tinynas_pair_general, 3
    b.w     .Leven_finished
.Lodd_general:
    GENERAL tinynas_pair_general, 3
    b.w     .Lodd_finished
    .size   tinynas_pair, . - tinynas_pair
#endif
