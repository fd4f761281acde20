"""Services in temporary folders, and real Chromium to look at them with.

One browser and one service for the whole run: the service is emptied after every test, and the
tab stays open from test to test as a person's does.  What no test changes (a job in every state)
is served by a second one, `showcase`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from dashboard_service import Service, Showcase
from dashboard_visitor import PATIENCE_MS, Visitor
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
expect.set_options(timeout=PATIENCE_MS)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=PreloadTopChromeWebUI,WebUIPreloading",  # a process more for each window
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service"))
    yield service
    service.close()


@pytest.fixture(scope="session")
def _visitor(browser: Browser, _service: Service) -> Visitor:
    return Visitor(browser, _service.url)


@pytest.fixture
def service(_service: Service) -> Iterator[Service]:
    """A service without jobs and uploads."""
    yield _service
    _service.clear()


@pytest.fixture
def open_page(_visitor: Visitor, service: Service) -> Iterator[Callable[..., Page]]:
    """`open_page(route, failing=..., **context)`: see `Visitor.open`."""
    yield _visitor.open
    assert _visitor.leave() == []


@pytest.fixture(scope="session")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Showcase]:
    """Jobs to look at, not to change."""
    showcase = Showcase(Service(tmp_path_factory.mktemp("showcase")))
    yield showcase
    showcase.service.close()


@pytest.fixture(scope="session")
def _onlooker(browser: Browser, showcase: Showcase) -> Visitor:
    return Visitor(browser, showcase.service.url)


@pytest.fixture
def look(_onlooker: Visitor) -> Iterator[Callable[..., Page]]:
    """`open_page` on the showcase."""
    yield _onlooker.open
    assert _onlooker.leave() == []
