"""Gateway API: one HTTPRoute (or GRPCRoute) carries the weights.

Source: flagger pkg/router/gateway_api.go and gateway_api_v1beta1.go. Different on purpose: the
weights are those of the status, so that a correction in the middle of a run keeps them, and in
v1 nothing is known about where traffic goes while a parent has not accepted the newest route.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.routers.base import (
    Aim,
    Capabilities,
    Cookies,
    Related,
    RelatedKind,
    ServiceNames,
    Weights,
)
from burgee.routers.gateway import rivals
from burgee.routers.gateway.backends import canary_share
from burgee.routers.gateway.checks import check_hosts, check_parents
from burgee.routers.gateway.defaults import GROUP, PARENT, rules_with_defaults
from burgee.routers.gateway.grpc import grpc_rules
from burgee.routers.gateway.http import HttpRules
from burgee.routers.gateway.parents import all_parents_accept
from burgee.routers.metadata import route_metadata
from burgee.routers.rivals import Rivalry

Rules: TypeAlias = Callable[[Canary, ServiceNames, Weights, Cookies], list[Manifest]]


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayRouter:
    """One kind of route in one version of the API.

    Attributes:
        kind: of the route.
        capabilities: what it can do.
        rules: of its spec.
        accepted: whether a route counts only once all its parents accepted it as it is.
    """

    kind: RelatedKind
    capabilities: Capabilities
    rules: Rules
    accepted: bool

    def kinds(self) -> tuple[RelatedKind, ...]:
        """The route."""
        return (self.kind,)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """A route called like the apex Service."""
        return (Related(kind=self.kind, names=(canary.spec.apex_name,)),)

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The route.

        Raises:
            InvalidCanary: no Gateway, or something that Gateway API cannot express.
        """
        service = aim.canary.spec.service
        check_parents(service)
        check_hosts(service)
        spec: Manifest = {
            "parentRefs": [{**PARENT, **parent} for parent in service.gateway_refs],
            "rules": self.rules(aim.canary, aim.names, aim.weights, aim.cookies),
        }
        if service.hosts:
            spec["hostnames"] = list(service.hosts)
        return (
            {
                "apiVersion": self.kind.api_version,
                "kind": self.kind.kind,
                "metadata": route_metadata(aim.canary, aim.names, aim.apex_service),
                "spec": spec,
            },
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed route steers requests exactly like this, and is in force."""
        found = self._route(observed, aim.names)
        if found is None or not self._in_force(found):
            return False
        wanted: Manifest = {"rules": self.rules(aim.canary, aim.names, aim.weights, aim.cookies)}
        return self._steering(found.get("spec") or {}) == self._steering(wanted)

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any rule; a mirror counts with its percentage.

        None as well while the route is not in force: what was in force before may go on.
        """
        found = self._route(observed, names)
        if found is None or not self._in_force(found):
            return None
        spec: Manifest = found.get("spec") or {}
        return canary_share(spec.get("rules") or [], names)

    def rivalry(self) -> Rivalry:
        """Parents, hosts and conditions."""
        return Rivalry(kind=self.kind, claim=rivals.claim, clashes=rivals.clashes)

    def _route(self, observed: Sequence[Manifest], names: ServiceNames) -> Manifest | None:
        return next(
            (
                found
                for found in observed
                if found.get("kind") == self.kind.kind
                and str(found.get("apiVersion", "")).startswith(f"{GROUP}/")
                and name_of(found) == names.apex
            ),
            None,
        )

    def _in_force(self, route: Manifest) -> bool:
        return not self.accepted or all_parents_accept(route)

    def _steering(self, spec: Manifest) -> list[Any]:
        """Per rule what decides where a request goes, and the cookies given on the way."""
        return [
            (
                rule["matches"],
                rule["backendRefs"],
                [found for found in rule["filters"] if found.get("requestMirror")],
            )
            for rule in rules_with_defaults(self.kind.kind, spec)
        ]


_HTTP = Capabilities(
    weights=True,
    matching=True,
    mirroring=True,
    session_affinity=True,
    primary_cookie=True,
    honours=frozenset({"apex", "gatewayRefs", "headers", "hosts", "match", "mirror", "rewrite"}),
)

HTTP_V1: Final = GatewayRouter(
    kind=RelatedKind(api_version=f"{GROUP}/v1", resource="httproutes", kind="HTTPRoute"),
    capabilities=replace(
        _HTTP,
        mirror_weight=True,
        honours=_HTTP.honours | {"backendTimeout", "corsPolicy", "timeout"},
    ),
    rules=HttpRules(complete=True),
    accepted=True,
)
HTTP_V1BETA1: Final = GatewayRouter(
    kind=RelatedKind(api_version=f"{GROUP}/v1beta1", resource="httproutes", kind="HTTPRoute"),
    capabilities=_HTTP,
    rules=HttpRules(complete=False),
    accepted=False,
)
GRPC_V1: Final = GatewayRouter(
    kind=RelatedKind(api_version=f"{GROUP}/v1", resource="grpcroutes", kind="GRPCRoute"),
    capabilities=Capabilities(
        weights=True,
        matching=True,
        mirroring=True,
        mirror_weight=True,
        honours=_HTTP.honours - {"rewrite"},
    ),
    rules=grpc_rules,
    accepted=True,
)
