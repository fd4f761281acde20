"""What joint schedules change: the subspace that stage 1 chooses when more of them are allowed.

`python -m benchmarks.joint_schedules` prints, for 32, 64, 128 and 256 KB of SRAM and 1 MB of flash,
the chosen subspace of the MCUNet space and its mean MACs with layer by layer execution alone, with
patches, with streams (image held, and fed row by row) and with all of them, as this project's
generated code needs them; and of the redistributed space with all of them.  `--write` keeps the
table in `benchmarks/results/joint_schedules.md`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tinynas.devices import Budget, load_device
from tinynas.errors import InfeasibleBudgetError
from tinynas.spaces import load_space
from tinynas.subspace import choose_subspace

RESULT = Path(__file__).parent / "results" / "joint_schedules.md"
SRAM_KB, FLASH_KB = (32, 64, 128, 256), 1024
DEVICE = "stm32f746zg"
COLUMNS = (
    ("mcunet, layer", ("mcunet", "layer", False)),
    ("patch", ("mcunet", "patch", False)),
    ("stream, image held", ("mcunet", "stream", False)),
    ("stream, image fed", ("mcunet", "stream", True)),
    ("all, image held", ("mcunet", "all", False)),
    ("mcunetv2, all, image held", ("mcunetv2", "all", False)),
)


def main() -> int:
    """Print the table, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000, help="networks a subspace")
    parser.add_argument("--write", action="store_true", help=f"keep the result in {RESULT.name}")
    options = parser.parse_args()
    lines = [
        "# What joint schedules change",
        "",
        f"Width x resolution and mean MACs of the networks that fit, {FLASH_KB} KB of flash, 100",
        f"classes, {options.samples:,} networks a subspace, seed 0, code of {DEVICE}; made by",
        "`python -m benchmarks.joint_schedules --write`. In brackets: the share that fits.",
        "",
        "| SRAM | " + " | ".join(name for name, _ in COLUMNS) + " |",
        "| --- |" + " --- |" * len(COLUMNS),
    ]
    for sram in SRAM_KB:
        cells = [chosen(sram, *how, samples=options.samples) for _, how in COLUMNS]
        lines.append(f"| {sram} KB | " + " | ".join(cells) + " |")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)
    return 0


def chosen(sram_kb: int, space: str, schedules: str, fed: bool, *, samples: int) -> str:
    """One cell: the choice, or what the smallest network needs."""
    try:
        table = choose_subspace(
            load_space(space),
            Budget(sram_kb << 10, FLASH_KB << 10),
            classes=100,
            input_channels=3,
            device=load_device(DEVICE),
            samples=samples,
            schedules=schedules,
            fed=fed,
        )
    except InfeasibleBudgetError as error:
        return f"none ({error.required_bytes:,} B needed)"
    row = table.chosen_row
    subspace = row.subspace
    work = f"{row.mean_macs / 1e6:.1f} M ({row.fits:.0%})"
    return f"{subspace.width:g} x {subspace.resolution}: {work}"


if __name__ == "__main__":
    sys.exit(main())
