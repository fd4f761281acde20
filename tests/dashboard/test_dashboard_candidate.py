"""One candidate, two side by side, and one made the result."""

from __future__ import annotations

from collections.abc import Callable

import dashboard_examples as examples
import httpx
from dashboard_service import Service, Showcase
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]


def _candidate(service: Service, job: str, number: int) -> dict[str, object]:
    found = httpx.get(f"{service.url}/api/v1/jobs/{job}/candidates/{number}", timeout=60).json()
    assert isinstance(found, dict)
    return found


def test_candidate_is_taken_apart(look: OpenPage, showcase: Showcase) -> None:
    job = showcase.finished
    page = look(f"#/jobs/{job}/candidates/7")
    candidate = examples.candidates()[7]
    plan = _candidate(showcase.service, job, 7)["plan"]
    assert isinstance(plan, dict)
    expect(page.locator(".block")).to_have_count(len(plan["blocks"]))
    expect(page.get_by_text(f"{candidate['accuracy'] * 100:.2f}%")).to_be_visible()
    expect(page.locator("g.buffer")).to_have_count(len(plan["schedule"]["buffers"]))
    expect(page.get_by_text("fullest:")).to_be_visible()
    expect(page.locator(".block.stream")).to_have_count(3)
    expect(page.locator("g.segment", has_text="rows as they come in")).to_be_visible()
    expect(page.get_by_text("handed on 4 columns at a time")).to_be_visible()
    expect(page.locator("text.limit", has_text="budget 32").first).to_be_visible()
    layers = page.get_by_role("region", name="Layers").locator("tbody tr")
    expect(layers).to_have_count(len(plan["layers"]))


def test_a_candidate_that_is_not_there_is_said(look: OpenPage, showcase: Showcase) -> None:
    job = showcase.finished
    page = look(f"#/jobs/{job}/candidates/9999", failing=("status of 404",))
    expect(page.get_by_text("has no candidate 9999")).to_be_visible()


def test_two_candidates_side_by_side(look: OpenPage, showcase: Showcase) -> None:
    job = showcase.finished
    page = look(f"#/jobs/{job}/candidates/7")
    page.get_by_label("Compare with No.").fill("8")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Candidates 7 and 8")).to_be_visible()
    a, b = (examples.candidates()[i] for i in (7, 8))
    row = page.get_by_role("row", name="Accuracy")
    expect(row).to_contain_text(f"{a['accuracy'] * 100:.2f}%")
    expect(row).to_contain_text(f"{b['accuracy'] * 100:.2f}%")
    points = abs(b["accuracy"] - a["accuracy"]) * 100
    expect(row).to_contain_text(f"{points:.2f} points")
    expect(page.get_by_role("img", name="Memory over time")).to_have_count(2)
    assert page.locator(".block.differs").count() > 0
    page.get_by_role("link", name="Swap").click()
    expect(page.get_by_role("heading", name="Candidates 8 and 7")).to_be_visible()


def test_a_candidate_becomes_the_result_of_a_job_of_its_own(
    open_page: OpenPage, service: Service
) -> None:
    job = service.finished()
    page = open_page(f"#/jobs/{job}/candidates/7")
    page.get_by_role("button", name="Make this one the result").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    jobs = httpx.get(f"{service.url}/api/v1/jobs", timeout=60).json()["items"]
    assert [j["parent_id"] for j in jobs] == [job, None]
    assert page.url.endswith(jobs[0]["id"])
    expect(page.get_by_role("link", name="candidate 7")).to_be_visible()


def test_the_candidate_that_was_taken_says_so(look: OpenPage, showcase: Showcase) -> None:
    job = showcase.finished
    page = look(f"#/jobs/{job}/candidates/{examples.report()['chosen']}")
    expect(page.get_by_text("the one that became the result")).to_be_visible()
    expect(page.get_by_role("button", name="Make this one the result")).to_have_count(0)
