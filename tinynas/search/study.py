"""The search's memory: an Optuna study, kept round by round where it is to survive.

The study that samplers look at is in memory; finished rounds are copied into the stored one.  That
is much faster than sampling from a data base, and what is stored always ends with a whole round.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial

Direction: TypeAlias = Literal["maximize", "minimize"]
ROUND, ROUNDS = "round", "rounds"
"""Attributes: the round in which a trial was asked, and how many whole rounds a study holds."""


class Study:
    """The trials of one search.

    Args:
        storage: a file (Optuna's journal), a data base URL, or None for memory alone.
            `optuna-dashboard` opens either.
        name: of the study within the storage; whatever decides the search has to be in it.
    """

    def __init__(self, storage: Path | str | None, name: str, directions: list[Direction]) -> None:
        self.memory = optuna.create_study(directions=directions, study_name=name)
        self.rounds = 0
        self._kept = 0
        self._stored: optuna.Study | None = None
        if storage is not None:
            self._stored = optuna.create_study(
                storage=_open(storage), study_name=name, directions=directions, load_if_exists=True
            )
            self._recall(self._stored)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All, in the order in which they were asked."""
        return self.memory.get_trials(deepcopy=False)

    def ask(self, parameters: dict[str, int] | None = None) -> Trial:
        """The sampler's next trial of this round, or one with these parameters."""
        if parameters is not None:
            self.memory.enqueue_trial(parameters)
        trial = self.memory.ask()
        trial.set_user_attr(ROUND, self.rounds)
        return trial

    def end_round(self) -> None:
        """Store what was told since the last; every trial has been."""
        self.rounds += 1
        if self._stored is not None:
            fresh = self.trials[self._kept :]
            self._stored.add_trials(fresh)
            self._stored.set_user_attr(ROUNDS, self.rounds)
            self._kept += len(fresh)

    def _recall(self, stored: optuna.Study) -> None:
        """Take up the stored trials, less those of a round that is not whole: it will be asked
        again, and gives the same, so it is not stored again either."""
        trials = stored.get_trials(deepcopy=False)
        self.rounds, self._kept = stored.user_attrs.get(ROUNDS, 0), len(trials)
        self.memory.add_trials(t for t in trials if t.user_attrs[ROUND] < self.rounds)


def _open(storage: Path | str) -> BaseStorage:
    if isinstance(storage, str) and "://" in storage:
        # A connection that broke since the last round is made anew.
        return RDBStorage(storage, engine_kwargs={"pool_pre_ping": True})
    path = Path(storage)
    path.parent.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(str(path)))
