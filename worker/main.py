"""A worker as a process: settings, signals, log."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from api.store.logs import configure_logging
from tinynas.paths import share_cores
from worker.child import PipelineLoader
from worker.pipeline import load_pipeline
from worker.settings import WorkerSettings
from worker.supervisor import Supervisor


def run_worker(
    settings: WorkerSettings, *, load: PipelineLoader = load_pipeline, with_parent: bool = False
) -> None:
    """Work until SIGTERM or Ctrl-C; call it in a process's main thread.

    with_parent: end when standard input does, too: it is held open by a parent that may be killed.
    """
    share_cores()
    # A parent's terminal shows the job itself; on its own, a worker says what it does.
    level = logging.WARNING if with_parent else logging.INFO
    configure_logging(settings.log_format, level)
    supervisor = Supervisor(settings, load)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop())
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=(supervisor,), daemon=True).start()
    supervisor.run()


def _stop_with_parent(supervisor: Supervisor) -> None:
    sys.stdin.buffer.read()
    supervisor.stop()
