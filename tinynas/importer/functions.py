"""Functions of one byte, and SOFTMAX."""

from __future__ import annotations

from tinynas.graph.ir import Activation, Attributes, HardSwish, Logistic, Relu, Softmax, Tanh
from tinynas.importer.place import Place


def relu(place: Place) -> None:
    _function(place, Relu(Activation.RELU))


def relu6(place: Place) -> None:
    _function(place, Relu(Activation.RELU6))


def logistic(place: Place) -> None:
    _function(place, Logistic())


def tanh(place: Place) -> None:
    _function(place, Tanh())


def hard_swish(place: Place) -> None:
    _function(place, HardSwish())


def softmax(place: Place) -> None:
    _function(place, Softmax(place.option("SoftmaxOptions", "beta")))


def _function(place: Place, attributes: Attributes) -> None:
    place.count_inputs(1)
    x = place.activation(0)
    place.emit(attributes, (x,), x.shape)
