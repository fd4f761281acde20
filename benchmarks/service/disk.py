"""A disk of a few megabytes, to be filled."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from types import TracebackType


class SmallDisk:
    """A context manager: inside, `folder` is a file system in memory with so many bytes."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self._size = folder, size
        self._ballast = folder / "ballast"

    def __enter__(self) -> SmallDisk:
        self.folder.mkdir(parents=True)
        options = f"size={self._size}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        subprocess.run(command, check=True, timeout=20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True, timeout=20)

    def fill(self) -> None:
        """To the last byte."""
        with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while file.write(b"\0" * (1 << 20)):
                pass

    def free(self) -> None:
        self._ballast.unlink()
