"""Istio: one VirtualService carries the weights, two DestinationRules the traffic policy.

Source: flagger pkg/router/istio.go. Different on purpose: the weights are those of the status,
so that a correction in the middle of a run does not send everybody back to the primary, and the
spec of a route that was edited is not stored as the user's original.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any

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
from burgee.routers.istio import rivals
from burgee.routers.istio.hosts import hosts_and_gateways
from burgee.routers.istio.rules import http_rules, is_tcp, tcp_rules
from burgee.routers.istio.tcp import check_tcp, without_effect
from burgee.routers.metadata import route_metadata
from burgee.routers.rivals import Rivalry

API_VERSION = "networking.istio.io/v1beta1"
VIRTUAL_SERVICE = RelatedKind(
    api_version=API_VERSION, resource="virtualservices", kind="VirtualService"
)
DESTINATION_RULE = RelatedKind(
    api_version=API_VERSION, resource="destinationrules", kind="DestinationRule"
)

# What decides where a request goes; a foreign timeout does not move traffic.
_STEERING = ("match", "route", "mirror", "mirrorPercentage")

_CAPABILITIES = Capabilities(
    weights=True,
    matching=True,
    mirroring=True,
    mirror_weight=True,
    session_affinity=True,
    primary_cookie=True,
    honours=frozenset(
        {
            "apex",
            "appProtocol",
            "corsPolicy",
            "delegation",
            "gateways",
            "headers",
            "hosts",
            "match",
            "retries",
            "rewrite",
            "timeout",
            "trafficPolicy",
        }
    ),
)


class IstioRouter:
    """The provider `istio`."""

    @property
    def capabilities(self) -> Capabilities:
        """All of them."""
        return _CAPABILITIES

    def kinds(self) -> tuple[RelatedKind, ...]:
        """DestinationRules and VirtualServices."""
        return (DESTINATION_RULE, VIRTUAL_SERVICE)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """A DestinationRule for each side, a VirtualService called like the apex Service."""
        apex = canary.spec.apex_name
        return (
            Related(kind=DESTINATION_RULE, names=(f"{apex}-canary", f"{apex}-primary")),
            Related(kind=VIRTUAL_SERVICE, names=(apex,)),
        )

    def advice(self, canary: Canary) -> Iterator[str]:
        """What TCP has no use for."""
        if is_tcp(canary):
            yield from without_effect(canary)

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The DestinationRules and the VirtualService.

        Raises:
            InvalidCanary: hosts, gateways or delegation as Istio would not admit them, or an
                analysis that looks at requests where there are connections only.
        """
        if is_tcp(aim.canary):
            check_tcp(aim.canary)
        return (
            _destination_rule(aim.canary, aim.names.canary),
            _destination_rule(aim.canary, aim.names.primary),
            {
                "apiVersion": API_VERSION,
                "kind": VIRTUAL_SERVICE.kind,
                "metadata": route_metadata(aim.canary, aim.names, aim.apex_service),
                "spec": {
                    **hosts_and_gateways(aim.canary, aim.names),
                    **_rules(aim.canary, aim.names, aim.weights, aim.cookies),
                },
            },
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed VirtualService steers requests exactly like this."""
        found = _virtual_service(observed, aim.names)
        if found is None:
            return False
        spec: Manifest = found.get("spec") or {}
        return _steering(spec) == _steering(
            _rules(aim.canary, aim.names, aim.weights, aim.cookies)
        )

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any rule; a mirror counts with its percentage."""
        found = _virtual_service(observed, names)
        spec: Manifest = (found or {}).get("spec") or {}
        shares: list[int] = []
        known = False
        for rule in _all_rules(spec):
            routes: list[Manifest] = rule.get("route") or []
            for route in routes:
                host = (route.get("destination") or {}).get("host")
                known = known or host in {names.primary, names.canary}
                if host == names.canary:
                    shares.append(_share(route, routes))
            if (rule.get("mirror") or {}).get("host") == names.canary:
                known = True
                shares.append(_mirrored_share(rule))
        return max(shares, default=0) if known else None

    def rivalry(self) -> Rivalry:
        """Hosts, gateways and conditions; nothing where another VirtualService delegates."""
        return Rivalry(kind=VIRTUAL_SERVICE, claim=rivals.claim, clashes=rivals.clashes)


def _share(route: Manifest, routes: list[Manifest]) -> int:
    """The weight of a backend; the only one of a rule gets everything, whatever it says."""
    weight: int = route.get("weight") or 0
    return 100 if len(routes) == 1 else weight


def _mirrored_share(rule: Manifest) -> int:
    percentage: Manifest | None = rule.get("mirrorPercentage")
    return 100 if percentage is None else ceil(percentage.get("value") or 0)


def _destination_rule(canary: Canary, host: str) -> Manifest:
    spec: Manifest = {"host": host}
    if canary.spec.service.traffic_policy:
        spec["trafficPolicy"] = canary.spec.service.traffic_policy
    return {
        "apiVersion": API_VERSION,
        "kind": DESTINATION_RULE.kind,
        "metadata": {"name": host, "namespace": canary.metadata.namespace},
        "spec": spec,
    }


def _rules(canary: Canary, names: ServiceNames, weights: Weights, cookies: Cookies) -> Manifest:
    if is_tcp(canary):
        return {"tcp": tcp_rules(canary, names, weights)}
    return {"http": http_rules(canary, names, weights, cookies)}


def _virtual_service(observed: Sequence[Manifest], names: ServiceNames) -> Manifest | None:
    return next(
        (
            found
            for found in observed
            if found.get("kind") == VIRTUAL_SERVICE.kind and name_of(found) == names.apex
        ),
        None,
    )


def _all_rules(spec: Manifest) -> Iterable[Manifest]:
    http: list[Manifest] = spec.get("http") or []
    tcp: list[Manifest] = spec.get("tcp") or []
    return (*http, *tcp)


def _steering(spec: Manifest) -> list[Any]:
    """Per rule what decides where a request goes, without the parts that say nothing."""
    return [
        {field: rule[field] for field in _STEERING if rule.get(field)} for rule in _all_rules(spec)
    ]
