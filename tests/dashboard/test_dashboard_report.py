"""The report in a real browser: a file that needs nothing else, on screen, phone and paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dashboard_examples as examples
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tinynas.report import build_report


@pytest.fixture
def report(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    files = build_report(examples.report(), tmp_path)
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


def test_report_shows_every_chart(report: Page) -> None:
    charts = report.get_by_role("img")
    expect(charts).to_have_count(12)
    for chart in charts.all():
        box = chart.bounding_box()
        assert box
        assert min(box["width"], box["height"]) > 40


def test_report_prints_on_a_few_pages(report: Page) -> None:
    pages = report.pdf(format="A4", print_background=True).count(b"/Type /Page\n")
    assert 4 <= pages <= 12


def test_axe_finds_no_grave_defect_in_the_report(report: Page) -> None:
    found = Axe().run(report).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
