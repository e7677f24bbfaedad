"""A route that the user wrote, named by spec.routeRef: only the weights of its backends are set.

It has to lead to both backends already, `<service>-primary` and `<service>-canary`; every list of
backends that does is given the weights, all others stay as they are. Lists of a custom resource
are applied as a whole, so what is applied is the list as it was observed, with other weights and
the resourceVersion: an edit in between is not overwritten, but seen first.

What the weights were before is remembered on the object, and given back. Several Canaries may
share a route, each with rules of its own.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burgee.api.canary import Canary
from burgee.api.guards import OWN_PREFIX
from burgee.api.manifest import Manifest, annotations_of, metadata, namespace_of
from burgee.errors import InvalidCanary
from burgee.routers.base import (
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    Role,
    ServiceNames,
    Weights,
)
from burgee.routers.contour import status as contour_status
from burgee.routers.contour.status import is_invalid
from burgee.routers.gateway.parents import all_parents_accept
from burgee.routers.originals import named, original
from burgee.routers.shares import canary_share, rule
from burgee.routers.users.lists import Backends, Layout, lists_of, mapped, value_at

FIELD: Final = "routeRef"
ORIGINAL_WEIGHTS: Final = f"{OWN_PREFIX}original-weights"
"""On the user's route, as JSON: by apex Service [primary, canary] of each list before burgee set
any."""
_AT_REST: Final = (100, 0)
_PROXY: Final = f"{contour_status.GROUP}/"


@dataclass(frozen=True, kw_only=True, slots=True)
class UsersRoute:
    """A provider that sets weights in one object and nothing else.

    Attributes:
        kind: of the route.
        layout: where it has its backends.
        name: of the route.
    """

    kind: RelatedKind
    layout: Layout
    name: str

    @property
    def capabilities(self) -> Capabilities:
        """Weights: tests and copies are the user's to write."""
        return Capabilities(weights=True)

    def kinds(self) -> tuple[RelatedKind, ...]:
        """That of the route."""
        return (self.kind,)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """The route."""
        del canary
        return (Related(kind=self.kind, names=(self.name,), role=Role.WEIGHED),)

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The part of the route that is applied: its lists, with these weights.

        Raises:
            InvalidCanary: it does not exist, does not lead to both backends, or to others too.
        """
        found = original(aim.originals, self.kind, aim.canary.metadata.namespace, self.name, FIELD)
        self._check(found, aim.names)
        return (self._weighed(found, aim.names, aim.weights),)

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if every list with both backends gives them these weights, and is in force."""
        found = self._in_force(observed)
        if found is None:
            return False
        given = [self._given(pair) for pair in self._pairs(found, aim.names)]
        return bool(given) and all(
            pair == (aim.weights.primary, aim.weights.canary) for pair in given
        )

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any list; None while the route is not in force."""
        found = self._in_force(observed)
        if found is None:
            return None
        weight_of = self.layout.weight_of
        rules = [
            rule((_service(b, self.layout, found, names), weight_of(b)) for b in backends)
            for backends in lists_of(found.get("spec") or {}, self.layout)
        ]
        return canary_share(rules, names)

    def release(self, canary: Canary, originals: Sequence[Manifest]) -> tuple[Manifest, ...]:
        """The route with the weights that it had before burgee set any."""
        found = named(originals, self.kind, self.name, canary.metadata.namespace)
        apex = canary.spec.apex_name
        remembered = _remembered(found, apex)
        if found is None or apex not in remembered:
            return ()
        weights = iter(_pairs_in(remembered[apex]))
        names = BackendNames(apex)

        def change(backends: Backends) -> Backends:
            if not self._is_pair(backends, found, names):
                return backends
            return self._set(backends, found, names, next(weights, _AT_REST))

        spec = mapped(found.get("spec") or {}, self.layout, change)
        others = {key: value for key, value in remembered.items() if key != apex}
        return (self._part(found, spec, remembered=others),)

    def leads_to_both(self, found: Manifest, names: ServiceNames) -> bool:
        """True where a list of the route has both backends."""
        return any(True for _ in self._pairs(found, names))

    def _weighed(self, found: Manifest, names: ServiceNames, weights: Weights) -> Manifest:
        """The route's lists with these weights, and what they were at first."""

        def change(backends: Backends) -> Backends:
            if not self._is_pair(backends, found, names):
                return backends
            return self._set(backends, found, names, (weights.primary, weights.canary))

        remembered = _remembered(found, names.apex)
        if names.apex not in remembered:
            given = [[b.get("weight") for b in pair] for pair in self._pairs(found, names)]
            remembered = {**remembered, names.apex: given}
        spec = mapped(found.get("spec") or {}, self.layout, change)
        return self._part(found, spec, remembered=remembered)

    def _check(self, found: Manifest, names: ServiceNames) -> None:
        what = f"{self.kind.kind} {self.name} (spec.{FIELD})"
        if not self.leads_to_both(found, names):
            raise InvalidCanary(
                "NoSuchBackend",
                f"{what} has no rule with both backends {names.primary} and {names.canary}",
            )
        for backends in lists_of(found.get("spec") or {}, self.layout):
            services = [_service(backend, self.layout, found, names) for backend in backends]
            if names.canary in services and names.primary not in services:
                raise InvalidCanary(
                    "CanaryAlone",
                    f"{what} has a rule that leads to {names.canary} without {names.primary}; it "
                    "has no pods at rest, and those of any revision during a run",
                )
            if self._is_pair(backends, found, names) and self._has_others(backends, services):
                raise InvalidCanary(
                    "SeveralBackends",
                    f"{what} has a rule with traffic for others besides {names.primary} and "
                    f"{names.canary}, or with one of them twice",
                )

    def _has_others(self, backends: Backends, services: Sequence[str]) -> bool:
        """True where a backend is none of the two Services, or one that was there before."""
        return any(
            service in services[:index]
            if service
            else not backend.get("mirror") and self.layout.weight_of(backend) > 0
            for index, (backend, service) in enumerate(zip(backends, services, strict=True))
        )

    def _part(self, found: Manifest, spec: Manifest, *, remembered: Mapping[str, Any]) -> Manifest:
        text = json.dumps(remembered, separators=(",", ":"), sort_keys=True)
        annotation = text if remembered else None
        head = metadata(found)
        identity = {f: head[f] for f in ("name", "namespace", "resourceVersion") if f in head}
        return {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "metadata": {**identity, "annotations": {ORIGINAL_WEIGHTS: annotation}},
            "spec": spec,
        }

    def _in_force(self, observed: Sequence[Manifest]) -> Manifest | None:
        """The observed route, None where there is none, or its provider does not serve it."""
        found = named(observed, self.kind, self.name)
        if found is None or (self.layout.accepted and not all_parents_accept(found)):
            return None
        return None if self.layout.is_of(_PROXY) and is_invalid(found) else found

    def _pairs(self, found: Manifest, names: ServiceNames) -> Iterator[tuple[Manifest, Manifest]]:
        """Primary and canary backend of every list that has both."""
        for backends in lists_of(found.get("spec") or {}, self.layout):
            known = {_service(b, self.layout, found, names): b for b in backends}
            if names.primary in known and names.canary in known:
                yield known[names.primary], known[names.canary]

    def _is_pair(self, backends: Backends, found: Manifest, names: ServiceNames) -> bool:
        known = {_service(backend, self.layout, found, names) for backend in backends}
        return {names.primary, names.canary} <= known

    def _given(self, pair: tuple[Manifest, Manifest]) -> tuple[int, int]:
        primary, canary = pair
        return self.layout.weight_of(primary), self.layout.weight_of(canary)

    def _set(
        self,
        backends: Backends,
        found: Manifest,
        names: ServiceNames,
        weights: Sequence[int | None],
    ) -> Backends:
        wanted = dict(zip((names.primary, names.canary), weights, strict=True))
        return [
            self.layout.weighed(backend, wanted[service])
            if (service := _service(backend, self.layout, found, names))
            else backend
            for backend in backends
        ]


@dataclass(frozen=True, slots=True)
class BackendNames:
    """The names of the Services, where only that of the apex one is known."""

    apex: str
    target: str = ""
    selector_key: str = ""
    selector_value: str = ""
    primary_label_value: str = ""

    @property
    def primary(self) -> str:
        """The Service in front of the primary workload."""
        return f"{self.apex}-primary"

    @property
    def canary(self) -> str:
        """The Service in front of the target."""
        return f"{self.apex}-canary"


def _service(backend: Manifest, layout: Layout, route: Manifest, names: ServiceNames) -> str:
    """Which of the two Services a backend is; empty for anything else, and for copies."""
    namespace = namespace_of(route)
    if str(backend.get("kind") or "Service") != "Service" or backend.get("mirror"):
        return ""
    if (value_at(backend, layout.namespace) or namespace) != namespace:
        return ""
    host = str(value_at(backend, layout.service) or "")
    name, _, rest = host.partition(".")
    local = rest in {"", namespace, f"{namespace}.svc", f"{namespace}.svc.cluster.local"}
    return name if local and name in {names.primary, names.canary} else ""


def _remembered(found: Manifest | None, apex: str) -> dict[str, Any]:
    """Weights by apex Service; of this one nothing where somebody wrote something else there."""
    text = annotations_of(found or {}).get(ORIGINAL_WEIGHTS)
    if text is None:
        return {}
    try:
        known = json.loads(text)
    except ValueError:
        known = None
    return known if isinstance(known, dict) else {apex: []}


def _pairs_in(value: Any) -> list[Any]:
    """Pairs of weights; none where somebody wrote something else there."""
    pairs: list[Any] = value if isinstance(value, list) else []
    return pairs if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs) else []
