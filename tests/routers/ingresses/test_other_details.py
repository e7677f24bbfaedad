"""Details of Traefik, APISIX, Gloo and Knative."""

from collections.abc import Callable
from typing import Any

import pytest
from ingress_cases import HALF, KNATIVE

from burgee.api.manifest import Manifest, annotations_of
from burgee.routers.base import Aim, Releasing, Weights
from burgee.routers.registry import router_of


def test_texts_with_backticks_for_traefik(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    match = [{"headers": {"h": {"exact": 'a`"b'}}}]
    case = make_case(
        analysis={"iterations": 2, "match": match},
        routeRef={"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "name": "web"},
    )

    _, route = router_of("traefik").render(Aim(*case, HALF, originals=[*users.values()]))

    assert r'Header(`h`, "a`\"b")' in route["spec"]["routes"][0]["match"]


PRIMARY, HOLDER = "flagger.app/primary-revision", "burgee.dev/canary"
TO_LATEST = {"latestRevision": True, "percent": 100}


@pytest.mark.parametrize(
    ("spec", "seen"),
    [
        ({}, None),
        ({"weighted": {"services": [{"name": "podinfo-canary"}, {"name": "x"}]}}, 50),
        ({"mirroring": {"name": "podinfo-primary", "mirrors": [{"name": "podinfo-canary"}]}}, 0),
    ],
)
def test_what_a_traefik_service_gives_the_canary(
    make_case: Callable[..., Any], spec: Manifest, seen: int | None
) -> None:
    _, names = make_case()
    found = {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "TraefikService",
        "metadata": {"name": "podinfo"},
        "spec": spec,
    }

    assert router_of("traefik").canary_weight_seen([found], names) == seen


@pytest.mark.parametrize(
    ("backend", "seen"), [({}, 50), ({"weight": 300}, 75), ({"weight": 0}, 0)]
)
def test_a_backend_of_apisix_without_a_weight_has_a_hundred(
    make_case: Callable[..., Any], backend: Manifest, seen: int
) -> None:
    _, names = make_case()
    route = {
        "apiVersion": "apisix.apache.org/v2",
        "kind": "ApisixRoute",
        "metadata": {"name": "copy"},
        "spec": {
            "http": [
                {
                    "backends": [
                        {"serviceName": "podinfo-primary"},
                        {"serviceName": "podinfo-canary", **backend},
                    ],
                    "plugins": [{"name": "proxy-mirror", "enable": False}],
                }
            ]
        },
    }

    assert router_of("apisix").canary_weight_seen([route], names) == seen


def test_an_upstream_of_somebody_else_is_not_the_canarys(make_case: Callable[..., Any]) -> None:
    canary, names = make_case()
    *_, table = router_of("gloo").render(
        Aim(canary=canary, names=names, weights=Weights(primary=0, canary=100))
    )
    for part in table["spec"]["routes"][0]["routeAction"]["multi"]["destinations"]:
        part["destination"]["upstream"]["name"] = "other"

    assert router_of("gloo").canary_weight_seen([table], names) is None


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        ({"observedGeneration": 3}, 0),
        ({"observedGeneration": 2, "traffic": [{"latestRevision": True, "percent": 9}]}, None),
        ({}, None),
        ({"observedGeneration": 3, "traffic": [{"latestRevision": True, "percent": 9}] * 2}, 18),
    ],
)
def test_knative_is_believed_at_its_newest_generation_only(
    make_case: Callable[..., Any], users: dict[str, Manifest], status: Manifest, seen: int | None
) -> None:
    canary, names = make_case(**KNATIVE)
    service = {**users["knative"], "status": status}
    router = router_of("knative")

    assert router.canary_weight_seen([service], names) == seen
    assert not router.shows([service], Aim(canary=canary, names=names, weights=HALF))


def test_knative_has_no_route_before_it_has_a_primary(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    canary, names = make_case(**KNATIVE)
    service = users["knative"]
    service["metadata"]["annotations"] = {}

    assert (
        router_of("knative").render(
            Aim(canary=canary, names=names, weights=HALF, originals=[service])
        )
        == ()
    )
    assert router_of("knative").render(Aim(canary=canary, names=names, weights=HALF)) == ()
    assert not router_of("knative").shows([service], Aim(canary=canary, names=names, weights=HALF))


@pytest.mark.parametrize(
    ("revert", "holder", "annotations", "traffic"),
    [
        (True, "", {PRIMARY: None, HOLDER: None}, [TO_LATEST]),
        (True, "test/podinfo", {PRIMARY: None, HOLDER: None}, [TO_LATEST]),
        (False, "test/podinfo", {HOLDER: None}, None),
        (True, "test/another", None, None),
        (False, "test/another", None, None),
    ],
)
def test_what_knative_takes_back_on_deletion(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    revert: bool,
    holder: str,
    annotations: Manifest | None,
    traffic: object,
) -> None:
    canary, _ = make_case(revertOnDeletion=revert, **KNATIVE)
    router = router_of("knative")
    assert isinstance(router, Releasing)
    service = users["knative"]
    if holder:
        service["metadata"]["annotations"][HOLDER] = holder

    patches = router.release(canary, [service])

    assert [annotations_of(p) for p in patches] == ([annotations] if annotations else [])
    assert [p.get("spec", {}).get("traffic") for p in patches] == ([traffic] if patches else [])
    assert router.release(canary, []) == ()
