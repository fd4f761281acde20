/* What the two assembly files of three pixels share: the walk over threes, their gathering, both passes of a
 * group of four channels.  For the assembler alone; threes.c says what calls it.
 *
 * An including file defines the units of four taps, FIRST_UPWARDS, UPWARDS, FIRST_DOWNWARDS and DOWNWARDS
 * (UNIT_BYTES each but for the first ones), how many of these are unrolled, UNITS, what a pass ends with,
 * SCALE_CLAMPED, SCALE_SIGNED and PACK, and how bytes of three pixels, r7-r9, become two words each, r4-r9:
 * SPREAD, after BEGIN_SPREAD; and sets PIXELS, 3 or 2 (whose words are r4-r7), before each THREE.  FEW: a
 * number of units that clamped passes have code of their own for, without a jump; 0: none.  Both may
 * depend on PIXELS.
 *
 *     r0        gathered inputs      r8-r10        weights
 *     r1        constants            r11, r12, lr  inputs of three pixels
 *     r2-r4     sums of one channel
 *     r5-r7     of the other
 *
 * Even passes go through the taps upwards, odd ones downwards.  The loops over the taps are entered in
 * their middle by a load into pc, and what else there is lies on the stack.
 */
/* Offsets in tinynas_triples, asserted in threes.c. */
#define OF_CONSTANTS 16
#define OF_GATHERED 20
#define OF_UNITS 24
#define OF_SKIP 28
#define OF_FORM 32
#define OF_ROWS 36
#define OF_ROWS_END 40
#define OF_APART 44
#define OF_WORDS 48
#define OF_LEFT 52
#define OF_STEP 56
#define OF_GATHER 60
#define OF_SHIFT 64

/* On the stack; in odd passes outputs of the even one lie below, LANES bytes. */
#define OUTPUTS 0       /* three, and the end of the constants */
#define ENTRY_EVEN 16
#define ENTRY_ODD 20
#define AFTER_EVEN 24
#define AFTER_ODD 28
#define TAIL_EVEN 32
#define TAIL_ODD 36
#define GATHERED_END 40
#define GATHERED 44
#define TRIPLES 48
#define GROUPS 52
#define REST 56
#define FRAME 60
#define LANES 12

    .syntax unified
    .thumb

/* What is left of the taps; `lanes`: how far the frame is off. */
.macro BLOCK unit, begin, end, entry, after, tail, edge, lanes
    ldr.w   pc, [sp, #\entry + \lanes]
\begin:
    .rept   UNITS
    \unit
    .endr
\end:
    ldr.w   pc, [sp, #\after + \lanes]
    ldr     r8, [sp, #\edge + \lanes]
    cmp     r0, r8
    bne.w   \begin
    ldr.w   pc, [sp, #\tail + \lanes]
.endm

/* What is there for three pixels alone. */
.macro THIRD instruction:vararg
    .if     PIXELS == 3
    \instruction
    .endif
.endm

/* What both passes of four channels gave becomes bytes; `again`: where the next four begin. */
.macro JOIN again
    pop     {r5-r7}
    orr     r2, r5, r2, lsl #8
    orr     r3, r6, r3, lsl #8
    THIRD   orr r4, r7, r4, lsl #8
    ldm     sp, {r5-r8}
    eor     r2, r2, #0x80808080
    eor     r3, r3, #0x80808080
    THIRD   eor r4, r4, #0x80808080
    THIRD   str r4, [r7], #4            /* pixels that are not there lie on those that are */
    str     r3, [r6], #4
    str     r2, [r5], #4
    cmp     r1, r8
    stm     sp, {r5-r7}
    bne.w   \again
.endm

/* Bytes of inputs that are gathered for four taps, a half and a half of all pixels. */
#define UNIT_INPUTS (8 * PIXELS)

.macro STORE_SPREAD
    .if     PIXELS == 3
    stm     r3!, {r4-r9}
    .else
    stm     r3!, {r4-r7}
    .endif
.endm

/* r0 triples, r1 how many. */
.macro THREE name, pixels
    .section .text.\name, "ax", %progbits
    .global \name
    .type   \name, %function
    .thumb_func
    .p2align 2
\name:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    strd    r0, r1, [sp, #TRIPLES]
    mov     r12, r0
    ldm     r0, {r2-r5}
    stm     sp, {r2-r5}
    ldrd    r3, r2, [r0, #OF_GATHERED]
    mov     r4, #UNIT_INPUTS
    mla     r4, r2, r4, r3
    strd    r4, r3, [sp, #GATHERED_END]
    adr.w   r7, .Leven_clamped\pixels
    adr.w   r8, .Lodd_clamped\pixels
    ldr     r6, [r0, #OF_FORM]
    cbz     r6, 1f
    adr.w   r7, .Leven_signed\pixels
    adr.w   r8, .Lodd_signed\pixels
1:  add     r7, r7, #1
    add     r8, r8, #1
    strd    r7, r8, [sp, #TAIL_EVEN]
    mov     r9, r7
    mov     r10, r8
    subs    r2, r2, #1
    beq.n   2f
    adr.w   r5, .Leven_end\pixels
    adr.w   r6, .Lodd_end\pixels
    add     r5, r5, #1
    add     r6, r6, #1
    sub     r3, r2, #1
    and     r3, r3, #UNITS - 1
    add     r3, r3, #1
    mov     r4, #UNIT_BYTES
    mls     r9, r3, r4, r5
    mls     r10, r3, r4, r6
    cmp     r2, #UNITS
    ble.n   2f
    add     r7, r5, #4
    add     r8, r6, #4
2:  strd    r9, r10, [sp, #ENTRY_EVEN]
    strd    r7, r8, [sp, #AFTER_EVEN]
    .if     FEW
    cmp     r2, #FEW - 1
    bne.n   3f
    ldr     r3, [r12, #OF_FORM]
    cbnz    r3, 3f
    adr.w   r7, .Lfew_entered\pixels
    add     r7, r7, #1
    str     r7, [sp, #ENTRY_EVEN]
3:
    .endif

/* Inputs of three pixels, or two:
 *
 *     r0-r2    bytes of the pixels       r10, r11  SPREAD's           r12  triples, then
 *     r3       where they go             lr        addresses of rows       words that are left
 *     r4-r9    of four bytes both words
 */
.Lgroup\pixels:
    ldrd    lr, r3, [r12, #OF_ROWS]
    cmp     lr, r3
    beq.w   .Lgathered\pixels
    ldr     r5, [r12, #OF_GATHER]
    cbz     r5, 6f
    blx     r5
    b.n     5f
6:  BEGIN_SPREAD
    ldr     r5, [r12, #OF_LEFT]
    cbz     r5, 7f
    ldr     r4, [r12, #OF_WORDS]    /* what is left of rows lies behind all words */
    sub     r5, r3, lr
    lsr     r5, r5, #2
    mul     r4, r4, r5
    ldr     r3, [r12, #OF_GATHERED]
    mov     r5, #UNIT_INPUTS
    mla     r4, r4, r5, r3
    add     r4, r4, #UNIT_INPUTS / 2
    str     r4, [sp, #REST]
7:  ldr     r3, [r12, #OF_GATHERED]
.Lrow\pixels:
    ldr     r0, [lr]
    ldrd    r4, r5, [r12, #OF_APART]
    ldr     r6, [r12, #OF_STEP]
    add     r1, r0, r4
    THIRD   add r2, r1, r4
    add     r6, r0, r6
    mov     r12, r5
    str     r6, [lr], #4
    cbz     r5, 2f
1:  ldr     r7, [r0], #4
    ldr     r8, [r1], #4
    THIRD   ldr r9, [r2], #4
    SPREAD
    subs    r12, r12, #1
    STORE_SPREAD
    bne.n   1b
2:  ldr     r12, [sp, #TRIPLES]
    ldr     r4, [r12, #OF_LEFT]
    cbz     r4, .Lnext\pixels
    ldr     r5, [sp, #REST]
3:  ldrb    r7, [r0], #1
    ldrb    r8, [r1], #1
    THIRD   ldrb r9, [r2], #1
    strb    r8, [r5, #4]
    THIRD   strb r9, [r5, #8]
    strb    r7, [r5], #1
    tst     r5, #3
    it      eq
    addeq   r5, r5, #UNIT_INPUTS - 4
    subs    r4, r4, #1
    bne.n   3b
    str     r5, [sp, #REST]
.Lnext\pixels:
    ldr     r4, [r12, #OF_ROWS_END]
    cmp     lr, r4
    bne.n   .Lrow\pixels
    ldr     r12, [sp, #GATHERED_END]
4:  cmp     r3, r12
    beq.n   5f
    ldrd    r7, r8, [r3, #UNIT_INPUTS / 2]
    THIRD   ldr r9, [r3, #20]
    SPREAD
    STORE_SPREAD
    b.n     4b
5:  ldr     r12, [sp, #TRIPLES]

.Lgathered\pixels:
    ldrd    r1, r0, [r12, #OF_CONSTANTS]
.Leven\pixels:
    FIRST_UPWARDS
    BLOCK   UPWARDS, .Leven_block\pixels, .Leven_end\pixels, ENTRY_EVEN, AFTER_EVEN, TAIL_EVEN, GATHERED_END, 0
.Leven_signed\pixels:
    SCALE_SIGNED
    ldr     r0, [sp, #GATHERED_END]
    b.n     1f
.Leven_clamped\pixels:
    SCALE_CLAMPED
1:  PACK
    push    {r2-r4}
    FIRST_DOWNWARDS
    BLOCK   DOWNWARDS, .Lodd_block\pixels, .Lodd_end\pixels, ENTRY_ODD, AFTER_ODD, TAIL_ODD, GATHERED, LANES
.Lodd_signed\pixels:
    SCALE_SIGNED
    ldr     r0, [sp, #GATHERED + LANES]
    b.n     1f
.Lodd_clamped\pixels:
    SCALE_CLAMPED
1:  PACK
    JOIN    .Leven\pixels
.Lnext_group\pixels:
    ldrd    r12, r8, [sp, #TRIPLES]
    ldr     r9, [r12, #OF_SKIP]
    subs    r8, r8, #1
    beq.n   2f
    str     r8, [sp, #GROUPS]
    add     r5, r5, r9
    add     r6, r6, r9
    add     r7, r7, r9
    stm     sp, {r5-r7}
    b.w     .Lgroup\pixels
2:  add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .if     FEW
.Lfew\pixels:
    FIRST_UPWARDS
.Lfew_entered\pixels:
    .rept   FEW - 1
    UPWARDS
    .endr
    SCALE_CLAMPED
    PACK
    push    {r2-r4}
    FIRST_DOWNWARDS
    .rept   FEW - 1
    DOWNWARDS
    .endr
    SCALE_CLAMPED
    PACK
    JOIN    .Lfew\pixels
    b.w     .Lnext_group\pixels
    .endif
    .size   \name, . - \name
.endm

.macro NINE row
    ldr     r0, [lr]
    add     r1, r0, r12
    add     r2, r1, r12
    add     r4, r2, r12
    str     r4, [lr], #4
    .rept   2
    ldr     r7, [r0], #4
    ldr     r8, [r1], #4
    ldr     r9, [r2], #4
    SPREAD
    stm     r3!, {r4-r9}
    .endr
    ldrb    r7, [r0]
    ldrb    r8, [r1]
    ldrb    r9, [r2]
    strb    r7, [r3, #156 - 48 * (\row + 1) + \row]
    strb    r8, [r3, #160 - 48 * (\row + 1) + \row]
    strb    r9, [r3, #164 - 48 * (\row + 1) + \row]
.endm

/* What gathers three rows of nine bytes, of pixels whose next ones are as far apart as these.  r12 triples,
 * lr back; changes all registers.
 */
.macro GATHER_NINE name
    .section .text.\name, "ax", %progbits
    .global \name
    .type   \name, %function
    .thumb_func
    .p2align 2
\name:
    push    {lr}
    ldr     lr, [r12, #OF_ROWS]
    ldr     r3, [r12, #OF_GATHERED]
    BEGIN_SPREAD
    ldr     r12, [r12, #OF_APART]
    NINE    0
    NINE    1
    NINE    2
    ldrd    r7, r8, [r3, #12]
    ldr     r9, [r3, #20]
    SPREAD
    stm     r3, {r4-r9}
    pop     {pc}
    .size   \name, . - \name
.endm
