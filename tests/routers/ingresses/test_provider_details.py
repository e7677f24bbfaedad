from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from ingress_cases import HALF, INGRESS, UPSTREAM

from burgee.api.manifest import Manifest, annotations_of
from burgee.api.settings import EngineSettings
from burgee.routers.base import Aim, Role
from burgee.routers.registry import all_kinds, capabilities_by_provider, router_of


@pytest.mark.parametrize("provider", ["nginx", "skipper", "apisix"])
def test_without_a_reference_nothing_is_related(
    make_case: Callable[..., Any], provider: str
) -> None:
    canary, _ = make_case()

    assert router_of(provider).related(canary) == ()


@pytest.mark.parametrize(
    ("provider", "matching", "mirroring", "mirror_weight"),
    [
        ("apisix", True, True, True),
        ("contour", True, True, True),
        ("gloo", True, True, True),
        ("knative", False, False, False),
        ("kuma", True, False, False),
        ("nginx", True, True, False),
        ("skipper", True, True, False),
        ("traefik", True, True, True),
    ],
)
def test_capabilities_of_ingresses(
    provider: str, matching: bool, mirroring: bool, mirror_weight: bool
) -> None:
    found = capabilities_by_provider()[provider]

    assert found.weights
    assert (found.matching, found.mirroring, found.mirror_weight) == (
        matching,
        mirroring,
        mirror_weight,
    )
    assert set(router_of(provider).kinds()) <= set(all_kinds())


def test_gloo_may_have_a_further_name() -> None:
    assert router_of("gloo:anything") is router_of("gloo")


def test_flags_name_the_controller_that_is_meant(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    settings = EngineSettings(ingress_annotations_prefix="custom.test", ingress_class="inner")
    case = make_case(**INGRESS)

    (ingress,) = router_of("nginx", settings).render(Aim(*case, HALF, originals=[*users.values()]))
    (proxy,) = router_of("contour", settings).render(Aim(*case, HALF))

    assert annotations_of(ingress)["custom.test/canary-weight"] == "50"
    assert proxy["spec"]["ingressClassName"] == "inner"


@pytest.mark.parametrize(
    ("retries", "policy"),
    [
        ({"attempts": 2}, {"count": 2}),
        ({"perTryTimeout": "1s"}, {"count": 0, "perTryTimeout": "1s"}),
        ({"attempts": 1, "retryOn": " , "}, {"count": 1}),
        ({"attempts": 1, "retryOn": "5xx,,reset "}, {"count": 1, "retryOn": ["5xx", "reset"]}),
    ],
)
def test_retries_of_contour(
    make_case: Callable[..., Any], retries: Manifest, policy: Manifest
) -> None:
    (proxy,) = router_of("contour").render(Aim(*make_case(service={"retries": retries}), HALF))

    assert proxy["spec"]["routes"][0]["retryPolicy"] == policy


@pytest.mark.parametrize(
    ("reference", "namespace"),
    [({"namespace": "gloo-system"}, "gloo-system"), ({}, "test"), ({"namespace": ""}, "test")],
)
def test_settings_of_gloo_may_be_elsewhere(
    make_case: Callable[..., Any], reference: Manifest, namespace: str
) -> None:
    canary, names = make_case(upstreamRef={**UPSTREAM["upstreamRef"], **reference})
    original = {
        "apiVersion": "gloo.solo.io/v1",
        "kind": "Upstream",
        "metadata": {"name": "a", "namespace": namespace},
        "spec": {"useHttp2": True, "failover": {}},
    }
    router = router_of("gloo")

    settings = router.related(canary)[0]
    upstream, *_ = router.render(
        Aim(canary=canary, names=names, weights=HALF, originals=[original])
    )

    assert (settings.names, settings.namespace, settings.role) == (("a",), namespace, Role.READ)
    assert {k: v for k, v in upstream["spec"].items() if k != "kube"} == {"useHttp2": True}


def test_upstreams_of_services_without_a_selector_label(make_case: Callable[..., Any]) -> None:
    canary, names = make_case()
    names = type(names)(target="podinfo", apex="podinfo", selector_key="", selector_value="")

    upstream, *_ = router_of("gloo").render(Aim(canary=canary, names=names, weights=HALF))

    assert "selector" not in upstream["spec"]["kube"]


@pytest.mark.parametrize(
    ("annotations", "owned"),
    [
        ({"burgee.dev/owner": "test/podinfo"}, True),
        ({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}, True),
        ({"kubectl.kubernetes.io/last-applied-configuration": "{}"}, False),
    ],
)
def test_whose_a_traffic_route_is(
    make_case: Callable[..., Any], annotations: Manifest, owned: bool
) -> None:
    case = make_case()
    (route,) = router_of("kuma").render(Aim(*case, HALF))
    there = deepcopy(route)
    there["metadata"]["annotations"] = annotations

    (again,) = router_of("kuma").render(Aim(*case, HALF, originals=[there]))

    assert ("burgee.dev/owner" in annotations_of(again)) is owned
    assert again["spec"] == route["spec"]


@pytest.mark.parametrize("change", [{"mesh": "other"}, {"spec": {}}])
def test_another_traffic_route_does_not_show_the_weights(
    make_case: Callable[..., Any], change: Manifest
) -> None:
    canary, names = make_case()
    router = router_of("kuma")
    (route,) = router.render(Aim(canary=canary, names=names, weights=HALF))

    assert router.shows([route], Aim(canary=canary, names=names, weights=HALF))
    assert not router.shows([{**route, **change}], Aim(canary=canary, names=names, weights=HALF))
