"""What every page must be: whole on a phone, named, legible, reachable by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from dashboard_service import Service
from playwright.sync_api import Page, expect

from api.app import DASHBOARD

OpenPage = Callable[..., Page]
PHONE = {"viewport": {"width": 360, "height": 740}}
REPORT_STYLES = Path(DASHBOARD).parents[1] / "tinynas" / "report" / "templates"

REPEATED_IDS = """() => {
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i);
}"""
GRAVE = ("serious", "critical")


def _defects(page: Page) -> list[str]:
    """What axe-core finds wrong and calls grave, with the elements concerned."""
    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']} ({v['impact']}): {[n['html'][:120] for n in v['nodes'][:3]]}"
        for v in found
        if v["impact"] in GRAVE
    ]


@pytest.fixture
def routes(service: Service) -> list[str]:
    done = service.finished()
    failed = service.failed("simulate", log="fault\n" * 40)
    return [
        "",
        "#/new",
        f"#/jobs/{done}",
        f"#/jobs/{failed}",
        f"#/jobs/{done}/candidates/3",
        f"#/jobs/{done}/compare/3/7",
    ]


def _settled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")


def test_pages_fit_a_phone(open_page: OpenPage, routes: list[str]) -> None:
    for route in routes:
        page = open_page(route, **PHONE)
        _settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, route


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_grave_defect(open_page: OpenPage, routes: list[str], scheme: str) -> None:
    for route in routes:
        page = open_page(route, color_scheme=scheme)
        _settled(page)
        assert _defects(page) == [], route
        assert page.evaluate(REPEATED_IDS) == []
        assert page.locator("h1").count() == 1


def test_keyboard_skips_to_the_content(open_page: OpenPage, routes: list[str]) -> None:
    page = open_page(routes[2])
    _settled(page)
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


@pytest.mark.parametrize("name", ["tokens.css", "charts.css"])
def test_dashboard_and_report_share_their_looks(name: str) -> None:
    assert (DASHBOARD / "css" / name).read_text() == (REPORT_STYLES / name).read_text()


def test_settled_pages_show_no_stray_text(open_page: OpenPage, routes: list[str]) -> None:
    for route in routes:
        page = open_page(route)
        _settled(page)
        text = page.locator("main").inner_text()
        for stray in ("undefined", "NaN", "[object", "null"):
            assert stray not in text, route
