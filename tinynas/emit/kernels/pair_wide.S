/* The dense product with int16 weights on cores with the DSP extension.
 *
 * pair_wide.c is its portable twin and says the layouts; tinynas_pair.h has the plan of the registers.
 * Four taps of two pixels by two channels: 2 loads and 8 SMLAD for 16 products.
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'
#include "tinynas_pair.h"

.macro UNIT
    ldm.w   r0!, {r10, r11, r12, lr}
    ldm.w   r1!, {r6, r7, r8, r9}
    smlad   r2, r10, r6, r2
    smlad   r3, r10, r7, r3
    smlad   r4, r12, r6, r4
    smlad   r5, r12, r7, r5
    smlad   r2, r11, r8, r2
    smlad   r3, r11, r9, r3
    smlad   r4, lr, r8, r4
    smlad   r5, lr, r9, r5
.endm

.macro BEGIN entry
    ldm     r1!, {r2, r3, r4, r5}
    ldr.w   pc, [sp, #\entry]
.endm

/* Outputs from -128 up, where what is negative needs no correction. */
.macro FINISH_CLAMPED
    ldm     r1!, {r6, r7, r8, r9}
    ldr     r0, [sp, #GATHERED]
    smmla   r2, r2, r6, r8
    smmla   r3, r3, r7, r9
    smmla   r4, r4, r6, r8
    smmla   r5, r5, r7, r9
    PACK_UPPER
.endm

/* Ties go away from zero: a negative number gives one unit of the high product back. */
.macro SCALE sum, multiplier, offset, unit
    and     r12, \unit, \sum, asr #31
    smmla   \sum, \sum, \multiplier, \offset
    sub     \sum, \sum, r12
.endm

.macro FINISH_SIGNED
    ldr     r0, [sp, #GATHERED]
    SCALE   r2, r6, r8, r10
    SCALE   r3, r7, r9, r11
    SCALE   r4, r6, r8, r10
    SCALE   r5, r7, r9, r11
    PACK_UPPER
.endm

    .syntax unified
    .thumb
    .section .text.tinynas_pair_wide, "ax", %progbits
    .global tinynas_pair_wide
    .type   tinynas_pair_wide, %function
    .thumb_func
    .p2align 2
tinynas_pair_wide:
    OPEN    8, 40
    ldrb    r3, [r0, #OP_FORM]
    cmp     r3, #1
    blt.n   2f
    adr.w   r6, .Leven_signed
    adr.w   r7, .Lodd_signed
    beq.n   3f
    adr.w   r6, .Leven_mixed
    adr.w   r7, .Lodd_mixed
3:  add     r6, r6, #1
    add     r7, r7, #1
2:  SET_TAILS 8
    ldr     r1, [r0, #OP_CONSTANTS]
    ldr     r0, [sp, #GATHERED]
.Lgroup:
    BEGIN   ENTRY_EVEN
    BLOCK   8, .Leven, .Leven_end, AFTER_EVEN, TAIL_EVEN
    .p2align 2
.Leven_mixed:
    ldm     r1!, {r6-r11, r12}
    cmp     r12, #0
    bne.w   .Leven_general
    b.n     1f
    .p2align 2
.Leven_signed:
    ldm     r1!, {r6-r11}
1:  FINISH_SIGNED
    b.n     .Leven_finished
    .p2align 2
.Leven_tail:
    FINISH_CLAMPED
.Leven_finished:
    KEEP_EVEN
    .p2align 2
.Lodd_pass:
    BEGIN   ENTRY_ODD
    BLOCK   8, .Lodd, .Lodd_end, AFTER_ODD, TAIL_ODD
    .p2align 2
.Lodd_mixed:
    ldm     r1!, {r6-r11, r12}
    cmp     r12, #0
    bne.w   .Lodd_general
    b.n     1f
    .p2align 2
.Lodd_signed:
    ldm     r1!, {r6-r11}
1:  FINISH_SIGNED
    b.n     .Lodd_finished
    .p2align 2
.Lodd_tail:
    FINISH_CLAMPED
.Lodd_finished:
    CLOSE   .Lgroup
.Leven_general:
    GENERAL tinynas_pair_wide_general, 7
    b.w     .Leven_finished
.Lodd_general:
    GENERAL tinynas_pair_wide_general, 7
    b.w     .Lodd_finished
    .size   tinynas_pair_wide, . - tinynas_pair_wide
#endif
