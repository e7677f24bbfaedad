"""A cluster in a dictionary, for the pure engine: simulated time, no IO, no threads.

It applies what a decision asks for, as an API server and its controllers would, and lets a test
decide what goes wrong: which writes are lost, which pods never become ready, what queries and
webhooks say. It refuses impossible states, so that no test proves anything about them.
"""

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sample_objects import (
    NAMESPACE,
    UID,
    Manifest,
    canary,
    daemonset,
    deployment,
    listed,
    merge,
    owner_of,
    scaled_object,
    service,
)
from simulated_cluster import SimulatedCluster

from burgee.api.alert_provider import AlertProvider
from burgee.api.canary import Canary
from burgee.api.metric_template import MetricTemplate
from burgee.api.settings import EngineSettings
from burgee.engine.decide import advance
from burgee.engine.decision import Decision, Findings, Plan
from burgee.engine.effects import (
    ApplyForeign,
    EmitEvent,
    HookCall,
    HookResult,
    MergePatch,
    Scale,
    SendAlert,
)
from burgee.engine.phases.ending import Farewell
from burgee.engine.reading.observation import Observation
from burgee.engine.telling.outbox import acknowledge
from burgee.metrics.judge import judge
from burgee.metrics.model import (
    BrokenCheck,
    Check,
    Judged,
    Measurement,
    NoData,
    Sample,
    Source,
    Verdict,
)
from burgee.targets import configs

ROUTE_GROUPS = ("networking.istio.io/", "gateway.networking.k8s.io/", "projectcontour.io/")
START = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
BORN = {"metadata": {"creationTimestamp": "2026-01-01T12:00:00Z"}}
GOOD = Sample(value=100.0)
NO_DATA = NoData()

__all__ = [
    "GOOD",
    "NAMESPACE",
    "NO_DATA",
    "START",
    "UID",
    "Manifest",
    "Simulation",
    "analysis",
    "canary",
    "daemonset",
    "deployment",
    "initialized",
    "merge",
    "owner_of",
    "scaled_object",
    "service",
]


def analysis(**fields: object) -> dict[str, object]:
    """The analysis of the sample Canary with some fields replaced."""
    return {**canary()["spec"]["analysis"], **fields}


def initialized(**spec: object) -> "Simulation":
    """A simulation of a Canary that is set up."""
    sim = Simulation(parent=canary(**spec))
    sim.settle()
    assert sim.phase == "Initialized"
    return sim


@dataclass
class Simulation(SimulatedCluster):
    """One Canary and its objects.

    Attributes:
        measure: what a query answers.
        call: what a webhook answers.
        lose_children: names of children whose next applies are lost (children fail, status is
            written).
        shared: configs whose copy another Canary owns.
        pods: what is wrong with the worst pod.
        probe: what is wrong with a metric source.
        rivals: routes of others, which nobody is shown unless they are listed.
        deliver: whether a receiver takes an alert, None for no answer in time.
        lose_status: how many next status writes are lost (status fails, children are applied).
    """

    parent: Manifest = field(default_factory=canary)
    target: Manifest | None = field(default_factory=deployment)
    others: list[Manifest] = field(default_factory=list)
    templates: dict[tuple[str, str], MetricTemplate] = field(default_factory=dict)
    measure: Callable[[Check], Measurement] = lambda _: GOOD
    call: Callable[[HookCall], HookResult] = lambda _: HookResult(succeeded=True, message="200")
    settings: EngineSettings = field(default_factory=EngineSettings)
    alert_providers: dict[tuple[str, str], AlertProvider] = field(default_factory=dict)
    deliver: Callable[[SendAlert], bool | None] = lambda _: True
    lose_children: set[str] = field(default_factory=set)
    lose_status: int = 0
    shared: frozenset[str] = frozenset()
    pods: str = ""
    probe: Callable[[Source], str] = lambda _: ""
    rivals: list[Manifest] = field(default_factory=list)
    now: datetime = START

    def __post_init__(self) -> None:
        super().__post_init__()
        self.history: list[tuple[str, int]] = []
        self.events: list[EmitEvent] = []
        self.calls: list[HookCall] = []
        self.alerts: list[SendAlert] = []
        self.queries: list[Check] = []
        self.probed: list[Source] = []
        self.looks = 0
        self.syncs = 0
        self.last: Decision | None = None
        if self.target is not None:
            self._put(self.target)
        for other in self.others:
            self._put(other)
        self.controllers()

    # ---- what a test looks at

    @property
    def status(self) -> Manifest:
        return self.parent.get("status") or {}

    @property
    def phase(self) -> str:
        return str(self.status.get("phase", ""))

    @property
    def phases(self) -> list[str]:
        return [key for key, _ in itertools.groupby(phase for phase, _ in self.history)]

    @property
    def weights(self) -> list[int]:
        return [key for key, _ in itertools.groupby(weight for _, weight in self.history)]

    @property
    def routes(self) -> list[int]:
        """The canary's weights that the VirtualService had, in order."""
        return [key for key, _ in itertools.groupby(self.route_history)]

    @property
    def kind(self) -> str:
        """The kind of the target."""
        return str(self.parent["spec"]["targetRef"]["kind"])

    def image(self, name: str) -> str:
        spec = self.objects[self.kind, name]["spec"]["template"]["spec"]
        return str(spec["containers"][0]["image"])

    def condition(self, kind: str) -> Manifest | None:
        found = self.status.get("conditions") or []
        return next((c for c in found if c["type"] == kind), None)

    # ---- what a test does

    def edit(self, **spec: Any) -> None:
        """Changes the Canary's spec."""
        self.parent = {
            **self.parent,
            "spec": {**self.parent["spec"], **spec},
            "metadata": {
                **self.parent["metadata"],
                "generation": self.parent["metadata"]["generation"] + 1,
            },
        }

    def set_image(self, image: str) -> None:
        """Deploys another image to the target."""
        target = copy.deepcopy(self.get(self.kind, "podinfo"))
        target["spec"]["template"]["spec"]["containers"][0]["image"] = image
        self._put(target)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def observe(self) -> Observation:
        namespaced = self.objects.values()
        owned = {key: o for key, o in self.objects.items() if owner_of(o) == UID and listed(o)}
        routes = {
            key: merge(BORN, o)
            for key, o in self.objects.items()
            if o["apiVersion"].startswith(ROUTE_GROUPS)
        }
        parsed = Canary.model_validate(self.parent)
        scaler = parsed.spec.autoscaler_ref
        keda = ("ScaledObject", f"{scaler.name}-primary" if scaler else "")
        return Observation(
            canary=parsed,
            target=self.objects.get((self.kind, parsed.spec.target_ref.name)),
            scaler=self.objects.get((scaler.kind, scaler.name)) if scaler else None,
            primary_scaler=self.objects.get(keda),
            configs=configs.keyed(
                [
                    o
                    for o in namespaced
                    if o["kind"] in {"ConfigMap", "Secret"} and owner_of(o) != UID
                ]
            ),
            children=owned,
            routes=routes,
            services={
                o["metadata"]["name"]: o
                for o in namespaced
                if o["kind"] == "Service" and owner_of(o) != UID
            },
            shared=self.shared,
            templates=self.templates,
            alert_providers=self.alert_providers,
            settings=self.settings,
        )

    def sync(self) -> Decision:
        """One sync as the hook does it: plan, IO, decision; then children, status, controllers."""
        self.syncs += 1
        observation = self.observe()
        decision = advance(observation, self.now, self._findings)
        decision = acknowledge(decision, self._effects(decision), self.now)
        self._children(decision)
        if self.lose_status:
            self.lose_status -= 1
        else:
            self._write_status(decision)
        self.controllers()
        self.last = decision
        return decision

    def settle(self, limit: int = 60) -> None:
        """Syncs until a sync changes nothing, as events would bring them."""
        for _ in range(limit):
            before = self._fingerprint()
            self.sync()
            if self._fingerprint() == before:
                return
        raise AssertionError(f"not settled after {limit} syncs in phase {self.phase}")

    def run(self, seconds: float, *, until: str = "") -> None:
        """Lets time pass as the timers ask for it, settling after each wake-up."""
        end = self.now + timedelta(seconds=seconds)
        while self.now <= end:
            self.settle()
            if until and self.phase == until:
                return
            wait = self.last.resync_after_seconds if self.last else None
            step = 30.0 if wait is None else max(wait, 0.001)
            self.now += timedelta(seconds=min(step, 30.0))
        if until:
            raise AssertionError(f"phase {self.phase} instead of {until}: {self.status}")

    # ---- the cluster

    def _findings(self, due: Plan) -> Findings:
        judged: list[Judged] = []
        for check in due.checks:
            if isinstance(check, BrokenCheck):
                judged.append(
                    Judged(
                        id=check.id, name=check.name, verdict=Verdict.ERROR, message=check.reason
                    )
                )
            else:
                self.queries.append(check)
                judged.append(judge(check, self.measure(check)))
        results: dict[str, HookResult] = {}
        for call in due.hooks:
            self.calls.append(call)
            results[call.key] = self.call(call)
            if not results[call.key].succeeded and call.type != "rollback":
                break
        self.probed += due.sources
        sources = {source: self.probe(source) for source in due.sources}
        self.looks += due.others is not None
        return Findings(
            checks=tuple(judged),
            hooks=results,
            pods=self.pods,
            sources=sources,
            others=tuple(o for o in self.rivals if due.others and o["kind"] == due.others.kind),
        )

    def _effects(self, decision: Decision | Farewell) -> dict[tuple[str, str], bool]:
        outcomes: dict[tuple[str, str], bool] = {}
        for effect in decision.effects:
            match effect:
                case Scale() | MergePatch():
                    self.perform(effect)
                case EmitEvent():
                    if effect.key not in {e.key for e in self.events}:
                        self.events.append(effect)
                case ApplyForeign():
                    key = effect.manifest["kind"], effect.manifest["metadata"]["name"]
                    self._put(merge(self.objects[key], effect.manifest))
                case HookCall():
                    self.calls.append(effect)
                case SendAlert():
                    self.alerts.append(effect)
                    taken = self.deliver(effect)
                    if taken is not None:
                        outcomes[effect.key, effect.receiver.id] = taken
        return outcomes

    def perform(self, effect: Scale | MergePatch) -> None:
        """A write, refused where it names an older version of its object."""
        found = self.objects.get((effect.kind, effect.name))
        match effect:
            case Scale():
                guard, patch = effect.resource_version, {"spec": {"replicas": effect.replicas}}
            case MergePatch():
                guard, patch = (
                    effect.patch.get("metadata", {}).get("resourceVersion"),
                    effect.patch,
                )
        if found and guard in {None, found["metadata"]["resourceVersion"]}:
            self._put(merge(found, patch))

    def _children(self, decision: Decision) -> None:
        wanted = {(c["kind"], c["metadata"]["name"]): c for c in decision.children}
        assert len(wanted) == len(decision.children), "a child twice"
        for key, observed in list(self.objects.items()):
            if owner_of(observed) == UID and listed(observed) and key not in wanted:
                del self.objects[key]
        for key, child in wanted.items():
            if key[1] in self.lose_children:
                continue
            old = self.objects.get(key)
            if old is not None and owner_of(old) not in {UID, ""}:
                continue
            self._put(self._applied(old, child))

    def _write_status(self, decision: Decision) -> None:
        status = decision.status.as_manifest()
        if status == self.parent.get("status"):
            return
        self.parent = {
            **self.parent,
            "status": status,
            "metadata": {**self.parent["metadata"], "resourceVersion": str(next(self._versions))},
        }
        self.history.append((self.phase, int(status.get("canaryWeight", 0))))

    def _fingerprint(self) -> str:
        versions = {k: o["metadata"]["resourceVersion"] for k, o in self.objects.items()}
        return repr((versions, self.parent.get("status")))
