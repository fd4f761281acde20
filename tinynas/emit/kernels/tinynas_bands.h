/* What the assembly of depthwise products over bands shares; for the assembler alone.  bands.c says the
 * layouts.  A file defines STRIDE, COLUMN_BYTES (from column to column of a band), RECORD and SUMS (bytes of
 * a channel's record, and where its sums begin).
 *
 * A block is two columns of two rows of outputs, or, where the stride is 2, four columns of one row.  Its
 * outputs:
 *     r1        tail of the records            r4, r8, r12, lr  sums
 *     r5-r9     multipliers and offsets        r10, r11, r2, r3 bytes of the four pixels
 */

/* Frame: first the words of tinynas_bands, in their order. */
#define AT 0            /* upper row to take apart, and its number */
#define ROW 8           /* bytes from row to row, rows that there are */
#define PIXEL 16        /* bytes from pixel to pixel, pixels of a row, where its first one goes */
#define FIRST 24
#define BAND 28         /* bytes from band to band, of a channel's bands */
#define PLANE 32
#define OUTPUT 36       /* the first row of outputs, and how many rows there are */
#define OUTPUT_ROW 44
#define COLUMNS 48      /* of outputs */
#define ACROSS 52       /* bytes from the first output of a block to the second */
#define ALONG 56        /* from the first to the third, from the second to the fourth */
#define BASE 64         /* the first column */
#define CONSTANTS 68
#define GROUPS 72
#define RECORDS 76
#define SHIFT 80
#define PADDING 84
#define FILL 88         /* so far 23 words */
#define NEXT_AT 92
#define NEXT_OUTPUT 100
#define RETURN 108
#define TURN 112        /* the place of the topmost band */
#define END 116         /* where, of the first band, blocks begin that are not a row's last */
#define FRAME 120

/* Behind the records: what leads back to the first channel, multipliers and offsets, where the first and
 * the second output go, ALONG, END for the topmost band.
 */
#define TAIL (4 * RECORD)
#define TAIL_SCALES (TAIL + 4)
#define TAIL_OUTPUTS (TAIL + 36)
#define TAIL_END (TAIL + 52)
#define SCALED 24       /* from the tail to where r1 is when the outputs are due */

    .syntax unified
    .thumb

.macro OPEN name
    .section .text.\name, "ax", %progbits
    .global \name
    .type   \name, %function
    .thumb_func
    .p2align 2
\name:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    mov     r1, sp
    ldm     r0!, {r2-r12}
    stm     r1!, {r2-r12}
    ldm     r0!, {r2-r12, lr}
    stm     r1!, {r2-r12, lr}
    ldr     r1, [sp, #RECORDS]
    ldrd    r4, r5, [sp, #ALONG]
    ldr     r6, [sp, #BASE]
    ldr     r7, [sp, #COLUMNS]
    add     r1, r1, #TAIL_OUTPUTS
    .if     STRIDE == 1
    sub     r7, r7, #1
    .else
    sub     r7, r7, #3
    .endif
    mov     r8, #STRIDE * COLUMN_BYTES
    mla     r6, r7, r8, r6
    strd    r4, r5, [r1, #8]
    str     r6, [r1, #16]
    str     r6, [sp, #END]
.endm

.macro CLOSE
    ldr     r0, [sp, #GROUPS]
    subs    r0, r0, #1
    str     r0, [sp, #GROUPS]
    bne.w   .Lgroup
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
.endm

/* The first rows of the next four channels. */
.macro BEGIN_GROUP
    ldrd    r4, r5, [sp, #AT]
    ldrd    r6, r7, [sp, #OUTPUT]
    ldr     r8, [sp, #ROW]
    strd    r6, r7, [sp, #NEXT_OUTPUT]
    mla     r8, r5, r8, r4
    strd    r8, r5, [sp, #NEXT_AT]
    add     r4, r4, #4
    add     r6, r6, #4
    str     r4, [sp, #AT]
    str     r6, [sp, #OUTPUT]
.endm

/* A channel's head from r0: r3 bias, r4 multiplier; r9 what weights are shifted by.  Bias to the record at
 * r1, multiplier and offset to r2; leaves r7, the bits that a lower half shifts into an upper one.  r10
 * SHIFT, r11 0x8000.
 */
.macro HEAD
    mov     r8, #1
    lsl     r7, r8, r9
    lsl     r8, r7, r10
    add     r8, r11, r8, lsr #2
    strd    r4, r8, [r2], #8
    sub     r7, r7, #1
    str     r3, [r1, #4]
.endm

/* Two weights as int16s, shifted. */
.macro SHIFTED word
    lsl     \word, \word, r9
    bic     \word, \word, r7, lsl #16
.endm

/* Inputs in r4 and the ones below them in r5, four channels. */
.macro PACK
    pkhbt   r6, r4, r5, lsl #16
    pkhtb   r7, r5, r4, asr #16
.endm

.macro BY_256
    PACK
    and     r4, r8, r6, lsl #8
    and     r6, r6, r8
    and     r5, r8, r7, lsl #8
    and     r7, r7, r8
.endm

.macro SPREAD
    str     r5, [r2, r10]
    str     r6, [r2, r10, lsl #1]
    str     r7, [r2, r11]
    str     r4, [r2], #COLUMN_BYTES
.endm

/* Sums a, b of one channel and c, d of another, to bytes in the halves of a and b. */
.macro SCALE a, b, c, d, m_a, r_a, m_c, r_c
    smmla   \a, \a, \m_a, \r_a
    smmla   \b, \b, \m_a, \r_a
    smmla   \c, \c, \m_c, \r_c
    smmla   \d, \d, \m_c, \r_c
    pkhtb   \a, \c, \a, asr #16
    pkhtb   \b, \d, \b, asr #16
    usat16  \a, #8, \a
    usat16  \b, #8, \b
.endm

.macro SUMS_OF a, b, place, second, moved=0
    ldrd    \a, \b, [r1, #SUMS + 8 * \second - SCALED - \moved - (4 - \place) * RECORD]
.endm

/* Where the new band's first column goes, in place of the one that is no longer the topmost: r2. */
.macro NEW_BAND count
    ldr     r2, [sp, #FIRST]
    ldr     r4, [sp, #BAND]
    ldr     r3, [sp, #TURN]
    subs    r3, r3, #1
    it      mi
    movmi   r3, #\count - 1
    mla     r2, r3, r4, r2
.endm

/* The ways from band to band for a ring that has turned: `count` bands, from the one that lies at TURN; a
 * channel's products end `covered` columns behind the block's first and are `taken` further for the next.
 * `to_*`: where the ways to the second band and so on lie in a record.  r0: BASE before, the block's first
 * column in the topmost band afterwards.
 */
.macro WAYS count, covered, taken, to_second, to_third, to_fourth=0
    ldr     r1, [sp, #RECORDS]
    ldr     r2, [sp, #TURN]
    ldrd    r9, r3, [sp, #BAND]
    ldr     r7, [sp, #END]
    mla     r0, r2, r9, r0
    mla     r7, r2, r9, r7
    sub     r4, r9, #\covered * COLUMN_BYTES
    str     r7, [r1, #TAIL_END]
    sub     r5, r4, r3          /* from the last place to the first */
    mov     r6, r4
    mov     r7, r4
    .if     \count > 3
    mov     r8, r4
    .endif
    add     r10, r4, #\taken * COLUMN_BYTES
    sub     r10, r10, r3, lsl #2
    cbz     r2, 3f
    add     r4, r4, r3
    add     r10, r10, r3
    .if     \count > 3
    cmp     r2, #2
    it      lo
    movlo   r8, r5
    it      eq
    moveq   r7, r5
    it      hi
    movhi   r6, r5
    .else
    cmp     r2, #1
    ite     eq
    moveq   r7, r5
    movne   r6, r5
    .endif
3:  add     r2, r2, #1
    cmp     r2, #\count
    it      eq
    moveq   r2, #0
    str     r2, [sp, #TURN]
    str     r10, [r1, #TAIL]
    .irp    place, 0, 1, 2, 3
    .if     \place
    str     r4, [r1, #\place * RECORD]
    .endif
    str     r6, [r1, #\place * RECORD + \to_second]
    str     r7, [r1, #\place * RECORD + \to_third]
    .if     \count > 3
    str     r8, [r1, #\place * RECORD + \to_fourth]
    .endif
    .endr
.endm

/* The next two rows of inputs to a band, and where the next outputs go.  r2: where the band's first column
 * goes; afterwards r0 is BASE.
 */
.macro SUBROUTINES
.Lband:
    str     lr, [sp, #RETURN]
    bl      .Lsplit
    ldrd    r4, r7, [sp, #NEXT_OUTPUT]
    ldr     r6, [sp, #OUTPUT_ROW]
    ldr     r5, [sp, #ACROSS]
    ldr     r3, [sp, #RECORDS]
    add     r5, r5, r4
    .if     STRIDE == 1
    add     r6, r6, r5
    subs    r7, r7, #2
    it      mi
    movmi   r5, r4
    .else
    add     r6, r6, r4
    sub     r7, r7, #1
    .endif
    add     r3, r3, #TAIL_OUTPUTS
    strd    r6, r7, [sp, #NEXT_OUTPUT]
    strd    r4, r5, [r3]
    ldr     r0, [sp, #BASE]
    ldr     pc, [sp, #RETURN]

.Lsplit:
    ldrd    r0, r4, [sp, #NEXT_AT]
    ldrd    r5, r6, [sp, #ROW]
    ldrd    r9, r3, [sp, #PIXEL]
    ldr     r10, [sp, #PLANE]
    ldr     r12, [sp, #SHIFT]
    add     r11, r10, r10, lsl #1
    add     r1, r0, r5
    add     r5, r5, r1
    add     r7, r4, #2
    strd    r5, r7, [sp, #NEXT_AT]
    cmp     r4, #0
    blt.n   .Lsome
    cmp     r7, r6
    bgt.n   .Lsome
    cmp     r12, #8
    bne.n   .Lsome
    mov     r8, #0xff00ff00
    mul     r5, r3, r9
    add     r0, r0, r5
    add     r1, r1, r5
    lsls    r3, r3, #31
    rsb     r3, r5, #0
    bne.n   2f
1:  ldr     r4, [r0, r3]
    ldr     r5, [r1, r3]
    BY_256
    SPREAD
    add     r3, r3, r9
2:  ldr     r4, [r0, r3]
    ldr     r5, [r1, r3]
    BY_256
    SPREAD
    adds    r3, r3, r9
    bne.n   1b
    bx      lr
/* A row of them, or both, may lie outside the input. */
.Lsome:
    mov     r8, r12
    mov     r12, r9
    cmp     r4, r6
    blo.n   3f
    add     r0, sp, #PADDING
    mov     r9, #0
3:  add     r4, r4, #1
    cmp     r4, r6
    blo.n   4f
    add     r1, sp, #PADDING
    mov     r12, #0
4:  cmp     r3, #0
    it      eq
    bxeq    lr
    orrs    r4, r9, r12
    beq.n   7f
    cmp     r8, #8
    bne.n   6f
    mov     r8, #0xff00ff00
5:  ldr     r4, [r0]
    ldr     r5, [r1]
    add     r0, r0, r9
    add     r1, r1, r12
    BY_256
    SPREAD
    subs    r3, r3, #1
    bne.n   5b
    bx      lr
6:  ldr     r4, [r0]
    ldr     r5, [r1]
    eor     r4, r4, #0x80808080
    eor     r5, r5, #0x80808080
    add     r0, r0, r9
    add     r1, r1, r12
    PACK
    uxtb16  r4, r6
    uxtb16  r6, r6, ror #8
    uxtb16  r5, r7
    uxtb16  r7, r7, ror #8
    lsl     r4, r4, r8
    lsl     r5, r5, r8
    lsl     r6, r6, r8
    lsl     r7, r7, r8
    SPREAD
    subs    r3, r3, #1
    bne.n   6b
    bx      lr
7:  ldr     r4, [sp, #FILL]
    mov     r5, r4
    mov     r6, r4
    mov     r7, r4
8:  SPREAD
    subs    r3, r3, #1
    bne.n   8b
    bx      lr

/* A block's sums to outputs; flags: lower, a whole block follows.  r5-r9 have the first of the multipliers
 * and offsets.
 */
.Loutputs:
    str     lr, [sp, #RETURN]
    SUMS_OF r10, r11, 0, 0
    SUMS_OF r12, lr, 1, 0
    SCALE   r10, r11, r12, lr, r5, r6, r7, r8
    SUMS_OF r2, r3, 0, 1
    SUMS_OF r12, lr, 1, 1
    SCALE   r2, r3, r12, lr, r5, r6, r7, r8
    SUMS_OF r4, r8, 2, 0
    SUMS_OF r12, lr, 3, 0
    ldm     r1!, {r5, r6, r7}
    SCALE   r4, r8, r12, lr, r9, r5, r6, r7
    orr     r10, r10, r4, lsl #8
    orr     r11, r11, r8, lsl #8
    SUMS_OF r4, r8, 2, 1, 12
    SUMS_OF r12, lr, 3, 1, 12
    SCALE   r4, r8, r12, lr, r9, r5, r6, r7
    orr     r2, r2, r4, lsl #8
    orr     r3, r3, r8, lsl #8
    ldm     r1, {r4-r8}
    eor     r10, r10, #0x80808080
    eor     r11, r11, #0x80808080
    eor     r2, r2, #0x80808080
    eor     r3, r3, #0x80808080
    str     r3, [r5, r7]
    str     r2, [r4, r6]
    str     r11, [r5]
    str     r10, [r4]
    add     r4, r4, r6, lsl #1
    add     r5, r5, r6, lsl #1
    strd    r4, r5, [r1]
    cmp     r0, r8
    ldr     pc, [sp, #RETURN]

/* After a row's whole blocks.  Where columns are left, back until they are a block; flags: lower, it is due;
 * else greater if there are more rows.  r1, r4-r8 as .Loutputs leaves them.
 */
.Lrow_end:
    .if     STRIDE == 1
    bne.n   1f
    sub     r0, r0, #COLUMN_BYTES
    .else
    add     r7, r8, #6 * COLUMN_BYTES
    subs    r7, r7, r0
    ble.n   1f
    rsb     r7, r7, #8 * COLUMN_BYTES
    sub     r0, r0, r7
    mul     r6, r6, r7
    lsr     r6, r6, #4
    .endif
    sub     r4, r4, r6
    sub     r5, r5, r6
    strd    r4, r5, [r1]
    cmp     r0, r8
    bx      lr
1:  ldr     r4, [sp, #NEXT_OUTPUT + 4]
    cmp     r4, #0
    bx      lr
.endm
