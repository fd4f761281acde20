"""Supernets as files: weights in safetensors (which cannot run code), their card in its header."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from tinynas.data.places import cache_dir, data_dir
from tinynas.errors import InvalidInputError
from tinynas.spaces import SearchSpace, Subspace, find_space
from tinynas.supernet.supernet import Supernet

SUFFIX = ".safetensors"
_CARD = "tinynas"
_FOLDER = "supernets"
_REFERENCE = Path(__file__).parent.parent / "reference_supernets"
"""Those that come with the package; a card for people lies beside each."""


@dataclass(frozen=True)
class SupernetCard:
    """What a supernet is and how it came about.

    `space` is the name of its space, `definition` the text of one that does not come with the
    project.  `resolutions` are those that its networks choose from, where they do.  Accuracies are
    of the validation split, after recalibration.  `recipe` is the training plan in words that a
    person can repeat, `kernel_transform` as for `Supernet`.
    """

    space: str
    width: float
    resolution: int
    classes: tuple[str, ...]
    input_channels: int
    dataset: str
    train_images: int
    seed: int
    recipe: str = ""
    accuracies: dict[str, float] = field(default_factory=dict)
    resolutions: tuple[int, ...] = ()
    kernel_transform: bool = False
    definition: str = ""

    @property
    def search_space(self) -> SearchSpace:
        return find_space(self.space, self.definition)

    @property
    def subspace(self) -> Subspace:
        space = self.search_space.with_resolutions(self.resolutions)
        return Subspace(space, self.width, self.resolution)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "classes": list(self.classes),
            "resolutions": list(self.resolutions),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SupernetCard:
        several = {key: tuple(value.get(key, ())) for key in ("classes", "resolutions")}
        return cls(**{**value, **several})

    def supernet(self) -> Supernet:
        """An untrained one of this kind."""
        return Supernet(
            self.subspace,
            len(self.classes),
            self.input_channels,
            seed=self.seed,
            kernel_transform=self.kernel_transform,
        )


def save_supernet(
    supernet: Supernet, card: SupernetCard, path: Path, *, half: bool = False
) -> None:
    """Write weights and card, whole or not at all; `half` stores 16-bit floats."""
    kind = torch.float16 if half else torch.float32
    tensors = {
        name: value.detach().to(kind).contiguous() for name, value in supernet.state_dict().items()
    }
    data = save(tensors, metadata={_CARD: json.dumps(card.to_json())})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(data)
    partial.replace(path)


def load_supernet(name_or_path: str | Path) -> tuple[Supernet, SupernetCard]:
    """The supernet in a file, or of a name (see `find_supernet`), in 32-bit floats.

    Raises:
        InvalidInputError: no such supernet, or not a file that `save_supernet` wrote.
    """
    path = find_supernet(name_or_path)
    card = read_card(path)
    supernet = card.supernet()
    with safe_open(path, framework="pt") as file:
        state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    try:
        supernet.load_state_dict(state)
    except RuntimeError as error:
        raise _refused(path, f"its weights are not of its space: {error}") from error
    return supernet, card


def read_card(path: Path) -> SupernetCard:
    """The card in a supernet's file; the weights are not looked at."""
    try:
        with safe_open(path, framework="pt") as file:
            content = (file.metadata() or {})[_CARD]
        return SupernetCard.from_json(json.loads(content))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise _refused(path, f"not a supernet's file ({error})") from error


def find_supernet(name_or_path: str | Path) -> Path:
    """A path that is there, or the file of that name among `known_supernets`.

    Raises:
        InvalidInputError: no such supernet.
    """
    given = Path(name_or_path)
    if given.is_file():
        return given
    known = known_supernets()
    path = known.get(str(name_or_path).lower())
    if path is not None:
        return path
    raise InvalidInputError(
        f"no supernet is called {str(name_or_path)!r}, and it is no file; "
        f"known are {', '.join(known) or 'none'}",
        field="supernet",
        given=str(name_or_path),
        allowed=list(known),
    )


def known_supernets() -> dict[str, Path]:
    """Files by name: NAME.safetensors in the folder `supernets` of `TINYNAS_DATA_DIR`, else of the
    cache, else of those that come with the package."""
    places = [place / _FOLDER for place in (cache_dir(), data_dir()) if place is not None]
    files = [file for place in (_REFERENCE, *places) for file in place.glob(f"*{SUFFIX}")]
    return dict(sorted({file.stem.lower(): file for file in files}.items()))


def _refused(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"{path}: {why}", field="supernet", given=str(path), allowed="a supernet of tinynas"
    )
