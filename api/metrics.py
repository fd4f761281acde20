"""Prometheus' text format, from what the database knows (so every API process says the same)."""

from __future__ import annotations

from sqlalchemy import func, select

from api.store import Candidate, Job, JobState, Store, count_by_state, utc_now


def exposition(store: Store) -> str:
    """All metrics as text, version 0.0.4 of the format."""
    with store.read() as session:
        by_state = count_by_state(session)
        oldest = session.scalar(select(func.min(Job.created)).where(Job.state == JobState.QUEUED))
        evaluations = session.scalar(select(func.count()).select_from(Candidate))
    waiting = (utc_now() - oldest).total_seconds() if oldest else 0.0
    lines = [
        "# HELP tinynas_jobs Jobs in each state.",
        "# TYPE tinynas_jobs gauge",
        *(f'tinynas_jobs{{state="{state}"}} {count}' for state, count in by_state.items()),
        "# HELP tinynas_queue_age_seconds How long the oldest queued job has waited.",
        "# TYPE tinynas_queue_age_seconds gauge",
        f"tinynas_queue_age_seconds {waiting:.3f}",
        "# HELP tinynas_candidates Stored candidates: evaluations of all jobs that are kept.",
        "# TYPE tinynas_candidates gauge",
        f"tinynas_candidates {evaluations}",
    ]
    return "\n".join(lines) + "\n"
