"""Finding a device by its family name or order code, in the catalogue or in a file of one's own."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path

from tinynas.devices.files import parse_catalogue
from tinynas.devices.model import Device
from tinynas.errors import InvalidInputError

_CATALOGUE = Path(__file__).with_name("catalogue.yaml")
_SUFFIX_LENGTH = 4
"""Package, temperature range and options after an order code, e.g. T6 or T6TR."""


@cache
def _catalogue() -> tuple[tuple[Device, ...], tuple[Device, ...]]:
    return parse_catalogue(_CATALOGUE.read_text(), source=_CATALOGUE.name)


def devices() -> list[Device]:
    """Every device of the catalogue, by name."""
    return sorted(_catalogue()[0], key=lambda d: d.name)


def device_names() -> list[str]:
    """Family names, e.g. `STM32F746xG`."""
    return [d.name for d in devices()]


def stand_in(core: str) -> Device | None:
    """The simulator-only board with this core, for firmware that fits no other QEMU machine."""
    return next((d for d in _catalogue()[1] if d.core == core), None)


def load_device(name: str) -> Device:
    """A device by family name or order code (case-insensitive), or from a path ending in `.yaml`.

    An order code may carry its package and temperature suffix (`STM32F746ZGT6`).  A file has the
    catalogue's format with exactly one device in it.

    Raises:
        InvalidInputError: no such device (names those that are near), or the file is wrong.
    """
    if Path(name).suffix.lower() == ".yaml" and Path(name).is_file():
        return _only_device_of(Path(name))
    wanted = name.strip().upper()
    for device in devices():
        if wanted == device.name.upper() or _has_order_code(device, wanted):
            return device
    raise _unknown(name)


def _has_order_code(device: Device, wanted: str) -> bool:
    for code in device.order_codes:
        rest = wanted.removeprefix(code.upper())
        if rest != wanted and len(rest) <= _SUFFIX_LENGTH and (not rest or rest.isalnum()):
            return True
    return False


def _unknown(name: str) -> InvalidInputError:
    known = {n.upper(): n for d in devices() for n in (d.name, *d.order_codes)}
    near = [known[n] for n in get_close_matches(name.strip().upper(), known, n=3, cutoff=0.7)]
    hint = (
        f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(device_names())}"
    )
    return InvalidInputError(
        f"unknown device {name!r}; {hint}", field="device", given=name, allowed=device_names()
    )


def _only_device_of(path: Path) -> Device:
    found, _ = parse_catalogue(path.read_text(), source=path.name)
    if len(found) != 1:
        raise InvalidInputError(
            f"{path.name}: holds {len(found)} devices; a device file holds one",
            field="device",
            given=len(found),
            allowed=1,
        )
    return found[0]
