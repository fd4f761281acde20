/* Marks in the code that cost neither an instruction nor a byte of the device: the address of the
 * place and a number go into a section that is not loaded, and whoever counts instructions looks
 * them up there.  The firmware build includes this file before every source. */
#ifndef TINYNAS_MARKS_H
#define TINYNAS_MARKS_H

#define TINYNAS_MARK(number)                              \
  __asm__ volatile(                                       \
      "990:\n\t"                                          \
      ".pushsection .tinynas_marks, \"\", %%progbits\n\t" \
      ".word 990b, %c0\n\t"                               \
      ".popsection"                                       \
      :                                                   \
      : "i"(number)                                       \
      : "memory")

/* The same, with a value in r0 for whoever stops there. */
#define TINYNAS_MARK_WITH(number, value)                        \
  do {                                                          \
    register uintptr_t r0_ __asm__("r0") = (uintptr_t)(value);  \
    __asm__ volatile(                                           \
        "990:\n\t"                                              \
        ".pushsection .tinynas_marks, \"\", %%progbits\n\t"     \
        ".word 990b, %c0\n\t"                                   \
        ".popsection"                                           \
        :                                                       \
        : "i"(number), "r"(r0_)                                 \
        : "memory");                                            \
  } while (0)

#define TINYNAS_RUN_BEGINS (-1)
#define TINYNAS_RUN_ENDS (-2)
#define TINYNAS_SERVES (-3)

#endif
