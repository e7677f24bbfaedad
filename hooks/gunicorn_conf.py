"""Gunicorn's configuration: `gunicorn -c hooks/gunicorn_conf.py 'hooks.app:create_app()'`.

One worker with threads: a sync waits for others most of the time, and the gauges of one process
are the whole truth of it. More throughput comes from replicas.
"""

import gc
import logging
import os
from pathlib import Path
from typing import Any

from burgee.errors import InvalidSettings
from hooks.logs import logging_config
from hooks.settings import Settings


def _read_settings() -> Settings:
    try:
        return Settings.from_environment(os.environ)
    except InvalidSettings as error:
        raise SystemExit(f"burgee: {error}") from None


_settings = _read_settings()
_memory = Path("/dev") / "shm"
_SPARE_SECONDS = 5

bind = _settings.bind
workers = 1
worker_class = "gthread"
threads = _settings.threads

# The worker's heartbeat is a file: in memory, where a slow or read-only disk cannot stop it.
worker_tmp_dir = str(_memory) if _memory.is_dir() else None

# Longer than the 90 seconds after which Metacontroller's client drops an idle connection: the
# one who closes must be the one who sends, or a call is lost now and then.
keepalive = 120
# A sync that runs when the server is told to stop still gets its budget.
graceful_timeout = int(_settings.budget_seconds) + _SPARE_SECONDS
timeout = max(30, 2 * int(_settings.budget_seconds) + _SPARE_SECONDS)

control_socket_disable = True
accesslog = None
loglevel = _settings.log_level
logconfig_dict = logging_config(_settings.log_level)
proc_name = "burgee"


def post_worker_init(worker: Any) -> None:
    """Make a worker that is about to serve cheaper.

    What was loaded lives as long as the worker: the garbage collector need not look at it again.
    And gunicorn gathers all that an access line could say before it asks whether anybody wants
    to read it.
    """
    gc.collect()
    gc.freeze()
    if not logging.getLogger("gunicorn.access").isEnabledFor(logging.INFO):
        worker.log.access = _no_access_line


def worker_exit(_server: Any, worker: Any) -> None:
    """Send the last traces while there still is a process that can give up on it."""
    extensions: dict[str, Any] = getattr(getattr(worker, "wsgi", None), "extensions", {})
    context = extensions.get("burgee")
    if context is not None and context.tracing is not None:
        context.tracing.close()


def _no_access_line(*_: object) -> None:
    """Write nothing."""
