"""What is measured rather than tested: `python -m benchmarks.<name>`."""

from tinynas.paths import share_cores

share_cores()  # here, because it must come before torch is imported
