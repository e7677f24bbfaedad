"""Random lives of a release on the pure engine, and what must be true of every one of them."""

import copy
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from simulation import Manifest, canary, deployment
from watched import DEADLINE_SECONDS, Broken, Watched

from burgee.engine.decide import advance
from burgee.engine.effects import HookCall, HookResult
from burgee.metrics.model import Check, Measurement, NoData, Sample, SourceError

IMAGES = ("app:1", "app:2", "app:3")
MATCH = [{"headers": {"x-canary": {"exact": "yes"}}}]
AT_REST = {"Initialized", "Succeeded", "Failed"}

STRATEGIES: tuple[Manifest, ...] = (
    {"stepWeight": 25, "maxWeight": 50},
    {"stepWeights": [1, 10, 60]},
    {"stepWeight": 50, "maxWeight": 100, "stepWeightPromotion": 50},
    {"stepWeight": 50, "maxWeight": 50, "mirror": True},
    {"iterations": 2, "match": MATCH},
    {"iterations": 2},
    {"iterations": 2, "mirror": True},
)
HOOK_TYPES = (
    "confirm-rollout",
    "pre-rollout",
    "rollout",
    "confirm-traffic-increase",
    "confirm-promotion",
    "post-rollout",
    "rollback",
)
CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "test"},
    "data": {"color": "blue"},
}
VOLUME = {"volumes": [{"name": "c", "configMap": {"name": "settings"}}]}


UNENDED = 102
"""For a webhook that is still at work."""

TALLY = {"lives": 0, "syncs": 0}
"""How much was tried in this process; printed at the end of a test run."""


@dataclass
class Life:
    """One release under noise; numbers decide what happens."""

    sim: Watched
    values: list[Measurement] = field(default_factory=lambda: [Sample(value=100.0)])
    codes: dict[str, int] = field(default_factory=dict)
    tokens: Any = field(default_factory=itertools.count)

    @classmethod
    def begin(cls, choice: int, provider: str) -> Self:
        strategy = STRATEGIES[choice % len(STRATEGIES)]
        hooks = [
            {
                "name": kind,
                "type": kind,
                "url": f"http://hooks.test/{kind}",
                "timeout": "1m" if choice & 1 else "5s",
            }
            for number, kind in enumerate(HOOK_TYPES)
            if choice >> (3 + number) & 1
        ]
        base = canary()["spec"]["analysis"]
        plain = {k: v for k, v in base.items() if k not in {"stepWeight", "maxWeight"}}
        analysis = {**plain, **strategy, "webhooks": hooks}
        parent = canary(
            analysis=analysis, progressDeadlineSeconds=DEADLINE_SECONDS, provider=provider
        )
        target = deployment(replicas=1 + choice % 5, **VOLUME)
        life = cls(sim=Watched(parent=parent, target=target, others=[copy.deepcopy(CONFIG)]))
        life.codes = {"rollback": 404}
        life.sim.measure = life._measure
        life.sim.call = life._call
        return life

    def _measure(self, check: Check) -> Measurement:
        del check
        return self.values[0]

    def _call(self, call: HookCall) -> HookResult:
        code = self.codes.get(call.type, 200)
        if code == UNENDED:
            return HookResult(succeeded=False, pending=True, message="no answer yet")
        return HookResult(succeeded=code <= 202, message=f"answered {code}", status_code=code)

    def warm_up(self, steps: int) -> None:
        """A run so far on its way that the canary has weight when noise begins."""
        self.sim.settle()
        self.sim.set_image(IMAGES[1])
        for _ in range(steps):
            self.sim.settle()
            self.sim.pass_time(10)

    def act(self, number: int) -> None:
        """One thing happens, then one sync."""
        acts = self.acts()
        acts[number % len(acts)](number // len(acts))
        self.sync()

    def acts(self) -> Sequence[Callable[[int], None]]:
        """What may happen; how, a number says."""
        return (
            self._wait_long,
            self._wait,
            self._wait,
            self._deploy,
            self._pods,
            self._metric,
            self._gate,
            self._config,
            self._edit,
            self._suspend,
            self._drift,
            self._delete_child,
            self._lose,
            self._command,
            self._skip,
            self._slow,
        )

    def sync(self) -> None:
        """One sync; the same observation has to have the same answer."""
        if self.sim.syncs % 4:
            self.sim.sync()
            return
        observation, now = self.sim.observe(), self.sim.now
        first = advance(observation, now, self.sim._findings)
        second = advance(observation, now, self.sim._findings)
        if first != second:
            raise Broken("the same observation has two answers")
        self.sim.sync()

    def calm_down(self) -> None:
        """The noise stops; the release has to reach an end by itself."""
        sim = self.sim
        self.values = [Sample(value=100.0)]
        self.codes = {"rollback": 404}
        sim.never_ready.clear()
        sim.slow.clear()
        sim.lose_children.clear()
        sim.lose_status = 0
        sim.put(copy.deepcopy(CONFIG))
        # A primary that is out of its rollout deadline heals with its pods.
        sim.controllers()
        spec = self.sim.parent["spec"]
        sim.edit(
            suspend=False, service={"port": 9898}, skipAnalysis=spec.get("skipAnalysis", False)
        )
        sim.settle()
        if sim.status.get("paused"):
            self._annotate("resume")
        deadline = 40 * DEADLINE_SECONDS
        self._until_rest(deadline)
        if sim.phase not in AT_REST:
            raise Broken(
                f"still in phase {sim.phase} after {deadline} quiet seconds: {sim.status}"
            )
        sim.settle()
        share = sim.canary_share()
        replicas = sim.replicas("podinfo")
        if sim.status.get("canaryWeight", 0) != 100 and (share or replicas):
            raise Broken(f"at rest with weight {share} and {replicas} replicas: {sim.status}")
        if sim.phase != "Failed" and sim.image("podinfo-primary") != sim.image("podinfo"):
            raise Broken("at rest with a primary that is not the promoted revision")

    def _until_rest(self, seconds: float) -> None:
        """Lets time pass until nothing is timed and nothing changes."""
        sim, waited = self.sim, 0.0
        while waited <= seconds:
            sim.settle()
            wait = sim.last.resync_after_seconds if sim.last else None
            if wait is None and sim.phase in AT_REST:
                return
            step = min(wait or 30.0, 30.0)
            sim.pass_time(step)
            waited += step

    # ---- what happens

    def _slow(self, size: int) -> None:
        """Pods of one side take their time from now on, or come at last."""
        self.sim.slow ^= {("podinfo", "podinfo-primary")[size % 4 > 0]}
        self.sim.controllers()

    def _wait(self, size: int) -> None:
        self.sim.pass_time(1 + size % 12)

    def _wait_long(self, size: int) -> None:
        self.sim.pass_time(20 + size % 50)

    def _deploy(self, size: int) -> None:
        self.sim.set_image(IMAGES[size % len(IMAGES)])
        self.sim.controllers()

    def _pods(self, size: int) -> None:
        image = IMAGES[size % len(IMAGES)]
        self.sim.never_ready ^= {image}
        self.sim.controllers()

    def _metric(self, size: int) -> None:
        answers = (Sample(value=100.0), Sample(value=1.0), NoData(), SourceError(message="down"))
        self.values = [answers[size % len(answers)]]

    def _gate(self, size: int) -> None:
        kind = HOOK_TYPES[size % len(HOOK_TYPES)]
        closed = UNENDED if kind in {"pre-rollout", "rollout"} and size % 2 else 403
        self.codes[kind] = 200 if self.codes.get(kind, 200) != 200 else closed

    def _config(self, size: int) -> None:
        data = {"color": ("blue", "red", "green")[size % 3]}
        self.sim.put({**copy.deepcopy(CONFIG), "data": data})

    def _edit(self, size: int) -> None:
        services = ({"port": 9898}, {"port": 9898, "timeout": "5s"}, {"port": 0})
        self.sim.edit(service=services[size % len(services)])

    def _suspend(self, size: int) -> None:
        self.sim.edit(suspend=bool(size % 2))

    def _drift(self, size: int) -> None:
        route = self.sim.objects.get(("VirtualService", "podinfo"))
        if route is None:
            return
        edited = copy.deepcopy(route)
        if size % 2:
            edited["metadata"].setdefault("annotations", {})["drift"] = str(size)
        else:
            edited["spec"]["hosts"] = [*edited["spec"]["hosts"], "other.test"]
        self.sim.put(edited)

    def _delete_child(self, size: int) -> None:
        names = (
            ("VirtualService", "podinfo"),
            ("Service", "podinfo"),
            ("Service", "podinfo-canary"),
            ("ConfigMap", "settings-primary"),
            ("DestinationRule", "podinfo-canary"),
        )
        key = names[size % len(names)]
        self.sim.objects.pop(key, None)

    def _lose(self, size: int) -> None:
        match size % 4:
            case 0:
                self.sim.lose_status = 1 + size % 3
            case 1:
                self.sim.lose_children = {"podinfo"}
            case 2:
                self.sim.lose_children = {"podinfo-primary"}
            case _:
                self.sim.lose_children = set()

    def _command(self, size: int) -> None:
        verbs = ("pause", "resume", "promote", "abort", "retry", "set-weight")
        self._annotate(verbs[size % len(verbs)], weight=size % 101)

    def _annotate(self, verb: str, weight: int = 0) -> None:
        token = next(self.tokens)
        value = f"{weight}@{token}" if verb == "set-weight" else str(token)
        head = self.sim.parent["metadata"]
        annotations = {**head.get("annotations", {}), f"burgee.dev/{verb}": value}
        self.sim.parent = {**self.sim.parent, "metadata": {**head, "annotations": annotations}}

    def _skip(self, size: int) -> None:
        self.sim.edit(skipAnalysis=bool(size % 3 == 0))

    def tell(self) -> None:
        """Adds the life to what was tried."""
        TALLY["lives"] += 1
        TALLY["syncs"] += self.sim.syncs


LifeT = TypeVar("LifeT", bound=Life)


def live(choice: int, numbers: Sequence[int], provider: str = "istio") -> Life:
    """A whole life: set up, noise, quiet end."""
    life = Life.begin(choice, provider)
    return lived(life, numbers, life.calm_down)


def lived(life: LifeT, numbers: Sequence[int], end: Callable[[], None]) -> LifeT:
    """A life after its noise and its end."""
    for number in numbers:
        life.act(number)
    end()
    life.tell()
    return life
