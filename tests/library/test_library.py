"""`import tinynas as tn`: its functions keep their names, and planning needs no torch."""

import subprocess
import sys
from pathlib import Path

import numpy as np

import tinynas as tn
from tinynas.export import write_tflite
from tinynas.graph.random import random_graph
from tinynas.search import Candidate
from tinynas.subspace import SubspaceTable


def test_importing_a_package_of_the_same_name_does_not_hide_the_function() -> None:
    table = tn.subspace(sram="32KB", flash="128KB", space="tiny", samples=50)
    assert isinstance(table, SubspaceTable)
    assert callable(tn.search)
    assert Candidate.__module__.startswith("tinynas.search")


def test_planning_imports_no_torch() -> None:
    code = (
        "import sys, tinynas, tinynas.request, tinynas.subspace, tinynas.client;"
        "assert 'torch' not in sys.modules and 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_tflite_becomes_a_bundle_that_runs_right(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    write_tflite(random_graph(np.random.default_rng(3)), model)
    bundle = tn.compile(model, device="stm32f405rg", out=tmp_path / "bundle")
    measured = tn.validate(bundle, simulator="unicorn").to_json()
    assert measured["mismatched_bytes"] == 0
    assert measured["vectors"] >= 16
