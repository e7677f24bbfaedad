"""Log lines: one JSON object each on stdout, ours and those of gunicorn and Flask alike.

Two things never appear in a line. Values under a key that may hold a secret are replaced,
however deep they are. And of an exception that is not burgee's own, only the class and the places
in the code are shown: its text may quote a manifest or a body.
"""

import contextlib
import json
import logging
import logging.config
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any

import structlog

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.errors import BurgeeError

REDACTED = "[redacted]"
_SECRET_KEYS = frozenset(
    {
        "authorization",
        "binarydata",
        "client-key-data",
        "data",
        "password",
        "secret",
        "stringdata",
        "token",
    }
)
_FRAMES = 12


class StdoutHandler(logging.Handler):
    """Writes to whatever stdout is at that moment.

    A line that cannot be formatted is named, not shown as the standard handlers would: what made
    it fail may be what must not appear.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            line = self.format(record)
        except Exception as error:
            line = json.dumps(
                {
                    "event": "a line could not be written",
                    "level": record.levelname.lower(),
                    "logger": record.name,
                    "exception": type(error).__name__,
                }
            )
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A processor that hides values under secret keys."""
    return {key: _hidden(key, value) for key, value in event.items()}


def show_exception(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor that replaces exc_info by class and places, and our own errors' text."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = _described(error)
        event["where"] = _places(error.__traceback__)
    return event


def name_canary(canary: Manifest) -> None:
    """Every further line of this call names the Canary."""
    structlog.contextvars.bind_contextvars(canary=f"{namespace_of(canary)}/{name_of(canary)}")


def logging_config(level: str) -> dict[str, Any]:
    """A dictConfig for this process; gunicorn takes the same one."""
    to_json = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(default=_class_of),
        ],
        "foreign_pre_chain": _chain(),
    }
    # Redirects, retries and the like of these are said by burgee itself where they matter; that
    # more connections were open than are kept is no news. What they say besides quotes addresses,
    # headers with credentials and bodies, so a level of debug is not for them.
    quiet = {name: {"level": "ERROR"} for name in ("botocore", "google", "urllib3")}
    quiet["werkzeug"] = {"level": "WARNING"}
    # A line for each of hundreds of calls a second that change nothing is for debugging only.
    access = "INFO" if level == "debug" else "WARNING"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": to_json},
        "handlers": {"stdout": {"class": "hooks.logs.StdoutHandler", "formatter": "json"}},
        "root": {"level": level.upper(), "handlers": ["stdout"]},
        "loggers": {
            **quiet,
            "gunicorn.error": {"level": level.upper(), "handlers": [], "propagate": True},
            "gunicorn.access": {"level": access, "handlers": [], "propagate": True},
        },
    }


def configure_logging(level: str) -> None:
    """Send every line of this process to stdout as JSON, from `level` on."""
    logging.config.dictConfig(logging_config(level))
    structlog.configure(
        processors=[
            *_chain(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a cached logger cannot be listened to
    )


def _chain() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        show_exception,
        redact,
    ]


def _hidden(key: object, value: Any) -> Any:
    if isinstance(key, str) and key.lower() in _SECRET_KEYS:
        return REDACTED
    if isinstance(value, Mapping):
        return {inner: _hidden(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(None, item) for item in value]
    return value


def _described(error: BaseException) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, BurgeeError) else name


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _class_of(value: object) -> str:
    """What JSON cannot say is named by its class: its repr may hold anything."""
    return f"<{type(value).__name__}>"
