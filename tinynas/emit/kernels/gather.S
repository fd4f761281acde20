/* Windows of two output pixels as int16s, on cores with the DSP extension; conv.c says the layout and
 * has the twin.
 *
 *     r0, r1   bytes of the first and second pixel      r8, r9   bytes that are left over, as words
 *     r2       where whole words go                     r10      bits of these
 *     r3       what is left of a row                    r11      rows that are left
 *     r4-r7    four bytes of both pixels, see expand.S  lr       description
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

/* Offsets in tinynas_gathering, asserted in conv.c. */
#define APART 0
#define ROW_BYTES 4
#define UNTIL_WRAP 8
#define WRAP 12
#define ROWS 16
#define WORDS 20
#define LEFT 24
#define REST 28

.macro EXPAND a, b
    eor     r4, \a, #0x80808080
    eor     r6, \b, #0x80808080
    uxtb16  r5, r4, ror #8
    uxtb16  r4, r4
    uxtb16  r7, r6, ror #8
    uxtb16  r6, r6
.endm

    .syntax unified
    .thumb
    .section .text.tinynas_gather_rows, "ax", %progbits
    .global tinynas_gather_rows
    .type   tinynas_gather_rows, %function
    .thumb_func
    .p2align 2
tinynas_gather_rows:
    push    {r4-r11, lr}
    mov     lr, r0
    mov     r0, r1
    mov     r8, #0
    mov     r9, #0
    mov     r10, #0
    ldr     r11, [lr, #ROWS]
.Lrow:
    ldrd    r1, r3, [lr, #APART]
    add     r3, r3, r0
    add     r1, r1, r0
    push    {r3}
    ldrd    r3, r7, [lr, #WORDS]
    cmp     r3, #0
    beq.n   .Lleft
1:  ldr     r4, [r0], #4
    ldr     r6, [r1], #4
    EXPAND  r4, r6
    subs    r3, r3, #1
    stm     r2!, {r4-r7}
    bne.n   1b
    ldr     r7, [lr, #LEFT]
.Lleft:
    cmp     r7, #0
    beq.n   .Lnext
    mov     r3, r7
2:  ldrb    r4, [r0], #1
    ldrb    r5, [r1], #1
    lsl     r4, r4, r10
    lsl     r5, r5, r10
    add     r10, r10, #8
    orr     r8, r8, r4
    orr     r9, r9, r5
    cmp     r10, #32
    beq.n   .Lfull
3:  subs    r3, r3, #1
    bne.n   2b
.Lnext:
    ldrd    r4, r5, [lr, #UNTIL_WRAP]
    pop     {r0}
    subs    r4, r4, #1
    str     r4, [lr, #UNTIL_WRAP]
    it      eq
    subeq   r0, r0, r5
    subs    r11, r11, #1
    bne.n   .Lrow
    cmp     r10, #0
    beq.n   .Ldone
    EXPAND  r8, r9
    ldr     r3, [lr, #REST]
    stm     r3!, {r4-r7}
.Ldone:
    pop     {r4-r11, pc}
.Lfull:
    EXPAND  r8, r9
    ldr     r10, [lr, #REST]
    mov     r8, #0
    mov     r9, #0
    stm     r10!, {r4-r7}
    str     r10, [lr, #REST]
    mov     r10, #0
    b.n     3b
    .size   tinynas_gather_rows, . - tinynas_gather_rows
#endif
