/* The dense product with int8 weights on cores with the DSP extension.
 *
 * pair.c is its portable twin and says the layouts; tinynas_pair.h has the plan of the registers.
 * Four taps of two pixels by two channels: 2 loads, 4 extensions and 8 SMLAD for 16 products.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#include "tinynas_pair.h"

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
    PACK_LOWER
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
