"""Traefik: a TraefikService that the user's IngressRoute leads to.

    weights   weighted.services
    copies    mirroring, in place of weighted
    A/B       a second IngressRoute with the user's rules and the test's conditions, so that
              spec.routeRef has to name the user's; the TraefikService stays with the primary

Source: flagger pkg/router/traefik.go (weights alone); traefik, kubernetes-crd definitions and
rules of version 3. Different on purpose: a correction in the middle of a run keeps the weights.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
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
from burgee.routers.conditions import Alternative, Condition, Way, alternatives
from burgee.routers.metadata import route_metadata
from burgee.routers.originals import copied_metadata, is_of, named, original, reference
from burgee.routers.shares import Rule, canary_share, rule

API_VERSION = "traefik.io/v1alpha1"
TRAEFIK_SERVICE = RelatedKind(
    api_version=API_VERSION, resource="traefikservices", kind="TraefikService"
)
INGRESS_ROUTE = RelatedKind(api_version=API_VERSION, resource="ingressroutes", kind="IngressRoute")
FIELD = "routeRef"
FULL = 100

_FORMER_SYNTAX = "v2"


@dataclass(frozen=True, kw_only=True, slots=True)
class TraefikRouter:
    """The provider `traefik`.

    Attributes:
        copied: name of the user's IngressRoute that has a copy for a test, also where the Canary
            asks for none any more; empty for the one that it names.
    """

    copied: str = ""

    @property
    def capabilities(self) -> Capabilities:
        """Weights, tests beside the user's IngressRoute, copies of a share of the requests."""
        return Capabilities(
            weights=True,
            matching=True,
            mirroring=True,
            mirror_weight=True,
            honours=frozenset({"apex"}),
        )

    def kinds(self) -> tuple[RelatedKind, ...]:
        """IngressRoutes and TraefikServices."""
        return (INGRESS_ROUTE, TRAEFIK_SERVICE)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """A TraefikService called like the apex Service; for a test two IngressRoutes."""
        own = Related(kind=TRAEFIK_SERVICE, names=(canary.spec.apex_name,))
        ref = canary.spec.route_ref if canary.spec.plan.match else None
        name = self.copied or (ref.name if ref else "")
        if not name:
            return (own,)
        return (
            Related(kind=INGRESS_ROUTE, names=(name,), role=Role.READ),
            Related(kind=INGRESS_ROUTE, names=(_copy_name(canary, name),)),
            own,
        )

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The TraefikService; for a test the IngressRoute after it.

        Raises:
            InvalidCanary: a test without an IngressRoute that leads to the TraefikService, or
                conditions that cannot be expressed.
        """
        tests = alternatives(aim.canary)
        service: Manifest = {
            "apiVersion": API_VERSION,
            "kind": TRAEFIK_SERVICE.kind,
            "metadata": route_metadata(aim.canary, aim.names, aim.apex_service),
            "spec": _service_spec(aim.canary, aim.names, Weights() if tests else aim.weights),
        }
        if not tests:
            return (service,)
        name = reference(aim.canary.spec.route_ref, FIELD, INGRESS_ROUTE)
        found = original(aim.originals, INGRESS_ROUTE, aim.canary.metadata.namespace, name, FIELD)
        return service, _test_route(aim.canary, aim.names, aim.weights, found, tests)

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if both observed objects steer requests exactly like this."""
        wanted = self.render(aim)
        kinds = (TRAEFIK_SERVICE, INGRESS_ROUTE)
        return all(
            (found := named(observed, kind, name_of(one))) is not None
            and _rules(found) == _rules(one)
            for kind, one in zip(kinds, wanted, strict=False)
        )

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share in the TraefikService and in the copied IngressRoute."""
        service = named(observed, TRAEFIK_SERVICE, names.apex)
        if service is None:
            return None
        routes = [found for found in observed if is_of(found, INGRESS_ROUTE)]
        rules = [one for found in (service, *routes) for one in _rules(found)]
        return canary_share(rules, names)


def _copy_name(canary: Canary, name: str) -> str:
    return f"{name}-{canary.spec.apex_name}-canary"


def _service_spec(canary: Canary, names: ServiceNames, weights: Weights) -> Manifest:
    if weights.mirrored:
        percent = canary.spec.plan.mirror_weight or FULL
        mirror = {**_backend(canary, names.canary), "percent": percent}
        return {"mirroring": {**_backend(canary, names.primary), "mirrors": [mirror]}}
    return {"weighted": {"services": _weighted(canary, names, weights)}}


def _weighted(canary: Canary, names: ServiceNames, weights: Weights) -> list[Manifest]:
    """Both backends; the canary is left out where it gets nothing."""
    primary = {**_backend(canary, names.primary), "weight": weights.primary}
    if weights.canary == 0:
        return [primary]
    return [primary, {**_backend(canary, names.canary), "weight": weights.canary}]


def _backend(canary: Canary, name: str) -> Manifest:
    return {
        "name": name,
        "namespace": canary.metadata.namespace,
        "port": canary.spec.service.port,
    }


def _test_route(
    canary: Canary,
    names: ServiceNames,
    weights: Weights,
    found: Manifest,
    tests: tuple[Alternative, ...],
) -> Manifest:
    """The user's IngressRoute for those who take part in the test.

    Each rule comes right before the user's own. Left to itself Traefik would rank it by its
    length, and put it before rules of the user that are for something else.
    """
    spec: Manifest = found.get("spec") or {}
    routes: list[Manifest] = spec.get("routes") or []
    conditions = " || ".join(f"({_conditions(test)})" for test in tests)
    tested: list[Manifest] = []
    for route in routes:
        if not _leads_to(route, names.apex):
            continue
        if route.get("syntax") == _FORMER_SYNTAX:
            raise InvalidCanary(
                "UnsupportedMatch",
                f"IngressRoute {name_of(found)} (spec.{FIELD}) has a rule in the syntax of "
                "Traefik 2, which has other words for the conditions of a test",
            )
        match: str = route.get("match", "")
        tested.append(
            {
                **route,
                "match": f"({match}) && ({conditions})",
                "priority": (route.get("priority") or len(match.encode())) + 1,
                "services": _weighted(canary, names, weights),
            }
        )
    if not tested:
        raise InvalidCanary(
            "NoSuchBackend",
            f"IngressRoute {name_of(found)} (spec.{FIELD}) has no route to the TraefikService "
            f"{names.apex} (spec.service.name)",
        )
    return {
        "apiVersion": API_VERSION,
        "kind": INGRESS_ROUTE.kind,
        "metadata": copied_metadata(canary, found, _copy_name(canary, name_of(found))),
        "spec": {**spec, "routes": tested},
    }


def _leads_to(route: Manifest, name: str) -> bool:
    services: list[Manifest] = route.get("services") or []
    return any(
        service.get("kind") == TRAEFIK_SERVICE.kind and service.get("name") == name
        for service in services
    )


def _conditions(test: Alternative) -> str:
    return " && ".join(
        (
            *(_matcher("Header", condition) for condition in test.headers),
            *(_matcher("Query", condition) for condition in test.parameters),
        )
    )


def _matcher(function: str, condition: Condition) -> str:
    name = _text(condition.name)
    if condition.way is Way.EXACT:
        return f"{function}({name}, {_text(condition.value)})"
    return f"{function}Regexp({name}, {_text(condition.searched)})"


def _text(value: str) -> str:
    """A string of Traefik's rule language, which is Go's."""
    return json.dumps(value, ensure_ascii=False) if "`" in value else f"`{value}`"


def _rules(found: Manifest) -> tuple[Rule, ...]:
    """What a TraefikService does, or the routes of an IngressRoute."""
    spec: Manifest = found.get("spec") or {}
    routes: list[Manifest] = spec.get("routes") or []
    if is_of(found, INGRESS_ROUTE):
        return tuple(
            rule(_pairs(route.get("services")), match=(route.get("match"), route.get("priority")))
            for route in routes
        )
    weighted: Manifest = spec.get("weighted") or {}
    mirroring: Manifest = spec.get("mirroring") or {}
    if weighted or not mirroring:
        return (rule(_pairs(weighted.get("services"))),)
    mirrors: list[Manifest] = mirroring.get("mirrors") or []
    copies = [(mirror.get("name", ""), mirror.get("percent") or 0) for mirror in mirrors]
    return (rule([(mirroring.get("name", ""), FULL)], copies=copies),)


def _pairs(services: list[Manifest] | None) -> list[tuple[str, float]]:
    """Backends with their weights; one without a weight has weight 1."""
    return [
        (s.get("name", ""), 1 if s.get("weight") is None else s["weight"]) for s in services or ()
    ]
