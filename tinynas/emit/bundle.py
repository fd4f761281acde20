"""The bundle as a folder: read back, and written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tinynas.emit.vectors import Vectors
from tinynas.errors import InvalidInputError
from tinynas.graph.files import load_graph
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule

FORMAT = "tinynas-bundle-1"
MANIFEST = "MANIFEST"
DESCRIPTION = "bundle.json"
GRAPH = "graph.npz"
VECTORS = "test/vectors.npz"


@dataclass(frozen=True)
class Bundle:
    """An emitted C project.  `description` is `bundle.json`."""

    path: Path
    description: dict[str, Any]

    @property
    def name(self) -> str:
        """The prefix of its C symbols."""
        return str(self.description["name"])

    @property
    def device(self) -> str:
        return str(self.description["device"])

    @property
    def arena_bytes(self) -> int:
        return int(self.description["arena_bytes"])

    @cached_property
    def graph(self) -> Graph:
        """The int8 network that the C computes."""
        return load_graph(self.path / GRAPH)

    @cached_property
    def schedule(self) -> Schedule:
        return Schedule.from_json(self.description["schedule"])

    @cached_property
    def vectors(self) -> Vectors:
        """The test vectors that the C project carries."""
        return Vectors.load(self.path / VECTORS)


def load_bundle(path: Path | str) -> Bundle:
    """The bundle in folder `path`.

    Raises:
        InvalidInputError: there is none, or not one of this format.
    """
    folder = Path(path)
    try:
        description = json.loads((folder / DESCRIPTION).read_text())
        known = description.get("format") == FORMAT
    except (OSError, ValueError, AttributeError):
        known = False
    if not known:
        raise InvalidInputError(
            f"{folder} is no bundle: it has no {DESCRIPTION} of format {FORMAT}",
            field="bundle",
            given=str(folder),
            allowed=f"a folder with a {DESCRIPTION}",
        )
    return Bundle(folder, description)


def write_folder(target: Path, files: Mapping[str, str | bytes]) -> None:
    """Write `files` (paths in the folder to contents) and their manifest as folder `target`.

    An older bundle there is replaced; nothing half-written is ever visible.

    Raises:
        InvalidInputError: `target` is something else than a bundle or an empty folder, or a path
            leads out of it.
    """
    _check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
        partial = Path(temporary) / "new"
        partial.mkdir()
        contents = {n: c.encode() if isinstance(c, str) else c for n, c in files.items()}
        contents[MANIFEST] = _manifest(contents).encode()
        for name, content in contents.items():
            path = partial / name
            if not path.resolve().is_relative_to(partial.resolve()):
                raise InvalidInputError(
                    f"file {name!r} would lie outside the bundle", field="extra_files", given=name
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if target.exists():
            target.rename(Path(temporary) / "old")
        partial.rename(target)


def read_files(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Those of a bundle's files that are there."""
    paths = {name: folder / name for name in names}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


def rewrite_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Put files into a bundle that is there, each whole or not at all, and into its manifest."""
    contents = {n: c.encode() if isinstance(c, str) else c for n, c in files.items()}
    listed = dict(_listed(folder))
    listed |= {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    contents[MANIFEST] = _lines(listed).encode()
    for name, content in contents.items():
        path = folder / name
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(content)
        partial.replace(path)


def _listed(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, digest) of a bundle's manifest."""
    for line in (folder / MANIFEST).read_text().splitlines():
        digest, name = line.split("  ", 1)
        yield name, digest


def _check_target(target: Path) -> None:
    usable = not target.exists() or (
        target.is_dir() and ((target / DESCRIPTION).is_file() or not any(target.iterdir()))
    )
    if not usable:
        raise InvalidInputError(
            f"{target} exists and is no bundle",
            field="out",
            given=str(target),
            allowed="a new or empty folder, or one with an older bundle",
        )


def _manifest(contents: Mapping[str, bytes]) -> str:
    return _lines({name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})


def _lines(digests: Mapping[str, str]) -> str:
    """One line a file as `sha256sum --check` reads it, in order of the paths."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
