"""A release by numbers of pods, held by `burgee.dev/pause`: the whole demo, without its clients."""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from counting_client import Tally, send_many

from burgee.api.guards import OWN_PREFIX
from burgee.playground.demo import analyses
from burgee.playground.demo.objects import APP, CANARY_SERVICE, NAMESPACE, PRIMARY, Version
from burgee.playground.demo.providers.registry import PROVIDERS
from burgee.playground.demo.setting import DemoCluster
from burgee.playground.demo.shares import pods_behind
from burgee.playground.demo.stage import Stage

_PATIENCE_SECONDS = 20.0
_MERGE = "application/merge-patch+json"


class PodRelease:
    """The real hook server, real pods and Envoy; a version is at its first weight and stays there.

    Args:
        capacity: pods that serve before the run.
        directory: for files and logs.
    """

    def __init__(self, capacity: int, directory: Path) -> None:
        self.capacity = capacity
        provider = replace(PROVIDERS["kubernetes"], replicas=capacity)
        self.cluster = DemoCluster(directory=directory, provider=provider)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self.cluster.__enter__()
        try:
            self._begin()
        except BaseException:
            self.cluster.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cluster.__exit__(kind, error, trace)

    def _begin(self) -> None:
        timeline = self.cluster.timeline
        self.stage = Stage(self.cluster, lambda: time.sleep(0.01))
        self.stage.current = Version(name="v1", latency_ms=0)
        self.stage.create(analyses.weighted(self.cluster.provider))
        self.until(lambda: timeline.phase == "Initialized", "Initialized")
        self.until(lambda: pods_behind(self.stage.rules()) == self.capacity, "the primary")
        self.began = time.monotonic()
        self.stage.deploy(Version(name="v2", latency_ms=0))
        self.until(lambda: timeline.status.get("canaryWeight"), "the first step")
        self.annotate("pause")
        self.until(lambda: timeline.status.get("paused"), "a pause")

    def annotate(self, verb: str, value: str = "") -> None:
        """Give a command; each is a new one."""
        store = self.cluster.store
        key, value = f"{OWN_PREFIX}{verb}", f"{value}@{next(self._numbers)}"
        store.patch(
            store.resource("flagger.app/v1beta1", "canaries"),
            NAMESPACE,
            APP,
            {"metadata": {"annotations": {key: value}}},
            content_type=_MERGE,
            manager="kubectl-annotate",
        )

    def weigh(self, weight: int, primary: int, canary: int) -> None:
        """Set a weight, and wait until so many pods of both sides are behind the Service."""
        self.annotate("set-weight", str(weight))
        self.until(lambda: self.pods == (primary, canary), f"{primary} and {canary} pods")

    @property
    def pods(self) -> tuple[int, int]:
        """Pods of the primary and of the canary that the data plane sends requests to."""
        rules = self.stage.rules()
        there = rules[-1].pods if rules else {}
        return there.get(PRIMARY, 0), there.get(CANARY_SERVICE, 0)

    @property
    def fewest(self) -> int:
        """The least number of pods that were behind the Service since the run began."""
        changes = [c for c in self.cluster.plane.history() if c.asked >= self.began]
        asked = [rules for change in changes for rules in (*change.overtaken, change.rules)]
        numbers = [pods_behind(self.stage.rules_of(rules)) for rules in asked]
        return min([pods_behind(self.stage.rules()), *numbers])

    def send(self, count: int, **options: object) -> Tally:
        """Requests of clients."""
        url = self.cluster.plane.url
        return send_many(url, APP, count, **options)  # type: ignore[arg-type]

    def until(self, condition: Callable[[], object], what: str) -> None:
        timeline, deadline = self.cluster.timeline, time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"{what}: {self.pods} {timeline.status}"
            time.sleep(0.01)
