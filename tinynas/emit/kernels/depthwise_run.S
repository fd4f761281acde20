/* Depthwise products of a run of pixels with int16 weights, on cores with the DSP extension;
 * depthwise_wide.c says the layouts and has the portable twin.
 *
 * Of two taps the four channels' inputs are brought side by side, so that SMLAD does both of a channel:
 * 14 instructions for 8 products.  All registers are taken; where the taps lie in the arena is on the
 * stack, the pair that is computed last at its top, and the chain of pairs is entered in its middle by
 * a load into pc.
 *
 *     r0-r3     sums of four channels          r11   the arena, and bytes from where the taps begin
 *     r4-r6     inputs                         r12   constants
 *     r7-r10    weights; multipliers, offsets  lr    output
 */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && __ARM_ARCH_PROFILE == 'M'

/* Of tinynas_depthwise_pixels. */
#define RUN_PAIRS 0
#define RUN_STEP 4
#define RUN_SHIFT 8     /* and end of the constants */
#define RUN_CONSTANTS 16
#define RUN_ARENA 20

#define SHIFT 0         /* and end of the constants */
#define END 4
#define CONSTANTS 8
#define STEP 12
#define FIRST 16        /* r11 when a pixel begins */
#define LEFT 20         /* pixels */
#define ENTRY 24
#define PAIRS 28
#define TAPS 32         /* that without a pair, then pairs */
#define MOST_PAIRS 24
#define PAIR_BYTES 56

    .syntax unified
    .thumb

.macro PAIR number
    ldrd    r4, r5, [sp, #TAPS + 4 + 8 * \number]
    ldr.w   r4, [r4, r11]
    ldr.w   r5, [r5, r11]
    ldm.w   r12!, {r7-r10}
    pkhtb   r6, r5, r4, asr #16
    pkhbt   r4, r4, r5, lsl #16
    sxtb16  r5, r4
    sxtb16  r4, r4, ror #8
    smlad   r0, r5, r7, r0
    smlad   r1, r4, r8, r1
    sxtb16  r5, r6
    sxtb16  r6, r6, ror #8
    smlad   r2, r5, r9, r2
    smlad   r3, r6, r10, r3
.endm

/* r0 run, r1 taps, r2 output, r3 pixels (not 0). */
    .section .text.tinynas_depthwise_run, "ax", %progbits
    .global tinynas_depthwise_run
    .type   tinynas_depthwise_run, %function
    .thumb_func
    .p2align 2
tinynas_depthwise_run:
    push    {r4-r11, lr}
    ldrd    r4, r5, [r0, #RUN_PAIRS]
    ldrd    r6, r7, [r0, #RUN_SHIFT]
    ldr     r12, [r0, #RUN_CONSTANTS]
    mov     lr, r2
    sub     sp, sp, r4, lsl #3
    sub     sp, sp, #TAPS + 4
    strd    r6, r7, [sp, #SHIFT]
    strd    r12, r5, [sp, #CONSTANTS]
    ldr     r11, [r0, #RUN_ARENA]
    strd    r11, r3, [sp, #FIRST]
    adr.w   r8, .Lpairs_end
    mov     r9, #PAIR_BYTES
    mls     r8, r4, r9, r8
    add     r8, r8, #1
    strd    r8, r4, [sp, #ENTRY]
    add     r6, sp, #TAPS
    ldr     r7, [r1], #4
    str     r7, [r6], #4
1:  ldrd    r7, r8, [r1], #8
    strd    r7, r8, [r6], #8
    subs    r4, r4, #1
    bne.n   1b
.Lgroup:
    ldm     r12!, {r0-r3, r7, r8}
    ldr     r4, [sp, #TAPS]
    ldr     r4, [r4, r11]
    sxtb16  r5, r4
    sxtb16  r4, r4, ror #8
    smlabb  r0, r5, r7, r0
    smlatt  r2, r5, r7, r2
    smlabb  r1, r4, r8, r1
    smlatt  r3, r4, r8, r3
    ldr.w   pc, [sp, #ENTRY]
    .p2align 2
    .set    number, MOST_PAIRS
    .rept   MOST_PAIRS
    .set    number, number - 1
    PAIR    number
    .endr
.Lpairs_end:
    ldrd    r4, r5, [sp, #SHIFT]
    ldm     r12!, {r7-r10}
    cbz     r4, 2f
    lsl     r0, r0, r4
    lsl     r1, r1, r4
    lsl     r2, r2, r4
    lsl     r3, r3, r4
2:  smmla   r0, r0, r7, r9
    smmla   r2, r2, r8, r10
    ldm     r12!, {r7-r10}
    pkhtb   r0, r2, r0, asr #16
    usat16  r0, #8, r0
    smmla   r1, r1, r7, r9
    smmla   r3, r3, r8, r10
    add     r11, r11, #4
    pkhtb   r1, r3, r1, asr #16
    usat16  r1, #8, r1
    orr     r0, r0, r1, lsl #8
    eor     r0, r0, #0x80808080
    str     r0, [lr], #4
    cmp     r12, r5
    bne.w   .Lgroup
    ldrd    r12, r4, [sp, #CONSTANTS]
    ldrd    r11, r5, [sp, #FIRST]
    add     r11, r11, r4
    subs    r5, r5, #1
    strd    r11, r5, [sp, #FIRST]
    bne.w   .Lgroup
    ldr     r4, [sp, #PAIRS]
    add     sp, sp, #TAPS + 4
    add     sp, sp, r4, lsl #3
    pop     {r4-r11, pc}
    .size   tinynas_depthwise_run, . - tinynas_depthwise_run
#endif
