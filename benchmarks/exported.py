"""A search's `.tflite` in LiteRT against its C, byte for byte, over a whole test set.

    python -m benchmarks.exported OUT --dataset cifar10

OUT is the folder that `tinynas search --out OUT` wrote.  LiteRT runs its `model.tflite` by the
reference kernels (`BUILTIN_REF`), this computer the C of the bundle.  Prints one JSON object; exits
with 1 if a byte differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.litert import run_litert_model
from tinynas.build.host import build_host, run_host
from tinynas.emit import load_bundle
from tinynas.simulate.accuracy import labelled_rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--limit", type=int, help="images, evenly spread; all without it")
    arguments = parser.parse_args()
    result = compared(arguments.out, arguments.dataset, arguments.limit)
    print(json.dumps(result))
    return 1 if result["mismatched_bytes"] else 0


def compared(out: Path, dataset: str, limit: int | None) -> dict[str, object]:
    """Bytes that differ, and the accuracy of both."""
    bundle = load_bundle(out / "bundle")
    images = labelled_rows(bundle, dataset, limit)
    with tempfile.TemporaryDirectory() as folder:
        program = build_host(bundle, Path(folder))
        ours = run_host(
            program, images.inputs, bundle.graph.tensors[bundle.graph.outputs[0]].elements
        )
    (theirs,) = run_litert_model((out / "artifacts" / "model.tflite").read_bytes(), [images.inputs])
    theirs = theirs.reshape(len(theirs), -1)
    return {
        "dataset": images.dataset,
        "images": len(images.labels),
        "bytes": theirs.size,
        "mismatched_bytes": int((ours.view(np.int8) != theirs).sum()),
        "accuracy": {"c": images.accuracy(ours), "litert": images.accuracy(theirs)},
    }


if __name__ == "__main__":
    sys.exit(main())
