"""Gunicorn's configuration of the load tester.

`gunicorn -c python:burgee.loadtester.gunicorn_conf 'burgee.loadtester.app:create_app()'`.
One worker: what runs, and gates that are kept in memory, are known to one process alone.
"""

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Any

from burgee.errors import InvalidSettings
from burgee.loadtester.app import EXTENSION
from burgee.loadtester.logs import logging_config
from burgee.loadtester.settings import Settings


def _read_settings() -> Settings:
    try:
        return Settings.from_environment(os.environ)
    except InvalidSettings as error:
        raise SystemExit(f"burgee loadtester: {error}") from None


_settings = _read_settings()
_memory = Path("/dev") / "shm"
_THREADS_FOR_GATES = 8

bind = _settings.bind
workers = 1
worker_class = "gthread"
# Every task that a caller waits for holds a thread, and one more where the caller comes again:
# gates are answered all the same.
threads = 2 * _settings.max_tasks + _THREADS_FOR_GATES

worker_tmp_dir = str(_memory) if _memory.is_dir() else None
keepalive = 75
graceful_timeout = 10
timeout = 60

control_socket_disable = True
accesslog = None
loglevel = _settings.log_level
logconfig_dict = logging_config(_settings.log_level)
proc_name = "burgee-loadtester"


def post_worker_init(worker: Any) -> None:
    """End commands as soon as the worker is told to stop: they may take an hour."""
    runner = worker.wsgi.extensions[EXTENSION]
    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        runner.stop()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, stop)


def worker_exit(_server: Any, worker: Any) -> None:
    """Whatever made the worker end, no command outlives it."""
    if worker.wsgi is not None:
        worker.wsgi.extensions[EXTENSION].close()
