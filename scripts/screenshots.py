"""The pictures of the dashboard in README and docs, of a finished job on a running service.

    python scripts/screenshots.py http://127.0.0.1:8000 JOB [--into docs]

Needs Chromium and `playwright`; pictures are reduced to 256 colours, which one does not see.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

WIDTH, HEIGHT = 1280, 1120
PATIENCE_MS = 120_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url")
    parser.add_argument("job")
    parser.add_argument("--candidate", type=int, default=3, help="the one that is taken apart")
    parser.add_argument("--into", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    job = f"#/jobs/{arguments.job}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        candidate = f"{job}/candidates/{arguments.candidate}"
        for name, route, scheme, ready, top in (
            ("dashboard", job, "light", "Promised and measured", None),
            ("dashboard-search", job, "dark", "What matters", "#search"),
            ("dashboard-candidate", candidate, "dark", "fullest:", None),
            ("dashboard-new", "#/new", "light", "of its networks fit", None),
        ):
            page = _opened(browser, f"{arguments.url}/{route}", scheme, ready, top)
            _keep(page, arguments.into / f"{name}.png")
        browser.close()


def _opened(browser: Browser, url: str, scheme: str, ready: str, top: str | None) -> Page:
    """A page that shows the text `ready`, scrolled so that `top` is at the top."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url, wait_until="commit")
    page.get_by_text(ready).first.wait_for()
    page.wait_for_timeout(1500)  # answers that come later move what is below them
    if top:
        page.locator(top).evaluate("(e) => e.scrollIntoView()")
        page.wait_for_timeout(300)
    return page


def _keep(page: Page, target: Path) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)
    page.close()


if __name__ == "__main__":
    main()
