"""Data sets by name or folder."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tinynas.data.cifar import load_cifar10, load_cifar100_people
from tinynas.data.digits import load_digits
from tinynas.data.imagenette import load_imagenette
from tinynas.data.model import Dataset
from tinynas.data.photos import load_folder
from tinynas.data.visual_wake_words import load_vww
from tinynas.errors import InvalidInputError
from tinynas.progress import Reporter


class _Source(Protocol):
    def __call__(self, *, seed: int, reporter: Reporter) -> Dataset: ...


_SOURCES: dict[str, _Source] = {
    "digits": lambda *, seed, reporter: load_digits(seed=seed),  # noqa: ARG005 - nothing to wait for
    "cifar10": load_cifar10,
    "cifar100-people": load_cifar100_people,
    "imagenette": load_imagenette,
    "vww": load_vww,
}
MAX_RESOLUTION = 224
"""Side, in pixels, beyond which nothing here looks at an image."""


def dataset_names() -> list[str]:
    """The data sets that have a name; any folder of class folders is one too."""
    return sorted(_SOURCES)


def load_dataset(
    name_or_dir: str | Path,
    *,
    skip_bad_files: bool = False,
    seed: int = 0,
    max_resolution: int = MAX_RESOLUTION,
    reporter: Reporter | None = None,
) -> Dataset:
    """A data set by its (case-insensitive) name, or a folder of class folders (`./digits` where a
    folder has a data set's name).

    Named sets are looked for in `TINYNAS_DATA_DIR`, then downloaded once into
    `TINYNAS_CACHE_DIR`.  `seed` decides the splits that the source leaves open.  `reporter` is
    told progress and skipped files.

    Raises:
        InvalidInputError: no such data set or folder, or its contents will not do.
        TinynasError: a download failed, or a file of a named set is damaged.
    """
    reporter = reporter or Reporter("data")
    load = _SOURCES.get(str(name_or_dir).lower())
    if load is not None:
        return load(seed=seed, reporter=reporter)
    path = Path(name_or_dir).expanduser()
    if not str(name_or_dir).strip() or not path.exists():
        known = dataset_names()
        raise InvalidInputError(
            f"no data set and no folder is called {str(name_or_dir)!r}; "
            f"known are {', '.join(known)}, and any folder of class folders",
            field="dataset",
            given=str(name_or_dir),
            allowed=known,
        )
    return load_folder(
        path,
        skip_bad_files=skip_bad_files,
        seed=seed,
        max_resolution=max_resolution,
        reporter=reporter,
    )
