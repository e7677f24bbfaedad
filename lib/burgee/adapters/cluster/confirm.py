"""Before traffic moves: what the decision rests on, read live.

A request shows workloads and routes as Metacontroller's caches have them, which may be seconds
old while the Canary itself is read live. A step that is decided on pods which are gone, or a
scaling to zero on a route that has moved since, would send traffic to nobody; a route that only
seems to be as wanted would not be written. So a decision that moves traffic is made twice: on the
request, and where that is old, on what the cluster holds.

Where weights are numbers of pods every decision of a run is one: the apex Service, which is answered
always, chooses by what is seen of the pods, and an answer from an old cache would turn it back.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.live import read_object
from burgee.adapters.cluster.observe import is_route
from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.engine.decision import Decision, Findings, Plan
from burgee.engine.effects import ApplyForeign, Effect, MergePatch, Scale
from burgee.engine.reading.observation import ObjectKey, Observation
from burgee.engine.reading.traffic import route_of
from burgee.errors import NotFound
from burgee.targets.drift import settled

_WORKLOADS = frozenset({"DaemonSet", "Deployment"})
# They say how traffic goes, not where.
_POLICIES = frozenset({"DestinationRule"})
_TARGET: ObjectKey = ("", "target")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Does the IO of a plan once, however often the same plan is made in one sync.

    Attributes:
        ask: does the IO.
        found: what was asked so far.
    """

    ask: Callable[[Plan], Findings]
    found: list[tuple[Plan, Findings]] = field(default_factory=list[tuple[Plan, Findings]])

    @property
    def analysed(self) -> bool:
        """True where a step of the analysis was among what was asked."""
        return any(plan.analysis for plan, _ in self.found)

    def run(self, plan: Plan) -> Findings:
        """What the IO brings, or brought before."""
        for known, findings in self.found:
            if known == plan:
                return findings
        findings = self.ask(plan)
        self.found.append((plan, findings))
        return findings


def confirmed(
    observation: Observation,
    decision: Decision,
    kube: KubeClient,
    *,
    executor: Executor,
    left_seconds: Callable[[], float],
) -> Observation:
    """The observation with live objects in place of those that the decision rests on.

    The very same value comes back where the decision neither moves traffic nor takes pods away,
    and where all is as observed.

    Raises:
        ClusterError: something could not be read.
    """
    if not _moves_traffic(observation, decision):
        return observation

    def live(observed: Manifest) -> Manifest | None:
        return _live(observed, kube, left_seconds())

    before = _resting_on(observation)
    after = dict(zip(before, executor.map(live, before.values()), strict=True))
    if all(after[key] is manifest for key, manifest in before.items()):
        return observation
    return replace(
        observation,
        target=after.get(_TARGET),
        children=_replaced(observation.children, after),
        routes=_replaced(observation.routes, after),
        services={
            name: found for (_, name), found in _replaced(_services(observation), after).items()
        },
    )


def _resting_on(observation: Observation) -> dict[ObjectKey, Manifest]:
    """Target, primary and what says where traffic goes."""
    found = {k: o for k, o in observation.children.items() if k[0] in _WORKLOADS}
    found.update((k, o) for k, o in observation.routes.items() if k[0] not in _POLICIES)
    if observation.target is not None:
        found[_TARGET] = observation.target
    key = _apex_key(observation)
    apex = _apex(observation)
    return {**found, key: apex} if apex is not None else found


def _apex_key(observation: Observation) -> ObjectKey:
    return "Service", observation.canary.spec.apex_name


def _apex(observation: Observation) -> Manifest | None:
    """The apex Service, whoever owns it."""
    key = _apex_key(observation)
    return observation.children.get(key) or observation.services.get(key[1])


def _services(observation: Observation) -> dict[ObjectKey, Manifest]:
    return {("Service", name): found for name, found in observation.services.items()}


def _replaced(
    observed: Mapping[ObjectKey, Manifest], live: Mapping[ObjectKey, Manifest | None]
) -> dict[ObjectKey, Manifest]:
    """The observed objects with the live ones in place of those that were read again."""
    merged = {key: live.get(key) if key in live else o for key, o in observed.items()}
    return {key: manifest for key, manifest in merged.items() if manifest is not None}


def _moves_traffic(observation: Observation, decision: Decision) -> bool:
    """True where weights change, a route is written, or somebody may be left without pods."""
    remembered, remembers = observation.canary.status.replica_ratio, decision.status.replica_ratio
    if remembered is not None or remembers is not None:
        return True
    return (
        route_of(decision.status) != route_of(observation.canary.status)
        or any(_writes_route(observation, child) for child in decision.children)
        or any(_steers(effect, observation) for effect in decision.effects)
    )


def _writes_route(observation: Observation, child: Manifest) -> bool:
    """True for a route that is answered to be changed; one of a listed kind is always answered.

    The apex Service is one: it chooses the pods that serve.
    """
    key = child["kind"], name_of(child)
    observed = observation.children.get(key)
    if key == _apex_key(observation):
        return observed is not None and _selector(observed) != _selector(child)
    if not is_route(child):
        return False
    uid = observation.canary.metadata.uid
    return observed is None or not settled(observed, child, owner_uid=uid)


def _steers(effect: Effect, observation: Observation) -> bool:
    """True where an effect writes a route, or takes pods away.

    A DaemonSet is patched for that.
    """
    target = observation.target or {}
    match effect:
        case ApplyForeign():
            key = effect.manifest["kind"], name_of(effect.manifest)
            return is_route(effect.manifest) or key == _apex_key(observation)
        case MergePatch() if is_route({"apiVersion": effect.api_version}):
            return True
        case Scale() if effect.resource_version is not None:
            return True
        case MergePatch():
            key = effect.kind, effect.name
            aims = key == _apex_key(observation) and "selector" in effect.patch.get("spec", {})
            return aims or key == (target.get("kind"), name_of(target))
        case _:
            return False


def _selector(service: Manifest) -> object:
    return (service.get("spec") or {}).get("selector")


def _live(observed: Manifest, kube: KubeClient, seconds: float) -> Manifest | None:
    """The object as it is now: the same value where it did not change, None where it is gone."""
    try:
        found = read_object(
            kube,
            observed["apiVersion"],
            observed["kind"],
            namespace_of(observed),
            name_of(observed),
            timeout_seconds=seconds,
        )
    except NotFound:
        return None
    same = metadata(found).get("resourceVersion") == metadata(observed).get("resourceVersion")
    return observed if same else found
