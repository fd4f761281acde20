"""The graph executed in NumPy integers: what every other executor is held to, byte for byte."""

from tinynas.graph.reference.executor import run

__all__ = ["run"]
