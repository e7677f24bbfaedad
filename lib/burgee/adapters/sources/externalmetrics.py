"""The external metrics API, of the cluster that burgee runs in or of an address.

An address that a user wrote never gets the token of burgee's own service account, which Flagger
would send there; a Secret has to hold one.

Source: flagger pkg/metrics/providers/externalmetrics.go.
"""

import re
from urllib.parse import quote

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.sources.asking import (
    Garbage,
    Inquiry,
    Provider,
    Question,
    decoded,
    member,
    members,
)
from burgee.errors import ClusterError, InvalidCanary
from burgee.metrics.model import Measurement, NoData, Sample, Source, SourceError
from burgee.metrics.sources import ClusterMetric, cluster_metric

_GROUP = "/apis/external.metrics.k8s.io/v1beta1"
_DUMMY = ClusterMetric(namespace="kube-system", name="dummy-metric")

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,3}))?"
)
_FACTORS = {
    "": 1.0,
    **{suffix: 1000.0**power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": 1024.0**power for power, suffix in enumerate("KMGTPE", start=1)},
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
}


def path_of(metric: ClusterMetric) -> str:
    """Where the API server serves it."""
    namespace, name = (quote(word, safe="") for word in (metric.namespace, metric.name))
    return f"{_GROUP}/namespaces/{namespace}/{name}"


def read_list(answer: object) -> Measurement:
    """The value of the first item."""
    items = members(member(answer, "items"))
    return Sample(value=quantity(member(items[0], "value"))) if items else NoData()


def quantity(value: object) -> float:
    """A Kubernetes quantity: 250m, 1500, 2Ki, 1e3."""
    found = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int) else None
    if found is None or isinstance(value, bool):
        raise Garbage
    number = float(f"{found['number']}e{found['exponent'] or 0}")
    return number * _FACTORS[found["suffix"] or ""]


def measure_in_cluster(
    source: Source, query: str, kube: KubeClient, *, seconds: float
) -> Measurement:
    """Ask the API server of burgee's own cluster. Never raises."""
    try:
        metric = _metric(source, query)
        return read_list(kube.read(path_of(metric), _selector(metric), timeout_seconds=seconds))
    except (ClusterError, InvalidCanary) as error:
        return SourceError(message=str(error))
    except Garbage:
        return SourceError(message="the API server's answer is no list of metrics")


def problem_in_cluster(kube: KubeClient, *, seconds: float) -> str:
    """Why the API server cannot list a metric that does not exist; empty where it can."""
    try:
        kube.read(path_of(_DUMMY), timeout_seconds=seconds)
    except ClusterError as error:
        return str(error)
    return ""


def _metric(source: Source, query: str) -> ClusterMetric:
    return cluster_metric(source, query) or _DUMMY


def _selector(metric: ClusterMetric) -> dict[str, str]:
    return {"labelSelector": metric.label_selector} if metric.label_selector else {}


def _asked(inquiry: Inquiry, metric: ClusterMetric) -> Question:
    token = inquiry.optional("token")
    return Question(
        url=f"{inquiry.address()}{path_of(metric)}",
        params=tuple(_selector(metric).items()),
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )


def _question(inquiry: Inquiry) -> Question:
    return _asked(inquiry, _metric(inquiry.source, inquiry.query))


def _read(body: bytes) -> Measurement:
    return read_list(decoded(body))


def _probe(inquiry: Inquiry) -> Question:
    return _asked(inquiry, _DUMMY)


PROVIDER = Provider(question=_question, read=_read, probe=_probe)
