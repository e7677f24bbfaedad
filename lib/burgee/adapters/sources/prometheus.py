"""Ask a Prometheus one instant query.

prometheus-api-client asks; what it would do by itself (no time-out, three retries with waits,
bodies in its errors) is switched off, and what it leaves open (what kind of result came) is
settled here.

Source: flagger pkg/metrics/providers/prometheus.go.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect
from requests import PreparedRequest, Response
from requests.adapters import Retry
from requests.auth import AuthBase
from requests.exceptions import JSONDecodeError

from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.bounded import DEFAULT_POLICY, BoundedSession, reason
from burgee.adapters.sources.asking import basic, refusal
from burgee.adapters.sources.turns import MOST_BYTES, in_turn
from burgee.metrics.model import Check, Measurement, NoData, Sample, Source, SourceError
from burgee.metrics.queries import one_line

MOST_SECONDS = 5.0
"""For one query, however much time a caller has."""

_MOST_CLIENTS = 64
_ONLINE_QUERY = "vector(1)"


class _Client(Protocol):
    """The part of PrometheusConnect that is used, with types."""

    def custom_query(self, query: str, *, timeout: float) -> object: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Key:
    """What two queries must share to share connections; the credentials stay out of any repr."""

    source: Source
    authorization: str = field(repr=False)


class _Refused(Exception):
    """The server answered, with a code that is an error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"HTTP {code}")
        self.code = code


class _NoCredentials(Exception):
    """The Secret does not hold what is needed."""


class _Authorization(AuthBase):
    """Sets one header; more than a plain header in that nothing in the URL overrides it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class Prometheus:
    """Prometheus servers, with their connections kept; for use by many threads at once."""

    def __init__(
        self, *, most_clients: int = _MOST_CLIENTS, policy: AddressPolicy = DEFAULT_POLICY
    ) -> None:
        """Open nothing yet; at most `most_clients` servers keep connections."""
        self._policy = policy
        self._most_clients = most_clients
        self._clients: OrderedDict[_Key, _Client] = OrderedDict()
        self._lock = threading.Lock()
        self._asking = threading.local()

    def measure(
        self, check: Check, secret: Mapping[str, str] | None, *, timeout_seconds: float
    ) -> Measurement:
        """Run the query of a check.

        Args:
            check: what to ask, and where.
            secret: the data of the source's Secret, decoded; None where it could not be found.
            timeout_seconds: for this query; never more than MOST_SECONDS are used.

        Returns:
            The number, that there is none, or why it could not be asked. Never raises.
        """
        return self._ask(check.source, secret, check.query, timeout_seconds)

    def problem(
        self, source: Source, secret: Mapping[str, str] | None, *, timeout_seconds: float
    ) -> str:
        """Why the server does not evaluate a query that needs no data; empty where it does."""
        found = self._ask(source, secret, _ONLINE_QUERY, timeout_seconds)
        if isinstance(found, SourceError):
            return found.message
        well = found == Sample(value=1.0)
        return "" if well else "the metrics server's answer is none of Prometheus"

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _ask(
        self, source: Source, secret: Mapping[str, str] | None, query: str, seconds: float
    ) -> Measurement:
        if seconds <= 0:
            return SourceError(message="no time was left to ask")
        try:
            client = self._client(_Key(source, _authorization(source, secret)))
            with ExitStack() as self._asking.turn:
                result = client.custom_query(one_line(query), timeout=min(seconds, MOST_SECONDS))
                return read_result(result)
        except _NoCredentials as error:
            return SourceError(message=str(error))
        except _Refused as error:
            return SourceError(message=f"the metrics server {refusal(error.code)}")
        except (PrometheusApiClientException, JSONDecodeError, KeyError, TypeError):
            return SourceError(message="the metrics server's answer is none of Prometheus")
        except Exception as error:
            return SourceError(message=f"the metrics server was not reached: {reason(error)}")

    def _answered(self, response: Response, **_: object) -> None:
        """Before the client of the library makes sense of an answer."""
        if response.status_code >= 300:
            raise _Refused(response.status_code)
        self._asking.turn.enter_context(in_turn(response.content))

    def _client(self, key: _Key) -> _Client:
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._clients[key] = _connect(key, self._policy, self._answered)
            self._clients.move_to_end(key)
            if len(self._clients) > self._most_clients:
                _, oldest = self._clients.popitem(last=False)
                oldest.close()
            return client


def _connect(key: _Key, policy: AddressPolicy, answered: Callable[..., None]) -> _Client:
    source = key.source
    session = BoundedSession(
        source.address,
        limit_bytes=MOST_BYTES,
        cut=False,
        verify=not source.insecure_skip_verify,
        policy=policy,
    )
    session.hooks["response"].append(answered)
    made: Any = PrometheusConnect(
        url=source.address.rstrip("/"),
        headers={name: ", ".join(values) for name, values in source.headers},
        auth=cast("Any", _Authorization(key.authorization) if key.authorization else None),
        session=session,
        retry=Retry(0),
    )
    return cast("_Client", made)


def _authorization(source: Source, secret: Mapping[str, str] | None) -> str:
    """The Authorization header: a bearer token, else both parts of basic authentication."""
    if source.secret is None:
        return ""
    name = "/".join(source.secret)
    if secret is None:
        raise _NoCredentials(f"Secret {name} was not found")
    if token := secret.get("token", "").strip():
        return f"Bearer {token}"
    missing = [key for key in ("username", "password") if key not in secret]
    if missing:
        raise _NoCredentials(f"Secret {name} has no token and no {' and no '.join(missing)}")
    return basic(secret["username"], secret["password"])


def read_result(result: object) -> Measurement:
    """The number in `data.result`: of several series the last one's, as Flagger takes it."""
    if not isinstance(result, list):
        return SourceError(message="the metrics server's answer is none of Prometheus")
    series = cast("list[object]", result)
    latest: str | None = None
    for one in series:
        if not isinstance(one, dict):
            return SourceError(message="the query yields a bare number or text, not a series")
        entry = cast("dict[str, object]", one)
        if "values" in entry:
            return SourceError(message="the query yields a range, which has multiple values")
        match entry.get("value"):
            case [_, str() as text]:
                latest = text
            case [_, _]:
                pass
            case _:
                return SourceError(message="the query yields no plain values")
    return NoData() if latest is None else _number(latest)


def _number(text: str) -> Measurement:
    try:
        value = float(text)
    except ValueError:
        return SourceError(message="the query yields something that is no number")
    return NoData() if math.isnan(value) else Sample(value=value)
