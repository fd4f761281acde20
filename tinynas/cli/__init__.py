"""The command line: a thin skin over the library, and the way to start the service."""

from tinynas.cli.main import main

__all__ = ["main"]
