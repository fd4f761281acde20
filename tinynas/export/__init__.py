"""A finished network in other people's file formats."""

from tinynas.export.onnx import write_onnx
from tinynas.export.tflite import tflite_bytes, write_tflite

__all__ = ["tflite_bytes", "write_onnx", "write_tflite"]
