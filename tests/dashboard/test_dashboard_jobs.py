from __future__ import annotations

from collections.abc import Callable

from dashboard_service import Service, Showcase
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]


def test_without_a_job_the_page_says_how_to_start(open_page: OpenPage, service: Service) -> None:
    page = open_page()
    expect(page.get_by_text("No job yet.")).to_be_visible()
    expect(page.get_by_text("tinynas submit")).to_be_visible()
    expect(page.locator("pre", has_text="curl -X POST")).to_contain_text(service.url)
    page.get_by_role("link", name="Start with the form").click()
    expect(page.get_by_role("heading", name="New job")).to_be_visible()


def test_every_state_is_told(look: OpenPage, showcase: Showcase) -> None:
    page = look()
    rows = page.locator("ul.jobs li")
    expect(rows).to_have_count(5)
    for name, words in {
        "waits": ("queued", "no result yet"),
        "runs": ("running", "Search, 16 of 64 evaluations"),
        "was cancelled": ("cancelled", "no result yet"),
        "fails at simulate": ("failed", "at Simulate"),
        "digits on stm32f411xe": ("succeeded", "98.1%"),
    }.items():
        row = rows.filter(has=page.get_by_text(name, exact=True))
        for word in words:
            expect(row).to_contain_text(word)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "25")


def test_list_follows_what_happens(open_page: OpenPage, service: Service) -> None:
    job = service.running("first")
    page = open_page()
    row = page.locator("ul.jobs li", has_text="first")
    expect(row).to_contain_text("running")
    service.say(
        job,
        ("step_started", "supernet", {}),
        ("progress", "supernet", {"done": 500, "total": 1000, "unit": "images"}),
    )
    expect(row).to_contain_text("500 of 1,000 images")
    service.queued("second")
    expect(page.locator("ul.jobs li")).to_have_count(2)


def test_search_and_filter(open_page: OpenPage, service: Service) -> None:
    service.failed("emit")
    service.queued("digits here")
    service.queued("pictures", dataset="cifar10")
    page = open_page()
    rows = page.locator("ul.jobs li")
    expect(rows).to_have_count(3)
    page.get_by_role("searchbox").fill("CIFAR")
    expect(rows).to_have_count(1)
    page.get_by_role("searchbox").fill("")
    page.get_by_label("State").select_option("failed")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("fails at emit")
    page.get_by_role("searchbox").fill("nothing of the kind")
    expect(page.get_by_text("No job matches.")).to_be_visible()


def test_many_jobs_come_page_by_page(open_page: OpenPage, service: Service) -> None:
    for i in range(70):
        service.queued(f"job {i}")
    page = open_page()
    rows = page.locator("ul.jobs li")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Older jobs").click()
    expect(rows).to_have_count(70)
    expect(page.get_by_role("button", name="Older jobs")).to_have_count(0)
    with page.expect_response("**/api/v1/jobs?limit=50"):
        pass
    expect(rows).to_have_count(70)  # a refresh of the newest page keeps the older ones


def test_older_jobs_that_have_not_been_read_are_found_too(
    open_page: OpenPage, service: Service
) -> None:
    service.queued("the needle")
    for i in range(60):
        service.queued(f"straw {i}")
    page = open_page()
    rows = page.locator("ul.jobs li")
    expect(rows).to_have_count(50)
    page.get_by_role("searchbox").fill("needle")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("the needle")
    page.get_by_role("searchbox").fill("")
    expect(rows).to_have_count(50)


def test_unknown_pages_and_jobs_are_named(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/nowhere")
    expect(page.get_by_text("There is no such page")).to_be_visible()
    page = open_page("#/jobs/01AAAAAAAAAAAAAAAAAAAAAAAA", failing=("status of 404",))
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.get_by_role("link", name="All jobs").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()


def test_theme_is_chosen_and_kept(open_page: OpenPage, service: Service) -> None:
    page = open_page(color_scheme="light")
    body = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(body)
    page.get_by_role("button", name="Theme: auto").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate(body) != light
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate(body) != light
