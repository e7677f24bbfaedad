"""Gloo: an Upstream for each side and a RouteTable that a VirtualService delegates to.

Source: flagger pkg/router/gloo.go; gloo, RouteTable and Upstream. Different on purpose: a test has
a default route, where Flagger leaves everybody else without one; settings of upstreamRef follow
their source all the time; an upstreamRef without a namespace means the Canary's.
"""

import re
from collections.abc import Sequence
from typing import Final

from burgee.api.canary import Canary, ObjectRef
from burgee.api.manifest import Manifest, name_of
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
from burgee.routers.originals import named, original, reference
from burgee.routers.shares import Rule, canary_share, rule

UPSTREAM = RelatedKind(api_version="gloo.solo.io/v1", resource="upstreams", kind="Upstream")
ROUTE_TABLE = RelatedKind(
    api_version="gateway.solo.io/v1", resource="routetables", kind="RouteTable"
)
FIELD = "upstreamRef"
FULL = 100

# What an Upstream takes over from the one that upstreamRef names.
COPIED: Final = (
    "circuitBreakers",
    "connectionConfig",
    "httpProxyHostname",
    "initialConnectionWindowSize",
    "initialStreamWindowSize",
    "labels",
    "loadBalancerConfig",
    "sslConfig",
    "useHttp2",
)
_SERVICE = re.compile(r"(.+)upstream-[0-9]+")


class GlooRouter:
    """The provider `gloo`."""

    @property
    def capabilities(self) -> Capabilities:
        """Weights, tests, copies of a share of the requests."""
        return Capabilities(
            weights=True,
            matching=True,
            mirroring=True,
            mirror_weight=True,
            honours=frozenset({"apex"}),
        )

    def kinds(self) -> tuple[RelatedKind, ...]:
        """Upstreams and RouteTables."""
        return (UPSTREAM, ROUTE_TABLE)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """An Upstream for each side, a RouteTable called like the apex Service, the settings."""
        apex = canary.spec.apex_name
        own = (
            Related(
                kind=UPSTREAM,
                names=(
                    _upstream_name(canary, f"{apex}-canary"),
                    _upstream_name(canary, f"{apex}-primary"),
                ),
            ),
            Related(kind=ROUTE_TABLE, names=(apex,)),
        )
        ref = canary.spec.upstream_ref
        if ref is None or not ref.get("name"):
            return own
        settings = Related(
            kind=UPSTREAM,
            names=(ref["name"],),
            namespace=_settings_namespace(canary, ref),
            role=Role.READ,
        )
        return (settings, *own)

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The Upstreams and the RouteTable.

        Raises:
            InvalidCanary: upstreamRef names nothing that exists, or the conditions of the test
                cannot be expressed.
        """
        settings = _settings(aim.canary, aim.originals)
        return (
            _upstream(
                aim.canary,
                aim.names,
                aim.names.canary,
                aim.names.selector_value,
                settings,
            ),
            _upstream(
                aim.canary,
                aim.names,
                aim.names.primary,
                aim.names.primary_label_value,
                settings,
            ),
            {
                "apiVersion": ROUTE_TABLE.api_version,
                "kind": ROUTE_TABLE.kind,
                "metadata": route_metadata(aim.canary, aim.names, aim.apex_service),
                "spec": {"routes": _routes(aim.canary, aim.names, aim.weights)},
            },
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed RouteTable steers requests exactly like this."""
        *_, wanted = self.render(aim)
        found = named(observed, ROUTE_TABLE, name_of(wanted))
        return found is not None and _rules(found) == _rules(wanted)

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any route."""
        found = named(observed, ROUTE_TABLE, names.apex)
        return canary_share(_rules(found) if found else (), names)


def _upstream_name(canary: Canary, service: str) -> str:
    return f"{canary.metadata.namespace}-{service}upstream-{canary.spec.service.port}"


def _settings_namespace(canary: Canary, ref: Manifest) -> str:
    return str(ref.get("namespace") or canary.metadata.namespace)


def _settings(canary: Canary, originals: Sequence[Manifest]) -> Manifest:
    """What both Upstreams take over from the one that the Canary names."""
    ref = canary.spec.upstream_ref
    if ref is None:
        return {}
    given = ObjectRef(kind=ref.get("kind", ""), name=ref.get("name", ""))
    name = reference(given, FIELD, UPSTREAM)
    found = original(originals, UPSTREAM, _settings_namespace(canary, ref), name, FIELD)
    spec: Manifest = found.get("spec") or {}
    return {field: spec[field] for field in COPIED if field in spec}


def _upstream(
    canary: Canary, names: ServiceNames, service: str, selected: str, settings: Manifest
) -> Manifest:
    namespace = canary.metadata.namespace
    return {
        "apiVersion": UPSTREAM.api_version,
        "kind": UPSTREAM.kind,
        "metadata": {"name": _upstream_name(canary, service), "namespace": namespace},
        "spec": {
            **settings,
            "kube": {
                "serviceName": service,
                "serviceNamespace": namespace,
                "servicePort": canary.spec.service.port,
                **({"selector": {names.selector_key: selected}} if names.selector_key else {}),
            },
        },
    }


def _routes(canary: Canary, names: ServiceNames, weights: Weights) -> list[Manifest]:
    weighted = _route(canary, names, weights)
    tests = alternatives(canary)
    if not tests:
        return [weighted]
    matchers = [_matcher(test) for test in tests]
    return [{**weighted, "matchers": matchers}, _route(canary, names, Weights())]


def _route(canary: Canary, names: ServiceNames, weights: Weights) -> Manifest:
    """A route with the paths of whoever delegates to it."""
    shares = ((names.primary, weights.primary), (names.canary, weights.canary))
    route: Manifest = {
        "inheritablePathMatchers": True,
        "routeAction": {
            "multi": {"destinations": [_destination(canary, *share) for share in shares]}
        },
    }
    if weights.mirrored:
        route["options"] = {
            "shadowing": {
                "upstream": _upstream_ref(canary, names.canary),
                "percentage": canary.spec.plan.mirror_weight or FULL,
            }
        }
    return route


def _destination(canary: Canary, service: str, weight: int) -> Manifest:
    """One side; no weight means none."""
    destination: Manifest = {"destination": {"upstream": _upstream_ref(canary, service)}}
    return {**destination, "weight": weight} if weight else destination


def _upstream_ref(canary: Canary, service: str) -> Manifest:
    return {"name": _upstream_name(canary, service), "namespace": canary.metadata.namespace}


def _matcher(test: Alternative) -> Manifest:
    found = {
        "headers": [_value(condition) for condition in test.headers],
        "queryParameters": [_value(condition) for condition in test.parameters],
    }
    return {field: values for field, values in found.items() if values}


def _value(condition: Condition) -> Manifest:
    if condition.way is Way.EXACT:
        return {"name": condition.name, "value": condition.value}
    return {"name": condition.name, "value": condition.whole, "regex": True}


def _rules(table: Manifest) -> tuple[Rule, ...]:
    spec: Manifest = table.get("spec") or {}
    routes: list[Manifest] = spec.get("routes") or []
    return tuple(_rule(route) for route in routes)


def _rule(route: Manifest) -> Rule:
    action: Manifest = route.get("routeAction") or {}
    multi: Manifest = action.get("multi") or {}
    destinations: list[Manifest] = multi.get("destinations") or []
    options: Manifest = route.get("options") or {}
    shadowing: Manifest = options.get("shadowing") or {}
    copies = [(_service_of(shadowing), shadowing.get("percentage") or 0)] if shadowing else []
    return rule(
        [(_service_of(d.get("destination") or {}), d.get("weight") or 0) for d in destinations],
        copies=copies,
        match=(route.get("matchers") or [], route.get("inheritablePathMatchers")),
    )


def _service_of(found: Manifest) -> str:
    """The Service behind a reference to an Upstream, by the name that burgee gave it."""
    ref: Manifest = found.get("upstream") or {}
    name = str(ref.get("name", "")).removeprefix(f"{ref.get('namespace')}-")
    fitting = _SERVICE.fullmatch(name)
    return fitting[1] if fitting else name
