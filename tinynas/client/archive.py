"""A folder as the zip in which the service takes data sets."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinynas.errors import InvalidInputError


@contextmanager
def zip_of(source: Path) -> Iterator[Path]:
    """`source` itself if it is a file; for a folder a zip of its files, gone after the block.

    Images are stored, not deflated: they are compressed already.

    Raises:
        InvalidInputError: there is nothing of this name.
    """
    if source.is_file():
        yield source
        return
    if not source.is_dir():
        raise InvalidInputError(
            f"{source} does not exist",
            field="source",
            given=str(source),
            allowed="a folder of class folders, or a zip of one",
        )
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "dataset.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(source.rglob("*")):
                if file.is_file():
                    archive.write(file, file.relative_to(source).as_posix())
        yield target
