"""Amazon CloudWatch, by botocore: how a pod gets credentials there is its business.

The host that is asked is Amazon's of the region; an address in the template means nothing here.

Source: flagger pkg/metrics/providers/cloudwatch.go.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from burgee.adapters.sources.asking import (
    Garbage,
    Unusable,
    measured,
    member,
    members,
    refusal,
)
from burgee.adapters.sources.extras import library
from burgee.metrics.model import Check, Measurement, NoData, Source, SourceError

_INTERVALS = 10
_MOST_POINTS = 20
_SECONDS = 4.0
_NAMES = (
    "AccountId Dimensions Expression Id Label Metric MetricName MetricStat Name Namespace Period "
    "ReturnData Stat Unit Value"
)
_BY_LOWER = {name.lower(): name for name in _NAMES.split()}


class CloudWatch:
    """One client for each region; for use by many threads at once."""

    def __init__(
        self,
        *,
        endpoint: str = "",
        seconds: float = _SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Import nothing yet.

        Args:
            endpoint: in place of Amazon's.
            seconds: to connect, and again for the answer.
            now: seconds since 1970.
        """
        self._endpoint = endpoint
        self._seconds = seconds
        self._now = now
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def measure(
        self, check: Check, secret: Mapping[str, str] | None, *, seconds: float
    ) -> Measurement:
        """The newest value of the first series. Never raises."""
        del secret, seconds
        try:
            queries = read_queries(check.query)
            end = self._now()
            answer = self._client(check.source.region).get_metric_data(
                MetricDataQueries=queries,
                StartTime=_moment(end - _INTERVALS * check.interval_seconds),
                EndTime=_moment(end),
                MaxDatapoints=_MOST_POINTS,
            )
            return _newest(answer)
        except Unusable as error:
            return SourceError(message=str(error))
        except Garbage:
            return SourceError(message="the metrics server's answer makes no sense")
        except Exception as error:
            return SourceError(message=_why(error))

    def problem(self, source: Source, secret: Mapping[str, str] | None, *, seconds: float) -> str:
        """Why an empty query is not answered, be it as a bad one; empty where it is.

        Never raises.
        """
        del secret, seconds
        try:
            self._client(source.region).get_metric_data(
                MetricDataQueries=[], StartTime=_moment(0), EndTime=_moment(0)
            )
        except Unusable as error:
            return str(error)
        except Exception as error:
            return "" if _code(error) == 400 else _why(error)
        return ""

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, region: str) -> Any:
        with self._lock:
            if region not in self._clients:
                self._clients[region] = self._connect(region)
            return self._clients[region]

    def _connect(self, region: str) -> Any:
        botocore = library("botocore_client", "cloudwatch")
        return botocore.connect(region, endpoint=self._endpoint, seconds=self._seconds)


def read_queries(text: str) -> list[object]:
    """The query, a JSON list of MetricDataQuery, with the names as Amazon writes them.

    Letters may be large or small, as for Flagger; what is unknown is left out.

    Raises:
        Unusable: it is none.
    """
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not found:
        raise Unusable("the query is no JSON list of MetricDataQueries")
    return cast("list[object]", _renamed(cast("object", found)))


def _renamed(value: object) -> object:
    if isinstance(value, list):
        return [_renamed(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {
            _BY_LOWER[name.lower()]: _renamed(item)
            for name, item in cast("dict[str, object]", value).items()
            if name.lower() in _BY_LOWER
        }
    return value


def _newest(answer: object) -> Measurement:
    results = member(answer, "MetricDataResults")
    if results is None:
        raise Garbage
    results = members(results)
    values = members(member(results[0], "Values")) if results else []
    return measured(values[0]) if values else NoData()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _code(error: Exception) -> int | None:
    """The HTTP code of an answer of Amazon's; None for any other failure."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return None
    found: object = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return found if isinstance(found, int) else None


def _why(error: Exception) -> str:
    """In our own words: botocore's repeat what it was told."""
    code = _code(error)
    kind = type(error).__name__
    if code is not None:
        word = 429 if "Throttl" in kind or "LimitExceeded" in kind else code
        return f"the metrics server {refusal(word)}"
    match kind:
        case "NoCredentialsError" | "PartialCredentialsError" | "CredentialRetrievalError":
            return "there are no credentials for Amazon where burgee runs"
        case "ParamValidationError":
            return "the query is no list of MetricDataQueries"
        case "InvalidRegionError":
            return "the region is none"
        case "ConnectTimeoutError" | "ReadTimeoutError":
            return "the metrics server was not reached: no answer in time"
        case "EndpointConnectionError" | "ConnectionClosedError" | "SSLError":
            return "the metrics server was not reached: no connection"
        case _:
            return f"the metrics server could not be asked ({kind})"
