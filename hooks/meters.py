"""What burgee tells Prometheus about itself, in a registry of its own; see docs/observability.md."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hooks.series import Series

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meters:
    """One process's numbers; every method may be called from any thread."""

    def __init__(self, *, version: str, mesh_provider: str, series: Series) -> None:
        """Make a registry, so that two apps in one process do not share numbers."""
        self.registry = CollectorRegistry()
        self.registry.register(series)
        ProcessCollector(registry=self.registry)
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

    def count_told(self, kind: str, outcome: str) -> None:
        """Count one alert or event that left the cluster, or did not."""
        self._told.labels(kind, outcome).inc()

    def observe(self, *, hook: str, outcome: str, seconds: float) -> None:
        """Count one answered call."""
        self._duration.labels(hook, outcome).observe(seconds)
        self._total.labels(hook, outcome).inc()

    def expose(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
