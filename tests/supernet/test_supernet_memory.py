"""Memory between the steps of a training."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tinynas.supernet import memory

PROGRAM = """
import resource, torch
from tinynas.supernet.memory import freed_memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        torch.ones(64 << 20, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * resource.getpagesize()

torch.set_num_threads(1)
faults()
first = faults()
with freed_memory_kept():
    faults()
    kept, held = faults(), resident()
print(first, kept, held - resident())
"""


@pytest.mark.skipif(memory._glibc() is None, reason="not glibc")
def test_freed_memory_is_used_again_and_handed_back_at_the_end() -> None:
    ran = subprocess.run(  # what mallopt sets cannot be taken back
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120
    )
    first, kept, given_back = (int(word) for word in ran.stdout.split())
    assert kept < first / 4
    assert given_back > 50 << 20


def test_where_there_is_no_glibc_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    with memory.freed_memory_kept():
        assert memory._glibc() is None
