"""From an empty server to a bundle on disk by clicks alone: real service, worker and job."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from worker.embedded import EmbeddedService

JOB_MS = 900_000  # half a minute on an idle machine; a busy one is waited for


@pytest.mark.slow
@pytest.mark.timeout(1000)
def test_a_bundle_by_clicks_alone(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYNAS_EVALUATORS", "1")
    faults: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(message.text)

    with EmbeddedService(home=tmp_path / "home", port=0) as service:
        context = browser.new_context()
        page = context.new_page()
        page.on("console", said)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(service.url)
        page.get_by_role("link", name="Start with the form").click()
        page.get_by_label("Device", exact=True).select_option("STM32F411xE")
        page.get_by_label("SRAM").fill("32KB")
        page.get_by_label("Flash").fill("128KB")
        page.get_by_text("Effort", exact=True).click()
        for label, amount in (
            ("Training images", "512"),
            ("Networks to try", "3"),
            ("Fine-tuning images", "128"),
        ):
            page.get_by_label(label).fill(amount)
        page.get_by_text("More", exact=True).click()
        page.get_by_label("Simulator").select_option("unicorn")
        page.get_by_role("button", name="Start the job").click()
        expect(page.locator(".badge")).to_have_text("succeeded", timeout=JOB_MS)
        expect(page.locator(".step.done")).to_have_count(10)
        expect(page.locator("dl.figures").first).to_contain_text("16 vectors on unicorn")
        entry = page.locator(".downloads li", has_text="bundle.zip")
        with page.expect_download() as found:
            entry.get_by_role("link").click()
        bundle = tmp_path / "bundle.zip"
        found.value.save_as(bundle)
        shown = re.search(r"[0-9a-f]{64}", entry.inner_text())
        context.close()
    assert shown
    assert hashlib.sha256(bundle.read_bytes()).hexdigest() == shown[0]
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert "bundle/src/network.c" in archive.namelist()
    assert faults == []
