"""Log lines: one JSON object each on stdout, ours and those of gunicorn alike."""

import contextlib
import logging
import logging.config
import sys
from typing import Any

import structlog


class StdoutHandler(logging.Handler):
    """Writes to whatever stdout is at that moment; never fails a call over a line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(f"{self.format(record)}\n")
            sys.stdout.flush()


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
    # A warning of urllib3 quotes the address and what a server sent in place of a header.
    quiet = {"urllib3": {"level": "ERROR"}, "werkzeug": {"level": "WARNING"}}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": to_json},
        "handlers": {
            "stdout": {"class": "burgee.loadtester.logs.StdoutHandler", "formatter": "json"}
        },
        "root": {"level": level.upper(), "handlers": ["stdout"]},
        "loggers": {
            **quiet,
            "gunicorn.error": {"level": level.upper(), "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


def configure_logging(level: str) -> None:
    """Send every line of this process to stdout as JSON, from `level` on."""
    logging.config.dictConfig(logging_config(level))
    structlog.configure(
        processors=[*_chain(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a cached logger cannot be listened to
    )


def _chain() -> list[Any]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]


def _class_of(value: object) -> str:
    return f"<{type(value).__name__}>"
