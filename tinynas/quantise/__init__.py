"""From a trained float network to its int8 graph."""

from tinynas.quantise.accuracy import classify, int8_accuracy, int8_input, int8_outputs
from tinynas.quantise.bias import correct_bias
from tinynas.quantise.calibration import calibrate
from tinynas.quantise.choice import PostTraining, best_post_training, real_logits
from tinynas.quantise.equalisation import equalise
from tinynas.quantise.estimators import Estimator
from tinynas.quantise.network import Calibrated, FloatNetwork, Folded
from tinynas.quantise.noise import TensorNoise, noise_report, signal_to_noise
from tinynas.quantise.quantiser import post_training, quantise, quantise_network
from tinynas.quantise.ranges import Range
from tinynas.quantise.rules import INPUT_QUANTISATION
from tinynas.quantise.simulation import SimulatedGraph

__all__ = [
    "INPUT_QUANTISATION",
    "Calibrated",
    "Estimator",
    "FloatNetwork",
    "Folded",
    "PostTraining",
    "Range",
    "SimulatedGraph",
    "TensorNoise",
    "best_post_training",
    "calibrate",
    "classify",
    "correct_bias",
    "equalise",
    "int8_accuracy",
    "int8_input",
    "int8_outputs",
    "noise_report",
    "post_training",
    "quantise",
    "quantise_network",
    "real_logits",
    "signal_to_noise",
]
