"""From image files of any kind to square uint8 arrays."""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

_GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16L", "I;16B")


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


def shorter_side(file: BinaryIO) -> int:
    """Pixels of the shorter side, from the header alone.

    Raises:
        BadImageError: not an image.
    """
    try:
        with Image.open(file) as image:
            return min(image.size)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise BadImageError(_reason(error)) from error


def decode(data: bytes, resolution: int | None = None) -> NDArray[np.uint8]:
    """The central square of an encoded image, uint8 [S, S, 3], or [S, S, 1] if it is grey.

    EXIF rotation is applied, transparency is laid on white, 16-bit greys lose their low byte.
    `resolution` is S; without it the image must be square and keeps its size.

    Raises:
        BadImageError: not an image, or cut off.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if resolution is not None:
                image.draft(None, (resolution, resolution))
            upright = ImageOps.exif_transpose(image)
            return _square(_to_grey_or_rgb(upright), resolution)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadImageError(_reason(error)) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise BadImageError(_reason(error)) from error


def _to_grey_or_rgb(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).clip(0, 0xFFFF) >> 8).astype(np.uint8))
    if image.mode == "F":
        raise BadImageError("holds floating-point pixels, whose range is unknown")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(white, rgba)
    return image.convert("L" if image.mode in _GREY_MODES else "RGB")


def _square(image: Image.Image, resolution: int | None) -> NDArray[np.uint8]:
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    size = (resolution or side, resolution or side)
    square = image.resize(size, Image.Resampling.BILINEAR, box=box)
    pixels = np.asarray(square)
    if pixels.ndim == 3 and is_grey(pixels):
        pixels = pixels[:, :, 0]
    return pixels.reshape(*size, -1)


def is_grey(pixels: NDArray[np.uint8]) -> bool:
    """Whether an RGB image [H, W, 3] has no colour."""
    red, green, blue = (pixels[:, :, c] for c in range(3))
    return bool(np.array_equal(red, green) and np.array_equal(red, blue))


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    return str(error) or type(error).__name__
