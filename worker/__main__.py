"""`python -m worker`: a worker on the database and the storage that `TINYNAS_...` name."""

from __future__ import annotations

import argparse
import sys

from api.store import load_settings
from tinynas.errors import TinynasError
from worker.main import run_worker
from worker.settings import WorkerSettings


def main() -> int:
    """Work until a signal; exit code as the command line's."""
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    parser.add_argument("--with-parent", action="store_true", help="end when stdin is closed")
    options = parser.parse_args()
    try:
        run_worker(load_settings(WorkerSettings), with_parent=options.with_parent)
    except TinynasError as error:
        sys.stderr.write(f"error: {error.message}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
