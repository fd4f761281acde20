"""Renode's description of a device, as strict as the datasheet, and a script for a person."""

from __future__ import annotations

from tinynas.devices import Device

PLATFORM = "device.repl"
SCRIPT = "renode.resc"

_SCRIPT = """\
# `renode {script}` in this folder, after `make`: the UART's window takes commands (see README.md).
using sysbus
mach create "{name}"
machine LoadPlatformDescription $ORIGIN/{platform}
sysbus LoadELF $ORIGIN/build/firmware.elf
showAnalyzer {uart}
start
"""


_CPU_TYPES = {"cortex-m0plus": "cortex-m0+"}
"""Where Renode's name for a core is not the compilers'."""


def platform(device: Device) -> str:
    """A platform description (.repl) with the device's memories, its UART and nothing else.

    Renode's own STM32 platforms have more memory than the parts: what overflows the part would run.
    """
    uart, cpu_type = device.uart, _CPU_TYPES.get(device.core, device.core)
    entries = [
        f"{r.name}: Memory.MappedMemory @ sysbus {r.address:#x}\n    size: {r.bytes:#x}"
        for r in device.regions
    ]
    entries += [
        f"setup{i}: Memory.ArrayMemory @ sysbus {address:#x}\n    size: 0x400"
        for i, address in enumerate(device.setup_blocks)
    ]
    frequency = "    frequency: 100000000\n" if "F7" in str(device.simulators.renode_uart) else ""
    entries += [
        "nvic: IRQControllers.NVIC @ sysbus 0xE000E000\n    priorityMask: 0xF0\n"
        "    systickFrequency: 100000000\n    IRQ -> cpu@0",
        f'cpu: CPU.CortexM @ sysbus\n    cpuType: "{cpu_type}"\n    nvic: nvic',
        f"{uart.name}: {device.simulators.renode_uart} @ sysbus <{uart.address:#x}, +0x100>\n"
        f"{frequency}    IRQ -> nvic@{uart.irq}",
    ]
    return "\n\n".join(entries) + "\n"


def renode_files(device: Device) -> dict[str, str]:
    """File name to text; nothing for a device that Renode has no UART for."""
    if device.simulators.renode_uart is None:
        return {}
    script = _SCRIPT.format(
        script=SCRIPT, platform=PLATFORM, name=device.name, uart=f"sysbus.{device.uart.name}"
    )
    return {PLATFORM: platform(device), SCRIPT: script}
