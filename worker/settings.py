"""How a worker works, read from `TINYNAS_...` variables."""

from __future__ import annotations

import os

from pydantic import Field

from api.store import StoreSettings


def usable_cpus() -> int:
    """The CPUs that this process may run on; a container's share may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class WorkerSettings(StoreSettings):
    """Of a worker; the cluster it uses is named by Ray's own `RAY_ADDRESS`, else it starts one.

    lease_seconds: how long a job waits for another worker after this one has died.
    poll_seconds: how often it looks for a job, and for a wish to cancel the one it has.
    grace_seconds: how long a job may take to stop by itself before it is killed.
    evaluators: how many processes may measure candidates at a time; as many as the cluster has
        CPUs if it is not set.
    evaluator_memory_bytes: what the cluster has to have free for each of them.
    job_cpus: how many CPUs of this machine a job may use; all if it is not set.
    job_memory_bytes: a job whose processes on this machine take more is ended; no limit if it is
        not set.
    retention_days: files of jobs that ended longer ago are deleted; none are if it is not set.
    work_days: the same for what only resuming a job or promoting a candidate needs.
    """

    lease_seconds: float = Field(default=20, ge=1)
    poll_seconds: float = Field(default=0.5, gt=0, le=10)
    grace_seconds: float = Field(default=5, ge=0)
    evaluators: int | None = Field(default=None, ge=1)
    evaluator_memory_bytes: int | None = Field(default=None, ge=1 << 20)
    job_cpus: int | None = Field(default=None, ge=1)
    job_memory_bytes: int | None = Field(default=None, ge=1 << 20)
    retention_days: float | None = Field(default=None, gt=0)
    work_days: float | None = Field(default=None, gt=0)
