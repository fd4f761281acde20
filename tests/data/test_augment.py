"""Augmentation: right shapes, seeded, and nothing but what it is allowed to do."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.data import Augmentation


def ramp(count: int = 64, size: int = 16) -> np.ndarray:
    """Images whose pixel values are their column's number."""
    columns = np.broadcast_to(np.arange(size, dtype=np.uint8), (count, size, size))
    return np.ascontiguousarray(columns)[..., None]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_without_anything_allowed_images_stay() -> None:
    images = rng().integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(Augmentation(shift=0)(images, rng()), images)


def test_shifts_stay_within_reach_and_repeat_the_edge() -> None:
    views = Augmentation(shift=0.125)(ramp(), rng())
    offsets = views[:, 0, 8, 0].astype(int) - 8
    assert set(offsets) == {-2, -1, 0, 1, 2}
    for view, offset in zip(views, offsets, strict=True):
        expected = np.clip(np.arange(16) + offset, 0, 15)
        np.testing.assert_array_equal(view[..., 0], np.broadcast_to(expected, (16, 16)))


def test_flips_mirror_left_and_right_about_half_the_time() -> None:
    views = Augmentation(shift=0, flip=True)(ramp(), rng())
    mirrored = views[:, 0, 0, 0] == 15
    assert 16 < mirrored.sum() < 48
    np.testing.assert_array_equal(views[mirrored][..., ::-1, :], ramp(int(mirrored.sum())))


def test_zoom_enlarges_a_part() -> None:
    views = Augmentation(shift=0, zoom=0.5)(ramp(), rng())[:, 0, :, 0].astype(int)
    spans = views[:, -1] - views[:, 0]
    assert spans.min() >= 7
    assert spans.max() <= 15
    assert len(np.unique(spans)) > 4
    assert (np.diff(views, axis=1) >= 0).all()


@pytest.mark.parametrize("zoom", [1.0, 0.7])
def test_the_generator_decides(zoom: float) -> None:
    images = rng().integers(0, 256, (8, 8, 8, 1), dtype=np.uint8)
    augment = Augmentation(zoom=zoom, flip=True)
    np.testing.assert_array_equal(augment(images, rng()), augment(images, rng()))
    assert not np.array_equal(augment(images, rng()), augment(images, np.random.default_rng(1)))


@pytest.mark.parametrize("wrong", [{"shift": 1.0}, {"shift": -0.1}, {"zoom": 0.0}, {"zoom": 1.1}])
def test_impossible_settings_fail_where_they_are_made(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be in"):
        Augmentation(**wrong)  # type: ignore[arg-type]
