"""What the dashboard weighs and how soon it paints: a finished job with many candidates.

    python -m benchmarks.dashboard --candidates 10000

Serves a finished job from a database of its own, opens its page in headless Chromium with an
empty cache, and prints the median of several visits.  Exit code 1 where a limit is exceeded:
first contentful paint 1.5 s; 1 MB compressed for all that the page loads but the job's own data.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dashboard"))

PAINT_MS = 1500.0
PAGE_BYTES = 1_000_000
PATIENCE_MS = 300_000
_TIMES = """() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  shown: performance.now(),
  loads: performance.getEntriesByType('resource')
    .map((r) => [r.name, r.transferSize, r.decodedBodySize]),
  page: performance.getEntriesByType('navigation')[0].transferSize,
  elements: document.querySelectorAll('*').length,
})"""


def visit(browser: Browser, url: str, candidates: int) -> dict[str, Any]:
    """One look at the page: milliseconds since the navigation, bytes over the wire."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.get_by_text(f"{candidates:,} networks that fit were measured").wait_for()
    found = page.evaluate(_TIMES)
    began = page.evaluate("performance.now()")
    page.get_by_role("button", name="Flash", exact=True).click()
    page.locator("th[aria-sort=ascending]", has_text="Flash").wait_for()
    sorted_ms = page.evaluate("performance.now()") - began
    context.close()
    data = sum(size for name, size, _ in found["loads"] if "/api/v1/" in name)
    own = found["page"] + sum(size for name, size, _ in found["loads"] if "/api/v1/" not in name)
    return {
        "first_paint_ms": found["paint"],
        "all_shown_ms": found["shown"],
        "sorted_ms": sorted_ms,
        "page_bytes": own,
        "data_bytes": data,
        "elements": found["elements"],
    }


def main() -> int:
    """Measure, print one JSON object, compare with the limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--visits", type=int, default=5)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stderr.write("chromium is not installed: apt-get install chromium\n")
        return 1
    from dashboard_service import Service

    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        service = Service(Path(home))
        job = service.finished(candidates=arguments.candidates)
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        url = f"{service.url}/#/jobs/{job}"
        visits = [visit(browser, url, arguments.candidates) for _ in range(arguments.visits)]
        browser.close()
        service.close()
    median = {key: round(statistics.median(v[key] for v in visits)) for key in visits[0]}
    sys.stdout.write(json.dumps({"candidates": arguments.candidates, **median}) + "\n")
    slow = median["first_paint_ms"] > PAINT_MS
    heavy = median["page_bytes"] > PAGE_BYTES
    return 1 if slow or heavy else 0


if __name__ == "__main__":
    sys.exit(main())
