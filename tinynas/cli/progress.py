"""Progress of a job in a terminal: one line a step, a bar where something is counted."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from tinynas.cli.output import console
from tinynas.progress import Event


class JobProgress:
    """A listener that draws; use it as a context manager."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._best = 0.0

    def __enter__(self) -> JobProgress:
        if console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        self.show(event.kind, event.step, event.data)

    def show(self, kind: str, step: str, data: dict[str, Any]) -> None:
        """One event, from this process or from a server's stream."""
        if not console.is_terminal:
            self._tell(kind, step, data)
            return
        match kind:
            case "step_started":
                self._task(step)
            case "progress":
                self._bars.update(
                    self._task(step), completed=data["done"], total=data["total"], unit=data["unit"]
                )
            case "step_finished":
                self._finish(step, reused=bool(data["reused"]))
            case "candidate":
                self._best = max(self._best, float(data["accuracy"]))
                self._bars.update(self._task(step), note=f"best {self._best:.1%}")
            case "metric":
                values = ", ".join(f"{k} {v:.3g}" for k, v in data["values"].items())
                self._bars.update(self._task(step), note=values)
            case "log":
                console.print(data["message"], highlight=False, markup=False)

    @staticmethod
    def _tell(kind: str, step: str, data: dict[str, Any]) -> None:
        """Without a terminal: a line when a step ends, and what is logged."""
        if kind == "step_finished":
            how = "found from before" if data["reused"] else f"{data['seconds']:.1f} s"
            console.print(f"{step:<10} {how}", highlight=False)
        elif kind == "log":
            console.print(data["message"], highlight=False, markup=False)

    def _task(self, step: str) -> TaskID:
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=1, unit="", note="")
        return self._tasks[step]

    def _finish(self, step: str, *, reused: bool) -> None:
        task = self._bars.tasks[self._bars.task_ids.index(self._task(step))]
        note = "found from before" if reused else task.fields["note"]
        self._bars.update(task.id, completed=task.total, note=note)
        self._bars.stop_task(task.id)
