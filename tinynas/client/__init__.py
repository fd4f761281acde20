"""A typed client of the service's REST API."""

from tinynas.client.client import DEFAULT_URL, Client
from tinynas.client.model import Artifact, Job, JobEvent
from tinynas.client.problems import ProblemError, UnreachableError

__all__ = [
    "DEFAULT_URL",
    "Artifact",
    "Client",
    "Job",
    "JobEvent",
    "ProblemError",
    "UnreachableError",
]
