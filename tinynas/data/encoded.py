"""Splits of JPEG files in one `.npz`: a data set in a single, quickly read file.

`<split>_jpeg` is one uint8 array of JPEG files end to end; image i is the bytes
`<split>_off[i]` to `<split>_off[i + 1]`, its label `<split>_y[i]`; `classes` names the labels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinynas.data.model import Split
from tinynas.data.pixels import BadImageError, decode
from tinynas.errors import TinynasError
from tinynas.progress import Reporter

_TELL_EVERY = 1000


def read_encoded(path: Path, reporter: Reporter) -> tuple[Split, Split, list[str]]:
    """(train, test, class names) of an archive in this format, RGB.

    Raises:
        TinynasError: the file is not of this format.
    """
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
        train, test = (_split(arrays, name, reporter) for name in ("train", "test"))
        return train, test, [str(name) for name in arrays["classes"]]
    except (KeyError, ValueError, OSError, BadImageError) as error:
        raise TinynasError(f"{path} cannot be read: {error}", path=str(path)) from error


def _split(arrays: dict[str, np.ndarray], name: str, reporter: Reporter) -> Split:
    files, offsets = arrays[f"{name}_jpeg"].tobytes(), arrays[f"{name}_off"]
    count = len(offsets) - 1
    pixels = []
    for i in range(count):
        pixels.append(decode(files[offsets[i] : offsets[i + 1]]))
        if (i + 1) % _TELL_EVERY == 0:
            reporter.progress(i + 1, count, "images")
    return Split(np.stack(pixels), arrays[f"{name}_y"].astype(np.int64))
