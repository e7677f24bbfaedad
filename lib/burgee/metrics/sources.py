"""What a MetricTemplate has to say for its type, and how queries name objects of a cluster.

Source: flagger pkg/metrics/providers/factory.go and the providers beside it.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote

from burgee.api.model import duration_seconds
from burgee.errors import InvalidCanary
from burgee.metrics.model import Headers, Source

PROMETHEUS = "prometheus"

_KEPTN_METRICS = frozenset({"keptnmetric", "keptnmetrics"})
_KEPTN_ANALYSES = frozenset({"analysis", "analyses"})
_RECENT = "1m"

# They belong to the connection, not to what is asked. Go's client, and so Flagger, leaves the
# first four out; each of them lets a template decide where on a connection, which others use
# too, a request ends and whose it is.
_OF_THE_CONNECTION = frozenset(
    {
        "content-length",
        "host",
        "trailer",
        "transfer-encoding",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "upgrade",
    }
)
_HEADER_NAME = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Needs:
    """What a type cannot be asked without.

    Attributes:
        interval: its queries are about a span that the metric's interval decides.
    """

    address: bool = False
    secret: bool = False
    region: bool = False
    interval: bool = False


_TYPES = {
    PROMETHEUS: _Needs(address=True),
    "cloudwatch": _Needs(region=True, interval=True),
    "datadog": _Needs(secret=True, interval=True),
    "dynatrace": _Needs(address=True, secret=True, interval=True),
    "externalmetrics": _Needs(),
    "graphite": _Needs(address=True),
    "influxdb": _Needs(address=True),
    "keptn": _Needs(),
    "newrelic": _Needs(secret=True, interval=True),
    "splunk": _Needs(address=True, secret=True, interval=True),
    "stackdriver": _Needs(secret=True),
}

TYPES = frozenset(_TYPES)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterMetric:
    """A metric that the API server of a cluster serves.

    Attributes:
        namespace: where it is.
        name: of it, or of the definition of an analysis.
        label_selector: of an external metric.
        recent: the span that an analysis is about; empty for what is only read.
        arguments: of an analysis.
    """

    namespace: str
    name: str
    label_selector: str = ""
    recent: str = ""
    arguments: tuple[tuple[str, str], ...] = ()


def usable(source: Source) -> Source:
    """The source, if it says all that its type needs, with the headers that may be sent.

    Raises:
        InvalidCanary: it does not, or a header's name is none.
    """
    needs = _TYPES.get(source.type)
    if needs is None:
        raise InvalidCanary(
            "UnsupportedProvider", f"there are no metrics of type {source.type or '(none)'}"
        )
    if needs.address and not source.address:
        raise InvalidCanary("InvalidMetric", "the metrics server has no address")
    if needs.region and not source.region:
        raise InvalidCanary("InvalidMetric", f"{source.type} needs a region")
    if needs.secret and source.secret is None:
        raise InvalidCanary("InvalidMetric", f"{source.type} needs a secretRef")
    return replace(source, headers=_sent(source.headers)) if source.headers else source


def _sent(headers: Headers) -> Headers:
    """What of a template's headers is sent."""
    for name, _ in headers:
        if not _HEADER_NAME.fullmatch(name):
            raise InvalidCanary("InvalidMetric", "the name of a header is none")
    return tuple(pair for pair in headers if pair[0].lower() not in _OF_THE_CONNECTION)


def window_seconds(source: Source, interval: str, otherwise: float) -> float:
    """The metric's interval, for the types whose queries are about a span of their own.

    Raises:
        InvalidCanary: the interval is no duration.
    """
    if not _TYPES[source.type].interval:
        return otherwise
    seconds = duration_seconds(interval)
    if seconds is None or seconds <= 0:
        raise InvalidCanary("InvalidMetric", "the interval of the metric is no duration")
    return seconds


def cluster_metric(source: Source, query: str) -> ClusterMetric | None:
    """The metric that a query names; None for types whose queries name none.

    Raises:
        InvalidCanary: the query cannot be read.
    """
    match source.type:
        case "externalmetrics":
            return _external(query.strip())
        case "keptn":
            return _keptn(query.strip())
        case _:
            return None


def _external(query: str) -> ClusterMetric:
    """[<namespace>/]<metric>[?labelSelector=<encoded>]."""
    path, _, given = query.partition("?")
    parts = [unquote(part) for part in path.removeprefix("/").split("/")]
    if len(parts) > 2:
        raise InvalidCanary("InvalidMetric", "the query has more than one slash")
    namespace = parts[0] if len(parts) == 2 else "default"
    selectors = parse_qs(given).get("labelSelector", [""])
    return _named(namespace or "default", parts[-1], selectors[0])


def _keptn(query: str) -> ClusterMetric:
    """keptnmetric/<namespace>/<name>, or analysis/<namespace>/<name>[/<span>[/<k>=<v>;...]].

    Names are in small letters, as Flagger makes them; arguments are as they were written. What
    stands behind the name of a metric means nothing, as in the example of Flagger's documentation.
    """
    kind, *rest = query.split("/", 4)
    match kind.lower(), rest:
        case kind, [namespace, name, *_] if kind in _KEPTN_METRICS:
            return _named(namespace.lower(), name.lower())
        case kind, [namespace, name, *terms] if kind in _KEPTN_ANALYSES:
            named = _named(namespace.lower(), name.lower())
            span, given = [*terms, "", ""][:2]
            return replace(named, recent=_span(span), arguments=_arguments(given))
        case _:
            raise InvalidCanary(
                "InvalidMetric",
                "the query is neither keptnmetric/<namespace>/<name> "
                "nor analysis/<namespace>/<name>",
            )


def _span(text: str) -> str:
    found = text.strip().lower().removeprefix("duration=") or _RECENT
    if not duration_seconds(found):
        raise InvalidCanary("InvalidMetric", "the span of the analysis is no duration")
    return found


def _arguments(text: str) -> tuple[tuple[str, str], ...]:
    """Those that are none are left out, as Flagger leaves them out."""
    pairs = (pair.partition("=") for pair in text.strip().split(";"))
    return tuple((key.strip(), value) for key, equals, value in pairs if equals and key.strip())


def _named(namespace: str, name: str, label_selector: str = "") -> ClusterMetric:
    for word in (namespace, name):
        if not word.strip(".") or not word.isprintable() or any(c in "/\\ ?#%" for c in word):
            raise InvalidCanary("InvalidMetric", "the query names no metric")
    return ClusterMetric(namespace=namespace, name=name, label_selector=label_selector)
