"""The files of a bundle's `firmware/` folder: they build an ELF without this project installed."""

from __future__ import annotations

from importlib.resources import files

from tinynas.build.linker import linker_script
from tinynas.build.renode_files import SCRIPT, renode_files
from tinynas.build.toolchain import (
    CODE_FLAGS,
    GCC_LIBRARIES,
    GCC_LINK_FLAGS,
    HARNESS_FLAGS,
    WARNING_FLAGS,
    gcc_core_flags,
)
from tinynas.devices import Device, MemoryKind, UartModel
from tinynas.emit.c_text import numbered

HARNESS_SOURCES = ("startup.c", "uart.c", "harness.c")
LINKER_SCRIPT = "firmware.ld"
HARNESS_FLASH_BYTES = 8192
"""More than start-up, UART and harness take in flash, whatever the compiler."""

_HEADERS = ("uart.h", "marks.h")
_BAUD = 115_200


def firmware_files(
    device: Device,
    *,
    name: str,
    vector_bytes: int,
    library_flash_bytes: int,
    inputs: int = 1,
    outputs: int = 1,
) -> dict[str, str]:
    """File name to text, for `<bundle>/firmware/`.

    Args:
        device: the part the firmware is for.
        name: the library's prefix; its header is `../include/<name>.h`.
        vector_bytes: inputs and outputs in `../test/vectors.c`; they go into flash where it holds
            them beside a library of `library_flash_bytes` and the harness.
        inputs, outputs: how many of each the network has.
    """
    flash = device.largest(MemoryKind.FLASH).bytes
    vectors = library_flash_bytes + vector_bytes + HARNESS_FLASH_BYTES <= flash
    folder = files("tinynas.build") / "firmware"
    static = {n: (folder / n).read_text() for n in (*HARNESS_SOURCES, *_HEADERS)}
    return {
        **static,
        **renode_files(device),
        "target.h": _target_header(device, name, vectors, inputs, outputs),
        LINKER_SCRIPT: linker_script(device),
        "Makefile": _makefile(device, vectors),
        "README.md": _readme(device, vectors),
    }


def _target_header(device: Device, name: str, vectors: bool, inputs: int, outputs: int) -> str:
    upper = name.upper()
    divisor = (device.uart.clock_hz + _BAUD // 2) // _BAUD
    setup = "".join(f"{{{w.address:#x}u, {w.clear:#x}u, {w.set:#x}u}}, " for w in device.uart_setup)
    lines = [
        f"/* {device.name} ({device.core}) and the network `{name}`, for the harness. */",
        "#ifndef TINYNAS_TARGET_H",
        "#define TINYNAS_TARGET_H",
        "",
        f'#include "{name}.h"',
        *(['#include "vectors.h"'] if vectors else []),
        "",
        f"#define TARGET_HAS_FPU {int(device.fpu is not None)}",
        *(f"#define TARGET_UART_{m.name} {int(m is device.uart.model)}" for m in UartModel),
        f"#define TARGET_UART_ADDRESS {device.uart.address:#x}u",
        f"/* {_BAUD} baud from the {device.uart.clock_hz / 1e6:g} MHz that it has after reset */",
        f"#define TARGET_UART_DIVISOR {divisor}u",
        "/* clocks and pins: address, bits to clear, bits to set */",
        f"#define TARGET_UART_SETUP {setup}",
        f"#define TARGET_VECTORS_IN_FLASH {int(vectors)}",
        "",
        f"#define TINYNAS_NETWORK_CONTEXT {name}_context",
        f"#define TINYNAS_NETWORK_INIT {name}_init",
        f"#define TINYNAS_NETWORK_RUN {name}_run",
        f"#define TINYNAS_NETWORK_FED_BY_ROWS {upper}_FED_BY_ROWS",
        f"#define TINYNAS_NETWORK_PUSH_ROWS {name}_push_rows",
        f"#define TINYNAS_NETWORK_INPUT_ROWS {upper}_INPUT_ROWS",
        f"#define TINYNAS_NETWORK_INPUT_ROW_BYTES {upper}_INPUT_ROW_BYTES",
        f"#define TINYNAS_NETWORK_ARENA_BYTES {upper}_ARENA_BYTES",
        *_piece_lines(name, "input", inputs),
        *_piece_lines(name, "output", outputs),
    ]
    if vectors:
        lines += [
            f"#define TINYNAS_NETWORK_VECTORS {upper}_VECTORS",
            f"#define TINYNAS_NETWORK_VECTOR_INPUTS {name}_vector_inputs",
            f"#define TINYNAS_NETWORK_VECTOR_OUTPUTS {name}_vector_outputs",
        ]
    return "\n".join([*lines, "", "#endif", ""])


def _piece_lines(name: str, role: str, count: int) -> list[str]:
    """Macros for all inputs (outputs): bytes altogether, and where each lies with its bytes."""
    roles, upper = numbered(role, count), name.upper()
    sizes = " + ".join(f"{upper}_{r.upper()}_BYTES" for r in roles)
    pieces = ", ".join(
        f"{{(const uint8_t *){name}_{r}(&context), {upper}_{r.upper()}_BYTES}}" for r in roles
    )
    own = f"TINYNAS_NETWORK_{role.upper()}"
    return [
        f"#define {own}_BYTES ({sizes})",
        f"#define {own}_PIECES {{{pieces}, {{0, 0}}}}",
    ]


_MAKEFILE = """\
# Firmware for {name}: `make CROSS=arm-none-eabi-` (GCC with newlib).
CROSS ?= arm-none-eabi-
OUT ?= build

CFLAGS := {cflags} {warnings} -include marks.h -I. -I../include -I../test
HARNESS_CFLAGS := {harness}
LDFLAGS := {cflags} {link} -T {script}

LIBRARY := $(patsubst ../src/%.c,$(OUT)/library/%.o,$(sort $(wildcard ../src/*.c))) \
  $(patsubst ../src/%.S,$(OUT)/library/%_s.o,$(sort $(wildcard ../src/*.S)))
HARNESS := {objects}
VECTORS := {vectors}

all: $(OUT)/firmware.elf

OBJECTS := $(HARNESS) $(VECTORS) $(LIBRARY)

$(OUT)/firmware.elf: $(OBJECTS) {script}
\t$(CROSS)gcc $(LDFLAGS) -Wl,-Map,$(OUT)/firmware.map -o $@ $(OBJECTS) {libraries}
\t$(CROSS)size -A $@

$(OUT)/library/%.o: ../src/%.c
\t@mkdir -p $(@D)
\t$(CROSS)gcc $(CFLAGS) -c $< -o $@

$(OUT)/library/%_s.o: ../src/%.S
	@mkdir -p $(@D)
	$(CROSS)gcc {cflags} -c $< -o $@

$(OUT)/vectors/%.o: ../test/%.c
\t@mkdir -p $(@D)
\t$(CROSS)gcc $(CFLAGS) -c $< -o $@

$(OUT)/harness/%.o: %.c target.h
\t@mkdir -p $(@D)
\t$(CROSS)gcc $(CFLAGS) $(HARNESS_CFLAGS) -c $< -o $@

clean:
\trm -rf $(OUT)

.PHONY: all clean
"""


def _makefile(device: Device, vectors: bool) -> str:
    return _MAKEFILE.format(
        name=device.name,
        cflags=" ".join((*gcc_core_flags(device), *CODE_FLAGS)),
        warnings=" ".join(WARNING_FLAGS),
        harness=" ".join(HARNESS_FLAGS),
        link=" ".join(GCC_LINK_FLAGS),
        libraries=" ".join(GCC_LIBRARIES),
        script=LINKER_SCRIPT,
        objects=" ".join(f"$(OUT)/harness/{s[:-2]}.o" for s in HARNESS_SOURCES),
        vectors="$(OUT)/vectors/vectors.o" if vectors else "",
    )


_README = """\
# Firmware for {name}

`make CROSS=arm-none-eabi-` builds `build/firmware.elf`: start-up code, a harness and the network.
On a board, {uart} is on PA9 (TX) and PA10 (RX) at {baud} baud, 8N1.
{self_test}{renode}
The host drives it by commands of one byte and gets frames back; `harness.c` lists both.  The code
runs at the clock and the flash latency that the part has after reset.

Sections of the ELF: `.library_code` and `.library_constants` are the network (with what it needs
of the compiler's libraries), `.library_data` and `.library_bss` its static data, `.context` and
`.arena` the memory that its caller owns; `.isr_vector` and `.harness` are start-up code and
harness, `.vectors` the test vectors, `.image` what a camera would deliver.
"""


def _readme(device: Device, vectors: bool) -> str:
    self_test = (
        "Send `t` in a terminal: it runs the vectors in flash and says how many bytes are wrong.\n"
        if vectors
        else "The test vectors do not fit into flash beside the network: the host sends inputs.\n"
    )
    return _README.format(
        name=device.name,
        uart=device.uart.name.upper(),
        baud=_BAUD,
        self_test=self_test,
        renode=f"`renode {SCRIPT}` does the same on the simulated part.\n"
        if device.simulators.renode_uart
        else "",
    )
