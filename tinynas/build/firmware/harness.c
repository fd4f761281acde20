/* Runs the network on inputs that the host sends, or on the vectors in flash, and reports.
 *
 * The host sends commands, one byte each:
 *   'i'  followed by TINYNAS_NETWORK_INPUT_BYTES bytes: run once on them
 *   'm'  run once on what a simulator or a debugger has put where the network's inputs lie: at the
 *        mark TINYNAS_SERVES r0 points to their addresses and bytes, in pairs of words that end
 *        with zeros (the UART takes minutes for what a simulator writes at once)
 *   'v'  run once on every vector in flash
 *   't'  the same, compared with the expected outputs in flash; answers in plain text
 *   'q'  quit
 * The device answers in frames (uart.h), words little-endian:
 *   'R'  ready:  protocol version, input bytes, output bytes, vectors in flash, arena bytes
 *   'O'  output: number of the run, status, stack bytes, ticks, then the output's bytes
 *   'E'  a command or a state that it cannot serve: the command, the status of init
 *   'F'  a fault (startup.c)
 *   'D'  done: number of runs
 * Of a network with several inputs or outputs the bytes come one after the other.  A host that
 * talks to a real board waits for the answer before it sends the next command. */
#include <stdint.h>

#include "marks.h"
#include "target.h"
#include "uart.h"

enum { PROTOCOL_VERSION = 2 };
#define PAINT 0x5AA5C33Cu
#define UNKNOWN 0xFFFFFFFFu /* stack bytes where it overflowed, ticks where the counter did */

#define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018u)

extern uint32_t __stack_limit[];
void tinynas_done(void);

static __attribute__((aligned(16), section(".tinynas_arena"))) uint8_t arena[TINYNAS_NETWORK_ARENA_BYTES];
static __attribute__((section(".tinynas_context"))) TINYNAS_NETWORK_CONTEXT context;

static void paint(volatile uint32_t *from, volatile uint32_t *to) {
  while (from < to) {
    *from++ = PAINT;
  }
}

static uint32_t *stack_pointer(void) {
  uint32_t *sp;
  __asm__ volatile("mov %0, sp" : "=r"(sp));
  return sp;
}

/* SysTick on its reference clock (an eighth of the core's on STM32): 24 bits last long enough
 * without an interrupt, which would show up in the stack. */
static void ticks_start(void) {
  SYSTICK_RELOAD = 0xFFFFFFu;
  SYSTICK_VALUE = 0;
  SYSTICK_CONTROL = 1;
}

static uint32_t ticks_stop(void) {
  const uint32_t value = SYSTICK_VALUE;
  const uint32_t wrapped = SYSTICK_CONTROL & 0x10000u;
  SYSTICK_CONTROL = 0;
  return wrapped ? UNKNOWN : (0xFFFFFFu - value) & 0xFFFFFFu;
}

/* Where an input or an output lies; a list of them ends with no bytes. */
typedef struct {
  const uint8_t *bytes;
  uint32_t count;
} piece;

#if TINYNAS_NETWORK_FED_BY_ROWS
/* What the camera sees: no part of the network's memory. */
static __attribute__((aligned(4), section(".tinynas_image"))) uint8_t image[TINYNAS_NETWORK_INPUT_BYTES];

#undef TINYNAS_NETWORK_INPUT_PIECES
#define TINYNAS_NETWORK_INPUT_PIECES {{image, sizeof image}, {0, 0}}

static uint32_t run_network(void) {
  const int8_t *rows = (const int8_t *)image;
  uint32_t status = 0;
  for (uint32_t row = 0; row < TINYNAS_NETWORK_INPUT_ROWS && !status; ++row) {
    status = (uint32_t)TINYNAS_NETWORK_PUSH_ROWS(&context, rows, 1);
    rows += TINYNAS_NETWORK_INPUT_ROW_BYTES;
  }
  return status;
}
#else
static inline uint32_t run_network(void) { return (uint32_t)TINYNAS_NETWORK_RUN(&context); }
#endif

/* Runs once.  The stack below this frame is painted beforehand; what is no longer painted
 * afterwards is the network's high-water mark. */
__attribute__((noinline)) static void run(uint32_t report[3]) {
  volatile uint32_t *const sp = stack_pointer();
  paint(__stack_limit, sp);
  ticks_start();
  TINYNAS_MARK(TINYNAS_RUN_BEGINS);
  report[0] = run_network();
  TINYNAS_MARK(TINYNAS_RUN_ENDS);
  report[2] = ticks_stop();
  const volatile uint32_t *low = __stack_limit;
  while (low < sp && *low == PAINT) {
    ++low;
  }
  report[1] = low == __stack_limit ? UNKNOWN : (uint32_t)((uintptr_t)sp - (uintptr_t)low);
}

static void run_and_report(uint32_t number) {
  uint32_t report[4] = {number, 0, 0, 0};
  run(report + 1);
  uart_frame('O', sizeof report + TINYNAS_NETWORK_OUTPUT_BYTES);
  uart_words(report, 4);
  const piece outputs[] = TINYNAS_NETWORK_OUTPUT_PIECES;
  for (const piece *p = outputs; p->count; ++p) {
    uart_write(p->bytes, p->count);
  }
}

static void report_error(uint32_t command, uint32_t status) {
  const uint32_t words[2] = {command, status};
  uart_frame('E', sizeof words);
  uart_words(words, 2);
}

#if TARGET_VECTORS_IN_FLASH
enum { VECTORS = TINYNAS_NETWORK_VECTORS };

static void take_vector(uint32_t i) {
  const piece inputs[] = TINYNAS_NETWORK_INPUT_PIECES;
  const uint8_t *from = (const uint8_t *)TINYNAS_NETWORK_VECTOR_INPUTS[i];
  for (const piece *p = inputs; p->count; ++p) {
    volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)p->bytes;
    for (uint32_t k = 0; k < p->count; ++k) {
      to[k] = *from++;
    }
  }
}

static uint32_t wrong_bytes(uint32_t i) {
  const piece outputs[] = TINYNAS_NETWORK_OUTPUT_PIECES;
  const uint8_t *expected = (const uint8_t *)TINYNAS_NETWORK_VECTOR_OUTPUTS[i];
  uint32_t wrong = 0;
  for (const piece *p = outputs; p->count; ++p) {
    for (uint32_t k = 0; k < p->count; ++k) {
      wrong += p->bytes[k] != *expected++;
    }
  }
  return wrong;
}

/* Without a division, which not every core has. */
static void print_number(uint32_t number) {
  static const uint32_t powers[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
  char digits[11];
  uint32_t count = 0;
  for (uint32_t i = 0; i < 10; ++i) {
    char digit = '0';
    for (; number >= powers[i]; number -= powers[i]) {
      ++digit;
    }
    if (digit != '0' || count || i == 9) {
      digits[count++] = digit;
    }
  }
  digits[count] = 0;
  uart_text(digits);
}

static void self_test(void) {
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < VECTORS; ++i) {
    uint32_t report[3];
    take_vector(i);
    run(report);
    wrong += report[0] ? TINYNAS_NETWORK_OUTPUT_BYTES : wrong_bytes(i);
  }
  print_number(VECTORS);
  uart_text(" vectors, ");
  print_number(wrong);
  uart_text(wrong ? " bytes wrong\r\n" : " bytes wrong: passed\r\n");
}
#else
enum { VECTORS = 0 };
#endif

/* One place in the code, whatever the compiler unrolls: who stops at the mark counts on it. */
__attribute__((noinline)) static uint8_t next_command(void) {
  const piece inputs[] = TINYNAS_NETWORK_INPUT_PIECES;
  TINYNAS_MARK_WITH(TINYNAS_SERVES, inputs);
  return uart_read();
}

static void read_inputs(void) {
  const piece inputs[] = TINYNAS_NETWORK_INPUT_PIECES;
  for (const piece *p = inputs; p->count; ++p) {
    uint8_t *to = (uint8_t *)(uintptr_t)p->bytes;
    for (uint32_t i = 0; i < p->count; ++i) {
      to[i] = uart_read();
    }
  }
}

static void serve(uint32_t status) {
  uint32_t runs = 0;
  for (;;) {
    const uint8_t command = next_command();
    if (command == 'q') {
      uart_frame('D', sizeof runs);
      uart_words(&runs, 1);
      return;
    }
    if (status) {
      report_error(command, status);
    } else if (command == 'i') {
      read_inputs();
      run_and_report(runs++);
    } else if (command == 'm') {
      run_and_report(runs++);
#if TARGET_VECTORS_IN_FLASH
    } else if (command == 'v') {
      for (uint32_t i = 0; i < VECTORS; ++i) {
        take_vector(i);
        run_and_report(runs++);
      }
    } else if (command == 't') {
      self_test();
#endif
    } else {
      report_error(command, status);
    }
  }
}

int main(void) {
  /* A symbol whose value is the size of an input: whoever has the ELF can check what it feeds. */
  __asm__ volatile(".global tinynas_input_bytes\n\t.set tinynas_input_bytes, %c0"
                   :
                   : "i"(TINYNAS_NETWORK_INPUT_BYTES));
  uart_open();
  /* Real SRAM wakes up with anything in it; a network that counts on zeros must show. */
  paint((uint32_t *)arena, (uint32_t *)(arena + TINYNAS_NETWORK_ARENA_BYTES / 4 * 4));
  const uint32_t status = (uint32_t)TINYNAS_NETWORK_INIT(&context, arena, sizeof arena);
  const uint32_t ready[5] = {PROTOCOL_VERSION, TINYNAS_NETWORK_INPUT_BYTES, TINYNAS_NETWORK_OUTPUT_BYTES, VECTORS,
                             TINYNAS_NETWORK_ARENA_BYTES};
  uart_frame('R', sizeof ready);
  uart_words(ready, 5);
  serve(status);
  tinynas_done();
  return 0;
}
