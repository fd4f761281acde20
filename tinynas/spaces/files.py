"""Reading search spaces from YAML, and refusing the wrong ones with the place that is wrong."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Activation
from tinynas.paths import service_root
from tinynas.spaces.model import BlockKind, FixedLayer, SearchSpace, Stage
from tinynas.spaces.places import Place

_FIELDS = (
    "name",
    "description",
    "resolutions",
    "width_multipliers",
    "channel_divisor",
    "activation",
    "stem",
    "first_block",
    "stages",
)
# Larger ones are slips of the pen; they would make tables and networks that no part can hold.
_MOST_CHANNELS = 4096
_MOST_PIXELS = 1024
_MOST_KERNEL = 31
_MOST_STRIDE = 8
_MOST_DEPTH = 32
_MOST_EXPANSION = 32
_MOST_WIDTH = 8
_MOST_STAGES = 16


def space_names() -> list[str]:
    """Names of the spaces that come with the project."""
    return sorted(path.stem for path in (service_root() / "search_spaces").glob("*.yaml"))


@cache
def load_space(name: str) -> SearchSpace:
    """A space by its (case-insensitive) name, or from a path that ends in `.yaml`.

    Raises:
        InvalidInputError: no such space, or the file is wrong (names line and field).
    """
    path = service_root() / "search_spaces" / f"{name.lower()}.yaml"
    if name.lower() not in space_names():
        path = Path(name)
        if path.suffix != ".yaml" or not path.is_file():
            raise InvalidInputError(
                f"unknown search space {name!r}; known are {', '.join(space_names())}",
                field="space",
                given=name,
                allowed=space_names(),
            )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{path.name} cannot be read: {error}", field="space", given=name, allowed="a text file"
        ) from error
    return parse_space(text, source=path.name)


def parse_space(text: str, *, source: str) -> SearchSpace:
    """A space from YAML text; `source` names it in messages.

    Raises:
        InvalidInputError: it is no space; says line, field, what is there and what is allowed.
    """
    root = Place.of_text(text, source=source, path="space")
    members = root.members(_FIELDS, ("block",))
    kinds = [kind.value for kind in BlockKind]
    block = BlockKind(members["block"].one_of(kinds) if "block" in members else BlockKind.MBCONV)
    # ReLU in place of ReLU6 is half of what makes a block friendly.
    activations = list(Activation) if block == BlockKind.MBCONV else [Activation.RELU]
    stages = members["stages"].items()
    if len(stages) > _MOST_STAGES:
        raise members["stages"].wrong(f"at most {_MOST_STAGES} stages", len(stages))
    space = SearchSpace(
        name=members["name"].text(),
        description=members["description"].text(),
        resolutions=members["resolutions"].integers(_MOST_PIXELS),
        width_multipliers=members["width_multipliers"].numbers(_MOST_WIDTH),
        channel_divisor=members["channel_divisor"].integer(_MOST_CHANNELS),
        activation=Activation(members["activation"].one_of([a.value for a in activations])),
        stem=_fixed(members["stem"]),
        first_block=_fixed(members["first_block"]),
        stages=tuple(_stage(stage) for stage in stages),
        block=block,
    )
    for item in members["resolutions"].items():
        if item.value < space.reduction:
            raise item.wrong(
                f"at least {space.reduction} pixels, by which the strides reduce an image"
            )
    return space


def definition_of(space: SearchSpace) -> str:
    """What has to be kept beside a space's name to find it again anywhere (see `find_space`): its
    text (JSON, which is YAML), or nothing for one that comes with the project."""
    space = replace(space, searched_resolutions=())
    if space.name in space_names() and load_space(space.name) == space:
        return ""
    members = asdict(space)
    del members["searched_resolutions"]
    return json.dumps(members)


def find_space(name: str, definition: str) -> SearchSpace:
    """The space of `definition_of`.

    Raises: InvalidInputError: as `load_space` and `parse_space`.
    """
    return parse_space(definition, source=f"space {name}") if definition else load_space(name)


def _fixed(place: Place) -> FixedLayer:
    members = place.members(("channels", "kernel", "stride"))
    return FixedLayer(
        members["channels"].integer(_MOST_CHANNELS),
        _odd(members["kernel"]),
        members["stride"].integer(_MOST_STRIDE),
    )


def _stage(place: Place) -> Stage:
    members = place.members(("channels", "stride", "depths", "kernels", "expansions"), ("widths",))
    members["kernels"].integers(_MOST_KERNEL)
    return Stage(
        channels=members["channels"].integer(_MOST_CHANNELS),
        stride=members["stride"].integer(_MOST_STRIDE),
        depths=members["depths"].integers(_MOST_DEPTH),
        kernels=tuple(_odd(item) for item in members["kernels"].items()),
        expansions=members["expansions"].integers(_MOST_EXPANSION),
        widths=members["widths"].numbers(_MOST_WIDTH) if "widths" in members else (1.0,),
    )


def _odd(place: Place) -> int:
    kernel = place.integer(_MOST_KERNEL)
    if kernel % 2 == 0:
        raise place.wrong("an odd kernel size")
    return kernel
