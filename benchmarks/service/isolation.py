"""A network and processes of one's own: nothing listens outside, nothing is left behind."""

from __future__ import annotations

import os
import shutil
import sys

from tinynas.errors import TinynasError

_MARK = "TINYNAS_BENCHMARK_ISOLATED"
# The shell stays, to collect the processes whose parents are killed.
_ENTER = 'ip link set lo up && "$@"; exit $?'


def isolate(module: str) -> None:
    """Go on in namespaces of one's own (Linux), where there is no network but loopback.

    Every process that is started there ends with this one.  Returns in the new process; the old
    one is replaced.

    Raises:
        TinynasError: this machine does not let us.
    """
    if os.environ.get(_MARK):
        return
    if shutil.which("unshare") is None or os.geteuid() != 0:
        raise TinynasError("needs Linux, root (in a container, say) and util-linux's unshare")
    os.environ[_MARK] = "1"
    own = ["--net", "--pid", "--mount-proc", "--fork", "--kill-child"]
    command = [sys.executable, "-m", f"benchmarks.{module}", *sys.argv[1:]]
    sys.stdout.flush()
    os.execvp("unshare", ["unshare", *own, "sh", "-c", _ENTER, "sh", *command])
