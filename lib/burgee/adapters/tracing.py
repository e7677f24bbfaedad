"""Traces of calls, where the environment asks for them; the library itself is in `otel`.

The switch is OpenTelemetry's own: an endpoint, or OTEL_TRACES_EXPORTER=otlp. Without either nothing
of it is imported, and no call does anything for it.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol

from burgee.adapters.deeds import Deed, Ended
from burgee.errors import InvalidSettings

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER = "OTEL_TRACES_EXPORTER"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"


class Trace(Protocol):
    """One call. What is noted after its end belongs to it all the same."""

    def note(self, deed: Deed) -> None:
        """Show a deed; from any thread."""
        ...

    def end(self, ended: Ended) -> None:
        """The call is over; without this nothing of it is shown but its deeds."""
        ...


class Tracing(Protocol):
    """Where traces go."""

    def begin(self, hook: str) -> Trace:
        """A call begins."""
        ...

    def close(self) -> None:
        """Send what is left."""
        ...


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces.

    Raises:
        InvalidSettings: it asks for a way to send them that there is not.
    """
    exporter = environ.get(_EXPORTER, "").strip()
    given = any(environ.get(name) for name in _ENDPOINTS)
    off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if off or exporter == "none" or not (exporter or given):
        return False
    if exporter not in {"", "otlp"}:
        raise InvalidSettings(f"{_EXPORTER}: must be otlp or none")
    for name in _PROTOCOLS:
        protocol = environ.get(name, "").strip()
        if protocol:
            if protocol != _PROTOCOL:
                raise InvalidSettings(f"{name}: must be {_PROTOCOL}")
            break
    return True


def opened() -> Tracing:
    """Traces as the environment says.

    Raises:
        InvalidSettings: the library is not installed.
    """
    try:
        otel = import_module("burgee.adapters.otel")
    except ImportError:
        raise InvalidSettings(
            "traces need burgee[otel], which is not installed where burgee runs"
        ) from None
    tracing: Tracing = otel.OpenTelemetry()
    return tracing
