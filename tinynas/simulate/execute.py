"""A bundle on a user's own inputs, here or on the simulated device."""

from __future__ import annotations

import tempfile
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.build.host import build_host, run_host
from tinynas.emit import Bundle, load_bundle
from tinynas.errors import InvalidInputError
from tinynas.graph.edges import from_graph, signature_of, to_graph
from tinynas.graph.ir import Graph
from tinynas.simulate.measure import firmware_for
from tinynas.simulate.run import simulate


def run_bundle(
    bundle: Bundle | Path | str, inputs: NDArray[Any], *, simulator: str | None = None
) -> NDArray[Any]:
    """The outputs [N, elements] of a bundle for inputs [N, ...], in the model's own types.

    The inputs have the shape that the model takes, or are flat.  The generated C runs, compiled
    for this computer, or for the device on the simulator that is named; what the model has in
    float or uint8 at its edges is converted here.

    Raises:
        InvalidInputError: no bundle, inputs of another type or size, an unknown simulator.
        MissingToolError, BuildError, SimulationError: see `validate`.
    """
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    graph = loaded.graph
    stored = to_graph(graph, [_shaped(graph, inputs)])[graph.inputs[0]]
    output = graph.tensors[graph.outputs[0]]
    if len(stored) == 0:
        rows = np.zeros((0, output.bytes), np.uint8)
    elif simulator is None:
        rows = _on_host(loaded, stored, output.bytes)
    else:
        firmware = firmware_for(loaded, simulator=simulator)
        rows = simulate(firmware, simulator=simulator, inputs=stored).outputs
    shape = (len(stored), *output.shape[1:])
    results = from_graph(graph, {output.name: rows.view(output.dtype.value).reshape(shape)})
    flat = [r.reshape(len(stored), prod(r.shape[1:])) for r in results]
    return np.concatenate(flat, axis=1)


def _shaped(graph: Graph, inputs: NDArray[Any]) -> NDArray[Any]:
    """Flat inputs in the model's shape; others as they are."""
    tensor = graph.tensors[signature_of(graph).inputs[0].tensor]
    if inputs.ndim == 0:
        raise InvalidInputError(
            "inputs: a single number given, needed is an array [N, ...]", field="input", given=[]
        )
    if inputs.shape[1:] == (tensor.elements,):
        return inputs.reshape(len(inputs), *tensor.shape[1:])
    return inputs


def _on_host(bundle: Bundle, inputs: NDArray[Any], output_bytes: int) -> NDArray[np.uint8]:
    with tempfile.TemporaryDirectory() as folder:
        return run_host(build_host(bundle, Path(folder)), inputs, output_bytes)
