"""What the load tester tells Prometheus, in a registry of its own."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600)


class Meters:
    """One process's numbers; every method may be called from any thread."""

    def __init__(self) -> None:
        """Make a registry, so that two apps in one process do not share numbers."""
        self.registry = CollectorRegistry()
        self._tasks = Counter(
            "burgee_loadtester_tasks_total",
            "Commands that ended.",
            ("type", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "burgee_loadtester_task_duration_seconds",
            "Seconds that commands ran.",
            ("type",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._running = Gauge(
            "burgee_loadtester_tasks_running",
            "Commands that run now.",
            registry=self.registry,
        )
        self._checks = Counter(
            "burgee_loadtester_gate_checks_total",
            "Answered checks of gates.",
            ("kind", "answer"),
            registry=self.registry,
        )

    def show_running(self, count: Callable[[], int]) -> None:
        """Where the number of running commands comes from."""
        self._running.set_function(lambda: float(count()))

    def count_task(self, kind: str, outcome: str, seconds: float) -> None:
        """Count a command that ended."""
        self._tasks.labels(kind, outcome).inc()
        self._seconds.labels(kind).observe(seconds)

    def count_check(self, kind: str, answer: str) -> None:
        """Count a check of a gate."""
        self._checks.labels(kind, answer).inc()

    def expose(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
