"""Models that others published, which benchmarks compile: MLPerf Tiny's references in int8."""

from __future__ import annotations

from pathlib import Path

from tinynas.data.places import data_dir

KEYWORD_FILE = "mlperf_tiny_kws_dscnn_int8.tflite"
RESNET8_FILE = "mlperf_tiny_ic_resnet8_int8.tflite"


def model_file(name: str) -> Path:
    """A file of `TINYNAS_DATA_DIR/models`; where it is not there, the program ends and says so."""
    folder = data_dir()
    if folder is None or not (folder / "models" / name).is_file():
        raise SystemExit(
            f"{name} is not in the folder `models` of TINYNAS_DATA_DIR ({folder or 'not set'}); it "
            "is one of the reference models of github.com/mlcommons/tiny"
        )
    return folder / "models" / name
