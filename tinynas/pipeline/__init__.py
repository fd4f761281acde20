"""A job from the request to the report, step by step, resumable at each."""

from tinynas.pipeline.compiling import compile_tflite, compile_weights
from tinynas.pipeline.fleet import fleet_json, run_fleet
from tinynas.pipeline.run import JobResult, run_pipeline
from tinynas.pipeline.sweeping import Sweep, sweep
from tinynas.pipeline.workplace import Workplace

__all__ = [
    "JobResult",
    "Sweep",
    "Workplace",
    "compile_tflite",
    "compile_weights",
    "fleet_json",
    "run_fleet",
    "run_pipeline",
    "sweep",
]
