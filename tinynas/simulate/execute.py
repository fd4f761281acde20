"""A bundle on a user's own inputs, here or on the simulated device."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.build.host import build_host, run_host
from tinynas.emit import Bundle, load_bundle
from tinynas.graph.edges import from_graph, signature_of, to_graph
from tinynas.graph.ir import Graph
from tinynas.graph.rows import pack_rows, row_bytes, unpack_rows
from tinynas.simulate.given import Given, model_inputs
from tinynas.simulate.measure import firmware_for
from tinynas.simulate.run import simulate


def run_bundle(
    bundle: Bundle | Path | str, inputs: Given, *, simulator: str | None = None
) -> NDArray[Any]:
    """The outputs [N, elements] of a bundle for inputs [N, ...], in the model's own types.

    Several outputs lie one after the other in each row; where their types differ, the row has the
    type that holds all of them exactly.  See `bundle_outputs` for the rest.
    """
    return flattened(bundle_outputs(bundle, inputs, simulator=simulator))


def flattened(outputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Outputs [N, ...] as one row [elements] an input."""
    flat = [y.reshape(len(y), int(np.prod(y.shape[1:]))) for y in outputs]
    return np.concatenate(flat, axis=1)


def bundle_outputs(
    bundle: Bundle | Path | str, inputs: Given, *, simulator: str | None = None
) -> list[NDArray[Any]]:
    """The outputs [N, ...] of a bundle in the model's own order, shapes and types.

    The generated C runs, compiled for this computer, or for the device on the simulator that is
    named; what the model has in float or uint8 at its edges is converted here.

    Args:
        inputs: see `tinynas.simulate.given.model_inputs`.

    Raises:
        InvalidInputError: no bundle, inputs of another type or size, an unknown simulator.
        MissingToolError, BuildError, SimulationError: see `validate`.
    """
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    graph = loaded.graph
    stored = pack_rows(graph, graph.inputs, to_graph(graph, model_inputs(graph, inputs)))
    size = row_bytes(graph, graph.outputs)
    if len(stored) == 0:
        rows = np.zeros((0, size), np.uint8)
    elif simulator is None:
        rows = _on_host(loaded, stored, size)
    else:
        firmware = firmware_for(loaded, simulator=simulator)
        rows = simulate(firmware, simulator=simulator, inputs=stored).outputs
    return from_graph(graph, dict(unpack_rows(graph, graph.outputs, rows)))


def output_names(graph: Graph) -> list[str]:
    """What the model calls its outputs; one that has an earlier one's name gets a number."""
    names: list[str] = []
    for edge in signature_of(graph).outputs:
        number = 1 + sum(n == edge.name or n.startswith(f"{edge.name}.") for n in names)
        names.append(edge.name if number == 1 else f"{edge.name}.{number}")
    return names


def _on_host(bundle: Bundle, rows: NDArray[Any], output_bytes: int) -> NDArray[np.uint8]:
    with tempfile.TemporaryDirectory() as folder:
        return run_host(build_host(bundle, Path(folder)), rows, output_bytes)
