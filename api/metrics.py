"""Prometheus' text format, from what the database knows (so every API process says the same)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from api.store import (
    BUCKETS,
    EVALUATIONS,
    Job,
    JobState,
    StepFigures,
    Store,
    count_by_state,
    counted,
    step_figures,
    utc_now,
)


def exposition(store: Store) -> str:
    """All metrics as text, version 0.0.4 of the format."""
    with store.read() as session:
        by_state = count_by_state(session)
        oldest = session.scalar(select(func.min(Job.created)).where(Job.state == JobState.QUEUED))
        steps = step_figures(session)
        evaluations = counted(session, EVALUATIONS)
    waiting = (utc_now() - oldest).total_seconds() if oldest else 0.0
    lines = [
        "# HELP tinynas_jobs Jobs in each state.",
        "# TYPE tinynas_jobs gauge",
        *(f'tinynas_jobs{{state="{state}"}} {count}' for state, count in by_state.items()),
        "# HELP tinynas_queue_age_seconds How long the oldest queued job has waited.",
        "# TYPE tinynas_queue_age_seconds gauge",
        f"tinynas_queue_age_seconds {waiting:.3f}",
        "# HELP tinynas_evaluations_total Networks that searches have measured.",
        "# TYPE tinynas_evaluations_total counter",
        f"tinynas_evaluations_total {evaluations}",
        "# HELP tinynas_step_seconds How long the steps of jobs took.",
        "# TYPE tinynas_step_seconds histogram",
        *(line for figures in steps for line in _histogram(figures)),
    ]
    return "\n".join(lines) + "\n"


def _histogram(figures: StepFigures) -> Iterator[str]:
    step = f'step="{figures.step}"'
    for limit, count in zip(BUCKETS, figures.below, strict=True):
        yield f'tinynas_step_seconds_bucket{{{step},le="{limit:g}"}} {count}'
    yield f'tinynas_step_seconds_bucket{{{step},le="+Inf"}} {figures.count}'
    yield f"tinynas_step_seconds_sum{{{step}}} {figures.seconds:.3f}"
    yield f"tinynas_step_seconds_count{{{step}}} {figures.count}"
