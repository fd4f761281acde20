"""One job on real digits, run once for all that looks at what a job leaves behind."""

from __future__ import annotations

import pytest

from tinynas.pipeline import JobResult, run_pipeline
from tinynas.request import Effort, JobRequest


@pytest.fixture(scope="session")
def request_of_digits() -> JobRequest:
    """Little effort, and yet a network whose outputs tell images apart."""
    return JobRequest(
        "digits",
        device="stm32f411xe",
        sram_bytes=16 << 10,
        flash_bytes=96 << 10,
        effort=Effort(train_images=1024, evaluations=6, finetune_images=1024),
        simulator="unicorn",
    )


@pytest.fixture(scope="session")
def result(request_of_digits: JobRequest, tmp_path_factory: pytest.TempPathFactory) -> JobResult:
    """Nobody changes its folder; who needs to takes a copy."""
    return run_pipeline(request_of_digits, tmp_path_factory.mktemp("job"))
