from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from dashboard_service import Service
from PIL import Image
from playwright.sync_api import Browser, Page, Response, Route, expect

from api.store import add_step_time
from tinynas.progress import STEPS

OpenPage = Callable[..., Page]
KEY = "correct horse battery staple"


def _jobs(service: Service) -> list[dict[str, object]]:
    found = httpx.get(f"{service.url}/api/v1/jobs", timeout=60).json()["items"]
    assert isinstance(found, list)
    return found


def test_a_job_is_made_with_what_the_form_says(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/new")
    page.get_by_label("Data set").select_option("digits")
    page.get_by_label("Device", exact=True).select_option("STM32F411xE")
    page.get_by_label("SRAM").fill("32KB")
    page.get_by_label("Flash").fill("128 KB")
    page.get_by_label("Search space").select_option("tiny")
    expect(page.get_by_text("MBConv stages for small images")).to_be_visible()
    page.get_by_label("Layer by layer").check()
    page.get_by_text("Effort", exact=True).click()
    page.get_by_label("Networks to try").fill("12")
    page.get_by_text("Training", exact=True).click()
    page.get_by_label("Learning rate").fill("0.004")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Name").fill("it's mine")
    page.get_by_label("Supernet trained by").select_option("progressive")
    page.get_by_label("Fine-tuning margin").fill("0.5")
    page.get_by_label("Resolutions to choose from").fill("16,24")
    command = page.get_by_label("Command line").inner_text()
    for part in (
        "--sram 32KB",
        "--flash '128 KB'",
        "--evaluations 12",
        "--schedules layer",
        "--margin 0.5",
        "--learning-rate 0.004",
    ):
        assert part in command
    assert "--name 'it'\\''s mine'" in command
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_role("heading", name="it's mine")).to_be_visible()
    (job,) = _jobs(service)
    request = job["request"]
    assert isinstance(request, dict)
    assert request["sram_bytes"] == 32 * 1024
    assert request["flash_bytes"] == 128 * 1024
    assert request["schedules"] == "layer"
    assert (request["recipe"], request["margin"]) == ("progressive", 0.5)
    assert request["resolutions"] == [16, 24]
    assert request["training"]["learning_rate"] == 0.004
    told = "progressive shrinking · margin 0.5 · learning rate 0.004 · 16, 24 px"
    expect(page.get_by_text(told)).to_be_visible()
    assert request["effort"]["evaluations"] == 12
    assert request["effort"]["train_images"] is None


def test_a_finished_job_serves_another_device(open_page: OpenPage, service: Service) -> None:
    first = service.finished("trained it")
    page = open_page(f"#/jobs/{first}")
    page.get_by_role("link", name="Another device").focus()
    page.keyboard.press("Enter")
    supernet = page.get_by_label("Supernet of job")
    expect(supernet).to_have_value(first)
    expect(page.get_by_role("link", name="trained it")).to_be_visible()
    expect(page.get_by_label("Data set")).to_have_value("digits")
    expect(page.get_by_label("Search space")).to_be_disabled()
    panel = page.get_by_role("region", name="What stage 1 says")
    expect(panel).to_contain_text("Width 0.5 at 48 × 48 pixels")
    expect(panel.locator("g.cell")).to_have_count(1)
    page.get_by_label("Device", exact=True).select_option("STM32L476xG")
    expect(page.get_by_label("Command line")).to_contain_text(f"--supernet {first}")
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_text("from the supernet of another job")).to_be_visible()
    second = _jobs(service)[0]
    assert (second["parent_id"], second["request"]["supernet"]) == (first, first)  # type: ignore[index]


def test_a_supernet_is_let_go_for_one_of_its_own(open_page: OpenPage, service: Service) -> None:
    page = open_page(f"#/new/from/{service.finished()}")
    page.get_by_role("button", name="Train one instead").press("Enter")
    supernet = page.get_by_label("Supernet of job")
    expect(supernet).to_be_focused()
    expect(supernet).to_have_value("")
    expect(page.get_by_label("Search space")).to_be_enabled()
    expect(page.get_by_label("Command line")).not_to_contain_text("--supernet")
    panel = page.get_by_role("region", name="What stage 1 says")
    expect(panel.locator("g.cell")).not_to_have_count(1)


def test_curl_text_is_the_request_that_the_form_sends(
    open_page: OpenPage, service: Service
) -> None:
    page = open_page("#/new")
    page.get_by_label("Only a budget").check()
    expect(page.get_by_label("Device", exact=True)).to_be_hidden()
    page.get_by_label("SRAM").fill("64KB")
    page.get_by_label("Flash").fill("256KB")
    text = page.get_by_label("curl").inner_text()
    body = json.loads(text.split("-d '", 1)[1].removesuffix("'"))
    assert body == {"dataset": "digits", "sram": "64KB", "flash": "256KB"}
    answer = httpx.post(f"{service.url}/api/v1/jobs", json=body, timeout=60)
    assert answer.status_code == 202
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    first, second = _jobs(service)
    assert first["request"] == second["request"]


def test_a_budget_without_a_device_needs_both_sizes(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/new")
    page.get_by_label("Only a budget").check()
    page.get_by_label("SRAM").fill("64KB")
    page.get_by_role("button", name="Start the job").click()
    flash = page.get_by_label("Flash")
    expect(flash).to_have_attribute("aria-invalid", "true")
    expect(flash).to_be_focused()
    expect(flash).to_have_accessible_description(
        "1 KB is 1,024 bytes Needed where no device is named, for example 32KB"
    )
    flash.fill("128KB")
    expect(flash).not_to_have_attribute("aria-invalid", "true")
    assert _jobs(service) == []


@pytest.mark.parametrize(
    ("label", "value", "complaint"),
    [
        ("SRAM", "plenty", "not a size"),
        ("SRAM", "900MB", "more than"),
        ("Flash", "-3", "not a size"),
    ],
)
def test_what_the_service_refuses_is_said_at_the_field(
    open_page: OpenPage, service: Service, label: str, value: str, complaint: str
) -> None:
    page = open_page("#/new", failing=("status of 422",))
    page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Start the job").click()
    expect(page.locator(".field", has=page.get_by_label(label))).to_contain_text(complaint)
    expect(page.get_by_label(label)).to_be_focused()
    expect(page.get_by_role("button", name="Start the job")).to_be_enabled()
    assert _jobs(service) == []


def test_wrong_effort_opens_its_section(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/new")
    page.get_by_text("Effort", exact=True).click()
    field = page.get_by_label("Networks to try")
    field.fill("0")
    expect(page.locator(".field", has=field)).to_contain_text("At least 1")  # as one types
    page.get_by_text("Effort", exact=True).click()
    page.get_by_role("button", name="Start the job").click()
    expect(field).to_be_visible()
    expect(field).to_be_focused()
    assert _jobs(service) == []


def test_stage_one_is_told_while_one_types(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/new", failing=("status of 422",))
    panel = page.get_by_role("region", name="What stage 1 says")
    page.get_by_label("SRAM").fill("8KB")
    page.get_by_label("Flash").fill("64KB")
    body = {"dataset": "digits", "device": "STM32F401xE", "sram": "8KB", "flash": "64KB"}
    told = httpx.post(f"{service.url}/api/v1/jobs/preview", json=body, timeout=60).json()["chosen"]
    side = told["resolution"]
    expect(panel).to_contain_text(f"Width {told['width']:g} at {side} × {side} pixels")
    expect(panel).to_contain_text(f"{told['fits'] * 100:.0f}% of its networks fit")
    expect(panel.get_by_role("img", name="Map of")).to_be_visible()
    page.get_by_label("SRAM").fill("512")  # bytes: nothing fits, and that is said at once
    expect(panel).to_contain_text("Nothing fits.")
    page.get_by_role("button", name="Set it to").click()
    expect(panel).to_contain_text("of its networks fit")
    assert _jobs(service) == []


def test_how_long_it_may_take_is_told_once_jobs_have_run(
    open_page: OpenPage, service: Service
) -> None:
    page = open_page("#/new")
    panel = page.get_by_role("region", name="What stage 1 says")
    expect(panel).to_contain_text("How long it may take is not known")
    with service.store.write() as session:
        for step in STEPS:
            for seconds in (8.0, 9.0, 20.0):
                add_step_time(session, "a job", step, seconds, work=1e9)
    page.get_by_text("Effort", exact=True).click()
    page.get_by_label("Minutes of training").fill("30")
    expect(panel).to_contain_text("by 3 earlier jobs here")
    body = {"dataset": "digits", "device": "STM32F401xE", "effort": {"train_minutes": 30}}
    told = httpx.post(f"{service.url}/api/v1/jobs/estimate", json=body, timeout=60).json()
    assert told["seconds"] > 30 * 60
    expect(panel).to_contain_text("It may take about ")


def test_fields_are_those_of_the_api(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/new")
    page.get_by_text("Effort", exact=True).click()
    page.get_by_text("Training", exact=True).click()
    page.get_by_text("More", exact=True).click()
    schemas = httpx.get(f"{service.url}/api/v1/openapi.json", timeout=60).json()["components"][
        "schemas"
    ]
    names = {f"effort.{name}" for name in schemas["EffortIn"]["properties"]}
    names |= {f"training.{name}" for name in schemas["TrainingIn"]["properties"]}
    names |= {
        name
        for name, schema in schemas["JobIn"]["properties"].items()
        if {"type", "anyOf"} & schema.keys()
    }
    form = page.locator("form").first
    found = form.locator("[name]").evaluate_all("(all) => all.map((e) => e.name)")
    assert set(found) == names | {"target"}


def test_a_zip_becomes_a_data_set_that_the_job_names(
    open_page: OpenPage, service: Service, tmp_path: Path
) -> None:
    archive = tmp_path / "My Pets (2).zip"
    with zipfile.ZipFile(archive, "w") as files:
        for name in ("cat", "dog"):
            for i in range(8):
                files.writestr(f"{name}/{i}.png", _png(shade=20 * i + (5 if name == "dog" else 0)))
    page = open_page("#/new")
    page.get_by_label("Choose a zip").set_input_files(archive)
    expect(page.get_by_text("my-pets-2 is ready")).to_be_visible()
    expect(page.get_by_label("Data set")).to_have_value("my-pets-2")
    expect(page.get_by_label("Command line")).to_contain_text("--dataset my-pets-2")
    panel = page.get_by_role("region", name="What stage 1 says")
    expect(panel).to_contain_text("of its networks fit")
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    (job,) = _jobs(service)
    assert job["request"]["dataset"] == "my-pets-2"  # type: ignore[index]


def test_a_zip_that_is_none_is_refused_with_its_reason(
    open_page: OpenPage, service: Service, tmp_path: Path
) -> None:
    (tmp_path / "broken.zip").write_bytes(b"no zip at all")
    page = open_page("#/new", failing=("status of 4",))
    page.get_by_label("Choose a zip").set_input_files(tmp_path / "broken.zip")
    expect(page.get_by_role("alert")).to_contain_text("zip")
    expect(page.get_by_label("Data set")).to_have_value("digits")


def _png(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (shade, 40, 200 - shade)).save(out, "PNG")
    return out.getvalue()


def test_an_infeasible_budget_offers_the_smallest_that_works(
    open_page: OpenPage, service: Service
) -> None:
    body = {"dataset": "digits", "device": "STM32F411xE", "sram": "512"}
    refused = httpx.post(f"{service.url}/api/v1/jobs", json=body, timeout=60)
    required = refused.json()["required_bytes"]
    page = open_page("#/new", failing=("status of 422",))
    page.get_by_label("Device", exact=True).select_option("STM32F411xE")
    page.get_by_label("SRAM").fill("512")
    with page.expect_response(_sent):
        page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_label("SRAM")).to_be_focused()
    page.get_by_role("button", name="Set it to").click()
    expect(page.get_by_label("SRAM")).to_have_value(str(required))
    expect(page.get_by_label("Command line")).to_contain_text(f"--sram {required}")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()


TYPE = """async (field) => {
  const began = performance.now();
  for (let i = 0; i < 30; i += 1) {
    field.value = `${20 + i}KB`;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => setTimeout(done, 210));
  }
  return performance.now() - began;
}"""
"""Somebody who pauses after each key for as long as makes the form ask."""


def test_who_types_on_does_not_run_into_the_limit(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/new")
    expect(page.get_by_text("of its networks fit")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    spent = page.get_by_label("SRAM").evaluate(TYPE)
    expect(page.get_by_label("Command line")).to_contain_text("--sram 49KB")
    assert 1 <= asked.count("preview") <= spent / 600 + 1  # 120 a minute are allowed


def _sent(answer: Response) -> bool:
    return answer.request.method == "POST" and answer.url.endswith("/api/v1/jobs")


def test_a_refusal_stands_whatever_stage_one_says_until_something_is_changed(
    open_page: OpenPage, service: Service
) -> None:
    problem = {"title": "Too many jobs", "status": 429, "detail": "3 of yours are not finished yet"}

    def refuse(route: Route) -> None:
        kind = "application/problem+json"
        route.fulfill(status=429, content_type=kind, body=json.dumps(problem))

    page = open_page("#/new", failing=("status of 429",))
    page.route(re.compile("/api/v1/jobs$"), refuse)
    preview = page.get_by_role("region", name="What stage 1 says")
    expect(preview).to_contain_text("of its networks fit")
    notice = page.get_by_role("alert").filter(has_text="3 of yours are not finished yet")
    held: list[Route] = []
    page.route("**/api/v1/jobs/preview", lambda route: held.append(route))
    with page.expect_request("**/api/v1/jobs/preview"):
        page.get_by_label("SRAM").fill("32KB")
    page.get_by_role("button", name="Start the job").click()
    expect(notice).to_be_visible()
    with page.expect_response("**/api/v1/jobs/preview"):
        held.pop().continue_()
    expect(preview).to_have_attribute("aria-busy", "false")
    expect(notice).to_be_visible()
    page.get_by_label("SRAM").fill("31KB")
    expect(notice).to_have_count(0)


def test_a_service_that_is_down_is_said_and_the_form_kept(
    open_page: OpenPage, service: Service
) -> None:
    page = open_page("#/new", failing=("net::ERR_",))
    page.get_by_label("SRAM").fill("32KB")
    service.stop()
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    panel = page.get_by_role("region", name="What stage 1 says")
    expect(panel).to_contain_text("trying again")
    service.start()
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path, api_key=KEY)
    yield service
    service.close()


def test_a_service_with_a_key_asks_for_it(browser: Browser, locked: Service) -> None:
    job = locked.finished()
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{locked.url}/#/jobs/{job}")
    page.get_by_label("API key").fill("a wrong one")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("The service refuses the key")).to_be_visible()
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".step.done")).to_have_count(10)
    with page.expect_download() as found:
        page.get_by_role("link", name="bundle.zip").click()
    assert Path(found.value.path()).read_bytes() == bytes(range(256)) * 200
    context.close()
