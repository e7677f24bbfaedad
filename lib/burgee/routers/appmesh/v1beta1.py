"""App Mesh v1beta1: a VirtualService carries the weights, VirtualNodes are the backends.

As in v1beta2 the virtual nodes have to be there before the primary's pods. Source: flagger
pkg/router/appmesh.go.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, namespace_of
from burgee.errors import InvalidCanary
from burgee.routers.appmesh import routes as appmesh
from burgee.routers.appmesh.retries import retries_of
from burgee.routers.base import (
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    ServiceNames,
    Weights,
)
from burgee.routers.shares import Rule, canary_share, rule

API_VERSION: Final = f"{appmesh.GROUP}/v1beta1"
VIRTUAL_NODE: Final = RelatedKind(
    api_version=API_VERSION, resource="virtualnodes", kind="VirtualNode"
)
VIRTUAL_SERVICE: Final = RelatedKind(
    api_version=API_VERSION, resource="virtualservices", kind="VirtualService"
)

_ALL_TO_CANARY = Weights(primary=0, canary=100)
# A time limit is for the ingress gateway alone, which knows the hosts.
_CAPABILITIES = replace(
    appmesh.CAPABILITIES, honours=appmesh.CAPABILITIES.honours | {"meshName", "timeout"}
)


class AppMeshV1Beta1Router:
    """The provider `appmesh`."""

    @property
    def capabilities(self) -> Capabilities:
        """Weights and A/B tests by header."""
        return _CAPABILITIES

    def kinds(self) -> tuple[RelatedKind, ...]:
        """Nodes and services."""
        return (VIRTUAL_NODE, VIRTUAL_SERVICE)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """Nodes called like the Services, and virtual services called like their hosts."""
        apex, namespace = canary.spec.apex_name, canary.metadata.namespace
        return (
            Related(kind=VIRTUAL_NODE, names=(apex, f"{apex}-primary", f"{apex}-canary")),
            Related(
                kind=VIRTUAL_SERVICE, names=(f"{apex}-canary.{namespace}", f"{apex}.{namespace}")
            ),
        )

    def advice(self, canary: Canary) -> Iterator[str]:
        """A time limit that reaches nobody."""
        service = canary.spec.service
        if service.timeout and not service.hosts:
            yield "spec.service.timeout has no effect with provider appmesh without hosts"

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """Nodes and services.

        Raises:
            InvalidCanary: no mesh, a time limit that is no duration, or a test that looks at more
                than headers.
        """
        if not aim.canary.spec.service.mesh_name:
            raise InvalidCanary(
                "MissingMesh", "spec.service.meshName must name the mesh of the virtual nodes"
            )
        to_canary = [_route(aim.canary, aim.names, aim.names.canary, _ALL_TO_CANARY)]
        return (
            _node(aim.canary, aim.names.apex, aim.names.primary),
            _node(aim.canary, aim.names.primary, aim.names.primary),
            _node(aim.canary, aim.names.canary, aim.names.canary),
            _service(aim.canary, aim.names.canary, to_canary, {}),
            _service(
                aim.canary,
                aim.names.apex,
                appmesh.apex_routes(aim.canary, aim.names, aim.weights, _route),
                appmesh.gateway_annotations(aim.canary),
            ),
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed apex virtual service has exactly these routes."""
        found = appmesh.find(observed, VIRTUAL_SERVICE.kind, _host(aim.canary, aim.names.apex))
        wanted = [
            _rule_of(route)
            for route in appmesh.apex_routes(aim.canary, aim.names, aim.weights, _route)
        ]
        return found is not None and _rules_of(found) == wanted

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any route of the apex virtual service."""
        hosts = {f"{names.apex}.{namespace_of(found)}" for found in observed}
        seen = (appmesh.find(observed, VIRTUAL_SERVICE.kind, host) for host in hosts)
        found = next((found for found in seen if found), None)
        return None if found is None else canary_share(_rules_of(found), names)


def _host(canary: Canary, name: str) -> str:
    return f"{name}.{canary.metadata.namespace}"


def _node(canary: Canary, name: str, service_name: str) -> Manifest:
    service = canary.spec.service
    spec: Manifest = {
        "meshName": service.mesh_name,
        "listeners": [{"portMapping": _port_mapping(canary)}],
        "serviceDiscovery": {"dns": {"hostName": _host(canary, service_name)}},
        **appmesh.logging_of(canary),
    }
    backends = appmesh.backends_of(canary)
    if backends:
        spec["backends"] = [{"virtualService": {"virtualServiceName": name}} for name in backends]
    return {
        "apiVersion": API_VERSION,
        "kind": VIRTUAL_NODE.kind,
        "metadata": appmesh.node_metadata(canary, name),
        "spec": spec,
    }


def _service(
    canary: Canary, name: str, routes: list[Manifest], annotations: dict[str, str]
) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": VIRTUAL_SERVICE.kind,
        "metadata": {
            "name": _host(canary, name),
            "namespace": canary.metadata.namespace,
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": {
            "meshName": canary.spec.service.mesh_name,
            "virtualRouter": {
                "name": name,
                "listeners": [{"portMapping": _port_mapping(canary)}],
            },
            "routes": routes,
        },
    }


def _route(
    canary: Canary,
    names: ServiceNames,
    name: str,
    weights: Weights | None,
    priority: int | None = None,
    headers: Sequence[Manifest] = (),
) -> Manifest:
    """One route; without weights all of it goes to the primary."""
    retries = retries_of(canary)
    http: Manifest = {
        "match": {"prefix": appmesh.prefix_of(canary)},
        "action": {"weightedTargets": _targets(names, weights)},
    }
    if headers:
        http["match"]["headers"] = list(headers)
    if retries:
        http["retryPolicy"] = {
            "maxRetries": retries.attempts,
            "perRetryTimeoutMillis": retries.milliseconds,
            **retries.events,
        }
    route: Manifest = {"name": name, "http": http}
    return route if priority is None else {**route, "priority": priority}


def _targets(names: ServiceNames, weights: Weights | None) -> list[Manifest]:
    if weights is None:
        return [_target(names.primary, 100)]
    return [_target(names.canary, weights.canary), _target(names.primary, weights.primary)]


def _target(name: str, weight: int) -> Manifest:
    return {"virtualNodeName": name, "weight": weight}


def _port_mapping(canary: Canary) -> Manifest:
    return {"port": canary.spec.service.port, "protocol": appmesh.protocol_of(canary)}


def _rules_of(service: Manifest) -> list[Rule]:
    spec: Manifest = service.get("spec") or {}
    routes: list[Manifest] = spec.get("routes") or []
    return [_rule_of(route) for route in routes]


def _rule_of(route: Manifest) -> Rule:
    http: Manifest = route.get("http") or {}
    targets: list[Manifest] = (http.get("action") or {}).get("weightedTargets") or []
    pairs = [(str(it.get("virtualNodeName", "")), it.get("weight") or 0) for it in targets]
    return rule(pairs, match=(http.get("match"), route.get("priority")))
