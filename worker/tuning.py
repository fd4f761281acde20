"""Contests held by Ray Tune: a trial a contestant, as many at a time as there is room for.

Each trial writes its checkpoint and its scores into a folder of its own in the job's folder, which
every node has to see.  A trial whose process dies is started anew by Tune, a contest whose driver
died by the job: both go on from these files, and the end is the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tinynas.contest import Contest, Standing, Tally, scores_in
from tinynas.errors import CancelledError, TinynasError
from tinynas.progress import Reporter
from worker.cluster import Cluster
from worker.line import Line, Speaker
from worker.training import RESTARTS


def compete_on_ray(
    cluster: Cluster, contest: Contest, places: int, folder: Path, reporter: Reporter
) -> list[Standing]:
    """How the contest ended; at most `places` train at a time.

    Raises:
        CancelledError: the reporter said so; checkpoints hold the last steps.
        TinynasError: a contestant failed, or its process ended again and again.
    """
    ray = cluster.ray()
    gpus = cluster.await_room(1, reporter)
    from ray import tune

    from worker.ladder import Ladder

    folder = folder.resolve()
    state = folder / "ray-tune"
    shutil.rmtree(state, ignore_errors=True)  # of an earlier process: what counts is ours
    line: Line[Any] = Line(ray)
    trial = tune.with_parameters(
        _trial, contest=contest, folder=folder, exchange=line.exchange, step=reporter.step
    )
    tuner = tune.Tuner(
        tune.with_resources(trial, {"CPU": 1, "GPU": 1} if gpus else {"CPU": 1}),
        param_space={"number": tune.grid_search(list(range(len(contest.contestants))))},
        tune_config=tune.TuneConfig(scheduler=Ladder(contest), max_concurrent_trials=places),
        run_config=tune.RunConfig(
            name=state.name,
            storage_path=str(folder),
            failure_config=tune.FailureConfig(max_failures=RESTARTS),
            verbose=0,
        ),
    )
    tally = Tally(contest, reporter)
    results = line.follow(tuner.fit, tally.reporter)
    if results.errors:
        last = str(results.errors[0]).strip().splitlines()[-1]
        raise TinynasError(
            f"a trial ended {RESTARTS + 1} times: {last}",
            remedy="give the workers more memory, then resume the job",
        )
    shutil.rmtree(state, ignore_errors=True)
    scores = {n: scores_in(folder, n) for n in range(len(contest.contestants))}
    tally.settle(standings := contest.judge(scores))
    return standings


def _trial(
    config: dict[str, Any], *, contest: Contest, folder: Path, exchange: Any, step: str
) -> None:
    """A contestant's way from rung to rung, until it is at the end or Tune stops it."""
    import ray
    from ray import tune

    if ray.get(exchange.error.remote()) is not None:
        return  # another one failed, or the job is to stop
    speaker, number = Speaker(exchange), config["number"]
    try:
        for rung in range(len(contest.rungs)):
            score = contest.advance(number, rung, folder, speaker.reporter(step))
            tune.report({"rung": rung, "score": score})
    except CancelledError as error:
        speaker.fail(error)
    except TinynasError as error:
        speaker.fail(error)
        raise
    finally:
        speaker.flush()
