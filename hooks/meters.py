"""What burgee tells Prometheus about itself, in a registry of its own.

The gauges named flagger_* are part of what a user of Flagger has dashboards and alerts on.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meters:
    """One process's numbers; every method may be called from any thread."""

    def __init__(self, *, version: str, mesh_provider: str) -> None:
        """Make a registry, so that two apps in one process do not share numbers."""
        self.registry = CollectorRegistry()
        self._duration = Histogram(
            "burgee_sync_duration_seconds",
            "Seconds from the request's arrival to its answer.",
            ("hook", "outcome"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._total = Counter(
            "burgee_syncs_total",
            "Answered calls.",
            ("hook", "outcome"),
            registry=self.registry,
        )
        self._told = Counter(
            "burgee_told_total",
            "Alerts and events that were delivered to receivers, or failed.",
            ("kind", "outcome"),
            registry=self.registry,
        )
        info = Gauge(
            "flagger_info",
            "Version and mesh provider.",
            ("version", "mesh_provider"),
            registry=self.registry,
        )
        info.labels(version, mesh_provider).set(1)
        self._status = Gauge(
            "flagger_canary_status",
            "Last canary analysis result (0 running, 1 successful, 2 failed).",
            ("name", "namespace"),
            registry=self.registry,
        )
        self._weight = Gauge(
            "flagger_canary_weight",
            "The traffic share of a workload, in percent.",
            ("workload", "namespace"),
            registry=self.registry,
        )

    def count_told(self, kind: str, outcome: str) -> None:
        """Count one alert or event that left the cluster, or did not."""
        self._told.labels(kind, outcome).inc()

    def observe(self, *, hook: str, outcome: str, seconds: float) -> None:
        """Count one answered call."""
        self._duration.labels(hook, outcome).observe(seconds)
        self._total.labels(hook, outcome).inc()

    def set_canary_status(self, *, name: str, namespace: str, value: float) -> None:
        """Set the result of one Canary."""
        self._status.labels(name, namespace).set(value)

    def set_weight(self, *, workload: str, namespace: str, percent: float) -> None:
        """Set the traffic share of one workload."""
        self._weight.labels(workload, namespace).set(percent)

    def forget_canary(self, *, name: str, namespace: str) -> None:
        """Remove the status of a Canary that is gone."""
        self._status.remove_by_labels({"name": name, "namespace": namespace})

    def forget_workload(self, *, workload: str, namespace: str) -> None:
        """Remove the weight of a workload that is gone."""
        self._weight.remove_by_labels({"workload": workload, "namespace": namespace})

    def expose(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
