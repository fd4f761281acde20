"""What jobs may name: devices, search spaces."""

from __future__ import annotations

from fastapi import APIRouter

from api.schemas import DeviceOut, Page, RegionOut, SearchSpaceOut
from tinynas.devices import devices
from tinynas.spaces import load_space, space_names

router = APIRouter(tags=["catalogue"])


@router.get("/devices")
def device_index() -> Page[DeviceOut]:
    """The microcontrollers of the catalogue."""
    return Page(
        items=[
            DeviceOut(
                name=device.name,
                order_codes=list(device.order_codes),
                core=device.core,
                clock_hz=device.clock_hz,
                sram_bytes=device.default_budget.sram_bytes,
                flash_bytes=device.default_budget.flash_bytes,
                regions=[
                    RegionOut(name=r.name, kind=r.kind, address=r.address, bytes=r.bytes)
                    for r in device.regions
                ],
            )
            for device in devices()
        ]
    )


@router.get("/search-spaces")
def space_index() -> Page[SearchSpaceOut]:
    """The search spaces that come with the project."""
    spaces = [load_space(name) for name in space_names()]
    return Page(
        items=[
            SearchSpaceOut(
                name=space.name,
                description=space.description,
                resolutions=list(space.resolutions),
                width_multipliers=list(space.width_multipliers),
                stages=len(space.stages),
            )
            for space in spaces
        ]
    )
