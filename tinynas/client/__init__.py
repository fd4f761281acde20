"""A typed client of the service's REST API.

with Client("http://127.0.0.1:8000", api_key=None) as client:
    client.upload("photos/", name="photos")
    job = client.submit(dataset="photos", device="stm32f746zg", sram="128KB")
    job = client.wait(job.id, lambda event: print(event.step, event.kind))
    client.download(job.id, "bundle.zip", Path("."))
"""

from tinynas.client.client import DEFAULT_URL, Client
from tinynas.client.model import Artifact, Dataset, Job, JobEvent
from tinynas.client.problems import ProblemError, UnreachableError

__all__ = [
    "DEFAULT_URL",
    "Artifact",
    "Client",
    "Dataset",
    "Job",
    "JobEvent",
    "ProblemError",
    "UnreachableError",
]
