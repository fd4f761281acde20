/* Bytes to int16s for the dense product, on cores with the DSP extension; expand.c is the twin.
 *
 *     r0, r1   bytes of the first and second pixel     r2   where they go
 *     r3       words that are left
 *     r4, r5   of the first pixel bytes 0, 2 and 1, 3  r6, r7  of the second
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

.macro EXPAND
    ldr     r4, [r0], #4
    ldr     r6, [r1], #4
    eor     r4, r4, #0x80808080
    eor     r6, r6, #0x80808080
    uxtb16  r5, r4, ror #8
    uxtb16  r4, r4
    uxtb16  r7, r6, ror #8
    uxtb16  r6, r6
.endm

    .syntax unified
    .thumb
    .section .text.tinynas_expand_both, "ax", %progbits
    .global tinynas_expand_both
    .type   tinynas_expand_both, %function
    .thumb_func
    .p2align 2
tinynas_expand_both:
    push    {r4-r7}
    lsrs    r3, r3, #1
    bcc.n   1f
    EXPAND
    stm     r2!, {r4-r7}
1:  cbz     r3, .Ldone
2:  EXPAND
    stm     r2!, {r4-r7}
    EXPAND
    stm     r2!, {r4-r7}
    subs    r3, r3, #1
    bne.n   2b
.Ldone:
    pop     {r4-r7}
    bx      lr
    .size   tinynas_expand_both, . - tinynas_expand_both
#endif
