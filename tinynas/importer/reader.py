"""Reading a `.tflite` model."""

from __future__ import annotations

from pathlib import Path

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.importer.model import FileModel
from tinynas.importer.passes import simplified
from tinynas.importer.translate import translate


def read_tflite(source: Path | bytes) -> Graph:
    """The int8 graph of a `.tflite` model, from a file or its bytes.

    LiteRT's reference kernels (`BUILTIN_REF`) on the model give the same bytes as
    `tinynas.graph.edges.run_model` on the graph.  QUANTIZE and DEQUANTIZE at the model's edges are
    in the graph's signature, not among its ops.

    Raises:
        InvalidInputError: there is no such file, it is damaged, or it holds something that cannot
            be compiled; everything of the kind is named (`problems` in the error's details).
    """
    model = FileModel(_bytes_of(source))
    return simplified(translate(model), spare_bytes=model.size)


def _bytes_of(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"model: cannot read {source}: {error.strerror}",
            field="model",
            given=str(source),
            allowed="a .tflite file",
        ) from error
