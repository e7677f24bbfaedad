"""What a Canary at rest costs the API server.

The Canary has an HPA, and its pods name a ConfigMap and a Secret, as in the measurement of
Flagger. burgee's calls are counted at the embedded API server; those of the embedded
Metacontroller, which works on the store directly, where it makes them.
"""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bench.cluster import CANARY, METRICS_ANSWERS, composite, embedded_cluster, phase_of
from bench.objects import app_objects
from bench.servers import HOOKS, TOKEN, Gunicorn, StandIn
from burgee.playground.cluster import Cluster
from burgee.playground.metacontroller.controller import Controller
from burgee.playground.storage.store import Store

NAMESPACE = "idle"
NAME = "podinfo"
RESYNC_SECONDS = 30
_CALLS = frozenset({"get", "list", "create", "update", "patch", "delete"})
_WAIT_SECONDS = 30.0
_QUIET_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Idle:
    """Calls while nothing happens.

    Attributes:
        resyncs: how many were counted over.
        syncs: how many they caused; more than resyncs would mean that a sync causes another.
        hooks_per_minute: calls of burgee.
        controller_per_minute: calls that Metacontroller makes besides.
    """

    resyncs: int
    syncs: int
    hooks_per_minute: float
    controller_per_minute: float


class _Counted:
    """A store whose calls are counted as those that Metacontroller makes over HTTP."""

    def __init__(self, store: Store) -> None:
        self.calls: Counter[str] = Counter()
        self._store = store

    def __getattr__(self, name: str) -> Any:
        if name in _CALLS:
            self.calls[name] += 1
        return getattr(self._store, name)


def measure(directory: Path, *, resyncs: int) -> Idle:
    """Let a Canary come to rest, then sync it again and again."""
    with (
        embedded_cluster([NAMESPACE]) as cluster,
        StandIn(directory / "idle-metrics", METRICS_ANSWERS) as metrics,
    ):
        config = cluster.kubeconfig(directory / "idle.kubeconfig")
        with Gunicorn(
            HOOKS, directory / "idle", kubeconfig=config, metrics_url=metrics.url
        ) as hooks:
            counted = _Counted(cluster.store)
            manifest = composite(resyncPeriodSeconds=3600)
            with Controller(
                cast("Store", counted), manifest, hook_urls=[hooks.url], token=TOKEN
            ) as controller:
                for manifest in app_objects(NAMESPACE, NAME, complete=True):
                    cluster.apply(manifest)
                _rest(cluster, controller)
                cluster.server.reset_calls()
                counted.calls.clear()
                before = controller.tally["syncs"]
                for number in range(resyncs):
                    controller.loop.resync()
                    _await_syncs(controller, before + number + 1)
                time.sleep(_QUIET_SECONDS)
                minutes = resyncs * RESYNC_SECONDS / 60
                return Idle(
                    resyncs=resyncs,
                    syncs=controller.tally["syncs"] - before,
                    hooks_per_minute=cluster.server.total_calls() / minutes,
                    controller_per_minute=counted.calls.total() / minutes,
                )


def _rest(cluster: Cluster, controller: Controller) -> None:
    """Until the Canary is initialized and no sync comes any more."""
    cluster.wait_until(
        *CANARY,
        NAMESPACE,
        NAME,
        lambda canary: phase_of(canary) == "Initialized",
        timeout_seconds=_WAIT_SECONDS,
    )
    deadline = time.monotonic() + _WAIT_SECONDS
    seen = -1
    while seen != controller.tally["syncs"]:
        if time.monotonic() > deadline:
            raise TimeoutError("the Canary does not come to rest")
        seen = controller.tally["syncs"]
        time.sleep(_QUIET_SECONDS)


def _await_syncs(controller: Controller, wanted: int) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while controller.tally["syncs"] < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError("a resync was not followed by a sync")
        time.sleep(0.01)
    # The call under way ends before the next resync, which would be merged with it otherwise.
    time.sleep(0.05)
