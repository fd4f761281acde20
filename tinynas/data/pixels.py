"""From image files of any kind to square RGB arrays."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is read; others (EPS is one) would be handed to programs of this machine."""
_FAILURES = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


class BadImageError(Exception):
    """A file that is no image, or not a whole one; the message says which."""


def resize(images: NDArray[np.uint8], resolution: int) -> NDArray[np.uint8]:
    """Square images [N, H, W, C] to [N, resolution, resolution, C], bilinear with antialiasing."""
    count, height, width, channels = images.shape
    if height == width == resolution:
        return images
    out = np.empty((count, resolution, resolution, channels), np.uint8)
    for i, pixels in enumerate(images):
        image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
        resized = image.resize((resolution, resolution), Image.Resampling.BILINEAR)
        out[i] = np.asarray(resized).reshape(resolution, resolution, channels)
    return out


def shorter_side(path: Path) -> int:
    """Pixels of the shorter side, from the header alone.

    Raises:
        BadImageError: not an image.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            return min(image.size)
    except _FAILURES as error:
        raise _bad(error) from error


def decode(data: bytes, resolution: int | None = None) -> NDArray[np.uint8]:
    """The central square of an encoded image, uint8 [S, S, 3].

    EXIF rotation is applied, transparency is laid on white, 16-bit greys lose their low byte.
    `resolution` is S; without it the square keeps its size.

    Raises:
        BadImageError: not an image, or cut off.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if resolution is not None:
                image.draft(None, (resolution, resolution))
            upright = ImageOps.exif_transpose(image)
            return _square(_to_rgb(upright), resolution)
    except _FAILURES as error:
        raise _bad(error) from error


def has_colour(images: NDArray[np.uint8]) -> bool:
    """Whether any pixel of RGB images [N, H, W, 3] is not grey."""
    red, green, blue = (images[..., channel] for channel in range(3))
    return not (np.array_equal(red, green) and np.array_equal(red, blue))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        grey = np.asarray(image).clip(0, 0xFFFF) >> 8
        image = Image.fromarray(grey.astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _square(image: Image.Image, resolution: int | None) -> NDArray[np.uint8]:
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    size = (resolution or side, resolution or side)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=box))


def _bad(error: Exception) -> BadImageError:
    if isinstance(error, UnidentifiedImageError):
        return BadImageError("not an image")
    return BadImageError(str(error) or type(error).__name__)
