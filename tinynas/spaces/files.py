"""Reading search spaces from YAML, and refusing the wrong ones with the place that is wrong."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Activation
from tinynas.paths import service_root
from tinynas.spaces.model import BlockKind, FixedLayer, SearchSpace, Stage

_FIELDS = {
    "name",
    "description",
    "resolutions",
    "width_multipliers",
    "channel_divisor",
    "activation",
    "stem",
    "first_block",
    "stages",
}


def space_names() -> list[str]:
    """Names of the spaces that come with the project."""
    return sorted(path.stem for path in (service_root() / "search_spaces").glob("*.yaml"))


@cache
def load_space(name: str) -> SearchSpace:
    """A space by its (case-insensitive) name, or from a path that ends in `.yaml`.

    Raises:
        InvalidInputError: no such space, or the file is wrong (names the field).
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
    return parse_space(path.read_text(), source=path.name)


def parse_space(text: str, *, source: str) -> SearchSpace:
    """A space from YAML text; `source` names it in messages."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{source}: not YAML: {error}", field="space") from error
    if not isinstance(raw, dict) or not _FIELDS <= set(raw) <= _FIELDS | {"block"}:
        given = sorted(raw) if isinstance(raw, dict) else type(raw).__name__
        raise _wrong(source, "space", given, f"a mapping with {sorted(_FIELDS)}, optionally block")
    block = raw.get("block", BlockKind.MBCONV)
    if block not in list(BlockKind):
        raise _wrong(source, "block", block, [kind.value for kind in BlockKind])
    # ReLU in place of ReLU6 is half of what makes a block friendly.
    allowed = list(Activation) if block == BlockKind.MBCONV else [Activation.RELU]
    if raw["activation"] not in allowed:
        raise _wrong(source, "activation", raw["activation"], [a.value for a in allowed])
    stages = raw["stages"]
    if not isinstance(stages, list) or not stages:
        raise _wrong(source, "stages", stages, "a list of one stage or more")
    return SearchSpace(
        name=str(raw["name"]),
        description=str(raw["description"]),
        resolutions=_integers(raw, "resolutions", source),
        width_multipliers=_numbers(raw, "width_multipliers", source),
        channel_divisor=_integers(
            {"channel_divisor": [raw["channel_divisor"]]}, "channel_divisor", source
        )[0],
        activation=Activation(raw["activation"]),
        stem=_fixed(raw["stem"], "stem", source),
        first_block=_fixed(raw["first_block"], "first_block", source),
        stages=tuple(_stage(s, f"stages[{i}]", source) for i, s in enumerate(stages)),
        block=BlockKind(block),
    )


def _fixed(raw: Any, where: str, source: str) -> FixedLayer:
    wanted = {"channels", "kernel", "stride"}
    if not isinstance(raw, dict) or set(raw) != wanted:
        raise _wrong(source, where, raw, f"a mapping with {sorted(wanted)}")
    values = {k: _integers({k: [v]}, k, f"{source}: {where}")[0] for k, v in raw.items()}
    return FixedLayer(**values)


def _stage(raw: Any, where: str, source: str) -> Stage:
    required = {"channels", "stride", "depths", "kernels", "expansions"}
    if not isinstance(raw, dict) or not required <= set(raw) <= required | {"widths"}:
        raise _wrong(source, where, raw, f"a mapping with {sorted(required)}, optionally widths")
    place = f"{source}: {where}"
    kernels = _integers(raw, "kernels", place)
    if any(k % 2 == 0 for k in kernels):
        raise _wrong(source, f"{where}.kernels", kernels, "odd kernel sizes")
    return Stage(
        channels=_integers({"channels": [raw["channels"]]}, "channels", place)[0],
        stride=_integers({"stride": [raw["stride"]]}, "stride", place)[0],
        depths=_integers(raw, "depths", place),
        kernels=kernels,
        expansions=_integers(raw, "expansions", place),
        widths=_numbers(raw, "widths", place) if "widths" in raw else (1.0,),
    )


def _integers(raw: dict[str, Any], key: str, source: str) -> tuple[int, ...]:
    values = _numbers(raw, key, source)
    if any(v != int(v) for v in values):
        raise _wrong(source, key, raw[key], "whole numbers above 0")
    return tuple(int(v) for v in values)


def _numbers(raw: dict[str, Any], key: str, source: str) -> tuple[float, ...]:
    values = raw[key]
    ok = (
        isinstance(values, list)
        and values
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) and v > 0 for v in values)
    )
    if not ok or len(set(values)) != len(values):
        raise _wrong(source, key, values, "a list of distinct numbers above 0")
    return tuple(values)


def _wrong(source: str, field: str, given: Any, allowed: Any) -> InvalidInputError:
    return InvalidInputError(
        f"{source}: {field} is {given!r}; allowed is {allowed}",
        field=field,
        given=given,
        allowed=allowed,
    )
