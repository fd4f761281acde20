"""The catalogue: what datasheets say, and how a device is found or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import tinynas.devices
from tinynas.devices import (
    Device,
    MemoryKind,
    device_names,
    devices,
    load_device,
    parse_catalogue,
    stand_in,
)
from tinynas.devices.model import CORES
from tinynas.errors import InvalidInputError

KB = 1024

# (core, MHz, largest contiguous SRAM, flash, all SRAM there is), from the datasheets' first pages.
DATASHEET = {
    "STM32F103xE": ("cortex-m3", 72, 64, 512, 64),
    "STM32F401xE": ("cortex-m4", 84, 96, 512, 96),
    "STM32F405xG": ("cortex-m4", 168, 128, 1024, 192),
    "STM32F411xE": ("cortex-m4", 100, 128, 512, 128),
    "STM32F412xG": ("cortex-m4", 100, 256, 1024, 256),
    "STM32F446xE": ("cortex-m4", 180, 128, 512, 128),
    "STM32F746xG": ("cortex-m7", 216, 320, 1024, 336),
    "STM32F767xI": ("cortex-m7", 216, 512, 2048, 528),
    "STM32G0B1xE": ("cortex-m0plus", 64, 144, 512, 144),
    "STM32H743xI": ("cortex-m7", 480, 512, 2048, 1056),
    "STM32L476xG": ("cortex-m4", 80, 96, 1024, 128),
    "STM32L4R5xI": ("cortex-m4", 120, 640, 2048, 640),
    "STM32L552xE": ("cortex-m33", 110, 256, 512, 256),
}
DSP = {"cortex-m4", "cortex-m7", "cortex-m33"}


@pytest.mark.parametrize("name", DATASHEET)
def test_a_part_has_what_its_datasheet_says(name: str) -> None:
    core, mhz, sram, flash, all_sram = DATASHEET[name]
    device = load_device(name)
    assert device.core == core
    assert device.clock_hz == mhz * 1_000_000
    assert device.default_budget.sram_bytes == sram * KB
    assert device.default_budget.flash_bytes == flash * KB
    total = sum(r.bytes for r in device.regions if r.kind is MemoryKind.SRAM)
    assert total == all_sram * KB
    assert device.has_dsp == (core in DSP)


@pytest.mark.parametrize("device", devices(), ids=lambda d: d.name)
def test_every_name_and_order_code_finds_its_device_in_any_case(device: Device) -> None:
    assert device.order_codes
    for name in (device.name, *device.order_codes):
        for spelling in (name, name.lower(), name.upper(), f" {name} "):
            assert load_device(spelling) == device
    assert load_device(f"{device.order_codes[0].lower()}t6") == device


@pytest.mark.parametrize("device", devices(), ids=lambda d: d.name)
def test_banks_that_adjoin_are_one_region(device: Device) -> None:
    starts = {r.address for r in device.regions}
    assert not any(r.end in starts for r in device.regions)


def test_an_unknown_device_is_refused_with_the_near_ones() -> None:
    with pytest.raises(InvalidInputError, match="STM32F746xG") as caught:
        load_device("stm32f746xx")
    assert caught.value.field == "device"
    assert caught.value.given == "stm32f746xx"
    assert caught.value.allowed == device_names()


@pytest.mark.parametrize("name", ["", "esp32", "stm32", "stm32f746zgt6xxxxx", "stm32f746zg-6"])
def test_what_only_begins_like_a_part_is_not_it(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        load_device(name)
    assert caught.value.exit_code == 2


def test_stand_ins_are_found_by_core_and_not_offered() -> None:
    board = stand_in("cortex-m7")
    assert board is not None
    assert board.simulators.qemu_machine == "mps2-an500"
    assert board.name not in device_names()
    assert {d.core for d in devices()} == set(CORES)
    assert all(stand_in(core) for core in CORES)
    assert stand_in("cortex-m55") is None


def _catalogue_with(**changes: object) -> str:
    path = Path(tinynas.devices.__file__).with_name("catalogue.yaml")
    known = yaml.safe_load(path.read_text())["devices"]
    device = next(d for d in known if d["name"] == "STM32F411xE")
    return yaml.safe_dump({"devices": [device | changes]})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"core": "cortex-a53"}, "cortex-a53"),
        ({"core": "cortex-m55"}, "cortex-m55.*cortex-m0plus.*cortex-m33"),
        ({"fpu": "neon"}, "neon"),
        ({"clock_mhz": 0}, "MHz"),
        ({"colour": "blue"}, "colour"),
        ({"order_codes": "STM32F411CE"}, "order_codes"),
        ({"uart": {"name": "usart1"}}, "clock_mhz"),
        ({"uart_setup": [{"address": -1, "set": 0}]}, "address"),
        ({"regions": [{"name": "f", "kind": "flash", "address": 0, "size": "1KB"}]}, "sram"),
        ({"regions": [{"name": "f", "kind": "tape", "address": 0, "size": "1KB"}]}, "tape"),
        ({"regions": [{"name": "f", "kind": "flash", "address": 2, "size": "1KB"}]}, "multiple"),
        (
            {
                "regions": [
                    {"name": "f", "kind": "flash", "address": 0, "size": "2KB"},
                    {"name": "s", "kind": "sram", "address": 1024, "size": "2KB"},
                ]
            },
            "overlap",
        ),
    ],
)
def test_an_impossible_device_is_refused_where_it_is_loaded(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        parse_catalogue(_catalogue_with(**changes), source="mine.yaml")


def test_a_name_given_twice_is_refused() -> None:
    twice = yaml.safe_load(_catalogue_with())["devices"] * 2
    with pytest.raises(InvalidInputError, match="STM32F411XE"):
        parse_catalogue(yaml.safe_dump({"devices": twice}), source="mine.yaml")


def test_a_device_of_ones_own_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(_catalogue_with(name="MyBoard", order_codes=[]))
    assert load_device(str(path)).name == "MyBoard"
    path.write_text("devices: [")
    with pytest.raises(InvalidInputError, match="not YAML"):
        load_device(str(path))
