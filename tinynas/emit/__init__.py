"""The C project of a network: kernels, generated code, test vectors, all in one folder."""

from tinynas.emit.bundle import Bundle, load_bundle
from tinynas.emit.generator import emit
from tinynas.emit.vectors import MIN_VECTORS, Vectors

__all__ = ["MIN_VECTORS", "Bundle", "Vectors", "emit", "load_bundle"]
