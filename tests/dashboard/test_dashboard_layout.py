"""What every page must be: whole on a phone, named, legible, reachable by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from dashboard_service import Showcase
from playwright.sync_api import Page, expect

from api.app import DASHBOARD
from tinynas.report import SHARED_STYLES

OpenPage = Callable[..., Page]

REPEATED_IDS = """() => {
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i);
}"""
GRAVE = ("serious", "critical")


PAGES = {
    "jobs": "#/jobs",
    "new": "#/new",
    "another": "#/new/from/{finished}",
    "finished": "#/jobs/{finished}",
    "failed": "#/jobs/{failed}",
    "cancelled": "#/jobs/{cancelled}",
    "running": "#/jobs/{running}",
    "queued": "#/jobs/{queued}",
    "candidate": "#/jobs/{finished}/candidates/3",
    "comparison": "#/jobs/{finished}/compare/3/7",
}
LAST = {
    "jobs": "fails at simulate",
    "new": "of its networks fit",
    "another": "of its networks fit",
    "finished": "Simulated instructions are not a real part's cycles",
    "failed": "Its log",
    "running": "16 of 64 evaluations",
    "queued": "Waiting for a worker",
    "candidate": "fullest:",
    "comparison": "fullest:",
}
"""What is there only when all of a page is."""


def _defects(page: Page, *rules: str) -> list[str]:
    """What axe-core finds wrong and calls grave, with the elements concerned."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{v['id']} ({v['impact']}): {[n['html'][:120] for n in v['nodes'][:3]]}"
        for v in found
        if v["impact"] in GRAVE
    ]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_legible_and_named_in_any_light_and_width(
    look: OpenPage, showcase: Showcase, name: str
) -> None:
    page = look(PAGES[name].format_map(vars(showcase)), color_scheme="light")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if name in LAST:
        expect(page.get_by_text(LAST[name]).first).to_be_visible()
    text = page.locator("main").inner_text()
    assert [stray for stray in ("undefined", "NaN", "[object", "null") if stray in text] == []
    assert page.evaluate(REPEATED_IDS) == []
    assert page.locator("h1").count() == 1
    assert _defects(page) == []
    page.emulate_media(color_scheme="dark")
    assert _defects(page, "color-contrast") == []
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("document.documentElement.scrollWidth <= 360")
    assert _defects(page, "scrollable-region-focusable", "target-size") == []


@pytest.mark.parametrize(
    ("name", "table", "width"),
    [("finished", "Candidates", 1280), ("comparison", "Figures", 360)],
)
def test_no_column_is_out_of_sight(
    look: OpenPage, showcase: Showcase, name: str, table: str, width: int
) -> None:
    route = PAGES[name].format_map(vars(showcase))
    page = look(route, viewport={"width": width, "height": 740})
    region = page.get_by_role("region", name=table, exact=True)
    expect(region).to_be_visible()
    expect(page.get_by_text(LAST[name]).first).to_be_visible()
    assert region.evaluate("(r) => r.scrollWidth - r.clientWidth") <= 0


def test_keyboard_skips_to_the_content(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}", reduced_motion="reduce")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_script_modules_stay_short_and_ask_nobody_else() -> None:
    for script in DASHBOARD.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, script
        assert "https://" not in text, script
        assert "innerHTML" not in text, script


def test_page_is_light() -> None:
    assert sum(f.stat().st_size for f in DASHBOARD.rglob("*") if f.is_file()) < 300_000


@pytest.mark.parametrize("sheet", SHARED_STYLES, ids=lambda path: path.name)
def test_dashboard_and_report_share_their_looks(showcase: Showcase, sheet: Path) -> None:
    found = httpx.get(f"{showcase.service.url}/css/{sheet.name}", timeout=60)
    assert found.text == sheet.read_text(encoding="utf-8")
    assert found.headers["content-type"].startswith("text/css")
    assert f"css/{sheet.name}" in (DASHBOARD / "index.html").read_text(encoding="utf-8")
