"""What every page must be: whole on a phone, named, legible, reachable by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dashboard_service import Service
from playwright.sync_api import Page, expect

from api.app import DASHBOARD

OpenPage = Callable[..., Page]
PHONE = {"viewport": {"width": 360, "height": 740}}
REPORT_STYLES = Path(DASHBOARD).parents[1] / "tinynas" / "report" / "templates"

UNNAMED = """() => [
  ...document.querySelectorAll('a, button, input, select, svg[role=img], [role=region]')]
  .filter((e) => e.checkVisibility() && !(
    e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title))
  .map((e) => e.outerHTML.slice(0, 120))"""
REPEATED_IDS = """() => {
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i);
}"""
FAINT = """() => {
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255)
      .map((v) => (v <= 0.04 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const behind = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll('main *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest('svg, [disabled], .sr')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color).slice(0, 3)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(1)} ${e.outerHTML.slice(0, 100)}`);
  }
  return found;
}"""


@pytest.fixture
def routes(service: Service) -> list[str]:
    done = service.finished()
    failed = service.failed("simulate", log="fault\n" * 40)
    return ["", f"#/jobs/{done}", f"#/jobs/{failed}", f"#/jobs/{done}/candidates/3"]


def _settled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")


def test_pages_fit_a_phone(open_page: OpenPage, routes: list[str]) -> None:
    for route in routes:
        page = open_page(route, **PHONE)
        _settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, route


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_and_controls_have_names(
    open_page: OpenPage, routes: list[str], scheme: str
) -> None:
    for route in routes:
        page = open_page(route, color_scheme=scheme)
        _settled(page)
        assert page.evaluate(UNNAMED) == []
        assert page.evaluate(REPEATED_IDS) == []
        assert page.evaluate(FAINT) == []
        assert page.locator("h1").count() == 1


def test_keyboard_skips_to_the_content(open_page: OpenPage, routes: list[str]) -> None:
    page = open_page(routes[1])
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
