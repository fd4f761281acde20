"""Networks of chosen layers, built and run on a simulated device: for the kernel benchmarks."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynas.build import Firmware, Toolchain, build_firmware, find_toolchain, firmware_files
from tinynas.cost.variants import runs
from tinynas.devices import Budget, Device, load_device
from tinynas.emit import MIN_VECTORS, emit
from tinynas.emit.vectors import Vectors
from tinynas.graph.ir import (
    Activation,
    Conv2D,
    DepthwiseConv2D,
    DType,
    Graph,
    Op,
    Quantisation,
    Tensor,
    Window,
    output_size,
    same_padding,
)
from tinynas.graph.reference import run
from tinynas.schedule import Schedule, plan_layer
from tinynas.schedule.kernels import BASE, Kernel, kernel_of
from tinynas.schedule.scratch import with_scratch
from tinynas.simulate import simulate

BUDGET = Budget(1 << 30, 1 << 30)
PREFIX = "net"


@dataclass(frozen=True)
class Layer:
    """A convolution with SAME padding; depthwise where `outputs` is 0.

    `general`: clamped within int8, so that every channel takes the general form.
    """

    kernel: int
    stride: int
    outputs: int
    relu: bool = True
    general: bool = False


def network_of_layers(size: int, channels: int, layers: Sequence[Layer], seed: int = 0) -> Graph:
    """`layers` one after the other on an input [size, size, channels], random weights.

    Scales are such that outputs spread over int8; ReLU layers have zero point -128.
    """
    rng = np.random.default_rng(seed)
    scale = 0.05
    tensors = {"x": _activation("x", (1, size, size, channels), scale, 3)}
    ops: list[Op] = []
    source, shape = "x", (size, size)
    for number, layer in enumerate(layers):
        name = f"y{number}"
        padding = same_padding(shape, (layer.kernel,) * 2, (layer.stride,) * 2)
        window = Window((layer.kernel,) * 2, (layer.stride,) * 2, padding)
        outputs = layer.outputs or channels
        dense = layer.outputs > 0
        taps = layer.kernel**2 * (channels if dense else 1)
        square = (layer.kernel, layer.kernel)
        weights = (outputs, *square, channels) if dense else (1, *square, channels)
        activation = Activation.RELU if layer.relu else Activation.NONE
        activation = Activation.RELU6 if layer.general else activation
        attributes = Conv2D(window, activation) if dense else DepthwiseConv2D(window, 1, activation)
        data = np.clip(np.rint(rng.normal(0, 45, weights)), -127, 127).astype(np.int8)
        bias = np.rint(rng.normal(0, 500 * np.sqrt(taps), outputs)).astype(np.int32)
        by_channel = tuple(float(np.float32(s)) for s in rng.uniform(0.002, 0.006, outputs))
        spread = 45 * 60 * np.sqrt(taps) * 0.004 * scale / 40
        spread = max(spread, 0.04) if layer.general else spread
        out_zero_point = -128 if layer.relu else -4
        shape = output_size(shape, window)
        tensors[f"{name}.weight"] = Tensor(
            f"{name}.weight",
            weights,
            quantisation=Quantisation(by_channel, axis=0 if dense else 3),
            constant=True,
            data=data,
        )
        tensors[f"{name}.bias"] = Tensor(
            f"{name}.bias", (outputs,), DType.INT32, constant=True, data=bias
        )
        tensors[name] = _activation(name, (1, *shape, outputs), spread, out_zero_point)
        ops.append(Op(name, attributes, (source, f"{name}.weight", f"{name}.bias"), (name,)))
        source, channels, scale = name, outputs, float(np.float32(spread))
    return Graph("layers", tensors, tuple(ops), ("x",), (source,))


def _activation(name: str, shape: tuple[int, ...], scale: float, zero_point: int) -> Tensor:
    return Tensor(name, shape, quantisation=Quantisation((float(np.float32(scale)),), zero_point))


def forced(graph: Graph, schedule: Schedule, kernels: set[Kernel]) -> Schedule:
    """`schedule` with every op that some of these variants can run, run by the last of them."""
    variants = {
        op.name: kernel.value
        for op in graph.ops
        for kernel in sorted(kernels)
        if BASE.get(kernel) is kernel_of(graph, op) and runs(graph, schedule, op, kernel)
    }
    return with_scratch(graph, replace(schedule, variants=tuple(variants.items())))


def with_random_variants(graph: Graph, schedule: Schedule, rng: np.random.Generator) -> Schedule:
    """`schedule` with any of the kernels that can run an op for every op."""
    variants = []
    for op in graph.ops:
        base = kernel_of(graph, op)
        fast = [k for k, of in BASE.items() if of is base and runs(graph, schedule, op, k)]
        kernel = [base, *fast][int(rng.integers(len(fast) + 1))]
        if kernel is not base:
            variants.append((op.name, kernel.value))
    return with_scratch(graph, replace(schedule, variants=tuple(variants)))


@dataclass(frozen=True)
class Ran:
    """A network that was built and run once: instructions by op, bytes, wrong output bytes."""

    instructions: int
    by_op: dict[int, int]
    mismatches: int
    stack_bytes: int
    firmware_constants: int
    firmware_code: int


def run_network(
    graph: Graph,
    schedule: Schedule | None = None,
    *,
    device: Device | None = None,
    toolchain: Toolchain | None = None,
    seed: int = 0,
) -> Ran:
    """One random input through the network's firmware in Unicorn, every output byte compared."""
    target = device or load_device("stm32f746xg")
    with tempfile.TemporaryDirectory() as folder:
        firmware, x, y = firmware_of(
            graph,
            schedule or plan_layer(graph),
            target,
            toolchain or find_toolchain(),
            Path(folder),
            seed,
        )
        return _simulated(firmware, x, y)


def firmware_of(
    graph: Graph,
    schedule: Schedule,
    device: Device,
    toolchain: Toolchain,
    folder: Path,
    seed: int = 0,
) -> tuple[Firmware, NDArray[np.int8], NDArray[np.int8]]:
    """A network's firmware, built in `folder`; a random input, and its output in the reference."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-128, 128, (1, *graph.tensors[graph.inputs[0]].shape[1:]), dtype=np.int8)
    y = run(graph, {graph.inputs[0]: x})[graph.outputs[0]].astype(np.int8)
    vectors = Vectors(np.repeat(x, MIN_VECTORS, axis=0), np.repeat(y, MIN_VECTORS, axis=0))
    # Vectors that do not fit into flash come through the simulator: one is enough here.
    harness = firmware_files(
        device, name=PREFIX, vector_bytes=1 << 30, library_flash_bytes=graph.constant_bytes
    )
    bundle = emit(
        graph,
        schedule,
        device,
        folder / "bundle",
        vectors=vectors,
        budget=BUDGET,
        name=PREFIX,
        extra_files={f"firmware/{name}": text for name, text in harness.items()},
    )
    firmware = build_firmware(bundle.path, device, toolchain, folder / "build")
    return firmware, x, y


def _simulated(firmware: Firmware, x: np.ndarray, y: np.ndarray) -> Ran:
    result = simulate(firmware, simulator="unicorn", inputs=x)
    wrong = result.outputs.reshape(-1) != y.reshape(-1).view(np.uint8)
    return Ran(
        result.instructions,
        dict(result.layers or {}),
        int(wrong.sum()),
        result.stack_bytes,
        firmware.constant_bytes,
        firmware.code_bytes,
    )
