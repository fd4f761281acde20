"""A worker's scratch folders go with it, or with the next worker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from worker.scratch import Scratch, sweep_scratch

CODE = (
    "from worker.scratch import Scratch; print((s := Scratch()).path, end='', flush=True); input()"
)


def test_only_folders_of_dead_workers_are_swept() -> None:
    mine = Scratch()
    others = [
        subprocess.Popen(
            [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    paths = []
    for other in others:
        assert other.stdout is not None
        text = ""
        while len(text) < len(str(mine.path)):
            text += other.stdout.read(1)
        paths.append(Path(text))
    living, dead = others
    dead.kill()
    dead.communicate()
    assert paths[1].is_dir()
    sweep_scratch()
    assert mine.path.is_dir()
    assert paths[0].is_dir()
    assert not paths[1].exists()
    living.kill()
    living.communicate()
    sweep_scratch()
    assert not paths[0].exists()
    mine.delete()
    assert not mine.path.exists()


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare"
)
def test_a_worker_with_other_process_ids_sweeps_no_folder_of_ours() -> None:
    """As two containers that share /tmp."""
    mine = Scratch()
    code = "from worker.scratch import sweep_scratch; sweep_scratch()"
    command = ["unshare", "--pid", "--fork", sys.executable, "-c", code]
    subprocess.run(command, check=True)
    assert mine.path.is_dir()
    mine.delete()
