"""A worker's scratch folders go with it, or with the next worker."""

from __future__ import annotations

import subprocess
import sys

from worker.scratch import new_scratch, sweep_scratch


def test_only_folders_of_dead_workers_are_swept() -> None:
    mine = new_scratch()
    code = "from worker.scratch import new_scratch; print(new_scratch(), end='')"
    dead = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    left = mine.parent / dead.stdout
    assert left.is_dir()
    sweep_scratch()
    assert mine.is_dir()
    assert not left.exists()
    mine.rmdir()
