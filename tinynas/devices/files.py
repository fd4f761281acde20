"""Reading devices from YAML, and refusing the wrong ones with the place that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import yaml

from tinynas.devices.model import (
    Device,
    FlashTiming,
    MemoryKind,
    MemoryRegion,
    RegisterWrite,
    SimulatorNames,
    Uart,
    UartModel,
)
from tinynas.errors import InvalidInputError
from tinynas.units import parse_bytes

_T = TypeVar("_T")


def parse_catalogue(text: str, *, source: str) -> tuple[tuple[Device, ...], tuple[Device, ...]]:
    """(devices, stand-ins) from YAML text; `source` names it in messages.

    `templates` is where the file keeps its YAML anchors; nothing reads it.

    Raises:
        InvalidInputError: not YAML, a field that is missing, unknown or impossible, a name twice.
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{source}: not YAML: {error}", field="device") from error
    top = _Fields(raw, source)
    top.allow({"devices"}, optional={"templates", "stand_ins"})
    found = tuple(_device(f) for f in top.list_of("devices"))
    stand_ins = tuple(_device(f) for f in top.list_of("stand_ins")) if "stand_ins" in raw else ()
    names = [n for d in found for n in {n.upper() for n in (d.name, *d.order_codes)}]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        top.fail("devices", twice, "names and order codes that occur once")
    return found, stand_ins


class _Fields:
    """A mapping of the file, with the path to it for messages."""

    def __init__(self, raw: Any, place: str) -> None:
        if not isinstance(raw, dict):
            raise InvalidInputError(
                f"{place}: is {raw!r}; allowed is a mapping", field=place, given=raw
            )
        self.raw, self.place = raw, place

    def allow(self, required: set[str], optional: set[str]) -> None:
        given = set(self.raw)
        if not required <= given <= required | optional:
            allowed = f"{sorted(required)}, optionally {sorted(optional)}"
            self.fail("fields", sorted(map(str, given)), allowed)

    def fail(self, key: str, given: Any, allowed: Any) -> NoReturn:
        raise InvalidInputError(
            f"{self.place}: {key} is {given!r}; allowed is {allowed}",
            field=f"{self.place}: {key}",
            given=given,
            allowed=allowed,
        )

    def text(self, key: str) -> str:
        value = self.raw[key]
        if not isinstance(value, str) or not value:
            self.fail(key, value, "a text")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.raw.get(key) is None else self.text(key)

    def choice(self, key: str, allowed: list[str]) -> str:
        if self.raw[key] not in allowed:
            self.fail(key, self.raw[key], allowed)
        return str(self.raw[key])

    def integer(self, key: str, default: int | None = None) -> int:
        value = self.raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
            self.fail(key, value, "a whole number from 0 to 2^32 - 1")
        return value

    def hertz(self, key: str) -> int:
        value = self.raw[key]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            self.fail(key, value, "a frequency in MHz above 0")
        return int(value * 1_000_000)

    def list_of(self, key: str) -> list[_Fields]:
        value = self.raw[key]
        if not isinstance(value, list):
            self.fail(key, value, "a list")
        return [_Fields(v, f"{self.place}: {key}[{i}]") for i, v in enumerate(value)]

    def mapping(self, key: str) -> _Fields:
        return _Fields(self.raw[key], f"{self.place}: {key}")

    def build(self, make: Callable[[], _T]) -> _T:
        """`make()`, a ValueError of the noun it makes told with the place."""
        try:
            return make()
        except ValueError as error:
            raise InvalidInputError(f"{self.place}: {error}", field=self.place) from error


def _device(f: _Fields) -> Device:
    required = {"name", "order_codes", "core", "fpu", "clock_mhz", "regions", "uart"}
    f.allow(required | {"uart_setup", "simulators", "datasheet"}, optional={"flash_timing"})
    f.place = f"{f.place} ({f.raw['name']})"
    codes = f.raw["order_codes"]
    if not isinstance(codes, list) or not all(isinstance(c, str) and c for c in codes):
        f.fail("order_codes", codes, "a list of texts")
    uart, regions = _uart(f.mapping("uart")), tuple(map(_region, f.list_of("regions")))
    setup, simulators = tuple(map(_write, f.list_of("uart_setup"))), f.mapping("simulators")
    timing = _flash_timing(f.mapping("flash_timing")) if "flash_timing" in f.raw else None
    return f.build(
        lambda: Device(
            name=f.text("name"),
            order_codes=tuple(codes),
            core=f.text("core"),
            fpu=f.optional_text("fpu"),
            clock_hz=f.hertz("clock_mhz"),
            regions=regions,
            uart=uart,
            uart_setup=setup,
            simulators=_simulators(simulators),
            datasheet=f.text("datasheet"),
            flash_timing=timing,
        )
    )


def _region(f: _Fields) -> MemoryRegion:
    f.allow({"name", "kind", "address", "size"}, optional={"banks", "dma"})
    dma = f.raw.get("dma", True)
    if not isinstance(dma, bool):
        f.fail("dma", dma, "true or false")
    return f.build(
        lambda: MemoryRegion(
            name=f.text("name"),
            kind=MemoryKind(f.choice("kind", [k.value for k in MemoryKind])),
            address=f.integer("address"),
            bytes=parse_bytes(f.raw["size"], field=f"{f.place}: size"),
            banks=f.optional_text("banks") or "",
            dma=dma,
        )
    )


def _flash_timing(f: _Fields) -> FlashTiming:
    f.allow({"wait_states", "line", "cache"}, optional=set())
    line = parse_bytes(f.raw["line"], field=f"{f.place}: line")
    none = f.raw["cache"] == 0  # which is no size
    cache = 0 if none else parse_bytes(f.raw["cache"], field=f"{f.place}: cache")
    return f.build(lambda: FlashTiming(f.integer("wait_states"), line, cache))


def _uart(f: _Fields) -> Uart:
    f.allow({"name", "model", "address", "irq", "clock_mhz"}, optional=set())
    model = UartModel(f.choice("model", [m.value for m in UartModel]))
    return Uart(f.text("name"), model, f.integer("address"), f.integer("irq"), f.hertz("clock_mhz"))


def _write(f: _Fields) -> RegisterWrite:
    f.allow({"address", "set"}, optional={"clear"})
    return RegisterWrite(f.integer("address"), f.integer("set"), f.integer("clear", 0))


def _simulators(f: _Fields) -> SimulatorNames:
    f.allow(set(), optional={"renode_uart", "qemu_machine"})
    return SimulatorNames(f.optional_text("renode_uart"), f.optional_text("qemu_machine"))
