#include "uart.h"

#include "target.h"

#define REGISTER(offset) (*(volatile uint32_t *)(TARGET_UART_ADDRESS + (offset)))

#if TARGET_UART_STM32F4
#define STATUS REGISTER(0x00)
#define DATA_IN REGISTER(0x04)
#define DATA_OUT REGISTER(0x04)
#define CAN_READ (STATUS & 0x20u)
#define CAN_WRITE (STATUS & 0x80u)
#elif TARGET_UART_STM32F7
#define STATUS REGISTER(0x1C)
#define DATA_IN REGISTER(0x24)
#define DATA_OUT REGISTER(0x28)
#define CAN_READ (STATUS & 0x20u)
#define CAN_WRITE (STATUS & 0x80u)
#elif TARGET_UART_CMSDK
#define STATUS REGISTER(0x04)
#define DATA_IN REGISTER(0x00)
#define DATA_OUT REGISTER(0x00)
#define CAN_READ (STATUS & 0x2u)
#define CAN_WRITE (!(STATUS & 0x1u))
#elif TARGET_UART_NRF51
#define RECEIVED REGISTER(0x108)
#define SENT REGISTER(0x11C)
#define DATA_IN REGISTER(0x518)
#define DATA_OUT REGISTER(0x51C)
#define CAN_READ (RECEIVED)
#define CAN_WRITE (SENT)
#else
#error "target.h names no UART that this file drives"
#endif

void uart_open(void) {
  static const struct {
    uint32_t address, clear, set;
  } setup[] = {TARGET_UART_SETUP{0, 0, 0}};
  for (uint32_t i = 0; setup[i].address; ++i) {
    volatile uint32_t *r = (volatile uint32_t *)setup[i].address;
    *r = (*r & ~setup[i].clear) | setup[i].set;
    (void)*r; /* a clock needs two cycles before its peripheral answers */
  }
#if TARGET_UART_STM32F4
  REGISTER(0x08) = TARGET_UART_DIVISOR;
  REGISTER(0x0C) = 0x200Cu; /* UE, TE, RE */
#elif TARGET_UART_STM32F7
  REGISTER(0x0C) = TARGET_UART_DIVISOR;
  REGISTER(0x00) = 0xDu; /* TE, RE, UE */
#elif TARGET_UART_CMSDK
  REGISTER(0x10) = TARGET_UART_DIVISOR;
  REGISTER(0x08) = 0x3u; /* TX, RX */
#else
  REGISTER(0x500) = 0x4u; /* ENABLE */
  REGISTER(0x000) = 1;    /* STARTRX */
  REGISTER(0x008) = 1;    /* STARTTX */
#endif
}

#if TARGET_UART_NRF51
/* Its events stay until they are cleared, and that of a byte sent comes afterwards. */
uint8_t uart_read(void) {
  while (!CAN_READ) {
  }
  RECEIVED = 0;
  return (uint8_t)DATA_IN;
}

static void put(uint8_t byte) {
  SENT = 0;
  DATA_OUT = byte;
  while (!CAN_WRITE) {
  }
}
#else
uint8_t uart_read(void) {
  while (!CAN_READ) {
  }
  return (uint8_t)DATA_IN;
}

static void put(uint8_t byte) {
  while (!CAN_WRITE) {
  }
  DATA_OUT = byte;
}
#endif

void uart_write(const void *bytes, uint32_t count) {
  const uint8_t *b = bytes;
  for (uint32_t i = 0; i < count; ++i) {
    put(b[i]);
  }
}

void uart_text(const char *text) {
  while (*text) {
    put((uint8_t)*text++);
  }
}

void uart_frame(char kind, uint32_t payload_bytes) {
  put('T');
  put('N');
  put((uint8_t)kind);
  put(0);
  uart_words(&payload_bytes, 1);
}

void uart_words(const uint32_t *words, uint32_t count) {
  uart_write(words, 4 * count); /* Cortex-M is little-endian here, and so is the report */
}
