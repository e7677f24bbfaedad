"""Many releases at once: from a new image to Succeeded, against the intervals alone.

Everything but the hook server, the embedded API server and controller included, shares one Python
process here, so the figure is an upper bound of what burgee itself adds.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.cluster import CANARY, METRICS_ANSWERS, composite, embedded_cluster, phase_of
from bench.objects import app_objects, deployment
from bench.servers import HOOKS, TOKEN, Gunicorn, StandIn
from burgee.api.manifest import name_of
from burgee.playground.cluster import Cluster

NAMESPACE = "fleet"
STEP_WEIGHTS = (20, 40, 60)
WORKERS = 20
"""As in the manifests of our Metacontroller."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """How long the releases took, in seconds."""

    canaries: int
    ideal_seconds: float
    min_seconds: float
    median_seconds: float
    max_seconds: float
    initialized_seconds: float
    api_calls_each: float


def measure(directory: Path, *, canaries: int, interval_seconds: int) -> Fleet:
    """Release so many Canaries at once."""
    names = [f"app-{number}" for number in range(canaries)]
    ideal = float(len(STEP_WEIGHTS) * interval_seconds)
    limit = 60 + canaries + 3 * ideal
    with (
        embedded_cluster([NAMESPACE]) as cluster,
        StandIn(directory / "fleet-metrics", METRICS_ANSWERS) as metrics,
    ):
        config = cluster.kubeconfig(directory / "fleet.kubeconfig")
        with Gunicorn(
            HOOKS, directory / "fleet", kubeconfig=config, metrics_url=metrics.url
        ) as hooks:
            cluster.control(composite(), hook_urls=[hooks.url], token=TOKEN, workers=WORKERS)
            began = time.monotonic()

            def create(name: str) -> None:
                for manifest in app_objects(
                    NAMESPACE, name, step_weights=STEP_WEIGHTS, interval_seconds=interval_seconds
                ):
                    cluster.apply(manifest)

            _, initialized = _all_reach(cluster, names, "Initialized", create, limit)
            _await_scaled_down(cluster, names, limit)
            cluster.server.reset_calls()
            started, ended = _all_reach(
                cluster,
                names,
                "Succeeded",
                lambda name: cluster.apply(deployment(NAMESPACE, name, image="podinfo:2")),
                limit,
            )
            calls = cluster.server.total_calls()
    took = [ended[name] - started[name] for name in names]
    return Fleet(
        canaries=canaries,
        ideal_seconds=ideal,
        min_seconds=min(took),
        median_seconds=statistics.median(took),
        max_seconds=max(took),
        initialized_seconds=max(initialized.values()) - began,
        api_calls_each=calls / canaries,
    )


def _all_reach(
    cluster: Cluster,
    names: list[str],
    phase: str,
    begin: Callable[[str], object],
    limit_seconds: float,
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Begin with every one, and tell when each was begun with and when it got there."""
    started: dict[str, float] = {}
    reached: dict[str, float] = {}
    with cluster.store.watch(cluster.store.resource(*CANARY), NAMESPACE) as watch:
        for name in names:
            started[name] = time.monotonic()
            begin(name)
        deadline = time.monotonic() + limit_seconds
        while len(reached) < len(names):
            event = watch.next(1.0)
            if event is not None and phase_of(event[1]) == phase:
                reached.setdefault(name_of(event[1]), time.monotonic())
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(names) - len(reached)} are not {phase}")
    return started, reached


def _await_scaled_down(cluster: Cluster, names: list[str], limit_seconds: float) -> None:
    """Until no target has pods, so that every release begins from rest."""
    deadline = time.monotonic() + limit_seconds
    waiting = set(names)
    while waiting:
        for name in list(waiting):
            found = cluster.get("apps/v1", "Deployment", NAMESPACE, name) or {}
            if found["spec"].get("replicas") == 0 and not found["status"].get("replicas"):
                waiting.discard(name)
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(waiting)} targets were not scaled down")
        time.sleep(0.2)
