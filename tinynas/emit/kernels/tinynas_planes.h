/* What the assembly files of the depthwise products share; for the assembler alone. */
/* Frame of the products. */
#define BIAS 0      /* twice */
#define MULTIPLIER 8
#define OFFSET 12
#define STEPS_LEFT 16
#define LANES 20
#define STEPS 24
#define BACK 28     /* from where a row ends to where the next channel's plane begins */
#define CHANNELS 32
#define WEIGHTS 36
#define BASE 40     /* lanes of the first channel */
#define ROWS 44     /* 7 */
#define FRAME 76

.macro FUNCTION name
    .section .text.\name, "ax", %progbits
    .global \name
    .type   \name, %function
    .thumb_func
    .p2align 2
\name:
.endm

/* In: r0 rows, r1 constants, r2 lanes, r3 steps, [sp] back: see planes.c. */
.macro OPEN rows
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    ldr     r4, [sp, #FRAME + 36]
    str     r2, [sp, #BASE]
    str     r3, [sp, #STEPS]
    str     r4, [sp, #BACK]
    mov     r5, #4
    str     r5, [sp, #CHANNELS]
    add     r6, sp, #ROWS
    mov     r7, #\rows
1:  ldr     r8, [r0], #4
    str     r8, [r6], #4
    subs    r7, r7, #1
    bne.n   1b
.endm

.macro CLOSE
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
.endm

/* Two outputs, clamped, as the halfwords of `a`. */
.macro PACK a, b
    pkhtb   \a, \b, \a, asr #16
    usat16  \a, #8, \a
.endm

/* Four outputs a step: r0 a row, r1 weights, r2-r5 sums, from r6 on the weights of the row, then
 * inputs; where the rows have got to lies in the frame.
 */
.macro LARGE name, rows, weights, taps
    FUNCTION \name
    OPEN    \rows
1:  ldm     r1!, {r3, r4, r5}
    str     r1, [sp, #WEIGHTS]
    str     r3, [sp, #BIAS]
    strd    r4, r5, [sp, #MULTIPLIER]
    ldr     r6, [sp, #STEPS]
    ldr     r7, [sp, #BASE]
    str     r6, [sp, #STEPS_LEFT]
    str     r7, [sp, #LANES]
2:  ldr     r2, [sp, #BIAS]
    mov     r3, r2
    mov     r4, r2
    mov     r5, r2
    \taps   0
    \taps   1
    \taps   2
    \taps   3
    \taps   4
    .if     \rows > 5
    \taps   5
    \taps   6
    .endif
    ldrd    r6, r7, [sp, #MULTIPLIER]
    ldrd    r8, r9, [sp, #STEPS_LEFT]
    sub     r1, r1, #\weights
    smmla   r2, r2, r6, r7
    smmla   r3, r3, r6, r7
    smmla   r4, r4, r6, r7
    smmla   r5, r5, r6, r7
    PACK    r2, r3
    PACK    r4, r5
    str     r2, [r9], #32
    str     r4, [r9, #-16]
    subs    r8, r8, #1
    strd    r8, r9, [sp, #STEPS_LEFT]
    bne.w   2b
    add     r1, r1, #\weights
    ldr     r3, [sp, #BACK]
    add     r6, sp, #ROWS
    mov     r7, #\rows
3:  ldr     r8, [r6]
    add     r8, r8, r3
    str     r8, [r6], #4
    subs    r7, r7, #1
    bne.n   3b
    ldr     r4, [sp, #CHANNELS]
    ldr     r5, [sp, #BASE]
    add     r5, r5, #4
    str     r5, [sp, #BASE]
    subs    r4, r4, #1
    str     r4, [sp, #CHANNELS]
    bne.w   1b
    CLOSE
    .size   \name, . - \name
.endm
