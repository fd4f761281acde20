"""`tinynas devices`, `spaces`, `supernets`, `doctor`: what is known, what is installed."""

from __future__ import annotations

from typing import Any

import typer

from tinynas.cli.output import JsonFlag, print_json, print_table, reports_errors
from tinynas.devices import Device, devices
from tinynas.spaces import SearchSpace, load_space, space_names
from tinynas.units import format_bytes

app = typer.Typer()


@app.command("devices")
@reports_errors
def devices_command(*, as_json: JsonFlag = False) -> None:
    """The microcontrollers of the catalogue."""
    if as_json:
        print_json({"devices": [device_json(d) for d in devices()]})
        return
    rows = [
        (
            d.name,
            d.core,
            f"{d.clock_hz // 1_000_000} MHz",
            format_bytes(d.default_budget.sram_bytes),
            format_bytes(d.default_budget.flash_bytes),
            ", ".join(d.order_codes),
        )
        for d in devices()
    ]
    columns = ("name", "core", "clock", "SRAM (largest)", "flash", "order codes")
    print_table("Devices", columns, rows)


def device_json(device: Device) -> dict[str, Any]:
    return {
        "name": device.name,
        "order_codes": list(device.order_codes),
        "core": device.core,
        "clock_hz": device.clock_hz,
        "sram_bytes": device.default_budget.sram_bytes,
        "flash_bytes": device.default_budget.flash_bytes,
        "regions": [
            {"name": r.name, "kind": r.kind, "address": r.address, "bytes": r.bytes}
            for r in device.regions
        ],
    }


@app.command("spaces")
@reports_errors
def spaces_command(*, as_json: JsonFlag = False) -> None:
    """The search spaces that come with the project."""
    spaces = [load_space(name) for name in space_names()]
    if as_json:
        print_json({"spaces": [space_json(s) for s in spaces]})
        return
    rows = [
        (
            s.name,
            _extent(s.resolutions),
            _extent(s.width_multipliers),
            len(s.stages),
            s.description,
        )
        for s in spaces
    ]
    print_table("Search spaces", ("name", "resolutions", "widths", "stages", "for"), rows)


def space_json(space: SearchSpace) -> dict[str, Any]:
    return {
        "name": space.name,
        "description": space.description,
        "resolutions": list(space.resolutions),
        "width_multipliers": list(space.width_multipliers),
        "genes": [{"name": g.name, "choices": list(g.choices)} for g in space.genes],
    }


def _extent(values: tuple[float, ...]) -> str:
    return f"{min(values):g} to {max(values):g}"


@app.command("supernets")
@reports_errors
def supernets_command(*, as_json: JsonFlag = False) -> None:
    """Trained supernets that a search can start from: `tinynas search --supernet NAME`."""
    from tinynas.supernet import known_supernets, read_card

    found = {name: (read_card(path), path) for name, path in known_supernets().items()}
    if as_json:
        listed = [{"name": n, "path": str(p)} | c.to_json() for n, (c, p) in found.items()]
        print_json({"supernets": listed})
        return
    rows = [
        (
            name,
            card.dataset,
            f"{card.space}, width {card.width:g}, {card.resolution} px",
            f"{card.train_images:,}",
            ", ".join(f"{size} {100 * share:.1f}%" for size, share in card.accuracies.items()),
            str(path),
        )
        for name, (card, path) in found.items()
    ]
    columns = ("name", "data", "subspace", "images seen", "validation", "file")
    print_table("Supernets", columns, rows)


@app.command("doctor")
@reports_errors
def doctor_command(*, as_json: JsonFlag = False) -> None:
    """What is installed, what is missing, and the command that mends it."""
    from tinynas.simulate import doctor

    tools = doctor()
    if as_json:
        print_json({"tools": [vars(tool) for tool in tools]})
        return
    rows = [(t.name, t.purpose, t.found or "missing", "" if t.found else t.remedy) for t in tools]
    print_table("Tools", ("tool", "for", "found", "to install it"), rows)
