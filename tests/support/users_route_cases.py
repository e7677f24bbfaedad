"""Routes that users write, by provider and kind, and what is looked at in them."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from burgee.api.canary import Canary, ObjectRef
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.routers.base import Aim, Router, Weights
from burgee.routers.registry import carrier_of, router_of
from burgee.routers.users.route import BackendNames

SETTINGS = EngineSettings()
NAMES = BackendNames("podinfo")
PRIMARY, CANARY = "podinfo-primary", "podinfo-canary"
TARGET_OF_ANOTHER = ObjectRef(api_version="apps/v1", kind="Deployment", name="other")

# By provider and kind: the version that is written, and a spec with the pair in it; None stands
# for a weight that is not given.
ROUTES: dict[tuple[str, str], tuple[str, Manifest]] = {
    ("istio", "VirtualService"): (
        "networking.istio.io/v1beta1",
        {
            "hosts": ["app.example.com"],
            "http": [
                {
                    "match": [{"uri": {"prefix": "/api"}}],
                    "timeout": "7s",
                    "route": [
                        {"destination": {"host": PRIMARY, "port": {"number": 80}}, "weight": 100},
                        {"destination": {"host": f"{CANARY}.test.svc.cluster.local"}, "weight": 0},
                    ],
                },
                {"route": [{"destination": {"host": "other"}}]},
            ],
        },
    ),
    ("gatewayapi:v1", "HTTPRoute"): (
        "gateway.networking.k8s.io/v1",
        {
            "parentRefs": [{"name": "gateway"}],
            "rules": [
                {
                    "filters": [{"type": "URLRewrite", "urlRewrite": {"hostname": "x"}}],
                    "backendRefs": [
                        {"name": PRIMARY, "port": 80, "weight": 100},
                        {"name": CANARY, "port": 80, "weight": 0},
                    ],
                },
                {"backendRefs": [{"name": "static", "port": 80}]},
            ],
        },
    ),
    ("gatewayapi:v1beta1", "HTTPRoute"): (
        "gateway.networking.k8s.io/v1beta1",
        {"rules": [{"backendRefs": [{"name": PRIMARY}, {"name": CANARY}]}]},
    ),
    ("gatewayapi:v1", "GRPCRoute"): (
        "gateway.networking.k8s.io/v1",
        {"rules": [{"backendRefs": [{"name": PRIMARY, "weight": 9}, {"name": CANARY}]}]},
    ),
    ("gatewayapi:v1:grpc", "GRPCRoute"): (
        "gateway.networking.k8s.io/v1",
        {"rules": [{"backendRefs": [{"name": PRIMARY}, {"name": CANARY, "weight": 0}]}]},
    ),
    ("contour", "HTTPProxy"): (
        "projectcontour.io/v1",
        {
            "virtualhost": {"fqdn": "app.example.com"},
            "routes": [
                {
                    "conditions": [{"prefix": "/"}],
                    "services": [
                        {"name": PRIMARY, "port": 80, "weight": 100},
                        {"name": CANARY, "port": 80},
                        {"name": "shadow", "port": 80, "mirror": True},
                    ],
                }
            ],
        },
    ),
    ("traefik", "IngressRoute"): (
        "traefik.io/v1alpha1",
        {
            "routes": [
                {
                    "match": "Host(`a`)",
                    "middlewares": [{"name": "auth"}],
                    "services": [
                        {"name": PRIMARY, "port": 80, "weight": 100},
                        {"name": CANARY, "port": 80, "weight": 0},
                    ],
                },
                {"match": "Host(`b`)", "services": [{"kind": "TraefikService", "name": "x"}]},
            ]
        },
    ),
    ("traefik", "TraefikService"): (
        "traefik.io/v1alpha1",
        {"weighted": {"services": [{"name": PRIMARY, "port": 80}, {"name": CANARY, "port": 80}]}},
    ),
    ("apisix", "ApisixRoute"): (
        "apisix.apache.org/v2",
        {
            "http": [
                {
                    "name": "web",
                    "backends": [
                        {"serviceName": PRIMARY, "servicePort": 80, "weight": 100},
                        {"serviceName": CANARY, "servicePort": 80, "weight": 0},
                    ],
                }
            ]
        },
    ),
    ("gloo", "RouteTable"): (
        "gateway.solo.io/v1",
        {
            "routes": [
                {
                    "routeAction": {
                        "multi": {
                            "destinations": [
                                {
                                    "weight": 100,
                                    "destination": {"kube": {"ref": {"name": PRIMARY}}},
                                },
                                {"destination": {"kube": {"ref": {"name": CANARY}}}},
                            ]
                        }
                    }
                },
                {"delegateAction": {"ref": {"name": "x"}}},
            ]
        },
    ),
    ("smi:v1alpha2", "TrafficSplit"): (
        "split.smi-spec.io/v1alpha2",
        {
            "service": "podinfo",
            "backends": [{"service": CANARY, "weight": 0}, {"service": PRIMARY}],
        },
    ),
    ("linkerd", "TrafficSplit"): (
        "split.smi-spec.io/v1alpha1",
        {"service": "x", "backends": [{"service": PRIMARY, "weight": "1"}, {"service": CANARY}]},
    ),
}
CASES = [pytest.param(*key, id=" ".join(key)) for key in ROUTES]


def canary_of(provider: str, kind: str, **analysis: Any) -> Canary:
    return Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test", "uid": "u"},
            "spec": {
                "provider": provider,
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
                "service": {"port": 80},
                "routeRef": {"apiVersion": "x/v1", "kind": kind, "name": "web"},
                "analysis": {"interval": "10s", "stepWeight": 10, **analysis},
            },
        }
    )


def route(provider: str, kind: str) -> Manifest:
    api_version, spec = ROUTES[provider, kind]
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": "web",
            "namespace": "test",
            "resourceVersion": "7",
            "labels": {"team": "a"},
        },
        "spec": copy.deepcopy(spec),
    }


def users_router(canary: Canary) -> Router:
    return router_of(carrier_of(canary, SETTINGS), SETTINGS)


def merged(observed: Any, patch: Any) -> Any:
    """What a server makes of an apply or a merge patch: lists are replaced as a whole."""
    if not isinstance(patch, dict):
        return patch
    kept = dict(observed) if isinstance(observed, dict) else {}
    for key, value in patch.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = merged(kept.get(key), value)
    return kept


def lists_with_both(value: Any) -> Iterator[list[Any]]:
    """Every list that names both Services in items of its own."""
    if isinstance(value, list):
        named = [{n for n in (PRIMARY, CANARY) if n in str(item)} for item in value]
        if {PRIMARY} in named and {CANARY} in named:
            yield value
            return
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(value, dict | list) else ():
        yield from lists_with_both(part)


def backends_of(value: Any) -> list[Any]:
    """The backends of the first such list."""
    return next(lists_with_both(value))


def rules_of(value: Manifest) -> Iterator[list[Any]]:
    """The lists of rules of a spec."""
    return (part for part in value.values() if isinstance(part, list) and PRIMARY in str(part))


def weighed(canary: Canary, found: Manifest, weights: Weights) -> Manifest:
    (part,) = users_router(canary).render(
        Aim(canary=canary, names=NAMES, weights=weights, originals=[found])
    )
    return merged(found, part)


def bare(value: Any) -> Any:
    """A manifest without any weight and without what burgee remembers."""
    if isinstance(value, dict):
        skipped = {"weight", "annotations"}
        return {key: bare(item) for key, item in value.items() if key not in skipped}
    return [bare(item) for item in value] if isinstance(value, list) else value


def pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """(primary, canary) weights of every list that names both."""
    if isinstance(value, list):
        text = {name: [i for i in value if name in str(i)] for name in (PRIMARY, CANARY)}
        (primary, *_), (canary, *_) = text[PRIMARY] or [None], text[CANARY] or [None]
        if primary and canary and primary is not canary:
            yield primary.get("weight"), canary.get("weight")
            return
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(value, dict | list) else ():
        yield from pairs(part)


def refused(provider: str, kind: str, found: Manifest | None, **analysis: Any) -> InvalidCanary:
    canary = canary_of(provider, kind, **analysis)
    with pytest.raises(InvalidCanary) as raised:
        users_router(canary).render(
            Aim(canary=canary, names=NAMES, weights=Weights(), originals=[found] if found else [])
        )
    assert "spec.routeRef" in str(raised.value)
    return raised.value
