/* What the two assembly files of the dense product share: frame, entry, group of channels, exit.
 *
 * For the assembler alone.  A group is four output channels in two passes, channels 0 and 2, then 1
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

/* Offsets in tinynas_conv_op, asserted in pair_general.c. */
#define OP_CHANNELS 32
#define OP_ZERO_POINT 38
#define OP_CONSTANTS 40
#define OP_FORM 59

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

/* Halfwords of two channels, as bytes raised by 128, of the sums' upper or lower halves. */
.macro PACK_UPPER
    pkhtb   r2, r3, r2, asr #16
    pkhtb   r4, r5, r4, asr #16
    usat16  r2, #8, r2
    usat16  r4, #8, r4
.endm

.macro PACK_LOWER
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
