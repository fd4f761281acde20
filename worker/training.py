"""Networks trained by several workers, which Ray Train places, joins and replaces.

The loop is the library's own: alone it is run in the job's process, and by Ray Train in as many
processes as the job asks for, on this machine or others, each with a GPU where there are enough.
When a worker dies, Ray Train starts all of them anew, and they go on from the checkpoint, a file in
the job's folder, which every node has to see.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from tinynas.errors import CancelledError, TinynasError
from tinynas.progress import Reporter, ignore
from tinynas.supernet import TrainingTask, Weights, rank
from worker.cluster import Cluster
from worker.line import Line, Speaker

RESTARTS = 5
"""How often a training goes on after a worker has died."""
WAITS = 2
"""How often workers that do not come (a node is lost) are awaited once more, for as long as
RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S says."""


def train_on_ray(
    cluster: Cluster, task: TrainingTask, workers: int, checkpoint: Path, reporter: Reporter
) -> Weights:
    """The weights after `task`, trained by `workers` processes of the cluster.

    Raises:
        CancelledError: the reporter said so; the checkpoint holds the last step.
        TinynasError: the training failed, workers died again and again, or there is no room.
    """
    ray = cluster.ray()
    gpus = cluster.await_room(workers, reporter)
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchTrainer

    from worker.processgroup import GroupConfig

    line: Line[Any] = Line(ray)
    state = checkpoint.resolve().with_name("ray-train")
    shutil.rmtree(state, ignore_errors=True)  # of an earlier process: the checkpoint is ours
    trainer: Any = TorchTrainer(
        _work,  # type: ignore[arg-type]  # what it returns comes back
        train_loop_config={
            "task": ray.put(task),
            "checkpoint": str(checkpoint.resolve()),
            "exchange": line.exchange,
            "step": reporter.step,
        },
        torch_config=GroupConfig(backend="nccl" if gpus else "gloo"),
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpus),
        run_config=RunConfig(
            name=state.name,
            storage_path=str(state.parent),
            failure_config=FailureConfig(
                max_failures=RESTARTS,
                controller_failure_limit=WAITS,  # type: ignore[call-arg]  # of Ray Train's version 2
            ),
        ),
    )
    try:
        saved: bytes = line.follow(lambda: trainer.fit().return_value, reporter)
    except TrainingFailedError as error:
        if not gpus:
            cluster.demand_cpus(workers)
        raise TinynasError(
            f"the {workers} workers that train ended too often: {_reason(error)}",
            remedy="give the workers more memory, then resume the job",
        ) from error
    shutil.rmtree(state, ignore_errors=True)
    weights: Weights = torch.load(io.BytesIO(saved), weights_only=True)
    return weights


def _work(config: dict[str, Any]) -> bytes | None:
    """A worker's part: what all do; the first one speaks, and returns the weights' file."""
    import ray

    if ray.get(config["exchange"].error.remote()) is not None:
        return None  # what it failed of is no matter of luck
    speaker = Speaker(config["exchange"])
    reporter = speaker.reporter(config["step"])
    if rank() != 0:
        reporter = Reporter(config["step"], ignore)
    try:
        weights = ray.get(config["task"]).run(Path(config["checkpoint"]), reporter)
        saved = io.BytesIO()  # Ray Train passes no tensors on
        torch.save(weights, saved)
        return saved.getvalue() if rank() == 0 else None
    except CancelledError as error:  # all of them, after the same step
        speaker.fail(error)
        return None
    except TinynasError as error:
        speaker.fail(error)
        if distributed.get_backend() != "gloo":
            raise  # the others wait for this one: Ray Train ends them
        distributed.destroy_process_group()  # and they are told so
        return None
    except Exception:
        if ray.get(config["exchange"].error.remote()) is not None:
            return None  # it comes of another one's failure
        raise
    finally:
        speaker.flush()


def _reason(error: BaseException) -> str:
    """The last line of what a worker's failure says."""
    failures = getattr(error, "worker_failures", {}) or {0: error}
    text = str(next(iter(failures.values()))).strip()
    return text.splitlines()[-1] if text else type(error).__name__
