"""A float network to an int8 graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import accumulator_bounds, scale_of
from tinynas.graph.ir import DepthwiseConv2D, Graph, Quantisation, Tensor
from tinynas.quantise.bias import correct_bias
from tinynas.quantise.calibration import calibrate
from tinynas.quantise.equalisation import equalise
from tinynas.quantise.estimators import Estimator
from tinynas.quantise.network import Calibrated, FloatNetwork
from tinynas.quantise.rules import (
    INPUT_QUANTISATION,
    Constants,
    activation_quantisation,
    quantise_constants,
)
from tinynas.quantise.ties import tie
from tinynas.spaces import skeleton


def quantise(
    network: FloatNetwork,
    images: NDArray[np.uint8],
    *,
    estimator: Estimator | str = Estimator.MINMAX,
    equalised: bool = False,
    corrected: bool = False,
    name: str = "network",
) -> Graph:
    """The int8 graph of a trained network by `post_training` and `quantise_network`."""
    settled = post_training(
        network, images, estimator=estimator, equalised=equalised, corrected=corrected
    )
    return quantise_network(settled, name=name)


def post_training(
    network: FloatNetwork,
    images: NDArray[np.uint8],
    *,
    estimator: Estimator | str = Estimator.MINMAX,
    equalised: bool = False,
    corrected: bool = False,
) -> Calibrated:
    """Weights and ranges for int8, settled on uint8 images [N, H, W, C] without training.

    Args:
        estimator: how the range of an activation tensor is chosen from its values.
        equalised: rescale channels first, see `equalise`.
        corrected: make up for the mean error of each layer in its bias, see `correct_bias`.

    Raises:
        InvalidInputError: the images are of another shape, or the network diverged.
    """
    source = equalise(network, images) if equalised else network
    ranges = calibrate(source, images, estimator=Estimator(estimator))
    settled = Calibrated(source.network, source.folded(), ranges)
    return correct_bias(settled, images) if corrected else settled


def quantise_network(calibrated: Calibrated, *, name: str = "network") -> Graph:
    """The int8 graph of weights and ranges that are settled.

    Tensor names are those of `tinynas.spaces.skeleton`.
    """
    graph = skeleton(calibrated.network, name=name)
    tensors = dict(graph.tensors)
    ranges = tie(graph, calibrated.ranges)
    for tensor in graph.tensors.values():
        if not tensor.constant:
            q = INPUT_QUANTISATION
            if tensor.name not in graph.inputs:
                q = activation_quantisation(ranges[tensor.name])
            tensors[tensor.name] = replace(tensor, quantisation=q)
    weighted = [op for op in graph.ops if op.outputs[0] in calibrated.weights]
    for op in weighted:
        axis = 3 if isinstance(op.attributes, DepthwiseConv2D) else 0
        in_scale = scale_of(tensors[op.inputs[0]])
        weight, bias = calibrated.weights[op.outputs[0]]
        constants = quantise_constants(weight, bias, in_scale, axis=axis)
        for tensor in _filled(tensors[op.inputs[1]], tensors[op.inputs[2]], constants):
            tensors[tensor.name] = tensor
    quantised = replace(graph, tensors=tensors)
    for op in weighted:
        accumulator_bounds(quantised, op)
    return quantised


def _filled(weight: Tensor, bias: Tensor, constants: Constants) -> tuple[Tensor, Tensor]:
    scales, bias_scales = constants.scales.tolist(), constants.bias_scales.tolist()
    return (
        replace(
            weight,
            quantisation=Quantisation(tuple(scales), axis=constants.axis),
            data=constants.weight,
        ),
        replace(bias, quantisation=Quantisation(tuple(bias_scales), axis=0), data=constants.bias),
    )
