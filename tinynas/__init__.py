"""Finds, trains and compiles the most accurate network that fits a microcontroller.

    import tinynas as tn
    table = tn.subspace(sram="320KB", flash="1MB", space="mcunet")
    result = tn.search(data="photos/", device="stm32f746zg", sram="128KB", flash="512KB")
    bundle = result.write("out/")
    tn.validate(bundle, simulator="renode")

`subspace`, `search`, `compile` and `validate` are the functions of `tinynas.library`; two of them
share their name with the package that does the step, so the module answers with the function,
whatever has been imported (packages are imported from: `from tinynas.search import Candidate`).
They are looked up when they are first used: what needs no torch imports none.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Function:
    """A function of `tinynas.library` as an attribute that importing a package cannot replace."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, module: ModuleType, _: type | None = None) -> Any:
        return getattr(import_module("tinynas.library"), self._name)

    def __set__(self, module: ModuleType, value: object) -> None:
        """Importing a package of this name wants to set it; the function stays."""


class _Library(ModuleType):
    subspace = _Function("subspace")
    search = _Function("search")
    compile = _Function("compile_model")
    validate = _Function("validate")


sys.modules[__name__].__class__ = _Library
