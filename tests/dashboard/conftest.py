"""A service in a temporary folder, and real Chromium to look at it with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dashboard_service import Service
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 60_000
"""A page is waited for, never slept for: on a busy machine that takes long, elsewhere nothing."""
expect.set_options(timeout=PATIENCE_MS)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.close()


@pytest.fixture
def open_page(browser: Browser, service: Service) -> Iterator[Callable[..., Page]]:
    """`open_page(route, **context)` opens a page of the dashboard.

    Fails the test when a page says an error, throws, or asks anybody but the service.  Chromium
    reports requests that fail as errors of the page; a test that makes some fail says how it is
    reported with `failing=`.
    """
    contexts, faults = [], []

    def opened(route: str = "", *, failing: tuple[str, ...] = (), **context: object) -> Page:
        contexts.append(browser.new_context(**context))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)

        def said(message: ConsoleMessage) -> None:
            wanted = any(known in message.text for known in failing)
            if message.type in ("error", "warning") and not wanted:
                faults.append(f"console {message.type}: {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith((service.url, "data:", "blob:")):
                faults.append(f"asked for {request.url}")

        page.on("console", said)
        page.on("pageerror", lambda error: faults.append(f"thrown: {error}"))
        page.on("request", asked)
        page.goto(f"{service.url}/{route}", wait_until="commit")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults
