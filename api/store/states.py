"""The states of a job, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    SUCCEEDED = "succeeded"

    @property
    def final(self) -> bool:
        """Whether nothing happens any more unless somebody asks for it."""
        return self in (JobState.CANCELLED, JobState.FAILED, JobState.SUCCEEDED)

    @property
    def leased(self) -> bool:
        """Whether a worker holds the job."""
        return self in (JobState.RUNNING, JobState.CANCELLING)


# Back from running to queued: its worker stopped or died.  A cancelling job can only become
# cancelled, whatever its worker was about to say: who asked for the end gets it.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {JobState.QUEUED, JobState.CANCELLING, JobState.FAILED, JobState.SUCCEEDED}
    ),
    JobState.CANCELLING: frozenset({JobState.CANCELLED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.SUCCEEDED: frozenset(),
}


def sources(target: JobState) -> list[JobState]:
    """The states from which `target` may be reached."""
    return [state for state, following in TRANSITIONS.items() if target in following]
