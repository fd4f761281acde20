"""Ray Tune's scheduler of a contest: told of every rung, it stops who has fallen behind.

The rule is `tinynas.contest`'s, ASHA by the contestants' numbers.  A trial that comes to a rung
before those it is judged by goes on meanwhile, and is stopped when they have come; what it did
beyond the rung does not count.  (Imports Ray: not before `Cluster.ray()`.)
"""

from __future__ import annotations

from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from tinynas.contest import Contest


class Ladder(FIFOScheduler):
    """Trials in the order of their numbers, `number` in their configuration."""

    def __init__(self, contest: Contest) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._contest = contest
        self._scores: dict[int, list[float]] = {}

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        number: int = trial.config["number"]
        known = self._scores.setdefault(number, [])
        if result["rung"] == len(known):  # a trial that starts anew says again what it found
            known.append(result["score"])
        stopped = [s.stopped for s in self._contest.judge(self._scores)]
        for other in tune_controller.get_trials():
            if other is not trial and stopped[other.config["number"]]:
                tune_controller.stop_trial(other)  # where it has not ended
        return str(TrialScheduler.STOP if stopped[number] else TrialScheduler.CONTINUE)
