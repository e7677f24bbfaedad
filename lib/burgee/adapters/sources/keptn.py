"""Keptn: metrics that its operator keeps in a status, and analyses that it makes on demand.

An analysis is an object that has to be made, waited for and deleted. Its name follows from what
is asked in which step of which release, so that whoever asks again meets the same object: a call
that is repeated after a time-out, and another replica.

Source: flagger pkg/metrics/providers/keptn.go.
"""

import contextlib
import hashlib
import time

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.sources.asking import Garbage, measured, member
from burgee.api.manifest import Manifest, metadata
from burgee.engine.effects import DeleteObject
from burgee.errors import ClusterError, Conflict, InvalidCanary, NotFound
from burgee.metrics.model import Check, Measurement, NoData, Sample, SourceError
from burgee.metrics.sources import ClusterMetric, cluster_metric

API_VERSION = "metrics.keptn.sh/v1beta1"
ANALYSIS = "Analysis"

_MOST_SECONDS = 10.0
_POLL_SECONDS = 0.5
_DELETE_SECONDS = 0.5
_NAME_CHARACTERS = 48


def measure(check: Check, kube: KubeClient, *, seconds: float) -> Measurement:
    """The value of a KeptnMetric, or 1 for an analysis that passed and 0 for any other.

    Never raises.
    """
    try:
        metric = cluster_metric(check.source, check.query)
        if metric is None:
            return NoData()
        if metric.recent:
            return _analysed(analysis_of(check, metric), kube, min(seconds, _MOST_SECONDS))
        found = kube.get(
            API_VERSION, "KeptnMetric", metric.namespace, metric.name, timeout_seconds=seconds
        )
        return measured(member(found.get("status") or {}, "value") or None)
    except (ClusterError, InvalidCanary) as error:
        return SourceError(message=str(error))
    except Garbage:
        return SourceError(message="Keptn's object holds no result")


def _analysed(analysis: Manifest, kube: KubeClient, seconds: float) -> Measurement:
    """Make it, look at it until it has a result, and delete it."""
    deadline = time.monotonic() + seconds - _DELETE_SECONDS
    seen: Manifest = {}
    try:
        while True:
            seen = _seen(analysis, kube, _left(deadline)) or seen
            status = seen.get("status") or {}
            if member(status, "state") == "Completed":
                # The operator leaves `pass` out where it is false.
                return Sample(value=1.0 if member(status, "pass") is True else 0.0)
            if time.monotonic() + _POLL_SECONDS >= deadline:
                return SourceError(message=f"the analysis of Keptn did not end in {seconds:.1f} s")
            time.sleep(_POLL_SECONDS)
    finally:
        _delete(seen, kube)


def _seen(analysis: Manifest, kube: KubeClient, seconds: float) -> Manifest | None:
    """The object as it is now, made where it is not there; None where somebody was quicker.

    Whoever asked the same question deletes it with the answer, so it may have to be made again.
    """
    about = metadata(analysis)
    try:
        return kube.get(
            API_VERSION,
            ANALYSIS,
            str(about["namespace"]),
            str(about["name"]),
            timeout_seconds=seconds,
        )
    except NotFound:
        with contextlib.suppress(Conflict):
            return kube.create(analysis, timeout_seconds=seconds)
        return None


def analysis_of(check: Check, metric: ClusterMetric) -> Manifest:
    """The object that has Keptn analyse."""
    digest = hashlib.sha256(f"{check.key}\n{check.query}".encode()).hexdigest()[:10]
    beginning = metric.name[:_NAME_CHARACTERS].rstrip(".-")
    spec: Manifest = {
        "analysisDefinition": {"name": metric.name},
        "timeframe": {"recent": metric.recent},
        "args": dict(metric.arguments),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": ANALYSIS,
        "metadata": {
            "name": f"{beginning}-{digest}",
            "namespace": metric.namespace,
            "labels": {"app.kubernetes.io/managed-by": "burgee"},
        },
        "spec": spec,
    }


def _delete(seen: Manifest, kube: KubeClient) -> None:
    """Whatever it said, it is not needed any more; somebody else may have deleted it."""
    about = metadata(seen) if seen else {}
    if not about.get("uid"):
        return
    with contextlib.suppress(ClusterError):
        kube.delete(
            DeleteObject(
                api_version=API_VERSION,
                kind=ANALYSIS,
                namespace=str(about.get("namespace")),
                name=str(about.get("name")),
                uid=str(about["uid"]),
            ),
            timeout_seconds=_DELETE_SECONDS,
        )


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.0)
