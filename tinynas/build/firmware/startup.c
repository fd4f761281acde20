/* Vector table, reset and faults of a Cortex-M: everything before main(). */
#include <stdint.h>

#include "target.h"
#include "uart.h"

extern uint32_t __stack_top[];
extern uint32_t __data_load[], __data_start[], __data_end[];
extern uint32_t __bss_start[], __bss_end[];

int main(void);
void Reset_Handler(void);
void Fault_Handler(void);
void tinynas_fault(const uint32_t *frame);

/* Symbols that simulators and debuggers stop at: the run is over, for good or for bad. */
__attribute__((noinline, used)) void tinynas_done(void) {
  for (;;) {
    __asm__ volatile("");
  }
}

__attribute__((noreturn)) void Reset_Handler(void) {
#if TARGET_HAS_FPU
  *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: full access to CP10 and CP11 */
  __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
  /* volatile, so that no compiler makes calls of memcpy and memset out of these loops: those
   * would belong to the network's library then. */
  const uint32_t *from = __data_load;
  for (volatile uint32_t *to = __data_start; to < __data_end;) {
    *to++ = *from++;
  }
  for (volatile uint32_t *to = __bss_start; to < __bss_end;) {
    *to++ = 0;
  }
  (void)main();
  for (;;) {
    tinynas_done();
  }
}

/* Tells the host where the fault came from: the stacked registers r0-r3, r12, lr, pc, xpsr, then
 * CFSR, HFSR, MMFAR and BFAR. */
__attribute__((used)) void tinynas_fault(const uint32_t *frame) {
  uint32_t report[12];
  for (int i = 0; i < 8; ++i) {
    report[i] = frame[i];
  }
#if defined(__ARM_ARCH_6M__) /* has no such registers */
  for (int i = 8; i < 12; ++i) {
    report[i] = 0;
  }
#else
  report[8] = *(volatile uint32_t *)0xE000ED28u;
  report[9] = *(volatile uint32_t *)0xE000ED2Cu;
  report[10] = *(volatile uint32_t *)0xE000ED34u;
  report[11] = *(volatile uint32_t *)0xE000ED38u;
#endif
  uart_open();
  uart_frame('F', sizeof report);
  uart_words(report, 12);
  tinynas_done();
}

__attribute__((naked)) void Fault_Handler(void) {
  /* By an address: a short branch of Armv6-M may not reach. */
  __asm__ volatile("mrs r0, msp\n\tldr r1, =tinynas_fault\n\tbx r1\n\t.ltorg");
}

typedef void (*vector)(void);

__attribute__((used, section(".isr_vector"))) static const vector table[16] = {
    (vector)(uintptr_t)__stack_top,
    Reset_Handler,
    Fault_Handler, /* NMI */
    Fault_Handler, /* HardFault */
    Fault_Handler, /* MemManage */
    Fault_Handler, /* BusFault */
    Fault_Handler, /* UsageFault */
    0, 0, 0, 0,
    Fault_Handler, /* SVCall */
    Fault_Handler, /* DebugMon */
    0,
    Fault_Handler, /* PendSV */
    Fault_Handler, /* SysTick */
};
