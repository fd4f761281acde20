"""Zips of class folders, good and hostile."""

from __future__ import annotations

import io
import zipfile

import numpy as np
from PIL import Image


def png(seed: int, *, colour: bool = True, side: int = 12) -> bytes:
    shape = (side, side, 3) if colour else (side, side)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def members(
    classes: tuple[str, ...] = ("cat", "dog"),
    each: int = 6,
    *,
    colour: bool = True,
    root: str = "",
    first_seed: int = 0,
) -> dict[str, bytes]:
    return {
        f"{root}{name}/{i}.png": png(first_seed + 1000 * c + i, colour=colour)
        for c, name in enumerate(classes)
        for i in range(each)
    }


def zipped(files: dict[str, bytes], *extra: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for info, content in extra:
            archive.writestr(info, content)
    return out.getvalue()
