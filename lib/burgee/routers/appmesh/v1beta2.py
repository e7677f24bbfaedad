"""App Mesh v1beta2: a VirtualRouter carries the weights, VirtualNodes are the backends.

The virtual nodes have to be there before the primary's pods: App Mesh puts its sidecar into a pod
by the node that selects it, and lets none start without one. Source: flagger
pkg/router/appmesh_v1beta2.go. Different on purpose: nodes select pods by the value that their label
has, which need not be the target's name; virtual services are kept as they should be.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
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

API_VERSION: Final = f"{appmesh.GROUP}/v1beta2"
VIRTUAL_NODE: Final = RelatedKind(
    api_version=API_VERSION, resource="virtualnodes", kind="VirtualNode"
)
VIRTUAL_SERVICE: Final = RelatedKind(
    api_version=API_VERSION, resource="virtualservices", kind="VirtualService"
)
VIRTUAL_ROUTER: Final = RelatedKind(
    api_version=API_VERSION, resource="virtualrouters", kind="VirtualRouter"
)

_ALL_TO_CANARY = Weights(primary=0, canary=100)
_CAPABILITIES = replace(
    appmesh.CAPABILITIES, honours=appmesh.CAPABILITIES.honours | {"targetPort", "timeout"}
)


class AppMeshV1Beta2Router:
    """The provider `appmesh:v1beta2`."""

    @property
    def capabilities(self) -> Capabilities:
        """Weights and A/B tests by header."""
        return _CAPABILITIES

    def kinds(self) -> tuple[RelatedKind, ...]:
        """Nodes, services and routers."""
        return (VIRTUAL_NODE, VIRTUAL_SERVICE, VIRTUAL_ROUTER)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """A node for each side; a service and a router for the apex and for the canary."""
        apex = canary.spec.apex_name
        return (
            Related(kind=VIRTUAL_NODE, names=(f"{apex}-primary", f"{apex}-canary")),
            Related(kind=VIRTUAL_SERVICE, names=(f"{apex}-canary", apex)),
            Related(kind=VIRTUAL_ROUTER, names=(f"{apex}-canary", apex)),
        )

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """Nodes, services and routers.

        Raises:
            InvalidCanary: a time limit is no duration, or a test looks at more than headers.
        """
        return (
            _node(aim.canary, aim.names, aim.names.primary, aim.names.primary_label_value),
            _node(aim.canary, aim.names, aim.names.canary, aim.names.selector_value),
            _service(aim.canary, aim.names.canary, {}),
            _service(aim.canary, aim.names.apex, appmesh.gateway_annotations(aim.canary)),
            _router(
                aim.canary,
                aim.names.canary,
                [_route(aim.canary, aim.names, aim.names.canary, _ALL_TO_CANARY)],
            ),
            _router(
                aim.canary,
                aim.names.apex,
                appmesh.apex_routes(aim.canary, aim.names, aim.weights, _route),
            ),
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed apex router has exactly these routes."""
        found = appmesh.find(observed, VIRTUAL_ROUTER.kind, aim.names.apex)
        wanted = _router(
            aim.canary,
            aim.names.apex,
            appmesh.apex_routes(aim.canary, aim.names, aim.weights, _route),
        )
        return found is not None and _rules_of(found) == _rules_of(wanted)

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any route of the apex router."""
        found = appmesh.find(observed, VIRTUAL_ROUTER.kind, names.apex)
        return None if found is None else canary_share(_rules_of(found), names)


def _node(canary: Canary, names: ServiceNames, name: str, label_value: str) -> Manifest:
    namespace = canary.metadata.namespace
    listener: Manifest = {"portMapping": _port_mapping(canary)}
    limit = appmesh.timeout_milliseconds(canary)
    if limit is not None:
        listener["timeout"] = {"http": {"perRequest": _milliseconds(limit)}}
    # The pods behind a Service that is the target belong to nodes of the user.
    labels = {names.selector_key: label_value} if names.selector_key else {}
    spec: Manifest = {
        **({"podSelector": {"matchLabels": labels}} if labels else {}),
        "listeners": [listener],
        "serviceDiscovery": {"dns": {"hostname": f"{name}.{namespace}.svc.cluster.local."}},
        **appmesh.logging_of(canary),
    }
    backends = appmesh.backends_of(canary)
    if backends:
        spec["backends"] = [{"virtualService": _backend(name)} for name in backends]
    return {
        "apiVersion": API_VERSION,
        "kind": VIRTUAL_NODE.kind,
        "metadata": appmesh.node_metadata(canary, name),
        "spec": spec,
    }


def _backend(name: str) -> Manifest:
    if name.startswith("arn:aws"):
        return {"virtualServiceARN": name}
    return {"virtualServiceRef": {"name": name}}


def _service(canary: Canary, name: str, annotations: dict[str, str]) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": VIRTUAL_SERVICE.kind,
        "metadata": {
            "name": name,
            "namespace": canary.metadata.namespace,
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": {"provider": {"virtualRouter": {"virtualRouterRef": {"name": name}}}},
    }


def _router(canary: Canary, name: str, routes: list[Manifest]) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": VIRTUAL_ROUTER.kind,
        "metadata": {"name": name, "namespace": canary.metadata.namespace},
        "spec": {"listeners": [{"portMapping": _port_mapping(canary)}], "routes": routes},
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
    limit, retries = appmesh.timeout_milliseconds(canary), retries_of(canary)
    http: Manifest = {
        "match": {"prefix": appmesh.prefix_of(canary)},
        "action": {"weightedTargets": _targets(names, weights)},
    }
    if headers:
        http["match"]["headers"] = list(headers)
    if limit is not None:
        http["timeout"] = {"perRequest": _milliseconds(limit)}
    if retries:
        http["retryPolicy"] = {
            "maxRetries": retries.attempts,
            "perRetryTimeout": _milliseconds(retries.milliseconds),
            **retries.events,
        }
    route: Manifest = {"name": name, "httpRoute": http}
    return route if priority is None else {**route, "priority": priority}


def _targets(names: ServiceNames, weights: Weights | None) -> list[Manifest]:
    if weights is None:
        return [_target(names.primary, 100)]
    return [_target(names.canary, weights.canary), _target(names.primary, weights.primary)]


def _target(name: str, weight: int) -> Manifest:
    return {"virtualNodeRef": {"name": name}, "weight": weight}


def _port_mapping(canary: Canary) -> Manifest:
    service = canary.spec.service
    by_number = isinstance(service.target_port, int) and service.target_port > 0
    port = service.target_port if by_number else service.port
    return {"port": port, "protocol": appmesh.protocol_of(canary)}


def _milliseconds(value: int) -> Manifest:
    return {"unit": "ms", "value": value}


def _rules_of(router: Manifest) -> list[Rule]:
    spec: Manifest = router.get("spec") or {}
    routes: list[Manifest] = spec.get("routes") or []
    return [_rule_of(route) for route in routes]


def _rule_of(route: Manifest) -> Rule:
    http: Manifest = route.get("httpRoute") or {}
    targets: list[Manifest] = (http.get("action") or {}).get("weightedTargets") or []
    pairs = [
        (str((target.get("virtualNodeRef") or {}).get("name", "")), target.get("weight") or 0)
        for target in targets
    ]
    return rule(pairs, match=(http.get("match"), route.get("priority")))
