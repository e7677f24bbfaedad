"""What burgee tells Prometheus about itself, in a registry of its own; see docs/observability.md."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import assert_never

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from burgee.adapters.deeds import Deed, Kind
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
            "Alerts and events that were delivered to receivers, or were not.",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self._waiting = Gauge(
            "burgee_told_waiting",
            "Alerts and events that are still to be delivered by this process.",
            ("what",),
            registry=self.registry,
        )
        self._checks = Counter(
            "burgee_checks_total",
            "Checks by metric source and verdict; source none for those that cannot be asked.",
            ("source", "verdict"),
            registry=self.registry,
        )
        self._check_seconds = Histogram(
            "burgee_check_duration_seconds",
            "Seconds that queries took.",
            ("source", "verdict"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._probes = Counter(
            "burgee_source_probes_total",
            "Looks whether a metric source is online, when a Canary is set up.",
            ("source", "outcome"),
            registry=self.registry,
        )
        self._webhook_seconds = Histogram(
            "burgee_webhook_duration_seconds",
            "Seconds that webhooks of a release took, by their type.",
            ("type", "outcome"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._effects = Counter(
            "burgee_effects_total",
            "Writes to the API server besides Metacontroller's.",
            ("effect", "outcome"),
            registry=self.registry,
        )
        info = Gauge(
            "flagger_info",
            "Version and mesh provider.",
            ("version", "mesh_provider"),
            registry=self.registry,
        )
        info.labels(version, mesh_provider).set(1)

    def note(self, deed: Deed) -> None:
        """Count and time one piece of work."""
        match deed.kind:
            case Kind.CHECK:
                self._checks.labels(deed.type or "none", deed.outcome).inc()
                if deed.type:
                    self._check_seconds.labels(deed.type, deed.outcome).observe(deed.took.seconds)
            case Kind.PROBE:
                self._probes.labels(deed.type, deed.outcome).inc()
            case Kind.WEBHOOK:
                self._webhook_seconds.labels(deed.type, deed.outcome).observe(deed.took.seconds)
            case Kind.EFFECT:
                self._effects.labels(deed.type, deed.outcome).inc()
            case Kind.DELIVERY:
                self._told.labels(deed.type, deed.outcome).inc()
            case _:
                assert_never(deed.kind)

    def show_waiting(self, waiting: Callable[[], Mapping[str, int]]) -> None:
        """Where the numbers of what is still to be delivered come from."""
        for what in waiting():
            self._waiting.labels(what).set_function(partial(_number, waiting, what))

    def observe(self, *, hook: str, outcome: str, seconds: float) -> None:
        """Count one answered call."""
        self._duration.labels(hook, outcome).observe(seconds)
        self._total.labels(hook, outcome).inc()

    def expose(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


def _number(waiting: Callable[[], Mapping[str, int]], what: str) -> float:
    return float(waiting()[what])
