"""The heavy proofs, one after the other: `python -m benchmarks` (or `make bench`).

Each is a module of its own with options of its own; name some to run only those, e.g.
`make bench ARGS=fuzz_litert`.  What takes hours on a processor is not among them:
`reference_supernets`, then `inherited` and `search_engines` on what that made, `recipes` on
CIFAR-10, and `accuracy_at_budget` on CIFAR-10 and Imagenette.
"""

from __future__ import annotations

import subprocess
import sys

PROOFS: dict[str, tuple[str, ...]] = {
    "dashboard": ("--candidates", "10000"),
    "fuzz_litert": ("--graphs", "2000", "--simulated", "200", "--seed", "0"),
    "mlperf_models": (),
    "memory_matrix": (),
    "code_sizes": ("--check",),
    "kernels": (),
    "networks": (),
    "published_latencies": (),
    "subspace_grid": (),
    "schedules": ("--run",),
    "batched_cost": (),
    "joint_schedules": (),
    "evaluation_rate": ("--dataset", "digits", "--subnets", "40"),
    "accuracy_at_budget": (
        *("--dataset", "digits", "--quick", "--budgets", "16KB:96KB"),
        *("--supernet-images", "20000", "--images", "20000"),
    ),
    "recipes": ("--quick",),
    "training_rate": (),
    "quantisation": ("--dataset", "digits", "--images", "20000", "--resolution", "16"),
    "ray_nodes": (),
    "load": (),
    "faults": (),
    "rest_fuzz": ("--requests", "5000", "--seed", "0"),
}


def main() -> int:
    """Run what is named, or all; exit code 1 if any failed."""
    names = sys.argv[1:] or list(PROOFS)
    unknown = [name for name in names if name not in PROOFS]
    if unknown:
        sys.stderr.write(f"unknown: {', '.join(unknown)}; known are {', '.join(PROOFS)}\n")
        return 2
    failed = []
    for name in names:
        command = [sys.executable, "-m", f"benchmarks.{name}", *PROOFS[name]]
        sys.stdout.write(f"== {' '.join(command[1:])}\n")
        sys.stdout.flush()
        if subprocess.run(command).returncode:
            failed.append(name)
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
