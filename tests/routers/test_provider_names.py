"""Names of providers, and the table of what they can do."""

import pytest

from burgee.api.canary import Service
from burgee.errors import InvalidCanary
from burgee.routers.appmesh.v1beta2 import AppMeshV1Beta2Router
from burgee.routers.gateway.router import GRPC_V1, HTTP_V1, HTTP_V1BETA1
from burgee.routers.registry import all_kinds, capabilities_by_provider, router_of
from burgee.routers.smi import SmiRouter

FLAGGER = {
    "apisix",
    "appmesh",
    "appmesh:v1beta2",
    "contour",
    "gatewayapi:v1",
    "gatewayapi:v1beta1",
    "gloo",
    "istio",
    "knative",
    "kubernetes",
    "kuma",
    "linkerd",
    "nginx",
    "osm",
    "skipper",
    "smi:v1alpha1",
    "smi:v1alpha2",
    "smi:v1alpha3",
    "traefik",
}


@pytest.mark.parametrize(
    ("provider", "router"),
    [
        ("linkerd", SmiRouter(version="v1alpha1", mesh="linkerd")),
        ("osm", SmiRouter(version="v1alpha2", mesh="osm")),
        ("smi:v1alpha1", SmiRouter(version="v1alpha1")),
        ("smi:v1alpha1:istio", SmiRouter(version="v1alpha1", mesh="istio")),
        ("smi:v1alpha3:a:b", SmiRouter(version="v1alpha3", mesh="a:b")),
        ("gatewayapi:v1", HTTP_V1),
        ("gatewayapi:v1:anything", HTTP_V1),
        ("gatewayapi:v1:grpc", GRPC_V1),
        ("gatewayapi:v1beta1:x", HTTP_V1BETA1),
    ],
)
def test_a_name_finds_its_router(provider: str, router: object) -> None:
    assert router_of(provider) == router


def test_what_follows_the_version_of_appmesh_means_nothing() -> None:
    assert isinstance(router_of("appmesh:v1beta2:x"), AppMeshV1Beta2Router)


@pytest.mark.parametrize(
    "provider",
    ["appmesh:v1beta3", "appmesh:x:y", "smi:v1:istio", "smi:v1alpha1:", "linkerd:x", "Istio"],
)
def test_a_name_that_is_almost_right_is_refused(provider: str) -> None:
    with pytest.raises(InvalidCanary, match="supported: ") as caught:
        router_of(provider)

    assert caught.value.reason == "UnsupportedProvider"


def test_flaggers_names_are_all_there() -> None:
    table = capabilities_by_provider()

    assert set(table) >= FLAGGER
    assert list(table) == sorted(table)


def test_the_table_names_fields_of_a_service_that_exist() -> None:
    fields = {field.alias for field in Service.model_fields.values()}

    for provider, able in capabilities_by_provider().items():
        assert able.honours <= fields, provider
        assert not able.mirror_weight or able.mirroring
        assert not able.primary_cookie or able.session_affinity


def test_every_kind_is_named_once() -> None:
    kinds = all_kinds()

    assert len(set(kinds)) == len(kinds)
