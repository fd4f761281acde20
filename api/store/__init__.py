"""Jobs and what they produce, in a database; leases for the workers.  No web in here."""

from api.store.engine import Store
from api.store.events import NewEvent, append_events, events_after, newest_events
from api.store.jobs import (
    Idempotency,
    IllegalTransitionError,
    KeyReusedError,
    count_by_state,
    create_job,
    delete_job,
    find_job,
    list_jobs,
    request_cancel,
    resume_job,
)
from api.store.leases import (
    MAX_ATTEMPTS,
    LeaseLostError,
    confirm_cancelled,
    fail_job,
    finish_job,
    give_back,
    lose_worker,
    renew_lease,
    take_job,
)
from api.store.migrate import downgrade, is_current, upgrade
from api.store.results import (
    add_candidates,
    drop_candidates,
    find_artifact,
    list_artifacts,
    list_candidates,
    mark_dominated,
    note_progress,
    put_artifacts,
    subspaces_of,
)
from api.store.settings import StoreSettings, load_settings
from api.store.states import JobState
from api.store.tables import Artifact, Candidate, Job, JobEvent, utc_now

__all__ = [
    "MAX_ATTEMPTS",
    "Artifact",
    "Candidate",
    "Idempotency",
    "IllegalTransitionError",
    "Job",
    "JobEvent",
    "JobState",
    "KeyReusedError",
    "LeaseLostError",
    "NewEvent",
    "Store",
    "StoreSettings",
    "add_candidates",
    "append_events",
    "confirm_cancelled",
    "count_by_state",
    "create_job",
    "delete_job",
    "downgrade",
    "drop_candidates",
    "events_after",
    "fail_job",
    "find_artifact",
    "find_job",
    "finish_job",
    "give_back",
    "is_current",
    "list_artifacts",
    "list_candidates",
    "list_jobs",
    "load_settings",
    "lose_worker",
    "mark_dominated",
    "newest_events",
    "note_progress",
    "put_artifacts",
    "renew_lease",
    "request_cancel",
    "resume_job",
    "subspaces_of",
    "take_job",
    "upgrade",
    "utc_now",
]
