/* Bytes in and out of the device's UART, polled, and the frames of the report. */
#ifndef TINYNAS_UART_H
#define TINYNAS_UART_H

#include <stdint.h>

void uart_open(void);
uint8_t uart_read(void);
void uart_write(const void *bytes, uint32_t count);
void uart_text(const char *text);

/* Starts a frame: 'T' 'N' kind 0, then the payload's length; the payload follows. */
void uart_frame(char kind, uint32_t payload_bytes);
/* Little-endian words of a payload. */
void uart_words(const uint32_t *words, uint32_t count);

#endif
