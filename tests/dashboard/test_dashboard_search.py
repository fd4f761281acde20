"""Stage 2 on a job's page beyond its fronts: coordinates, importance, refusals."""

from __future__ import annotations

from collections.abc import Callable

import dashboard_examples as examples
from dashboard_service import Service, Showcase
from dashboard_visitor import wait_until_unchanged
from playwright.sync_api import Page, expect

from tinynas.report.importance import importances

OpenPage = Callable[..., Page]


def test_a_stretch_of_an_axis_filters_lines_and_table(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    axis = page.get_by_role("slider", name="accuracy: keep")
    axis.focus()
    for _ in range(10):
        page.keyboard.press("ArrowUp")  # half of the range
    found = examples.candidates()
    accuracies = [c["accuracy"] for c in found]
    low, high = min(accuracies), max(accuracies)
    limit = low + 10 * 0.05 * (high - low)
    kept = sum(a >= limit - 1e-9 for a in accuracies)
    expect(page.get_by_text(f"{kept} of 60 networks are within what is marked")).to_be_visible()
    expect(page.get_by_text(f"{kept} rows")).to_be_visible()
    expect(axis).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_text("60 rows")).to_be_visible()


def test_an_axis_that_is_drawn_anew_keeps_the_keyboard(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}", viewport={"width": 1000, "height": 700})
    axis = page.get_by_role("slider", name="accuracy: keep")
    axis.focus()
    before = axis.element_handle()
    page.set_viewport_size({"width": 900, "height": 700})
    page.wait_for_function("axis => !axis.isConnected", arg=before)
    expect(axis).to_be_focused()


def test_dragging_along_an_axis_marks_it(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    grip = page.locator("#pole-sram_bytes .grip")
    expect(grip).to_be_visible()
    wait_until_unchanged(page)
    grip.evaluate("(grip) => grip.scrollIntoView({ block: 'center' })")
    box = grip.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.9, steps=3)
    page.mouse.up()
    expect(page.locator(".wish")).to_have_count(1)
    expect(page.get_by_text("networks are within what is marked")).to_be_visible()
    page.get_by_role("button", name="Show all again").click()
    expect(page.locator(".wish")).to_have_count(0)


def test_importance_is_the_one_that_the_report_gives(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    found = examples.candidates()
    script = """async (candidates) => {
      const { importances } = await import('./js/stats.js');
      return importances(candidates).map(({ name, share }) => [name, share]);
    }"""
    told = dict(page.evaluate(script, found))
    expected = {one.name: one.share for one in importances(found)}  # type: ignore[arg-type]
    assert told.keys() == expected.keys()
    assert all(abs(told[name] - share) < 1e-9 for name, share in expected.items())
    first = max(expected, key=lambda name: expected[name])
    expect(page.locator("g.choice").first).to_contain_text(first)


def test_what_was_refused_says_why(open_page: OpenPage, service: Service) -> None:
    job = service.running()
    service.walk(job, "search")
    service.say(job, ("candidate", "search", examples.candidates()[0]))
    page = open_page(f"#/jobs/{job}")
    expect(page.locator(".tally")).to_have_count(0)
    service.say(job, ("refusals", "search", dict(examples.refusals())))
    expect(page.get_by_text("Of 100 proposals 30 (30%) were too large")).to_be_visible()
    expect(page.locator(".tally dd")).to_have_text(["1", "10", "25", "8"])
    page.get_by_text("The nearest misses").click()
    misses = page.get_by_role("region", name="Nearest misses").locator("tbody tr")
    expect(misses).to_have_count(2)
    expect(misses.last).to_contain_text("2\u202fKB of SRAM and 4\u202fKB of flash")
