"""The linker script of a device's firmware, from the regions in the catalogue."""

from __future__ import annotations

from tinynas.devices import Device, MemoryKind, MemoryRegion

STACK_BYTES = 8192
"""What the stack may grow to where that much is left beside arena and static data."""

LEAST_STACK_BYTES = 512

_SCRIPT = """\
/* {name}: memory as {datasheet} maps it.
 *
 * What belongs to the network's own library (code, constants, static data), to the harness and to
 * the test vectors lies in sections of its own, so that each can be counted.  Routines of the
 * compiler's libraries are the network's: the harness calls none. */
ENTRY(Reset_Handler)

MEMORY
{{
{memory}
}}

__stack_top = ORIGIN(RAM) + LENGTH(RAM);

SECTIONS
{{
  .isr_vector : {{ KEEP(*(.isr_vector)) }} > FLASH
  .harness : {{ *harness/*.o(.text .text.* .rodata .rodata.*) . = ALIGN(4); }} > FLASH
  .vectors : {{ *vectors/*.o(.rodata .rodata.*) . = ALIGN(4); }} > FLASH
  .library_code : {{ *(.text .text.*) . = ALIGN(4); }} > FLASH
  .library_constants : {{ *(.rodata .rodata.*) . = ALIGN(4); }} > FLASH

  .library_data :
  {{
    __data_start = .; *(.data .data.*) . = ALIGN(4); __data_end = .;
  }} > RAM AT > FLASH
  __data_load = LOADADDR(.library_data);
  .library_bss (NOLOAD) : {{ __bss_start = .; *(.bss .bss.* COMMON) . = ALIGN(4); }} > RAM
  .context (NOLOAD) : {{ *(.tinynas_context) . = ALIGN(4); __bss_end = .; }} > RAM
  .image (NOLOAD) : {{ *(.tinynas_image) . = ALIGN(4); }} > RAM
  .arena (NOLOAD) : ALIGN(16) {{ *(.tinynas_arena) }} > RAM

  __arena_end = ALIGN(ADDR(.arena) + SIZEOF(.arena), 8);
  __stack_limit = MAX(__arena_end, __stack_top - {stack});
  ASSERT(__stack_top - __arena_end >= {least_stack},
         "tinynas: less than {least_stack} bytes of RAM are left for the stack")

  .tinynas_marks 0 (INFO) : {{ KEEP(*(.tinynas_marks)) }}
  /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab*) }}
}}
"""


def linker_script(device: Device) -> str:
    """Code in the largest flash; data, arena and stack in the largest contiguous SRAM."""
    roles = {device.largest(MemoryKind.FLASH): "FLASH", device.largest(MemoryKind.SRAM): "RAM"}
    return _SCRIPT.format(
        name=device.name,
        datasheet=device.datasheet,
        memory="\n".join(
            _memory_line(region, roles.get(region, region.name.upper()))
            for region in sorted(device.regions, key=lambda r: r.address)
        ),
        stack=STACK_BYTES,
        least_stack=LEAST_STACK_BYTES,
    )


def _memory_line(region: MemoryRegion, name: str) -> str:
    access = "rx" if region.kind is MemoryKind.FLASH else "rwx"
    line = (
        f"  {name} ({access}) : ORIGIN = {region.address:#010x}, LENGTH = {region.bytes // 1024}K"
    )
    return f"{line} /* {region.banks} */" if region.banks else line
