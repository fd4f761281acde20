"""`python -m api.uploads ARCHIVE OUT OPTIONS`: unpack and look at an upload, apart from the API.

Decoders of images have had their holes; a process with limits of its own, and without the
service's environment, is what they may do their worst in.  Says what it found as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from api.uploads.archive import MAX_FILE_BYTES, UploadLimits, unpack
from api.uploads.inspect import inspect
from tinynas.errors import InvalidInputError

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 3600


def look(archive: Path, out: Path, limits: UploadLimits, *, skip_bad_files: bool) -> dict[str, Any]:
    """`{facts}` or `{error}`, as JSON."""
    parent = os.getppid()

    def end_with_parent() -> None:
        if os.getppid() != parent:
            sys.exit(1)

    try:
        names = unpack(archive, out, limits)
        facts = inspect(out, names, skip_bad_files=skip_bad_files, tick=end_with_parent)
    except InvalidInputError as error:
        return {"error": {"message": error.message, **error.details}}
    except MemoryError:
        return {"error": {"message": "looking at it takes too much memory", "field": "archive"}}
    return {"facts": asdict(facts)}


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 2 * MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main(archive: str, out: str, options: str) -> None:
    _limit()
    wanted = json.loads(options)
    limits = UploadLimits(**wanted["limits"])
    found = look(Path(archive), Path(out), limits, skip_bad_files=wanted["skip_bad_files"])
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
