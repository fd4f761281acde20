"""Data sets that people bring: received, unpacked, looked at, put in their place."""

from api.uploads.archive import UploadLimits
from api.uploads.inspect import DatasetFacts
from api.uploads.receive import (
    DiskFullError,
    UploadTooLargeError,
    receive,
    sweep_uploads,
)

__all__ = [
    "DatasetFacts",
    "DiskFullError",
    "UploadLimits",
    "UploadTooLargeError",
    "receive",
    "sweep_uploads",
]
