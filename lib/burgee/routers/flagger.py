"""What Flagger 1.44 can do, by its providers' names; what it has no provider for is not here.

In the words of our own capabilities, so that both can be set side by side. Source: flagger
pkg/router, and the validation in pkg/controller/controller.go.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from burgee.routers.base import Capabilities

_WEIGHTS: Final = Capabilities(weights=True)
_SPLIT: Final = Capabilities(
    weights=True, honours=frozenset({"hosts"}), first_only=frozenset({"hosts"})
)
_APEX: Final = Capabilities(weights=True, honours=frozenset({"apex"}))
_MESH: Final = frozenset({"apex", "backends", "hosts", "match", "retries"})
_GATEWAY: Final = frozenset(
    {"apex", "gatewayRefs", "headers", "hosts", "match", "mirror", "rewrite"}
)

FLAGGER: Final[Mapping[str, Capabilities]] = MappingProxyType(
    {
        "apisix": _WEIGHTS,
        "appmesh": Capabilities(
            weights=True,
            matching=True,
            honours=_MESH | {"meshName", "timeout"},
            first_only=frozenset({"match"}),
        ),
        "appmesh:v1beta2": Capabilities(
            weights=True,
            matching=True,
            honours=_MESH | {"targetPort", "timeout"},
            first_only=frozenset({"match"}),
        ),
        "contour": Capabilities(
            weights=True,
            matching=True,
            honours=frozenset({"apex", "match", "retries", "timeout"}),
            first_only=frozenset({"match"}),
        ),
        "gatewayapi:v1": Capabilities(
            weights=True,
            matching=True,
            mirroring=True,
            session_affinity=True,
            primary_cookie=True,
            honours=_GATEWAY | {"backendTimeout", "corsPolicy", "timeout"},
        ),
        "gatewayapi:v1beta1": Capabilities(
            weights=True, matching=True, mirroring=True, session_affinity=True, honours=_GATEWAY
        ),
        "gloo": Capabilities(weights=True, matching=True, honours=frozenset({"apex"})),
        "istio": Capabilities(
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
        ),
        "knative": _WEIGHTS,
        "kubernetes": Capabilities(),
        "kuma": _APEX,
        "linkerd": _SPLIT,
        "nginx": Capabilities(weights=True, matching=True),
        "osm": _SPLIT,
        "skipper": _WEIGHTS,
        "smi:v1alpha1": _SPLIT,
        "smi:v1alpha2": _SPLIT,
        "smi:v1alpha3": _SPLIT,
        "traefik": _APEX,
    }
)

IN_PART: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("gatewayapi:v1", "mirroring"): "in Blue/Green",
        ("gatewayapi:v1beta1", "mirroring"): "in Blue/Green",
        ("gloo", "matching"): "no route for others",
    }
)
"""What it can do, but for a part; by provider and capability."""
