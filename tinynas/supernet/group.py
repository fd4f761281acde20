"""Several workers that train one network: the same loop, one process a worker.

Whatever starts the processes (`run_workers` here, or another launcher) makes a
`torch.distributed` group; the loop asks this module who it is.  Each worker takes its part of
every batch, and gradients are averaged, so weights and optimiser stay alike in all of them.  Batch
norm looks at a worker's own part of the batch: results depend on the number of workers, and on
nothing else about them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing as processes
from torch import Tensor, distributed, nn

from tinynas.errors import TinynasError

_TIMEOUT = timedelta(minutes=10)
_POLL_S = 0.05


def rank() -> int:
    """This worker's number; 0 where there is one alone."""
    return distributed.get_rank() if _grouped() else 0


def workers() -> int:
    """How many train together."""
    return distributed.get_world_size() if _grouped() else 1


def _grouped() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def part(values: Tensor) -> Tensor:
    """This worker's part of a batch [N, ...]: every so many-th image."""
    return values[rank() :: workers()] if _grouped() else values


def average_gradients(module: nn.Module, flag: bool = False) -> bool:
    """Replace gradients by their mean over the workers, in one message.

    A parameter that a worker did not use counts as zero there.  Returns whether any worker raised
    its `flag`: so all of them stop at the same step.
    """
    if not _grouped():
        return flag
    used = [p for p in module.parameters() if p.requires_grad]
    for p in used:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    parts = [p.grad.reshape(-1) for p in used if p.grad is not None]
    device = parts[0].device
    message = torch.cat([*parts, torch.tensor([float(flag)], device=device)])
    distributed.all_reduce(message)
    message /= workers()
    start = 0
    for p in used:
        assert p.grad is not None  # noqa: S101
        size = p.grad.numel()
        p.grad.copy_(message[start : start + size].view_as(p.grad))
        start += size
    return bool(message[-1] > 0)


def run_workers(count: int, work: Callable[..., None], *arguments: Any) -> None:
    """Run `work(*arguments)` in `count` processes of this machine, as one group.

    `work` and its arguments are pickled; results are what it writes.

    Raises:
        TinynasError: a process failed; the others are ended.
    """
    context = processes.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="tn-") as folder:
        errors = Path(folder) / "error"
        started = [
            context.Process(target=_enter, args=(i, count, folder, errors, work, arguments))
            for i in range(count)
        ]
        for process in started:
            process.start()
        try:
            while any(process.is_alive() for process in started):
                if any(process.exitcode for process in started):
                    break
                time.sleep(_POLL_S)
        finally:
            codes = {i: p.exitcode for i, p in enumerate(started) if p.exitcode}
            for process in started:
                process.kill()
                process.join()
        if codes:
            number, reason = _culprit(codes, errors)
            raise TinynasError(f"training worker {number} of {count} ended: {reason}")


def _culprit(codes: dict[int, int], errors: Path) -> tuple[int, str]:
    """(worker, why) of the failure that came first: the others lose their connection by it.

    `codes` are the exit codes of the workers that failed; a signal's is negative.
    """
    for number, code in codes.items():
        if code < 0:
            return number, f"by {signal.Signals(-code).name}"
    if errors.is_file():
        number_of_first, reason = errors.read_text().split(" ", 1)
        return int(number_of_first), reason
    number, code = next(iter(codes.items()))
    return number, f"with code {code}"


def _enter(
    number: int,
    count: int,
    folder: str,
    errors: Path,
    work: Callable[..., None],
    arguments: Iterable[Any],
) -> None:
    """A worker's life."""
    torch.set_num_threads(1)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/group",
        rank=number,
        world_size=count,
        timeout=_TIMEOUT,
    )
    try:
        work(*arguments)
    except Exception as error:
        with contextlib.suppress(FileExistsError), errors.open("x") as file:
            file.write(f"{number} {type(error).__name__}: {error}")
        raise SystemExit(1) from error
    finally:
        distributed.destroy_process_group()
