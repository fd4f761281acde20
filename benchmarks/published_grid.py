"""The 78 subspaces that the MCUNet paper chose (arXiv 2007.10319, figure of W* and R*)."""

from __future__ import annotations

FLASH_KB = tuple(range(512, 2049, 128))

_WIDTHS = {
    192: ".4 .4 .5 .5 .5 .5 .8 .8 .8 .8 .8 .8 .8",
    256: ".3 .4 .4 .5 .5 .5 .5 .5 .5 .5 .5 .9 .9",
    320: ".4 .4 .5 .5 .5 .5 .5 .8 .8 .8 .8 .9 .9",
    384: ".4 .4 .5 .5 .5 .5 .5 .5 .5 .9 .9 .9 .9",
    448: ".4 .4 .4 .5 .5 .5 .5 .5 .9 1 1 1 .9",
    512: ".3 .4 .5 .5 .5 .5 .5 .5 .9 .9 .9 .9 .9",
}
_RESOLUTIONS = {
    192: [112] * 6 + [80] * 7,
    256: [144] + [128] * 10 + [80] * 2,
    320: [144] * 7 + [112] * 4 + [96] * 2,
    384: [160] * 9 + [112] * 4,
    448: [176] * 8 + [128] * 5,
    512: [208, 192, 176, 192] + [176] * 4 + [144] * 5,
}

SRAM_KB = tuple(_WIDTHS)

PUBLISHED: dict[tuple[int, int], tuple[float, int]] = {
    (sram, flash): (float(width), resolution)
    for sram in SRAM_KB
    for flash, width, resolution in zip(
        FLASH_KB, _WIDTHS[sram].split(), _RESOLUTIONS[sram], strict=True
    )
}
"""(SRAM kB, flash kB) -> (width multiplier, resolution)."""
