"""The stories that the demo plays, and what has to be true of each.

A play writes to the cluster what a user would, waits, and then compares what happened with what
should have: the phases, the weights that Envoy served, and what the client saw.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.load import Response
from burgee.playground.demo import objects
from burgee.playground.demo.objects import APP, CANARY_SERVICE, NAMESPACE, PRIMARY, Version
from burgee.playground.demo.setting import DemoCluster
from burgee.playground.storage.store import ApiError

_MANAGER = "kubectl"
_SETTLE_SECONDS = 0.1
_TOLERANCE_POINTS = 5.0
_FEWEST_REQUESTS = 600
_CALM_SECONDS = 2.0
_INITIALIZE_SECONDS = 20.0
_RELEASE_SECONDS = 40.0
_HELD_SECONDS = 3.0


class PlayFailed(Exception):
    """What was waited for did not come in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that had to be true, and whether it was."""

    holds: bool
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of monotonic time in which Envoy served one weight."""

    start: float
    end: float
    weight: int


class Stage:
    """Where plays happen: the cluster, and a way to wait that keeps the view alive.

    Attributes:
        title: of the play, for the view.
    """

    def __init__(self, cluster: DemoCluster, tick: Callable[[], None]) -> None:
        self.cluster = cluster
        self.title = "setting up"
        self._tick = tick
        store = cluster.store
        self.deployments = store.resource("apps/v1", "deployments")
        self.canaries = store.resource("flagger.app/v1beta1", "canaries")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._tick()

    def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a condition.

        Raises:
            PlayFailed: it does not come true in time.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                timeline = self.cluster.timeline
                raise PlayFailed(
                    f"{what} did not happen within {seconds:.0f} s: phase "
                    f"{timeline.phase or 'none'}, {timeline.last_words}"
                )
            self._tick()
        self._tick()  # what made it true is shown before what follows from it

    def workload(self, name: str) -> Manifest:
        """A Deployment, empty where it is missing."""
        try:
            return self.cluster.store.get(self.deployments, NAMESPACE, name)
        except ApiError:
            return {}

    def deploy(self, version: Version) -> float:
        """Apply the Deployment with a version; returns the moment before."""
        at = time.monotonic()
        self.cluster.store.patch(
            self.deployments,
            NAMESPACE,
            APP,
            {"spec": {"template": objects.deployment(version)["spec"]["template"]}},
            content_type="application/merge-patch+json",
            manager=_MANAGER,
        )
        return at


def initialize(stage: Stage, version: Version, *, gate: bool) -> Iterator[Finding]:
    """Create Deployment and Canary; the first version takes all traffic through the primary."""
    stage.title = f"{version.name} is set up"
    cluster = stage.cluster
    at = time.monotonic()
    cluster.store.create(stage.deployments, objects.deployment(version), manager=_MANAGER)
    url = cluster.gate.url if gate else ""
    cluster.store.create(stage.canaries, objects.canary(url), manager=_MANAGER)
    stage.until(
        lambda: cluster.timeline.phase == "Initialized", _INITIALIZE_SECONDS, "Initialized"
    )
    stage.until(
        lambda: f"{NAMESPACE}/{APP}" in _served(stage),
        _INITIALIZE_SECONDS,
        "the route to the primary",
    )
    cluster.load.start()
    stage.until(cluster.metrics.scrapes, _INITIALIZE_SECONDS, "the first scrape of Envoy")
    stage.wait(_CALM_SECONDS)
    yield _phases(stage, at, ("Initialized",))
    yield from _settled(stage, version)


def promote(stage: Stage, version: Version) -> Iterator[Finding]:
    """A good version is promoted, step by step."""
    stage.title = f"{version.name} is released"
    at = stage.deploy(version)
    stage.until(lambda: _ended(stage, at), _RELEASE_SECONDS, "the end of the release")
    yield from _promoted(stage, version, at)


def roll_back(stage: Stage, bad: Version, good: Version) -> Iterator[Finding]:
    """A version that fails is rolled back; the primary never notices."""
    stage.title = f"{bad.name} fails {bad.fail_share:.0%} of its requests"
    before = stage.workload(PRIMARY)
    at = stage.deploy(bad)
    stage.until(lambda: _ended(stage, at), _RELEASE_SECONDS, "the end of the release")
    yield _phases(stage, at, ("Progressing", "Failed"))
    stage.wait(_CALM_SECONDS)
    windows = _windows(stage, at)
    weights = [window.weight for window in windows]
    steps = list(objects.STEP_WEIGHTS)
    shifted = weights[1:-1]
    yield Finding(
        holds=bool(shifted) and shifted == steps[: len(shifted)] and weights[-1] == 0,
        text=f"{bad.name} got {_listed(shifted)} % of the traffic and then nothing",
    )
    yield from _splits(stage, windows)
    untouched = stage.workload(PRIMARY)
    yield Finding(
        holds=bool(before)
        and before["metadata"]["uid"] == untouched["metadata"]["uid"]
        and before["spec"] == untouched["spec"],
        text=f"the primary was not touched and runs {good.name}",
    )
    yield from _settled(stage, good)
    failed = [r for r in stage.cluster.load.all() if r.version == bad.name and r.failed]
    yield Finding(
        holds=bool(failed), text=f"the client saw {len(failed)} failures, all by {bad.name}"
    )


def hold_at_gate(stage: Stage, version: Version) -> Iterator[Finding]:
    """A version waits for approval before it starts, and is promoted once it has it."""
    stage.title = f"{version.name} waits at a closed gate"
    gate = stage.cluster.gate
    gate.shut()
    at = stage.deploy(version)
    stage.until(
        lambda: gate.asked and stage.cluster.timeline.phase == "Waiting",
        _RELEASE_SECONDS,
        "Waiting",
    )
    stage.wait(_HELD_SECONDS)
    seen = [r for r in stage.cluster.load.all() if r.version == version.name]
    target = stage.workload(APP)
    yield Finding(
        holds=stage.cluster.timeline.phase == "Waiting"
        and not seen
        and not target["spec"].get("replicas", 1),
        text=f"the closed gate held {version.name}: no pod of it ran, no request reached it",
    )
    stage.title = f"the gate is open, {version.name} is released"
    gate.open()
    stage.until(lambda: _ended(stage, at), _RELEASE_SECONDS, "the end of the release")
    yield from _promoted(stage, version, at, first=("Waiting",))


def no_other_failures(stage: Stage, bad: Sequence[str]) -> Finding:
    """No request failed but those that a version fails on purpose."""
    responses = stage.cluster.load.all()
    wrong = [r for r in responses if r.failed and not (r.version in bad and r.status == 500)]
    shown = f" (first: status {wrong[0].status} from {wrong[0].pod or 'Envoy'})" if wrong else ""
    return Finding(
        holds=bool(responses) and not wrong,
        text=f"of {len(responses)} requests {len(wrong)} failed that should not have{shown}",
    )


def canary_weight(stage: Stage) -> int:
    """Percent of the traffic that Envoy gives to the new version now."""
    return _served(stage).get(f"{NAMESPACE}/{APP}", {}).get(CANARY_SERVICE, 0)


def _served(stage: Stage) -> Mapping[str, Mapping[str, int]]:
    history = stage.cluster.mesh.history()
    return history[-1].weights if history else {}


def _promoted(
    stage: Stage, version: Version, at: float, first: tuple[str, ...] = ()
) -> Iterator[Finding]:
    yield _phases(stage, at, (*first, "Progressing", "Promoting", "Finalising", "Succeeded"))
    stage.wait(_CALM_SECONDS)
    windows = _windows(stage, at)
    weights = [window.weight for window in windows]
    yield Finding(
        holds=weights == [0, *objects.STEP_WEIGHTS, 0],
        text=f"the traffic of {version.name} went {_listed(weights)} %",
    )
    yield from _splits(stage, windows)
    yield from _settled(stage, version)


def _phases(stage: Stage, at: float, expected: Sequence[str]) -> Finding:
    """Whether these phases came in this order; passing ones may be too short to be seen."""
    seen = stage.cluster.timeline.phases_since(at)
    passing = {"Finalising", "Initializing"}
    must = [phase for phase in expected if phase not in passing]
    return Finding(
        holds=[phase for phase in seen if phase not in passing] == must,
        text=f"phases: {', '.join(seen)}",
    )


def _settled(stage: Stage, version: Version) -> Iterator[Finding]:
    """The end state: primary and all traffic are of this version, the target is at zero."""
    primary, target = stage.workload(PRIMARY), stage.workload(APP)
    images = [c["image"] for c in primary["spec"]["template"]["spec"]["containers"]]
    yield Finding(
        holds=images == [f"{APP}:{version.name}"]
        and primary["status"].get("readyReplicas", 0) > 0
        and target["spec"].get("replicas", 1) == 0,
        text=f"the primary runs {version.name}, the target has no pods",
    )
    recent = stage.cluster.load.last(_CALM_SECONDS / 2)
    right = [r for r in recent if r.version == version.name and r.pod.startswith(f"{PRIMARY}-")]
    yield Finding(
        holds=bool(recent) and right == recent,
        text=f"all of the last {len(recent)} responses came from {version.name} in the primary",
    )


def _splits(stage: Stage, windows: Sequence[Window]) -> Iterator[Finding]:
    """For each weight, what share of the requests the canary's pods answered at the client."""
    for window in windows:
        if window.weight == 0:
            continue
        seen = stage.cluster.load.between(window.start, window.end)
        share = 100 * sum(_by_canary(r) for r in seen) / len(seen) if seen else 0.0
        yield Finding(
            holds=len(seen) >= _FEWEST_REQUESTS
            and abs(share - window.weight) <= _TOLERANCE_POINTS,
            text=f"at weight {window.weight} % the client saw {share:.1f} % of {len(seen)} requests",
        )


def _by_canary(response: Response) -> bool:
    return response.pod.startswith(f"{APP}-") and not response.pod.startswith(f"{PRIMARY}-")


def _windows(stage: Stage, at: float) -> list[Window]:
    """The weights since a moment, the first being what was served then."""
    changes = [
        (change.asked, change.served, change.weights.get(f"{NAMESPACE}/{APP}", {}))
        for change in stage.cluster.mesh.history()
    ]
    ends = [asked for asked, _, _ in changes[1:]] + [time.monotonic()]
    return [
        Window(
            start=max(served, at) + _SETTLE_SECONDS,
            end=end,
            weight=weights.get(CANARY_SERVICE, 0),
        )
        for (_, served, weights), end in zip(changes, ends, strict=True)
        if end > at
    ]


def _ended(stage: Stage, at: float) -> bool:
    """Whether the release that began at that moment is over."""
    phases = stage.cluster.timeline.phases_since(at)
    return bool(phases) and phases[-1] in {"Succeeded", "Failed"}


def _listed(weights: Sequence[int]) -> str:
    return ", ".join(str(weight) for weight in weights) or "0"
