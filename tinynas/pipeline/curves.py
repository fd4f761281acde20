"""Training curves of a step, kept beside its output so that a report can draw them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tinynas.pipeline.files import read_json, write_json
from tinynas.progress import Event, Reporter
from tinynas.report import CurveData

FILE = "curves.json"


class Curves:
    """Writes down every `metric` event of a step.

    Points wait in `partial/`, which an interrupted step finds again: a resumed training goes on
    from a checkpoint and does not say anew what it said before.
    """

    def __init__(self, partial: Path) -> None:
        self._file = partial / "curves.jsonl"

    def reporter(self, reporter: Reporter) -> Reporter:
        """A reporter that tells `reporter` everything and remembers the curves."""

        def listen(event: Event) -> None:
            if event.kind == "metric":
                with self._file.open("a") as file:
                    file.write(json.dumps(event.data) + "\n")
            reporter.listener(event)

        return replace(reporter, listener=listen)

    def save(self, out: Path) -> None:
        """`curves.json` in the step's output: points by rising images seen.

        What was said twice, once before an interruption and once after, is kept once, the later.
        """
        points: dict[tuple[str, int, tuple[str, ...]], dict[str, object]] = {}
        if self._file.is_file():
            for line in self._file.read_text().splitlines():
                point = json.loads(line)
                points[point["name"], point["at"], tuple(point["values"])] = point
        write_json(out / FILE, [points[key] for key in sorted(points, key=lambda k: k[1])])


def curves_of(step: str, out: Path) -> list[CurveData]:
    """The curves in a finished step's folder, by name."""
    file = out / FILE
    found: dict[str, CurveData] = {}
    for point in read_json(file) if file.is_file() else []:
        curve: CurveData = {"step": step, "name": point["name"], "points": []}
        found.setdefault(point["name"], curve)["points"].append(
            {"at": point["at"], "values": point["values"]}
        )
    return list(found.values())
