/* Depthwise products 3 x 3 on cores with the DSP extension; depthwise_3.c says the layouts and has the
 * portable twins.
 *
 * A word is an input and the one below it, so that SMLAD does two taps of a column.  With stride 1 two
 * output rows are computed at once, with stride 2 one; every column is loaded once.
 *
 *     r0        columns                       r8, r9    words of a column; multiplier and offset
 *     r1-r3     weights of rows 0 and 1       r10, r11  sums of even outputs (stride 2: r10)
 *     r4-r6     weights of rows 1 and 2       r12, lr   sums of odd outputs (stride 2: r11)
 *     r7        bias
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define BASE 0
#define CHANNELS 4
#define WEIGHTS 8
#define PLANE 12
#define SPAN 16
#define END 20
#define MULTIPLIER 24 /* and offset */
#define FRAME 32

    .syntax unified
    .thumb

.macro FUNCTION name
    .section .text.\name, "ax", %progbits
    .global \name
    .type   \name, %function
    .thumb_func
    .p2align 2
\name:
.endm

/* Two rows of pixels, four channels, into the words of four planes.  r0 upper row, r1 lower row (0: all
 * padding), r2 first plane, r3 bytes from plane to plane; [sp] bytes from pixel to pixel, pixels (not 0),
 * shift, padding raised by 128 in every byte.
 */
.macro SPLIT upper, lower
    pkhbt   r6, \upper, \lower, lsl #16
    pkhtb   r7, \lower, \upper, asr #16
    uxtb16  r4, r6, ror #8
    uxtb16  r6, r6
    uxtb16  r5, r7, ror #8
    uxtb16  r7, r7
.endm

.macro SHIFT
    lsl     r4, r4, r12
    lsl     r5, r5, r12
    lsl     r6, r6, r12
    lsl     r7, r7, r12
.endm

.macro SPREAD
    str     r4, [r2, r3]
    str     r7, [r2, r3, lsl #1]
    str     r5, [r2, r10]
    str     r6, [r2], #8
    adds    r8, r8, r9
.endm

.macro LOAD to, row
    ldr     \to, [\row, r8]
    eor     \to, \to, #0x80808080
.endm

    FUNCTION tinynas_rows_split
    push    {r4-r11}
    ldr     r9, [sp, #32]
    ldr     r8, [sp, #36]
    ldr     r12, [sp, #40]
    ldr     r11, [sp, #44]
    add     r10, r3, r3, lsl #1
    mul     r8, r8, r9
    cmp     r0, #0
    beq.n   .Lno_upper
    add     r0, r0, r8
    cmp     r1, #0
    beq.n   .Lno_lower
    add     r1, r1, r8
    rsb     r8, r8, #0
    cmp     r12, #0
    bne.n   2f
1:  LOAD    r4, r0
    LOAD    r5, r1
    SPLIT   r4, r5
    SPREAD
    bne.n   1b
    b.n     .Lsplit
2:  LOAD    r4, r0
    LOAD    r5, r1
    SPLIT   r4, r5
    SHIFT
    SPREAD
    bne.n   2b
    b.n     .Lsplit
.Lno_upper:
    add     r1, r1, r8
    rsb     r8, r8, #0
3:  LOAD    r5, r1
    SPLIT   r11, r5
    SHIFT
    SPREAD
    bne.n   3b
    b.n     .Lsplit
.Lno_lower:
    rsb     r8, r8, #0
4:  LOAD    r4, r0
    SPLIT   r4, r11
    SHIFT
    SPREAD
    bne.n   4b
.Lsplit:
    pop     {r4-r11}
    bx      lr
    .size   tinynas_rows_split, . - tinynas_rows_split

/* Words of outputs, a byte of each of two pixels, of four channels into pixels.  r0 words, r1 and r2 where
 * the first and the second pixels go (the second's are written first), r3 bytes from plane to plane;
 * [sp] bytes from word to word, from pixel to pixel, words (not 0).
 */
    FUNCTION tinynas_rows_join
    push    {r4-r11}
    ldr     r8, [sp, #32]
    ldr     r9, [sp, #36]
    ldr     r11, [sp, #40]
    add     r10, r3, r3, lsl #1
    mul     r11, r11, r9
    add     r1, r1, r11
    add     r2, r2, r11
    rsb     r11, r11, #0
1:  ldr     r4, [r0]
    ldr     r5, [r0, r3]
    ldr     r6, [r0, r3, lsl #1]
    ldr     r7, [r0, r10]
    orr     r4, r4, r5, lsl #8
    orr     r6, r6, r7, lsl #8
    eor     r4, r4, #0x80808080
    eor     r6, r6, #0x80808080
    add     r0, r0, r8
    pkhtb   r7, r6, r4, asr #16
    pkhbt   r5, r4, r6, lsl #16
    str     r7, [r2, r11]
    str     r5, [r1, r11]
    adds    r11, r11, r9
    bne.n   1b
    pop     {r4-r11}
    bx      lr
    .size   tinynas_rows_join, . - tinynas_rows_join

/* In: r0 first plane, r1 weights, r2 steps, r3 bytes from plane to plane, [sp] the word of a column that
 * holds the upper rows.
 */
.macro OPEN column
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    str     r0, [sp, #BASE]
    str     r1, [sp, #WEIGHTS]
    str     r3, [sp, #PLANE]
    lsl     r2, r2, #\column
    str     r2, [sp, #SPAN]
    mov     r4, #4
    str     r4, [sp, #CHANNELS]
    ldr     r4, [sp, #FRAME + 36]
    cmp     r4, #0
.endm

/* Weights, bias, multiplier and offset of the next channel; columns that come before the loop. */
.macro BEGIN before
    ldr     r12, [sp, #WEIGHTS]
    ldr     r0, [sp, #BASE]
    ldr     lr, [sp, #SPAN]
    ldm     r12!, {r1-r9}
    add     lr, lr, r0
    str     r12, [sp, #WEIGHTS]
    add     lr, lr, #8 * \before
    str     lr, [sp, #END]
.endm

.macro NEXT
    ldrd    r8, r9, [sp, #BASE]
    ldr     r10, [sp, #PLANE]
    subs    r9, r9, #1
    add     r8, r8, r10
    strd    r8, r9, [sp, #BASE]
.endm

.macro CLOSE
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
.endm

/* A column of two outputs, one below the other; `from` and `from_b` are what the products are added to. */
.macro TAPS upper, lower, w01, w12, a, b, from, from_b
    smlad   \a, \upper, \w01, \from
    smlabt  \a, \lower, \w12, \a
    smlatb  \b, \upper, \w01, \from_b
    smlad   \b, \lower, \w12, \b
.endm

/* The last column of outputs a and b, the middle one of c and d, the first one of the next a and b. */
.macro COLUMN upper, lower, slot, a, b, c, d
    ldrd    r8, r9, [r0], #8
    TAPS    \upper, \lower, r3, r6, \a, \b, \a, \b
    TAPS    \upper, \lower, r2, r5, \c, \d, \c, \d
    ldrd    r8, r9, [sp, #MULTIPLIER]
    smmla   \a, \a, r8, r9
    smmla   \b, \b, r8, r9
    ldrd    r8, r9, [r0, #-8]
    pkhtb   \a, \b, \a, asr #16
    usat16  \a, #8, \a
    str     \a, [r0, #4 * \slot - 24]
    TAPS    \upper, \lower, r1, r4, \a, \b, r7, r7
.endm

.macro CHANNELS_1 upper, lower, slot
1:  BEGIN   2
    strd    r8, r9, [sp, #MULTIPLIER]
    ldrd    r8, r9, [r0], #8
    TAPS    \upper, \lower, r1, r4, r10, r11, r7, r7
    ldrd    r8, r9, [r0], #8
    TAPS    \upper, \lower, r2, r5, r10, r11, r10, r11
    TAPS    \upper, \lower, r1, r4, r12, lr, r7, r7
2:  COLUMN  \upper, \lower, \slot, r10, r11, r12, lr
    COLUMN  \upper, \lower, \slot, r12, lr, r10, r11
    ldr     r8, [sp, #END]
    cmp     r0, r8
    bne.w   2b
    NEXT
    bne.w   1b
    CLOSE
.endm

    FUNCTION tinynas_rows_3
    OPEN    4
    bne.w   3f
    CHANNELS_1 r8, r9, 0
3:  CHANNELS_1 r9, r8, 1
    .size   tinynas_rows_3, . - tinynas_rows_3

.macro TAPS_STRIDED upper, lower, w01, w12, sum, from
    smlad   \sum, \upper, \w01, \from
    smlabt  \sum, \lower, \w12, \sum
.endm

.macro CHANNELS_2 upper, lower, slot
1:  BEGIN   1
    mov     r12, r8
    mov     lr, r9
    ldrd    r8, r9, [r0], #8
    TAPS_STRIDED \upper, \lower, r1, r4, r10, r7
2:  ldrd    r8, r9, [r0], #8
    TAPS_STRIDED \upper, \lower, r2, r5, r10, r10
    ldrd    r8, r9, [r0], #8
    TAPS_STRIDED \upper, \lower, r3, r6, r10, r10
    TAPS_STRIDED \upper, \lower, r1, r4, r11, r7
    ldrd    r8, r9, [r0], #8
    TAPS_STRIDED \upper, \lower, r2, r5, r11, r11
    ldrd    r8, r9, [r0], #8
    TAPS_STRIDED \upper, \lower, r3, r6, r11, r11
    smmla   r10, r10, r12, lr
    smmla   r11, r11, r12, lr
    pkhtb   r11, r11, r10, asr #16
    usat16  r11, #8, r11
    str     r11, [r0, #4 * \slot - 40]
    TAPS_STRIDED \upper, \lower, r1, r4, r10, r7
    ldr     r8, [sp, #END]
    cmp     r0, r8
    bne.n   2b
    NEXT
    bne.n   1b
    CLOSE
.endm

    FUNCTION tinynas_rows_3_strided
    OPEN    5
    bne.w   3f
    CHANNELS_2 r8, r9, 0
3:  CHANNELS_2 r9, r8, 1
    .size   tinynas_rows_3_strided, . - tinynas_rows_3_strided
#endif
