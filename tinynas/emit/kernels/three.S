/* The dense product of three pixels with int8 weights, on cores with the DSP extension; three.c says the
 * layouts and has the portable twin.
 *
 * Three pixels by two channels at a time: of four taps 3 loads, 4 extensions and 12 SMLAD for 24
 * products.  All registers are taken; the loop over the taps is entered in its middle by a load into
 * pc, and what else there is lies on the stack.
 *
 *     r0        gathered inputs      r8, r9        weights of four taps, a channel each
 *     r1        constants            r10           two of them
 *     r2-r4     sums of one channel  r11, r12, lr  inputs of three pixels
 *     r5-r7     of the other
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

#define OUTPUTS 0
#define LANES 12        /* of the first of two passes */
#define GATHERED 24     /* and its end */
#define GATHERED_END 28
#define CONSTANTS_END 32
#define ENTRY 36
#define TAIL 40
#define AFTER 44
#define FRAME 48

#define UNITS 4
#define UNIT_BYTES 76

    .syntax unified
    .thumb

.macro UNIT
    ldrd    r8, r9, [r1], #8
    ldm.w   r0!, {r11, r12, lr}
    sxtb16  r10, r8
    smlad   r2, r11, r10, r2
    smlad   r3, r12, r10, r3
    smlad   r4, lr, r10, r4
    sxtb16  r10, r9
    smlad   r5, r11, r10, r5
    smlad   r6, r12, r10, r6
    smlad   r7, lr, r10, r7
    ldm.w   r0!, {r11, r12, lr}
    sxtb16  r8, r8, ror #8
    sxtb16  r9, r9, ror #8
    smlad   r2, r11, r8, r2
    smlad   r3, r12, r8, r3
    smlad   r4, lr, r8, r4
    smlad   r5, r11, r9, r5
    smlad   r6, r12, r9, r6
    smlad   r7, lr, r9, r7
.endm

/* Multipliers, offsets, both shifts, and in the carry whether it is the second of two passes. */
.macro NUMBERS
    ldm     r1!, {r8-r12}
    lsrs    lr, r12, #16
.endm

.macro CLAMPED sum, multiplier, offset, shift
    smmlar  \sum, \sum, \multiplier, \offset
    asr     \sum, \sum, \shift
.endm

/* Ties go away from zero: of a negative number one is taken off. */
.macro SIGNED sum, multiplier, offset, shift
    smmlar  r0, \sum, \multiplier, \offset
    add     \sum, r0, \sum, asr #31
    asr     \sum, \sum, \shift
.endm

.macro PACK a, b
    pkhbt   \a, \a, \b, lsl #16
    usat16  \a, #8, \a
.endm

/* r0 product, r1 three pixels of outputs. */
    .section .text.tinynas_three, "ax", %progbits
    .global tinynas_three
    .type   tinynas_three, %function
    .thumb_func
    .p2align 2
tinynas_three:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    ldm     r1, {r2-r4}
    stm     sp, {r2-r4}
    ldm     r0, {r0, r1, r2, r3, r4, r5}
    strd    r0, r1, [sp, #GATHERED]
    str     r3, [sp, #CONSTANTS_END]
    sub     r6, r4, #1
    and     r6, r6, #UNITS - 1
    add     r6, r6, #1
    mov     r7, #UNIT_BYTES
    adr.w   r8, .Lend
    add     r8, r8, #1
    mls     r9, r6, r7, r8
    adr.w   r10, .Lclamped
    cbz     r5, 1f
    adr.w   r10, .Lsigned
1:  add     r10, r10, #1
    add     r11, r8, #4
    cmp     r4, #UNITS
    bgt.n   2f
    mov     r11, r10
2:  add     r12, sp, #ENTRY
    stm     r12, {r9, r10, r11}
    mov     r1, r2
.Lpass:
    ldm     r1!, {r2, r5}
    mov     r3, r2
    mov     r4, r2
    mov     r6, r5
    mov     r7, r5
    ldr.w   pc, [sp, #ENTRY]
    .p2align 2
.Lblock:
    .rept   UNITS
    UNIT
    .endr
.Lend:
    ldr.w   pc, [sp, #AFTER]
    ldr     r8, [sp, #GATHERED_END]
    cmp     r0, r8
    bne.w   .Lblock
    ldr.w   pc, [sp, #TAIL]
    .p2align 2
.Lsigned:
    NUMBERS
    SIGNED  r2, r8, r10, r12
    SIGNED  r3, r8, r10, r12
    SIGNED  r4, r8, r10, r12
    SIGNED  r5, r9, r11, lr
    SIGNED  r6, r9, r11, lr
    SIGNED  r7, r9, r11, lr
    b.n     .Lpack
    .p2align 2
.Lclamped:
    NUMBERS
    CLAMPED r2, r8, r10, r12
    CLAMPED r3, r8, r10, r12
    CLAMPED r4, r8, r10, r12
    CLAMPED r5, r9, r11, lr
    CLAMPED r6, r9, r11, lr
    CLAMPED r7, r9, r11, lr
.Lpack:
    PACK    r2, r5
    PACK    r3, r6
    PACK    r4, r7
    add     r5, sp, #LANES
    ldr     r0, [sp, #GATHERED]
    bcs.n   .Lfour
    stm     r5, {r2-r4}
    b.n     .Lpass
.Lfour:
    ldm     r5, {r5-r7}
    orr     r2, r5, r2, lsl #8
    orr     r3, r6, r3, lsl #8
    orr     r4, r7, r4, lsl #8
    ldm     sp, {r5-r7}
    eor     r2, r2, #0x80808080
    eor     r3, r3, #0x80808080
    eor     r4, r4, #0x80808080
    str     r2, [r5], #4
    str     r3, [r6], #4
    str     r4, [r7], #4
    ldr     r8, [sp, #CONSTANTS_END]
    stm     sp, {r5-r7}
    cmp     r1, r8
    bne.w   .Lpass
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size   tinynas_three, . - tinynas_three

/* Words of three pixels to halfwords raised by 128 and doubled.  r0 the addresses of the pixels, r1 where
 * they go, r2 words (not 0).
 */
    .section .text.tinynas_gather_three, "ax", %progbits
    .global tinynas_gather_three
    .type   tinynas_gather_three, %function
    .thumb_func
    .p2align 2
tinynas_gather_three:
    push    {r4-r9, lr}
    ldm     r0, {r0, r3, r12}
    movw    lr, #0x01fe
    movt    lr, #0x01fe
1:  ldr     r4, [r0], #4
    ldr     r5, [r3], #4
    ldr     r6, [r12], #4
    eor     r4, r4, #0x80808080
    eor     r5, r5, #0x80808080
    eor     r6, r6, #0x80808080
    and     r7, lr, r4, ror #7
    and     r8, lr, r5, ror #7
    and     r9, lr, r6, ror #7
    and     r4, lr, r4, lsl #1
    and     r5, lr, r5, lsl #1
    and     r6, lr, r6, lsl #1
    subs    r2, r2, #1
    stm     r1!, {r4-r9}
    bne.n   1b
    pop     {r4-r9, pc}
    .size   tinynas_gather_three, . - tinynas_gather_three
#endif
