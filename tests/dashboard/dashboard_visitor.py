"""Somebody who looks at the dashboard of one service, and notes what goes wrong."""

from __future__ import annotations

import contextlib

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request

PATIENCE_MS = 60_000
"""A page is waited for, never slept for: on a busy machine that takes long, elsewhere nothing."""
QUIET_PLACE = "#/nowhere"  # a page that asks the service for nothing

_UNCHANGED = """() => new Promise((done) => {
  let timer = setTimeout(done, 250);
  new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(done, 250);
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
})"""


class Visitor:
    """A tab that stays open from test to test; other windows for what needs one of its own."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._tab: Page | None = None
        self._windows: list[BrowserContext] = []
        self._faults: list[str] = []
        self._failing: tuple[str, ...] = ()

    def open(
        self, route: str = "#/jobs", *, failing: tuple[str, ...] = (), **context: object
    ) -> Page:
        """A page of the dashboard, in a window of its own where `context` says how that is.

        It is noted when a page says an error, throws, or asks anybody but the service.  Chromium
        reports requests that fail as errors of the page; a test that makes some fail says how it
        is reported with `failing`.
        """
        self._failing = failing
        if context:
            self._windows.append(self._browser.new_context(**context))  # type: ignore[arg-type]
            page = self._watched(self._windows[-1].new_page())
        else:
            self._tab = self._tab or self._watched(self._browser.new_context().new_page())
            page = self._tab
        page.goto(f"{self._url}/{route}", wait_until="commit")
        return page

    def leave(self) -> list[str]:
        """Close all but the tab, which forgets what it kept; tells what went wrong until now."""
        for context in self._windows:
            context.close()
        if self._tab:
            try:
                self._empty(self._tab)
            except Error:
                with contextlib.suppress(Error):
                    self._tab.context.close()
                self._tab = None
        faults = self._faults.copy()
        self._windows, self._failing = [], ()
        self._faults.clear()
        return faults

    def _empty(self, tab: Page) -> None:
        tab.unroute_all(behavior="ignoreErrors")
        for other in tab.context.pages:
            if other != tab:
                other.close()
        tab.mouse.move(0, 0)
        tab.goto(f"{self._url}/{QUIET_PLACE}", wait_until="commit", timeout=PATIENCE_MS)
        tab.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")

    def _watched(self, page: Page) -> Page:
        page.set_default_timeout(PATIENCE_MS)

        def said(message: ConsoleMessage) -> None:
            wanted = any(known in message.text for known in self._failing)
            if message.type in ("error", "warning") and not wanted:
                self._faults.append(f"console {message.type}: {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith((self._url, "data:", "blob:")):
                self._faults.append(f"asked for {request.url}")

        page.on("console", said)
        page.on("pageerror", lambda error: self._faults.append(f"thrown: {error}"))
        page.on("request", asked)
        return page


def wait_until_unchanged(page: Page) -> None:
    """Until nothing of the page has changed for a quarter of a second: all is drawn and in place.

    Not for the page of a running job, whose clock ticks.
    """
    page.evaluate(_UNCHANGED)
