"""Decoding: every kind of image becomes the upright central square in RGB."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tinynas.data.pixels import BadImageError, decode, has_colour, resize

ORIENTATION = 0x0112


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def halves() -> Image.Image:
    """16x8, left half red, right half blue."""
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8, 0] = pixels[:, 8:, 2] = 255
    return Image.fromarray(pixels)


def test_the_central_square_is_kept() -> None:
    pixels = decode(encoded(halves()))
    assert pixels.shape == (8, 8, 3)
    assert pixels[:, :4, 0].min() == pixels[:, 4:, 2].min() == 255


def test_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # stored lying on its left side
    pixels = decode(encoded(halves(), exif=exif))
    assert pixels[:4, :, 0].min() == pixels[4:, :, 2].min() == 255


def test_images_are_brought_to_the_resolution() -> None:
    assert decode(encoded(halves()), 5).shape == (5, 5, 3)
    assert decode(encoded(halves(), "JPEG"), 20).shape == (20, 20, 3)


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert decode(encoded(clear)).min() == 255
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    assert decode(encoded(palette, transparency=1)).min() == 255
    assert decode(encoded(palette))[0, 0].tolist() == [10, 20, 30]


def test_sixteen_bits_keep_the_high_byte() -> None:
    deep = Image.fromarray(np.full((4, 4), 0x1234, np.uint16))
    assert np.unique(decode(encoded(deep))).tolist() == [0x12]


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_images_have_no_colour(mode: str) -> None:
    pixels = decode(encoded(Image.new(mode, (4, 4), 1)))
    assert pixels.shape == (4, 4, 3)
    assert not has_colour(pixels[None])


def test_colour_is_seen_in_a_single_pixel() -> None:
    pixels = np.full((2, 4, 4, 3), 7, np.uint8)
    assert not has_colour(pixels)
    pixels[1, 2, 3, 0] = 8
    assert has_colour(pixels)


def test_cut_off_and_foreign_files_are_bad() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(noise), "JPEG")
    with pytest.raises(BadImageError, match="truncated"):
        decode(whole[: len(whole) // 2])
    with pytest.raises(BadImageError, match="not an image"):
        decode(b"just text")
    with pytest.raises(BadImageError, match="floating-point"):
        decode(encoded(Image.new("F", (4, 4)), "TIFF"))


@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_is_antialiased(channels: int) -> None:
    stripes = np.zeros((1, 32, 32, channels), np.uint8)
    stripes[:, :, ::2] = 200
    small = resize(stripes, 8)
    assert small.shape == (1, 8, 8, channels)
    assert abs(small[:, :, 1:-1].astype(int) - 100).max() <= 1
    assert resize(stripes, 32) is stripes
