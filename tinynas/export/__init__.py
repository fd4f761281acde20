"""A finished network in other people's file formats."""

from tinynas.export.tflite import tflite_bytes, write_tflite

__all__ = ["tflite_bytes", "write_tflite"]
