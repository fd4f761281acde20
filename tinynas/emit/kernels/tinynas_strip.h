/* What the assembly of depthwise products 5 x 5 and 7 x 7 of one row of outputs shares; for the assembler
 * alone.  strips.c says the layouts and has the portable twin.
 *
 * Four channels at a time, four outputs at a time: the columns that four outputs see are there as halfwords,
 * the next ones are taken apart behind them, and the four sums of a channel become bytes.  The products
 * move the columns that the next outputs see, too, to the front.  A row ends with one or two outputs, or
 * with four of which one has no meaning and goes where the one before it does.
 *
 * A file defines SIZE and STRIDE and the macros FOUR and TWO, products of four and of two outputs of a
 * channel; both find
 *     r0        columns                        r1        bias, weights
 * and leave sums in r2-r5 (r2, r3), r0 at the next channel's columns and r1 behind the weights.  r4-r12 and lr
 * are theirs.
 */

#define FULL (SIZE / 2)                 /* bands of two rows; the last row is alone */
#define HALO (SIZE - 1)                 /* columns that are moved */
#define WIDTH (HALO + 4 * STRIDE)
#define BAND (4 * WIDTH)
#define LAST_ROW (FULL * BAND)          /* of a channel: where the words of the last row begin */
#define PLANE (LAST_ROW + BAND / 2)

/* Frame: for every band where its two rows begin and what takes it apart, for the last row the same; then
 * what comes after it.
 */
#define AFTER 48
#define OUT 52          /* the next outputs; bytes from their last but one to the last */
#define LAST 56
#define LEFT 60         /* outputs, less four */
#define RETURN 64
#define AT 68           /* the next column */
#define LIMIT 72        /* where a column's right neighbour still lies inside */
#define SPLIT_END 76
#define COLUMNS 80      /* from here on words of tinynas_strip, in their order */
#define COLUMNS_END 84
#define STEP 88
#define INSIDE 92
#define FIRST 96
#define OUTPUT 100
#define OUTPUTS 104
#define CONSTANTS 108
#define CONSTANTS_END 112
#define FILL 116
#define PADDING 120
#define FRAME 124

    .syntax unified
    .thumb

/* An address in this section, to be jumped to. */
.macro PLACE register, label
    adr.w   \register, \label
    add     \register, \register, #1
.endm

/* Two more columns where the first ones of a band go, r0, and of the last row, r10; r12 index of the first
 * column, r1 where columns end.  Leaves r0, r10 and r12 behind them.
 */
.macro SPLIT
.Lsplit:
    str     lr, [sp, #RETURN]
    str     r1, [sp, #SPLIT_END]
    ldr     r11, [sp, #STEP]
    ldr     lr, [sp, #LIMIT]
.Lpair:
    mov     r2, r12
    add     r3, r12, r11
    add     r12, r3, r11
    mov     r1, sp
    cmp     r2, lr
    bhs.n   .Lborder
.Lband:
    ldm     r1!, {r4, r5, pc}
.Lwhole:
    ldr     r6, [r4, r2]
    ldr     r7, [r5, r2]
    ldr     r8, [r4, r3]
    ldr     r9, [r5, r3]
.Lpack:
    pkhbt   r4, r6, r7, lsl #16
    pkhtb   r6, r7, r6, asr #16
    pkhbt   r7, r8, r9, lsl #16
    pkhtb   r8, r9, r8, asr #16
    sxtb16  r5, r4
    sxtb16  r9, r7
    strd    r5, r9, [r0]
    sxtb16  r5, r4, ror #8
    sxtb16  r9, r7, ror #8
    strd    r5, r9, [r0, #PLANE]
    sxtb16  r5, r6
    sxtb16  r9, r8
    strd    r5, r9, [r0, #2 * PLANE]
    sxtb16  r5, r6, ror #8
    sxtb16  r9, r8, ror #8
    strd    r5, r9, [r0, #3 * PLANE]
    add     r0, r0, #BAND
    b.n     .Lband
.Lupper:
    ldr     r6, [r4, r2]
    ldr     r8, [r4, r3]
    ldr     r7, [sp, #PADDING]
    mov     r9, r7
    b.n     .Lpack
.Llower:
    ldr     r7, [r5, r2]
    ldr     r9, [r5, r3]
    ldr     r6, [sp, #PADDING]
    mov     r8, r6
    b.n     .Lpack
.Lskip:
    add     r0, r0, #BAND
    b.n     .Lband
.Llast:
    ldr     r6, [r4, r2]
    ldr     r8, [r4, r3]
    pkhbt   r7, r6, r8, lsl #16
    pkhtb   r8, r8, r6, asr #16
    sxtb16  r5, r7
    sxtb16  r7, r7, ror #8
    sxtb16  r6, r8
    sxtb16  r8, r8, ror #8
    str     r7, [r10, #PLANE]
    str     r6, [r10, #2 * PLANE]
    str     r8, [r10, #3 * PLANE]
    str     r5, [r10], #4
    ldr     pc, [sp, #AFTER]
.Lskip_last:
    add     r10, r10, #4
    ldr     pc, [sp, #AFTER]
.Lpair_end:
    sub     r0, r0, #LAST_ROW - 8
    ldr     r9, [sp, #SPLIT_END]
    cmp     r0, r9
    bne.n   .Lpair
    ldr     pc, [sp, #RETURN]

/* One of two columns lies outside the input, or both do: the other one stands in, and is overwritten. */
.Lborder:
    ldr     r4, [sp, #INSIDE]
    cmp     r2, r4
    bhs.n   1f
    mov     r3, r2
    PLACE   r5, .Lsecond
    b.n     2f
1:  cmp     r3, r4
    bhs.n   .Loutside
    mov     r2, r3
    PLACE   r5, .Lfirst
2:  str     r5, [sp, #AFTER]
    b.n     .Lband
.Lfirst:
    sub     r6, r0, #LAST_ROW
    sub     r5, r10, #4
    b.n     1f
.Lsecond:
    sub     r6, r0, #LAST_ROW - 4
    sub     r5, r10, #2
1:  ldr     r4, [sp, #FILL]
    .irp    channel, 0, 1, 2, 3
    .irp    band, 0, 1, 2
    .if     \band < FULL
    str     r4, [r6, #\channel * PLANE + \band * BAND]
    .endif
    .endr
    strh    r4, [r5, #\channel * PLANE]
    .endr
    PLACE   r4, .Lpair_end
    str     r4, [sp, #AFTER]
    b.n     .Lpair_end
.Loutside:
    ldr     r4, [sp, #FILL]
    mov     r5, r4
    .irp    channel, 0, 1, 2, 3
    .irp    band, 0, 1, 2
    .if     \band < FULL
    strd    r4, r5, [r0, #\channel * PLANE + \band * BAND]
    .endif
    .endr
    .if     \channel
    str     r4, [r10, #\channel * PLANE]
    .endif
    .endr
    str     r4, [r10], #4
    add     r0, r0, #LAST_ROW
    b.n     .Lpair_end
.endm

/* Sums to outputs. */
.macro SCALE sum
    smmla   \sum, \sum, r6, r7
    ssat    \sum, #8, \sum, asr #12
.endm

/* After a channel's outputs, r8 the next one's: flags equal if it was the last of four. */
.macro CHANNEL_END
    ldr     r11, [sp, #COLUMNS_END]
    str     r8, [sp, #OUT]
    cmp     r0, r11
.endm

/* r0 strip. */
.macro STRIP name
    .section .text.\name, "ax", %progbits
    .global \name
    .type   \name, %function
    .thumb_func
    .p2align 2
\name:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    mov     r1, sp
    mov     r12, #FULL
    PLACE   r5, .Lwhole
    PLACE   r6, .Lupper
    PLACE   r7, .Llower
    PLACE   r8, .Lskip
1:  ldrd    r2, r3, [r0], #8
    mov     r4, r5
    cmp     r3, #0
    it      eq
    moveq   r4, r6
    cbnz    r2, 2f
    mov     r4, r7
    cbnz    r3, 2f
    mov     r4, r8
2:  stm     r1!, {r2, r3, r4}
    subs    r12, r12, #1
    bne.n   1b
    ldr     r2, [r0], #4 * (8 - SIZE)
    PLACE   r4, .Llast
    PLACE   r5, .Lskip_last
    cbnz    r2, 3f
    mov     r4, r5
3:  stm     r1, {r2, r3, r4}
    PLACE   r5, .Lpair_end
    str     r5, [sp, #AFTER]
    ldm     r0, {r2-r12}
    add     r1, sp, #COLUMNS
    stm     r1, {r2-r12}
    subs    r5, r5, r4
    it      lo
    movlo   r5, #0
    str     r5, [sp, #LIMIT]

.Lgroup:
    ldr     r0, [sp, #COLUMNS]
    ldr     r12, [sp, #FIRST]
    ldrd    r4, r5, [sp, #OUTPUT]
    str     r4, [sp, #OUT]
    str     r5, [sp, #LEFT]
    add     r10, r0, #LAST_ROW
    add     r1, r0, #4 * HALO
    bl      .Lsplit
.Lblock:
    ldr     r2, [sp, #LEFT]
    ldr     r3, [sp, #STEP]
    subs    r2, r2, #4
    cmn     r2, #2
    ble.w   .Ltail
    cmp     r2, #0
    it      mi
    movmi   r3, #0
    str     r2, [sp, #LEFT]
    str     r3, [sp, #LAST]
    add     r10, r0, #LAST_ROW - 2 * HALO
    add     r1, r0, #16 * STRIDE
    bl      .Lsplit
    str     r12, [sp, #AT]
    ldr     r0, [sp, #COLUMNS]
    ldr     r1, [sp, #CONSTANTS]
.Lfour:
    FOUR
    ldm     r1!, {r6, r7}
    SCALE   r2
    SCALE   r3
    SCALE   r4
    SCALE   r5
    ldrd    r8, r10, [sp, #OUT]
    ldr     r9, [sp, #STEP]
    add     r11, r8, r9, lsl #1
    strb    r5, [r11, r10]
    strb    r4, [r11]
    strb    r3, [r8, r9]
    strb    r2, [r8], #1
    CHANNEL_END
    bne.w   .Lfour
    sub     r8, r8, #4
    add     r8, r8, r9, lsl #2
    str     r8, [sp, #OUT]
    ldr     r12, [sp, #AT]
    sub     r0, r0, #4 * (PLANE - HALO)
    ldr     r2, [sp, #LEFT]
    cmp     r2, #0
    bgt.w   .Lblock
    b.n     .Lgroup_end
.Ltail:
    cmn     r2, #3
    it      eq
    moveq   r3, #0
    str     r3, [sp, #LAST]
    add     r10, r0, #LAST_ROW - 2 * HALO
    add     r1, r0, #8 * STRIDE
    bl      .Lsplit
    ldr     r0, [sp, #COLUMNS]
    ldr     r1, [sp, #CONSTANTS]
.Ltwo:
    TWO
    ldm     r1!, {r6, r7}
    SCALE   r2
    SCALE   r3
    ldrd    r8, r10, [sp, #OUT]
    strb    r3, [r8, r10]
    strb    r2, [r8], #1
    CHANNEL_END
    bne.w   .Ltwo
.Lgroup_end:
    ldr     r2, [sp, #FIRST]
    ldr     r3, [sp, #OUTPUT]
    ldr     r4, [sp, #CONSTANTS_END]
    str     r1, [sp, #CONSTANTS]
    add     r2, r2, #4
    add     r3, r3, #4
    str     r2, [sp, #FIRST]
    str     r3, [sp, #OUTPUT]
    cmp     r1, r4
    bne.w   .Lgroup
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    SPLIT
    .size   \name, . - \name
.endm
