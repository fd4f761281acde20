"""The report in a real browser: a file that needs nothing else, on screen, phone and paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import dashboard_examples as examples
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tinynas.report import build_report


@pytest.fixture(scope="module")
def report(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    files = build_report(examples.report(), tmp_path_factory.mktemp("report"))
    context = browser.new_context(viewport={"width": 360, "height": 740}, offline=True)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("request", lambda request: faults.append(request.url))
    page.goto(files.html.as_uri())
    yield page
    context.close()
    asked = [one for one in faults if not one.startswith("data:image/png;base64,")]
    assert asked == [files.html.as_uri()]


def test_report_fits_a_phone(report: Page) -> None:
    expect(report.get_by_role("heading", level=1)).to_be_visible()
    assert report.evaluate("document.documentElement.scrollWidth") <= 360


CHARTS = (
    *("SRAM: ", "Flash: ", "Memory over time: "),
    *("Accuracy against SRAM", "Accuracy against flash", "Accuracy against MACs"),
    *("Accuracy against latency", "Accuracy of 60 measurements in their order"),
    *("Parallel coordinates", "Share of the variance of accuracy explained"),
    *("Distribution of MACs in", "Map of 7 width multipliers by 6 resolutions"),
    *("loss of", "accuracy of"),
)
"""How the names of the charts begin; each is there once."""


def test_report_shows_every_chart_and_mistake(report: Page) -> None:
    pictures = [f"Test image {m['index']}: " for m in examples.report()["mistakes"]]
    for name in (*CHARTS, *pictures):
        chart = report.get_by_role("img", name=re.compile(f"^{name}"))
        expect(chart).to_have_count(1)
        box = chart.bounding_box()
        assert box
        assert min(box["width"], box["height"]) > 40, name
    expect(report.get_by_role("img")).to_have_count(len(CHARTS) + len(pictures))


def test_report_prints_on_a_few_pages(report: Page) -> None:
    pages = report.pdf(format="A4", print_background=True).count(b"/Type /Page\n")
    assert 4 <= pages <= 12


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_grave_defect_in_the_report(
    report: Page, scheme: Literal["light", "dark"]
) -> None:
    report.emulate_media(color_scheme=scheme)
    found = Axe().run(report).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
