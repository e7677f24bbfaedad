"""A field of spec.service changes the route objects of exactly those providers that say so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.base import Aim, Weights
from burgee.routers.registry import capabilities_by_provider, router_of
from burgee.targets.naming import Names

ORIGINALS = list(
    yaml.safe_load((Path(__file__).parent / "ingresses" / "originals.yaml").read_text()).values()
)
NAMES = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")
REFERENCES = {
    "nginx": {
        "ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}
    },
    "apisix": {
        "routeRef": {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixRoute", "name": "web"}
    },
}
REFERENCES["skipper"] = REFERENCES["nginx"]
GATEWAYS = {"gatewayRefs": [{"name": "gw"}]}
FIELDS = {
    "apex": {"labels": {"l": "1"}, "annotations": {"a": "1"}},
    "appProtocol": "TCP",
    "backendTimeout": "5s",
    "backends": ["backend.test"],
    "corsPolicy": {"allowOrigin": ["https://example.com"]},
    "delegation": True,
    "gatewayRefs": [{"name": "other"}],
    "gateways": ["other"],
    "headers": {"request": {"add": {"x": "y"}}},
    "hosts": ["app.example.com"],
    "match": [{"uri": {"prefix": "/api"}}],
    "meshName": "other",
    "mirror": [{"backendRef": {"name": "shadow", "port": 80}}],
    "retries": {"attempts": 3, "perTryTimeout": "1s", "retryOn": "gateway-error"},
    "rewrite": {"uri": "/"},
    "targetPort": 8080,
    "timeout": "15s",
    "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}},
}
# A GRPCRoute has nothing for these, and says so: that is better than to ignore them.
HTTP_ONLY = {"backendTimeout", "corsPolicy", "match", "rewrite", "timeout"}


def rendered(provider: str, names: Names = NAMES, **service: Any) -> list[Manifest]:
    needed = GATEWAYS if provider.startswith("gatewayapi") else {}
    if provider == "appmesh":
        needed = {"meshName": "mesh", "hosts": ["needed.example.com"]}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"}
    canary = Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test", "uid": "u"},
            "spec": {
                "targetRef": target,
                "service": {"port": 80, **needed, **service},
                "analysis": {"stepWeight": 10},
                **REFERENCES.get(provider, {}),
            },
        }
    )
    router = router_of(provider)
    return [
        *router.render(Aim(canary=canary, names=names, weights=Weights(), originals=ORIGINALS))
    ]


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize("provider", sorted(capabilities_by_provider()))
def test_what_a_provider_honours_it_writes_and_nothing_else(provider: str, field: str) -> None:
    honours = field in capabilities_by_provider()[provider].honours
    service = {field: FIELDS[field]}
    if provider == "gatewayapi:v1:grpc" and field in HTTP_ONLY:
        with pytest.raises(InvalidCanary, match=rf"spec\.service\.{field}"):
            rendered(provider, **service)
        return
    assert (rendered(provider, **service) != rendered(provider)) is honours


@pytest.mark.parametrize("provider", sorted(capabilities_by_provider()))
def test_a_service_as_the_target_has_no_label_to_go_by(provider: str) -> None:
    of_service = Names(target="podinfo", apex="podinfo", selector_key="", selector_value="")
    objects = rendered(provider, of_service, apex={"labels": {"l": "1"}})

    assert "" not in set(keys_in(objects))
    assert {"matchLabels": {}} not in [found["spec"].get("podSelector") for found in objects]


def keys_in(value: Any) -> Iterator[str]:
    """All keys of all objects in it."""
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from keys_in(part)
