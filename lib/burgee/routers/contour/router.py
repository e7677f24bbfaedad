"""Contour: an HTTPProxy that a root proxy includes.

Source: flagger pkg/router/contour.go; contour, apis/projectcontour/v1. Different on purpose: the
entries of analysis.match are alternatives, each a route of its own, and a route has its prefix
once. Contour refuses Flagger's object where a test looks at two headers.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.errors import InvalidCanary
from burgee.routers.base import (
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    ServiceNames,
    Weights,
)
from burgee.routers.conditions import Alternative, Condition, Way, alternatives
from burgee.routers.contour.policies import policies
from burgee.routers.contour.status import is_invalid
from burgee.routers.metadata import route_metadata
from burgee.routers.originals import named
from burgee.routers.shares import Rule, canary_share, rule

HTTP_PROXY = RelatedKind(
    api_version="projectcontour.io/v1", resource="httpproxies", kind="HTTPProxy"
)
FULL = 100

# Contour knows no prefix or suffix of a header's value; as in Flagger it has to be somewhere.
_HEADER_WAYS: Final[Mapping[Way, str]] = MappingProxyType(
    {
        Way.EXACT: "exact",
        Way.PREFIX: "contains",
        Way.SUFFIX: "contains",
        Way.REGEX: "regex",
    }
)


class ContourRouter:
    """The provider `contour`; `ingress_class` tells which Contour serves the proxy."""

    def __init__(self, ingress_class: str = "") -> None:
        """Empty for the Contour that serves proxies without a class."""
        self._ingress_class = ingress_class

    @property
    def capabilities(self) -> Capabilities:
        """Weights, tests, copies of a share of the requests."""
        return Capabilities(
            weights=True,
            matching=True,
            mirroring=True,
            mirror_weight=True,
            honours=frozenset({"apex", "match", "retries", "timeout"}),
            first_only=frozenset({"match"}),
        )

    def kinds(self) -> tuple[RelatedKind, ...]:
        """HTTPProxies."""
        return (HTTP_PROXY,)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """An HTTPProxy called like the apex Service."""
        return (Related(kind=HTTP_PROXY, names=(canary.spec.apex_name,)),)

    def advice(self, canary: Canary) -> Iterator[str]:
        """Texts that Contour looks for anywhere in the value of a header."""
        for number, test in enumerate(alternatives(canary)):
            for condition in test.headers:
                if condition.way in {Way.PREFIX, Way.SUFFIX}:
                    where = f"spec.analysis.match[{number}].headers.{condition.name}"
                    yield f"{where}.{condition.way} is looked for anywhere in the value by Contour"

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The HTTPProxy.

        Raises:
            InvalidCanary: conditions, time limits or retries cannot be expressed.
        """
        spec: Manifest = {"routes": _routes(aim.canary, aim.names, aim.weights)}
        if self._ingress_class:
            spec["ingressClassName"] = self._ingress_class
        return (
            {
                "apiVersion": HTTP_PROXY.api_version,
                "kind": HTTP_PROXY.kind,
                "metadata": route_metadata(aim.canary, aim.names, aim.apex_service),
                "spec": spec,
            },
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed HTTPProxy steers requests exactly like this, and is valid."""
        (wanted,) = self.render(aim)
        found = named(observed, HTTP_PROXY, name_of(wanted))
        if found is None or is_invalid(found):
            return False
        return _rules(found) == _rules(wanted)

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any route; None where Contour serves none of them."""
        found = named(observed, HTTP_PROXY, names.apex)
        if found is None or is_invalid(found):
            return None
        return canary_share(_rules(found), names)


def _routes(canary: Canary, names: ServiceNames, weights: Weights) -> list[Manifest]:
    prefix: Manifest = {"prefix": _prefix(canary)}
    weighted = _services(canary, names, weights)
    tests = alternatives(canary)
    if not tests:
        return [_route(canary, [prefix], weighted)]
    others = _services(canary, names, Weights())
    return [
        *(_route(canary, [prefix, *_conditions(test)], weighted) for test in tests),
        _route(canary, [prefix], others),
    ]


def _prefix(canary: Canary) -> str:
    """That of the first entry of service.match; everything without one.

    Raises:
        InvalidCanary: it is no path.
    """
    match = canary.spec.service.match
    uri: Manifest = (match[0].get("uri") or {}) if match else {}
    prefix = str(uri.get("prefix") or "/")
    if not prefix.startswith("/"):
        raise InvalidCanary(
            "InvalidMatch", f"spec.service.match[0].uri.prefix {prefix} must begin with /"
        )
    return prefix


def _conditions(test: Alternative) -> list[Manifest]:
    return [
        *({"header": _header(condition)} for condition in test.headers),
        *(
            {"queryParameter": {"name": condition.name, condition.way.value: condition.value}}
            for condition in test.parameters
        ),
    ]


def _header(condition: Condition) -> Manifest:
    return {"name": condition.name, _HEADER_WAYS[condition.way]: condition.value}


def _route(canary: Canary, conditions: list[Manifest], services: list[Manifest]) -> Manifest:
    return {"conditions": conditions, "services": services, **policies(canary)}


def _services(canary: Canary, names: ServiceNames, weights: Weights) -> list[Manifest]:
    primary = _service(canary, names.primary, weights.primary)
    if not weights.mirrored:
        return [primary, _service(canary, names.canary, weights.canary)]
    mirror = {**_service(canary, names.canary, 0), "mirror": True}
    percent = canary.spec.plan.mirror_weight
    return [primary, {**mirror, "weight": percent} if percent > 0 else mirror]


def _service(canary: Canary, name: str, weight: int) -> Manifest:
    """One backend; no weight means none. The header tells Linkerd the Service behind Contour."""
    port = canary.spec.service.port
    host = f"{name}.{canary.metadata.namespace}.svc.cluster.local:{port}"
    service: Manifest = {
        "name": name,
        "port": port,
        "requestHeadersPolicy": {"set": [{"name": "l5d-dst-override", "value": host}]},
    }
    return {**service, "weight": weight} if weight else service


def _rules(proxy: Manifest) -> tuple[Rule, ...]:
    spec: Manifest = proxy.get("spec") or {}
    routes: list[Manifest] = spec.get("routes") or []
    return tuple(_rule(route) for route in routes)


def _rule(route: Manifest) -> Rule:
    services: list[Manifest] = route.get("services") or []
    return rule(
        [(s.get("name", ""), s.get("weight") or 0) for s in services if not s.get("mirror")],
        copies=[(s.get("name", ""), s.get("weight") or FULL) for s in services if s.get("mirror")],
        match=route.get("conditions") or [],
    )
