"""What the dashboard weighs and how soon it paints: a finished job with many candidates.

    python -m benchmarks.dashboard --candidates 10000 [--visits 5] [--write]

Serves a finished job from a database of its own, opens its page in headless Chromium with an
empty cache, and prints the median of several visits; `--write` keeps them as a table.  Exit code 1
where a limit is exceeded: first contentful paint 1.5 s; 1 MB compressed for all that the page loads
but the job's own data.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dashboard"))

RESULT = Path(__file__).resolve().parent / "results" / "dashboard.md"
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
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.name}")
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
    if arguments.write:
        RESULT.write_text(_table(arguments.candidates, visits, median), encoding="utf-8")
    slow = median["first_paint_ms"] > PAINT_MS
    heavy = median["page_bytes"] > PAGE_BYTES
    return 1 if slow or heavy else 0


_ROWS = {
    "first_paint_ms": "first contentful paint, ms (at most 1,500)",
    "all_shown_ms": "all of it shown, ms",
    "sorted_ms": "table sorted by another column, ms",
    "page_bytes": "the page, bytes compressed (at most 1,000,000)",
    "data_bytes": "the job's data, bytes compressed",
    "elements": "elements in the document",
}


def _table(candidates: int, visits: list[dict[str, Any]], median: dict[str, int]) -> str:
    lines = [
        f"# The page of a finished job with {candidates:,} candidates",
        "",
        f"Made by `python -m benchmarks.dashboard --candidates {candidates} --visits {len(visits)} "
        f"--write` with headless Chromium, empty cache, on {os.cpu_count()} shared processors "
        f"(load of the last minute {os.getloadavg()[0]:.1f}).",
        "",
        "| of every visit | median | least | most |",
        "| --- | ---: | ---: | ---: |",
    ]
    for key, title in _ROWS.items():
        values = [visit[key] for visit in visits]
        lines.append(f"| {title} | {median[key]:,} | {min(values):,.0f} | {max(values):,.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
