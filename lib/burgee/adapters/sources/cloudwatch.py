"""Amazon CloudWatch, by botocore: how a pod gets credentials there is its business.

The host that is asked is Amazon's of the region; an address in the template means nothing here.

Source: flagger pkg/metrics/providers/cloudwatch.go.
"""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
_MOST_REGIONS = 32
_BARE_SECONDS = 30.0
_NO_CREDENTIALS = "NoCredentialsError"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """A client, and the time.monotonic() at which it was made."""

    client: Any
    at: float = field(default_factory=time.monotonic)


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
        most_regions: int = _MOST_REGIONS,
        bare_seconds: float = _BARE_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Import nothing yet.

        Args:
            endpoint: in place of Amazon's.
            seconds: to connect, and again for the answer.
            most_regions: whose clients are kept; their names are a template's.
            bare_seconds: after which credentials are looked for again where there were none. To
                look may take a second, while all others wait.
            now: seconds since 1970.
        """
        self._endpoint = endpoint
        self._seconds = seconds
        self._most_regions = most_regions
        self._bare_seconds = bare_seconds
        self._now = now
        self._connector: Any = None
        self._clients: OrderedDict[str, _Made] = OrderedDict()
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
            return SourceError(message=self._why(check.source.region, error))

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
            return "" if _code(error) == 400 else self._why(source.region, error)
        return ""

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for made in self._clients.values():
                made.client.close()
            self._clients.clear()

    def _client(self, region: str) -> Any:
        with self._lock:
            if region not in self._clients:
                self._clients[region] = _Made(client=self._connect(region))
            self._clients.move_to_end(region)
            if len(self._clients) > self._most_regions:
                _, oldest = self._clients.popitem(last=False)
                oldest.client.close()
            return self._clients[region].client

    def _connect(self, region: str) -> Any:
        if self._connector is None:
            botocore = library("botocore_client", "cloudwatch")
            self._connector = botocore.Connector(endpoint=self._endpoint, seconds=self._seconds)
        return self._connector.connect(region)

    def _why(self, region: str, error: Exception) -> str:
        """What went wrong; a client that was made without credentials is made again some time."""
        if type(error).__name__ == _NO_CREDENTIALS:
            with self._lock:
                made = self._clients.get(region)
                if made is not None and time.monotonic() - made.at >= self._bare_seconds:
                    del self._clients[region]
        return _why(error)


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
