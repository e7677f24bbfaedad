"""Retries in App Mesh's words, which are few: an API server refuses all others.

Source: flagger pkg/router/appmesh.go and appmesh_v1beta2.go; aws-app-mesh-controller-for-k8s,
HTTPRetryPolicy. Different on purpose: a connection error is written where App Mesh knows it.
"""

from dataclasses import dataclass
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.model import duration_seconds
from burgee.errors import InvalidCanary

_FIELD: Final = "spec.service.retries"
_MILLISECONDS = 250
_DEFAULT_EVENT = "gateway-error"
_HTTP_EVENTS: Final = ("client-error", "gateway-error", "server-error", "stream-error")
_TCP_EVENTS: Final = ("connection-error",)
_EVENTS: Final = (*_HTTP_EVENTS, *_TCP_EVENTS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """How a route tries again.

    Attributes:
        attempts: one or more.
        milliseconds: for one of them.
        events: what is tried again, as the fields of a retry policy.
    """

    attempts: int
    milliseconds: int
    events: Manifest


def retries_of(canary: Canary) -> Retries | None:
    """The retries of `spec.service`, None for none.

    Raises:
        InvalidCanary: App Mesh knows no such event, or the time limit is no duration.
    """
    given = canary.spec.service.retries
    if not given:
        return None
    text: str = given.get("perTryTimeout") or ""
    limit = milliseconds(text, f"{_FIELD}.perTryTimeout") if text else None
    return Retries(
        attempts=max(int(given.get("attempts") or 0), 1),
        milliseconds=limit or _MILLISECONDS,
        events=_events(given.get("retryOn") or _DEFAULT_EVENT),
    )


def milliseconds(text: str, field: str) -> int:
    """A duration in milliseconds.

    Raises:
        InvalidCanary: it is none.
    """
    seconds = duration_seconds(text)
    if seconds is None:
        raise InvalidCanary("InvalidTimeout", f"{field} {text} is no duration")
    return round(seconds * 1000)


def _events(text: str) -> Manifest:
    events = [event.strip() for event in text.split(",")]
    for event in events:
        if event not in _EVENTS:
            raise InvalidCanary(
                "InvalidRetries",
                f"{_FIELD}.retryOn {event} is not known to App Mesh; it has {', '.join(_EVENTS)}",
            )
    found = {
        "httpRetryEvents": [event for event in events if event in _HTTP_EVENTS],
        "tcpRetryEvents": [event for event in events if event in _TCP_EVENTS],
    }
    return {field: values for field, values in found.items() if values}
