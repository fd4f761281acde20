"""The space that is searched where none is asked for."""

from __future__ import annotations

import pytest

import tinynas as tn
from tinynas.request import JobRequest


def _request(sram: str, flash: str = "1MB") -> JobRequest:
    kilobytes = {"96KB": 96, "97KB": 97, "1MB": 1024}
    return JobRequest("x", sram_bytes=1024 * kilobytes[sram], flash_bytes=1024 * kilobytes[flash])


@pytest.mark.parametrize(
    ("native", "sram", "space"),
    [
        (8, "1MB", "tiny"),
        (64, "96KB", "tiny"),
        (65, "96KB", "tiny-photos"),
        (128, "97KB", "mcunet"),
        (500, "96KB", "tiny-photos"),
    ],
)
def test_images_and_sram_say_which(native: int, sram: str, space: str) -> None:
    assert _request(sram).space_for(native).name == space


def test_a_device_says_how_much_sram() -> None:
    assert JobRequest("x", device="stm32f103xe").space_for(128).name == "tiny-photos"
    assert JobRequest("x", device="stm32f746xg").space_for(128).name == "mcunet"
    assert JobRequest("x", device="stm32f746xg", space="tiny").space_for(128).name == "tiny"


@pytest.mark.parametrize(
    ("sram", "flash", "space"),
    [
        ("64KB", "256KB", "tiny-photos"),
        ("96KB", "384KB", "tiny-photos"),
        ("128KB", "512KB", "mcunet"),
    ],
)
def test_it_is_the_one_whose_best_subspace_scores_more(sram: str, flash: str, space: str) -> None:
    tables = {
        name: tn.subspace(sram=sram, flash=flash, space=name, classes=10, samples=300)
        for name in ("mcunet", "tiny-photos")
    }
    assert max(tables, key=lambda name: tables[name].chosen_row.score) == space
