"""From a trained float network to its int8 graph."""

from tinynas.quantise.accuracy import classify, int8_accuracy, int8_input
from tinynas.quantise.calibration import calibrate
from tinynas.quantise.estimators import Estimator
from tinynas.quantise.noise import signal_to_noise
from tinynas.quantise.quantiser import INPUT_QUANTISATION, quantise, quantise_network
from tinynas.quantise.ranges import Range

__all__ = [
    "INPUT_QUANTISATION",
    "Estimator",
    "Range",
    "calibrate",
    "classify",
    "int8_accuracy",
    "int8_input",
    "quantise",
    "quantise_network",
    "signal_to_noise",
]
