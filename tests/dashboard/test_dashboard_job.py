from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import dashboard_examples as examples
import pytest
from dashboard_service import Service, Showcase
from dashboard_visitor import wait_until_unchanged
from playwright.sync_api import Page, Route, expect

from tinynas.progress import STEPS

OpenPage = Callable[..., Page]

COSTS = ("SRAM", "flash", "MACs", "latency")
"""What accuracy is drawn against."""


def test_queued_job_waits_and_can_be_cancelled(open_page: OpenPage, service: Service) -> None:
    page = open_page(f"#/jobs/{service.queued()}")
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".badge")).to_have_text("cancelled")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()


def test_queued_job_tells_what_is_before_it(open_page: OpenPage, service: Service) -> None:
    first = service.queued("first")
    page = open_page(f"#/jobs/{first}")
    expect(page.get_by_text("perhaps no worker is running")).to_be_visible()
    service.take(first)
    service.queued("second")
    page = open_page(f"#/jobs/{service.queued('third')}")
    expect(page.get_by_text("One job is running; one job is waiting before")).to_be_visible()
    expect(page.get_by_text("perhaps no worker is running")).to_be_hidden()


def test_a_job_that_was_deleted_meanwhile_is_said(open_page: OpenPage, service: Service) -> None:
    page = open_page(f"#/jobs/{service.cancelled()}", failing=("status of 404",))

    def deleted_on_the_way(route: Route) -> None:
        service.clear()
        route.continue_()

    page.route("**/resume", deleted_on_the_way)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("alert")).to_contain_text("there is no job")


def test_two_hundred_classes_are_a_picture_with_those_known_least(
    open_page: OpenPage, service: Service
) -> None:
    page = open_page(f"#/jobs/{service.finished(report=examples.report_of_classes(200))}")
    picture = page.get_by_role("img", name="Confusion matrix of 200 classes")
    expect(picture).to_be_visible()
    expect(page.get_by_text("Right least often: class 7 (")).to_be_visible()
    wait_until_unchanged(page)
    picture.hover(position={"x": 26, "y": 2})
    expect(page.locator(".tip")).to_contain_text("class 0")
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("document.documentElement.scrollWidth <= 360")
    page.set_viewport_size({"width": 1280, "height": 720})


def test_running_job_is_followed_without_a_reload(open_page: OpenPage, service: Service) -> None:
    job = service.running()
    page = open_page(f"#/jobs/{job}")
    expect(page.locator(".badge")).to_have_text("running")
    service.walk(job, "supernet")
    expect(page.locator(".step.active")).to_contain_text("Supernet")
    expect(page.get_by_text("width 0.5, 48 px").first).to_be_visible()
    service.say(job, ("metric", "supernet", examples.training()[0]))
    expect(page.get_by_role("heading", name="Training")).to_be_visible()
    service.say(job, ("progress", "supernet", {"done": 30_000, "total": 60_000, "unit": "images"}))
    expect(page.get_by_text("Supernet: 30,000 of 60,000 images")).to_be_visible()
    service.say(job, ("step_started", "search", {}))
    for n, candidate in enumerate(examples.candidates()[:3], start=1):
        service.say(job, ("candidate", "search", candidate))
        expect(page.get_by_text(f"{n} networks that fit were measured")).to_be_visible()
    expect(page.locator("tbody tr").filter(has_text="No.")).to_have_count(3)


def test_a_lost_connection_is_said_and_mended(open_page: OpenPage, service: Service) -> None:
    job = service.running()
    page = open_page(f"#/jobs/{job}", failing=("net::ERR_",))
    expect(page.locator(".badge")).to_have_text("running")
    service.stop()
    expect(page.get_by_text("Connection lost, trying again")).to_be_visible()
    service.say(job, ("step_started", "subspace", {}), ("log", "subspace", {"message": "unheard"}))
    service.start()
    expect(page.get_by_text("Connected again")).to_be_visible()
    expect(page.get_by_role("log")).to_have_text(re.compile("unheard"))
    expect(page.get_by_role("log")).not_to_have_text(re.compile("unheard.*unheard", re.DOTALL))


@pytest.mark.parametrize("step", STEPS)
def test_failure_at_a_step_is_shown_with_what_to_do(
    open_page: OpenPage, service: Service, step: str
) -> None:
    page = open_page(f"#/jobs/{service.failed(step, given=7, allowed='less')}")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text(f"the {step} went wrong")
    expect(notice).to_contain_text("What to do: do it better")
    expect(notice).to_contain_text("allowed")
    expect(page.locator(".step.failed")).to_have_count(1)
    expect(page.locator(".step.done")).to_have_count(STEPS.index(step))
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()


def test_finished_job_shows_what_was_promised_and_measured(
    look: OpenPage, showcase: Showcase
) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    expect(page.locator(".step.done")).to_have_count(10)
    table = page.get_by_role("table", name="Memory")
    data = examples.report()
    for key in ("budget", "predicted", "linked", "measured"):
        text = f"{data['sram_bytes'][key] / 1024:.1f}".removesuffix(".0")  # type: ignore[literal-required]
        row = table.get_by_role("row", name=key.capitalize())
        expect(row.get_by_role("cell").first).to_have_text(f"{text}\u202fKB")
    expect(page.get_by_text("98.1%")).to_be_visible()
    expect(page.locator(".block")).to_have_count(len(data["blocks"]))
    expect(page.locator("g.buffer")).to_have_count(len(data["schedule"]["buffers"]))
    expect(page.get_by_role("img", name=re.compile("^Memory over time"))).to_be_visible()
    for name in COSTS:
        expect(page.get_by_role("img", name=f"Accuracy against {name}")).to_be_visible()
    chosen = page.locator("tr.chosen", has_text="No.")
    expect(chosen).to_contain_text(f"No. {data['chosen']}")


def test_downloads_are_the_files_that_the_checksums_name(
    look: OpenPage, showcase: Showcase, tmp_path: Path
) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    expect(page.locator(".downloads")).to_be_visible()
    wait_until_unchanged(page)
    for name in ("bundle.zip", "model.tflite", "report.json"):
        entry = page.locator(".downloads li", has_text=name)
        with page.expect_download() as found:
            entry.get_by_role("link").click()
        path = tmp_path / name
        found.value.save_as(path)
        shown = re.search(r"[0-9a-f]{64}", entry.inner_text())
        assert shown
        assert hashlib.sha256(path.read_bytes()).hexdigest() == shown[0]


def test_click_that_the_end_of_the_events_falls_into_is_a_click(
    look: OpenPage, showcase: Showcase
) -> None:
    page = look()
    asked: list[Route] = []

    def hold_the_last(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    page.route("**/events*", hold_the_last)
    job = f"/jobs/{showcase.finished}"
    page.goto(f"{showcase.service.url}/#{job}", wait_until="commit")
    page.locator(".downloads").get_by_role("link", name="bundle.zip").hover()
    while len(asked) < 2:
        page.wait_for_timeout(20)
    wait_until_unchanged(page)
    with page.expect_download():
        page.mouse.down()
        with page.expect_response(lambda response: response.url.endswith(job)):
            asked[1].continue_()
        wait_until_unchanged(page)
        page.mouse.up()


def test_finished_job_shows_its_mistakes_and_the_simulators_log(
    look: OpenPage, showcase: Showcase
) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    matrix = page.get_by_role("region", name="Confusion matrix")
    data = examples.report()
    confusion = data["confusion"]
    assert confusion
    cells = matrix.locator("tbody tr").nth(3).locator("td")
    expect(cells).to_have_count(10)
    assert [text or "0" for text in cells.all_inner_texts()] == [
        str(n) for n in confusion["counts"][3]
    ]
    pictures = page.locator(".mistakes img")
    expect(pictures).to_have_count(len(data["mistakes"]))
    assert pictures.first.get_attribute("src") == data["mistakes"][0]["image"]
    expect(page.get_by_alt_text("Test image 11: a 1, taken for 2")).to_be_visible()
    page.get_by_text("The simulator's log").click()
    expect(page.get_by_text("the simulator started")).to_be_visible()
    expect(page.locator(".guide")).to_contain_text("target/stm32f4x.cfg")


def test_what_is_on_the_page_can_be_jumped_to(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    contents = page.get_by_role("navigation", name="On this page")
    expect(contents.get_by_role("button")).to_have_text(
        [
            *("Result", "Accuracy", "Network", "Search"),
            *("Subspaces", "Training", "Take away", "Log"),
        ]
    )
    contents.get_by_role("button", name="Training").click()
    expect(page.get_by_role("heading", name="Training")).to_be_focused()
    expect(page.get_by_role("heading", name="Training")).to_be_in_viewport()


def test_report_opens_beside_the_dashboard(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="report.html").click()
    expect(opened.value.get_by_role("heading", name="Promised and measured")).to_be_visible()


def test_pointer_finds_a_candidate_in_every_panel_and_opens_it(
    look: OpenPage, showcase: Showcase
) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    panel = page.get_by_role("img", name="Accuracy against flash")
    ring = panel.locator(".ring")
    expect(ring).to_be_visible()
    wait_until_unchanged(page)
    panel.evaluate("(panel) => panel.scrollIntoView({ block: 'center' })")
    box = ring.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".hit[visibility=visible]")).to_have_count(len(COSTS))
    number = examples.report()["chosen"]
    expect(page.locator(".tip")).to_contain_text(f"Candidate {number}:")
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("heading", name=f"Candidate {number}")).to_be_visible()
    expect(page.get_by_text("the one that became the result")).to_be_visible()


def test_map_and_curves_light_each_other(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    cell = page.locator(".cell.chosen")
    expect(cell).to_be_visible()
    wait_until_unchanged(page)
    cell.evaluate("(cell) => cell.scrollIntoView({ block: 'center' })")
    cell.hover()
    expect(page.locator(".curve.near")).to_have_count(1)
    expect(page.locator("figcaption", has_text="width 0.5, 48 px")).to_contain_text("fit, mean")


def test_candidates_sort_and_page_by_keyboard(look: OpenPage, showcase: Showcase) -> None:
    page = look(f"#/jobs/{showcase.finished}")
    first = page.get_by_role("region", name="Candidates").locator("tbody tr").first
    header = page.get_by_role("button", name="SRAM", exact=True)
    header.focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("SRAM")
    smallest = min(c["sram_bytes"] for c in examples.candidates())
    expect(first).to_contain_text(f"{smallest / 1024:.1f}\u202fKB")
    page.keyboard.press("Enter")  # the focus has stayed where it was
    expect(page.locator("th[aria-sort=descending]")).to_have_text("SRAM")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("2 of 3 pages")).to_be_visible()
    page.get_by_label("Only the front").check()
    front = sum(c["pareto"] for c in examples.candidates())
    expect(page.locator("tbody tr", has_text="front")).to_have_count(min(front, 20))  # page 1


def test_deleting_asks_first(open_page: OpenPage, service: Service) -> None:
    page = open_page(f"#/jobs/{service.cancelled()}")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Delete")).to_be_enabled()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No job yet.")).to_be_visible()


def test_ten_thousand_candidates_stay_smooth(open_page: OpenPage, service: Service) -> None:
    job = service.finished(candidates=10_000)
    page = open_page(f"#/jobs/{job}")
    expect(page.get_by_text("10,000 networks that fit were measured")).to_be_visible()
    assert page.locator("*").count() < 3000  # seconds are for benchmarks/dashboard.py to count
    page.get_by_role("button", name="Flash", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Flash")
    rows = page.get_by_role("region", name="Candidates").locator("tbody tr")
    expect(rows).to_have_count(20)
    expect(page.get_by_text("1 of 500 pages, 10,000 rows")).to_be_visible()


def test_resumed_job_keeps_its_finished_steps(open_page: OpenPage, service: Service) -> None:
    job = service.failed("finetune")
    page = open_page(f"#/jobs/{job}")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    service.take(job)
    expect(page.locator(".badge")).to_have_text("running")
    for step in ("subspace", "supernet", "search"):
        service.say(job, ("step_started", step, {}))
        service.say(job, ("step_finished", step, {"seconds": 0.0, "reused": True}))
    service.say(job, ("step_started", "finetune", {}))
    expect(page.locator(".step.done", has_text="kept")).to_have_count(3)
    expect(page.locator(".step.active")).to_contain_text("Fine-tune")
    expect(page.get_by_text("60 networks that fit were measured")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
