/* Depthwise convolution 3 x 3 of stride 1 on cores with the DSP extension; depthwise_3.c says the layouts
 * and has the portable twin.
 *
 * Four channels at a time, for every two rows of outputs: the next two input rows are taken apart, products
 * go along the columns for a channel at a time, and sums become bytes for a column at a time.
 *
 * Products: a word is an input and the one below it, so that SMLAD does two taps of a column; two rows of
 * outputs are computed at once and every column is loaded once.
 *
 *     r0        columns                       r8, r9    words of a column
 *     r1, r2    weights of column 0: rows 0 and 1, rows 1 and 2
 *     r3-r6     those of columns 1 and 2      r10, r11  sums of even outputs, one below the other
 *     r7        bias                          r12, lr   sums of odd outputs
 *
 * Outputs:
 *     r0        sums                          r4-r7     multipliers and offsets of two channels
 *     r1, r2    the last pixels of the rows   r8, r9    sums of two channels, then bytes of both rows
 *     r3        multipliers and offsets       r10-r12, lr   sums of the other two
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

/* Frame: first the words of tinynas_rows, in their order. */
#define AT 0            /* upper row to take apart, and its number */
#define ROW 8           /* bytes from row to row, rows that there are */
#define PIXEL 16        /* bytes from pixel to pixel, pixels of a row, where its first one goes */
#define INSIDE 20
#define FIRST 24
#define OUTPUT 28       /* the last pixel of the first row of outputs, and how many rows there are */
#define OUTPUT_ROW 36
#define COLUMNS 40
#define BASE 44         /* the first column */
#define BACK 48         /* from the last column of a channel to the first of the next; end of channels */
#define END 56          /* of the columns that are computed in pairs */
#define CONSTANTS 60
#define GROUPS 64
#define WEIGHTS 68
#define SHIFT 72
#define PADDING 76
#define ROWS_WORDS 20
#define ENTRY_A 80      /* into the pairs of columns, when word 0 or 1 is the upper one */
#define ENTRY_B 84
#define TAIL_A 88
#define TAIL_B 92
#define NEXT_AT 96
#define NEXT_OUTPUT 104
#define NEXT_WEIGHTS 112
#define RETURN 116
#define FRAME 120

#define RECORD 68       /* bytes of a column */
#define SUMS -36        /* from its inputs */
#define PAIRS 4         /* of columns in the unrolled loop */
#define PAIR_BYTES 112

    .syntax unified
    .thumb

.macro MARK label, to
    adr.w   r1, \label
    add     r1, r1, #1
    str     r1, [sp, #\to]
.endm

/* A column of two outputs, one below the other; `from` is what the products are added to. */
.macro TAPS upper, lower, w01, w12, a, b, from_a, from_b
    smlad   \a, \upper, \w01, \from_a
    smlabt  \a, \lower, \w12, \a
    smlatb  \b, \upper, \w01, \from_b
    smlad   \b, \lower, \w12, \b
.endm

.macro KEEP a, b
    strd    \a, \b, [r0, #SUMS - 3 * RECORD]
.endm

/* The last column of outputs a and b, the middle one of c and d, the first one of the next a and b. */
.macro COLUMN upper, lower, a, b, c, d
    ldrd    \upper, \lower, [r0], #RECORD
    TAPS    r8, r9, r5, r6, \a, \b, \a, \b
    KEEP    \a, \b
    TAPS    r8, r9, r3, r4, \c, \d, \c, \d
    TAPS    r8, r9, r1, r2, \a, \b, r7, r7
.endm

.macro PRODUCTS upper, lower, phase, entry, tail
    ldr     r0, [sp, #BASE]
    ldr     r12, [sp, #WEIGHTS]
.Lchannel_\phase:
    ldm     r12!, {r1-r7}
    str     r12, [sp, #NEXT_WEIGHTS]
    ldrd    \upper, \lower, [r0], #RECORD
    TAPS    r8, r9, r1, r2, r10, r11, r7, r7
    ldrd    \upper, \lower, [r0], #RECORD
    TAPS    r8, r9, r3, r4, r10, r11, r10, r11
    TAPS    r8, r9, r1, r2, r12, lr, r7, r7
    ldr     pc, [sp, #\entry]
    .p2align 2
.Lpairs_\phase:
    .rept   PAIRS
    COLUMN  \upper, \lower, r10, r11, r12, lr
    COLUMN  \upper, \lower, r12, lr, r10, r11
    .endr
    .if . - .Lpairs_\phase - PAIRS * PAIR_BYTES
    .error  "PAIR_BYTES"
    .endif
    ldr     r8, [sp, #END]
    cmp     r0, r8
    blo.w   .Lpairs_\phase
    .p2align 2
.Llast_\phase:
    ldrd    \upper, \lower, [r0], #RECORD
    TAPS    r8, r9, r5, r6, r10, r11, r10, r11
    KEEP    r10, r11
    ldr     pc, [sp, #\tail]
    .p2align 2
.Leven_\phase:
    TAPS    r8, r9, r3, r4, r12, lr, r12, lr
    ldrd    \upper, \lower, [r0], #RECORD
    TAPS    r8, r9, r5, r6, r12, lr, r12, lr
    KEEP    r12, lr
    .p2align 2
.Lodd_\phase:
    ldrd    r8, r9, [sp, #BACK]
    ldr     r12, [sp, #NEXT_WEIGHTS]
    sub     r0, r0, r8
    cmp     r0, r9
    bne.w   .Lchannel_\phase
.endm

/* Where the loop over the pairs of columns is entered, and what comes behind the last one. */
.macro SET_ENTRY phase, entry, tail
    MARK    .Leven_\phase, \tail
    lsls    r2, r5, #31
    beq.n   1f
    MARK    .Lodd_\phase, \tail
1:  MARK    .Llast_\phase, \entry
    cbz     r6, 2f
    MARK    .Lpairs_\phase, \entry
    add     r1, r1, r7
    str     r1, [sp, #\entry]
2:
.endm

/* Weights of a column, rows 0 to 2 in bytes, as halves: rows 0 and 1, rows 1 and 2. */
.macro UNPACK word
    sxtb16  r4, \word
    sxtb16  r9, \word, ror #8
    smulbb  r11, r4, r8
    smulbb  r9, r9, r8
    smultb  r4, r4, r8
    pkhbt   r11, r11, r9, lsl #16
    pkhbt   r9, r9, r4, lsl #16
    strd    r11, r9, [r1], #8
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
    str     r5, [r2, #8]
    str     r6, [r2, #16]
    str     r7, [r2, #24]
    str     r4, [r2], #RECORD
.endm

/* Two rows of the sums of two channels, in the first and second register of each pair, scaled. */
.macro SCALE a, b, c, d
    smmla   \a, \a, r4, r5
    smmla   \b, \b, r4, r5
    smmla   \c, \c, r6, r7
    smmla   \d, \d, r6, r7
    pkhtb   \a, \c, \a, asr #16
    pkhtb   \b, \d, \b, asr #16
    usat16  \a, #8, \a
    usat16  \b, #8, \b
.endm

.macro STORE
    eor     r8, r8, #0x80808080
    eor     r9, r9, #0x80808080
.endm

    .section .text.tinynas_rows_3, "ax", %progbits
    .global tinynas_rows_3
    .type   tinynas_rows_3, %function
    .thumb_func
    .p2align 2
tinynas_rows_3:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    mov     r1, sp
    ldm     r0!, {r2-r11}
    stm     r1!, {r2-r11}
    ldm     r0!, {r2-r11}
    stm     r1!, {r2-r11}
    ldr     r5, [sp, #COLUMNS]
    sub     r6, r5, #1
    lsr     r6, r6, #1
    rsb     r7, r6, #0
    and     r7, r7, #PAIRS - 1
    mov     r1, #PAIR_BYTES
    mul     r7, r7, r1
    SET_ENTRY A, ENTRY_A, TAIL_A
    SET_ENTRY B, ENTRY_B, TAIL_B

.Lgroup:
    ldr     r0, [sp, #CONSTANTS]
    ldr     r1, [sp, #WEIGHTS]
    ldr     r10, [sp, #SHIFT]
    add     r2, r1, #112
    mov     r12, #4
    mov     lr, #0x8000
1:  ldm     r0!, {r3-r7}
    asr     r9, r5, #24
    mov     r8, #1
    lsl     r8, r8, r9
    lsl     r9, r8, r10
    add     r9, lr, r9, lsr #2
    strd    r4, r9, [r2], #8
    UNPACK  r5
    UNPACK  r6
    UNPACK  r7
    str     r3, [r1], #4
    subs    r12, r12, #1
    bne.n   1b
    str     r0, [sp, #CONSTANTS]
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
    ldr     r2, [sp, #FIRST]
    bl      .Lsplit
.Lrows:
    ldr     r2, [sp, #FIRST]
    add     r2, r2, #4
    bl      .Lsplit
    PRODUCTS r8, r9, A, ENTRY_A, TAIL_A
    bl      .Loutputs
    ble.w   .Lgroup_end
    ldr     r2, [sp, #FIRST]
    bl      .Lsplit
    PRODUCTS r9, r8, B, ENTRY_B, TAIL_B
    bl      .Loutputs
    bgt.w   .Lrows
.Lgroup_end:
    ldr     r0, [sp, #GROUPS]
    subs    r0, r0, #1
    str     r0, [sp, #GROUPS]
    bne.w   .Lgroup
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}

/* The next two rows of inputs into one word of every column and channel; r2 the word of the first column. */
.Lsplit:
    ldrd    r0, r4, [sp, #NEXT_AT]
    ldrd    r5, r6, [sp, #ROW]
    ldrd    r9, r3, [sp, #PIXEL]
    ldr     r12, [sp, #SHIFT]
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
/* A row of them may lie outside the input. */
.Lsome:
    mov     r10, r9
    mov     r11, r9
    cmp     r4, r6
    blo.n   3f
    add     r0, sp, #PADDING
    mov     r10, #0
3:  add     r4, r4, #1
    cmp     r4, r6
    blo.n   4f
    add     r1, sp, #PADDING
    mov     r11, #0
4:  cbz     r3, 7f
    mov     r8, #0xff00ff00
    cmp     r12, #8
    bne.n   6f
5:  ldr     r4, [r0]
    ldr     r5, [r1]
    add     r0, r0, r10
    add     r1, r1, r11
    BY_256
    SPREAD
    subs    r3, r3, #1
    bne.n   5b
    bx      lr
6:  ldr     r4, [r0]
    ldr     r5, [r1]
    eor     r4, r4, #0x80808080
    eor     r5, r5, #0x80808080
    add     r0, r0, r10
    add     r1, r1, r11
    PACK
    uxtb16  r4, r6
    uxtb16  r6, r6, ror #8
    uxtb16  r5, r7
    uxtb16  r7, r7, ror #8
    lsl     r4, r4, r12
    lsl     r5, r5, r12
    lsl     r6, r6, r12
    lsl     r7, r7, r12
    SPREAD
    subs    r3, r3, #1
    bne.n   6b
7:  bx      lr

/* Sums of two rows to outputs; flags: greater, there are more rows. */
.Loutputs:
    str     lr, [sp, #RETURN]
    ldrd    r1, r4, [sp, #NEXT_OUTPUT]
    ldrd    r5, r6, [sp, #OUTPUT_ROW]
    ldr     r0, [sp, #BASE]
    ldr     r3, [sp, #WEIGHTS]
    add     r2, r1, r5
    add     r7, r2, r5
    subs    r4, r4, #2
    it      mi
    movmi   r2, r1
    strd    r7, r4, [sp, #NEXT_OUTPUT]
    sub     r0, r0, #20
    add     r3, r3, #128
    lsls    r6, r6, #31
    beq.n   8f
    ldm     r3, {r4-r7}
    b.n     9f
8:  ldmdb   r3, {r4-r7}
    .p2align 2
1:  ldmdb   r0, {r8-r11}
    SCALE   r8, r9, r10, r11
    ldm     r3, {r4-r7}
    ldm     r0!, {r10-r12, lr}
    SCALE   r10, r11, r12, lr
    orr     r8, r8, r10, lsl #8
    orr     r9, r9, r11, lsl #8
    ldr     r12, [r0], #RECORD - 16
    STORE
    str     r9, [r2, r12]
    str     r8, [r1, r12]
9:  ldm     r0, {r8-r11}
    SCALE   r8, r9, r10, r11
    ldmdb   r3, {r4-r7}
    ldmdb   r0, {r10-r12, lr}
    SCALE   r10, r11, r12, lr
    orr     r8, r10, r8, lsl #8
    orr     r9, r11, r9, lsl #8
    ldr     r12, [r0, #16]
    add     r0, r0, #RECORD
    STORE
    str     r9, [r2, r12]
    str     r8, [r1, r12]
    cmp     r12, #0
    bne.n   1b
    ldr     r4, [sp, #NEXT_OUTPUT + 4]
    cmp     r4, #0
    ldr     pc, [sp, #RETURN]
    .size   tinynas_rows_3, . - tinynas_rows_3
#endif
