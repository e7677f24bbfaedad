"""Google Cloud Monitoring: MQL by its REST API.

A service account's key signs its own tokens, so that no address of the Secret is ever asked for
one; without a key the credentials of the place where burgee runs are used.

Source: flagger pkg/metrics/providers/stackdriver.go.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from burgee.adapters.sources.asking import (
    Inquiry,
    Provider,
    Question,
    Unusable,
    decoded,
    measured,
    member,
    members,
)
from burgee.adapters.sources.extras import library
from burgee.metrics.model import Measurement, NoData

ADDRESS = "https://monitoring.googleapis.com"

_LIBRARY = ("google_tokens", "stackdriver")
_SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)
_SECONDS = 4.0
_MOST_KEYS = 64


@dataclass(slots=True)
class _Held:
    """The credentials of one key; to get a token may take a while, for this key only."""

    credentials: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Tokens:
    """Bearer tokens by service account; for use by many threads at once."""

    def __init__(self, *, audience: str = f"{ADDRESS}/") -> None:
        """Import nothing yet; tokens are for one audience."""
        self._audience = audience
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def token(self, key: str) -> str:
        """A token that is good for now.

        Args:
            key: JSON of a service account; empty for the credentials of the place.

        Raises:
            Unusable: there is none.
        """
        held = self._known(key)
        with held.lock:
            if held.credentials is None:
                held.credentials = self._signing(key) if key else _of_the_place()
            if not held.credentials.valid:
                _refresh(held.credentials)
            token: bytes | str = held.credentials.token
        return token.decode() if isinstance(token, bytes) else token

    def _known(self, key: str) -> _Held:
        name = hashlib.sha256(key.encode()).hexdigest() if key else ""
        with self._lock:
            held = self._held.setdefault(name, _Held())
            self._held.move_to_end(name)
            if len(self._held) > _MOST_KEYS:
                self._held.popitem(last=False)
            return held

    def _signing(self, key: str) -> Any:
        google = library(*_LIBRARY)
        try:
            return google.signing(json.loads(key), self._audience)
        except Exception:
            # What the library says may quote the key.
            raise Unusable("serviceAccountKey is no key of a service account") from None


def _refresh(credentials: Any) -> None:
    google = library(*_LIBRARY)
    try:
        google.refresh(credentials, seconds=_SECONDS)
    except Exception as error:
        raise Unusable(f"Google gives no token ({type(error).__name__})") from None


def _of_the_place() -> Any:
    google = library(*_LIBRARY)
    try:
        return google.of_the_place(_SCOPES)
    except Exception as error:
        raise Unusable(
            f"there are no credentials for Google where burgee runs ({type(error).__name__})"
        ) from None


def provider(tokens: Tokens, *, address: str = ADDRESS) -> Provider:
    """The provider with these tokens, which go to one address whatever a template says."""

    def asked(inquiry: Inquiry, query: str) -> Question:
        (project,) = inquiry.required("project")
        token = tokens.token(inquiry.optional("serviceAccountKey"))
        return Question(
            url=f"{address}/v3/projects/{quote(project, safe='')}/timeSeries:query",
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
            },
            body=json.dumps({"query": query}).encode(),
        )

    return Provider(
        question=lambda inquiry: asked(inquiry, inquiry.query),
        read=_read,
        probe=lambda inquiry: asked(inquiry, ""),
        # An empty query is a bad one for who may ask at all.
        well=frozenset({200, 400}),
    )


def _read(body: bytes) -> Measurement:
    """The first value of the first point of the first series."""
    series = members(member(decoded(body), "timeSeriesData"))
    points = members(member(series[0], "pointData")) if series else []
    values = members(member(points[0], "values")) if points else []
    if not values:
        return NoData()
    double = member(values[0], "doubleValue")
    return measured(member(values[0], "int64Value") if double is None else double)
