"""Compiled objects kept between builds: a kernel is the same in every network's bundle.

The key is everything that the compiler reads: its label, its flags, the source, and every header
that it reaches by quoted includes.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

_INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def compiled(
    cache: Path, settings: Iterable[str], sources: Iterable[Path], folders: tuple[Path, ...]
) -> Path:
    """Where the object of `sources` (the file and what is included by force) is, or belongs.

    settings: compiler and flags.  folders: where quoted includes are looked for.
    """
    digest = hashlib.sha256("\0".join(settings).encode())
    waiting, seen = list(sources), set[Path]()
    while waiting:
        path = waiting.pop(0).resolve()
        if path in seen:
            continue
        seen.add(path)
        text = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + text)
        for name in _INCLUDE.findall(text):
            places = (folder / name.decode() for folder in (path.parent, *folders))
            waiting += [place for place in places if place.is_file()][:1]
    return cache / f"{digest.hexdigest()}.o"


def take_or_make(kept: Path, target: Path, make: Callable[[], None]) -> None:
    """The object `kept` at `target`, made first where it is not there yet."""
    if not kept.is_file():
        make()
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f"{kept.name}.{target.stem}")
        shutil.copyfile(target, partial)
        partial.replace(kept)
        return
    shutil.copyfile(kept, target)
