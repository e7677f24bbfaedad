"""Before traffic moves: what the decision rests on, read live.

A request shows workloads and routes as Metacontroller's caches have them, which may be seconds
old while the Canary itself is read live. A step that is decided on pods which are gone, or a
scaling to zero on a route that has moved since, would send traffic to nobody; a route that only
seems to be as wanted would not be written. So a decision that moves traffic is made twice: on the
request, and where that is old, on what the cluster holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from burgee.adapters.kube import KubeClient
from burgee.adapters.observe import is_route
from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.engine.decision import Decision, Findings, Plan
from burgee.engine.effects import MergePatch, Scale
from burgee.engine.observation import ObjectKey, Observation
from burgee.engine.turn import route_of
from burgee.errors import NotFound

_WORKLOADS = frozenset({"DaemonSet", "Deployment"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Does the IO of a plan once, however often the same plan is made in one sync.

    Attributes:
        ask: does the IO.
        found: what was asked so far.
    """

    ask: Callable[[Plan], Findings]
    found: list[tuple[Plan, Findings]] = field(default_factory=list[tuple[Plan, Findings]])

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
    left_seconds: Callable[[], float],
) -> Observation:
    """The observation with live objects in place of those that the decision rests on.

    The very same value comes back where the decision neither moves traffic nor rescales the
    target, and where all is as observed.

    Raises:
        ClusterError: something could not be read.
    """
    if not _moves_traffic(observation, decision):
        return observation

    def live(observed: Manifest) -> Manifest | None:
        return _live(observed, kube, left_seconds())

    target = None if observation.target is None else live(observation.target)
    workloads = {k: o for k, o in observation.children.items() if k[0] in _WORKLOADS}
    children = {**observation.children, **_reread(workloads, live)}
    routes = _reread(observation.routes, live)
    before = (observation.target, *observation.children.values(), *observation.routes.values())
    after = (target, *children.values(), *routes.values())
    if all(old is new for old, new in zip(before, after, strict=True)):
        return observation
    return replace(
        observation,
        target=target,
        children={key: child for key, child in children.items() if child is not None},
        routes={key: route for key, route in routes.items() if route is not None},
    )


def _moves_traffic(observation: Observation, decision: Decision) -> bool:
    """True where weights change, a route is written, or the target gets or loses its pods."""
    target = observation.target or {}
    return (
        route_of(decision.status) != route_of(observation.canary.status)
        or any(is_route(child) for child in decision.children)
        or any(
            isinstance(effect, MergePatch | Scale)
            and (effect.kind, effect.name) == (target.get("kind"), name_of(target))
            for effect in decision.effects
        )
    )


def _reread(
    observed: Mapping[ObjectKey, Manifest], live: Callable[[Manifest], Manifest | None]
) -> dict[ObjectKey, Manifest | None]:
    return {key: live(manifest) for key, manifest in observed.items()}


def _live(observed: Manifest, kube: KubeClient, seconds: float) -> Manifest | None:
    """The object as it is now: the same value where it did not change, None where it is gone."""
    try:
        found = kube.get(
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
