"""Keptn's metrics, which its operator keeps in the status of KeptnMetrics.

Analyses, the other thing that Flagger asks Keptn for, would have burgee create objects and wait
for them in the middle of a sync; they are refused.

Source: flagger pkg/metrics/providers/keptn.go.
"""

from burgee.adapters.kube import KubeClient
from burgee.adapters.sources.asking import Garbage, measured, member
from burgee.errors import ClusterError, InvalidCanary
from burgee.metrics.model import Measurement, NoData, Source, SourceError
from burgee.metrics.sources import cluster_metric

API_VERSION = "metrics.keptn.sh/v1beta1"


def measure(source: Source, query: str, kube: KubeClient, *, seconds: float) -> Measurement:
    """Read the value of a KeptnMetric. Never raises."""
    try:
        metric = cluster_metric(source, query)
        if metric is None:
            return NoData()
        found = kube.get(
            API_VERSION, "KeptnMetric", metric.namespace, metric.name, timeout_seconds=seconds
        )
        return measured(member(found.get("status") or {}, "value") or None)
    except (ClusterError, InvalidCanary) as error:
        return SourceError(message=str(error))
    except Garbage:
        return SourceError(message="the KeptnMetric holds no number")
