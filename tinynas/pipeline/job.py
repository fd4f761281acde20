"""What every step of a job knows: the request with its defaults settled, and the data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tinynas.build import preferred_compiler
from tinynas.data import Dataset, DatasetSummary, load_dataset, summarise
from tinynas.devices import Budget, Device
from tinynas.effort import PlannedEffort, plan_effort
from tinynas.errors import InvalidInputError
from tinynas.pipeline.steps import StepStore
from tinynas.pipeline.workplace import Workplace
from tinynas.progress import Reporter
from tinynas.request import UPSAMPLING_LIMIT, JobRequest
from tinynas.spaces import SearchSpace, load_space
from tinynas.supernet import SupernetCard, find_supernet, read_card


@dataclass(frozen=True)
class Job:
    """One request at work in `folder`.

    `data` is where its data set lies, if not where its name says; `studies` the URL of the data
    base that its search is kept in, if not in a file of the search's step (jobs that share one
    are told apart by their folders' names); `supernet` the file of the request's, if not where its
    name says.
    """

    request: JobRequest
    folder: Path
    reporter: Reporter
    place: Workplace
    data: Path | None = None
    studies: str | None = None
    supernet: Path | None = None

    @cached_property
    def dataset(self) -> Dataset:
        return load_dataset(
            self.data or self.request.dataset,
            skip_bad_files=self.request.skip_bad_files,
            seed=self.request.seed,
        )

    @cached_property
    def summary(self) -> DatasetSummary:
        return summarise(self.dataset)

    @cached_property
    def steps(self) -> StepStore:
        return StepStore(self.folder, self.reporter)

    @cached_property
    def device(self) -> Device:
        return self.request.target

    @cached_property
    def budget(self) -> Budget:
        """The request's, less what the firmware around the network needs of a whole region."""
        asked = self.request.budget
        return replace(asked, sram_bytes=min(asked.sram_bytes, self.device.usable_sram_bytes))

    @cached_property
    def compiler(self) -> str:
        """The one that will build here: predictions are for it."""
        return preferred_compiler()

    @cached_property
    def given(self) -> tuple[Path, SupernetCard] | None:
        """The supernet to start from, where one is given.

        Raises:
            InvalidInputError: there is none of that name, it knows other classes or images, is of
                another space than is asked for, or was trained on images that the job's seed keeps
                for validation or test.
        """
        if self.request.supernet is None:
            return None
        path = self.supernet or find_supernet(self.request.supernet)
        card = read_card(path)
        wanted = (self.dataset.classes, self.input_channels)
        if (card.classes, card.input_channels) != wanted:
            raise InvalidInputError(
                f"supernet {self.request.supernet} tells {len(card.classes)} classes "
                f"({', '.join(card.classes[:3])}, ...) in images of {card.input_channels} "
                f"channels, the data have {self.classes} ({', '.join(self.dataset.classes[:3])}, "
                f"...) in {self.input_channels}",
                field="supernet",
                given=self.request.supernet,
                allowed="a supernet of the same classes, in the same order, and channels",
            )
        asked = self.request.space
        if asked is not None and load_space(asked) != card.search_space:
            raise InvalidInputError(
                f"supernet {self.request.supernet} is of space {card.space}, asked for is {asked}",
                field="space",
                given=asked,
                allowed=f"{card.space}, or none",
            )
        if card.seed != self.request.seed:
            raise InvalidInputError(
                f"supernet {self.request.supernet} was trained on the images that seed {card.seed} "
                f"chose; seed {self.request.seed} would judge networks by some of them",
                field="seed",
                given=self.request.seed,
                allowed=card.seed,
            )
        return path, card

    @cached_property
    def space(self) -> SearchSpace:
        if self.given is not None:
            return self.given[1].search_space
        return self.request.space_for(self.dataset.native_resolution)

    @cached_property
    def resolutions(self) -> tuple[int, ...]:
        """Those that stage 1 chooses among (pixels): the request's or, of a supernet given, its.

        Raises:
            InvalidInputError: none of those asked for is the supernet's, or the space's.
        """
        if self.given is None:
            return self.request.resolutions_for(self.dataset.native_resolution)
        known, asked = self.given[1].subspace.resolutions, self.request.resolutions
        if asked is not None and not set(asked) <= set(known):
            raise InvalidInputError(
                f"resolutions: supernet {self.request.supernet} knows {_pixels(known)}, "
                f"asked for are {_pixels(asked)}",
                field="resolutions",
                given=list(asked),
                allowed=list(known),
            )
        return known if asked is None else asked

    @property
    def compared(self) -> tuple[int, ...]:
        """The resolutions of stage 1's table.  Beside those of a supernet that is given it has the
        others, so that it can be said which subspace would fit."""
        if self.given is None:
            return self.resolutions
        most = max(UPSAMPLING_LIMIT * self.dataset.native_resolution, *self.resolutions)
        others = {r for r in self.space.resolutions if r <= most}
        return tuple(sorted({*self.resolutions, *others}))

    @property
    def searches_resolutions(self) -> bool:
        """Whether those are a choice of every network, and not of stage 1 for all of them."""
        return self.given is not None or self.request.resolutions is not None

    @property
    def classes(self) -> int:
        return len(self.dataset.classes)

    @property
    def input_channels(self) -> int:
        return self.dataset.input_channels

    @cached_property
    def effort(self) -> PlannedEffort:
        return plan_effort(self.request.effort, len(self.dataset.train))

    def key(self, **inputs: Any) -> dict[str, Any]:
        """Inputs of a step, with what all steps depend on: data, space, seed."""
        shared = {
            "dataset": self.dataset.fingerprint,
            "space": repr(self.space),
            "seed": self.request.seed,
        }
        return shared | inputs

    def budget_key(self) -> dict[str, Any]:
        """The inputs by which a device and its budget decide a result."""
        return {
            "device": repr(self.device),
            "budget": asdict(self.budget),
            "compiler": self.compiler,
            "schedules": self.request.schedules,
            "input": self.request.input,
        }


def _pixels(resolutions: tuple[int, ...]) -> str:
    return f"{', '.join(map(str, resolutions))} pixels"
