"""Models from elsewhere, read into the graph."""

from tinynas.importer.reader import read_tflite

__all__ = ["read_tflite"]
