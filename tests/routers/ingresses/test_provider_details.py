"""What single providers do besides the golden cases."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from burgee.api.manifest import Manifest, annotations_of
from burgee.api.settings import EngineSettings
from burgee.routers.base import Aim, Releasing, Role, Weights
from burgee.routers.registry import all_kinds, capabilities_by_provider, router_of

INGRESS = {"ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}}
KNATIVE = {
    "targetRef": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "podinfo"}
}
UPSTREAM = {"upstreamRef": {"apiVersion": "gloo.solo.io/v1", "kind": "Upstream", "name": "a"}}
MIRROR = "nginx.ingress.kubernetes.io/mirror-target"
OURS = "http://podinfo-canary.test.svc.cluster.local:80$request_uri"
HALF = Weights(primary=50, canary=50)


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


@pytest.mark.parametrize(
    ("given", "mirror", "written"),
    [
        pytest.param(None, False, "nothing", id="never asked for"),
        pytest.param("http://mine", False, "nothing", id="the user's own"),
        pytest.param(OURS, False, None, id="asked for no longer"),
        pytest.param(None, True, None, id="not yet"),
    ],
)
def test_when_nginx_writes_on_the_users_ingress(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    given: str | None,
    mirror: bool,
    written: str | None,
) -> None:
    case = make_case(analysis={"stepWeight": 10, "mirror": mirror}, **INGRESS)
    if given:
        users["ingress"]["metadata"]["annotations"][MIRROR] = given

    *patches, copy = router_of("nginx").render(Aim(*case, Weights(), originals=[*users.values()]))

    assert [annotations_of(p)[MIRROR] for p in patches] == (
        [] if written == "nothing" else [written]
    )
    assert MIRROR not in annotations_of(copy)


@pytest.mark.parametrize(
    ("given", "spec", "released"),
    [
        (OURS, INGRESS, True),
        ("http://mine", INGRESS, False),
        (None, INGRESS, False),
        (OURS, {}, False),
        (OURS, {"ingressRef": {"kind": "Ingress", "name": "gone"}}, False),
    ],
)
def test_what_nginx_takes_back_on_deletion(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    given: str | None,
    spec: Manifest,
    released: bool,
) -> None:
    canary, _ = make_case(**spec)
    router = router_of("nginx")
    assert isinstance(router, Releasing)
    if given:
        users["ingress"]["metadata"]["annotations"][MIRROR] = given

    patches = router.release(canary, [*users.values()])

    assert [annotations_of(p) for p in patches] == ([{MIRROR: None}] if released else [])


@pytest.mark.parametrize(
    ("annotations", "seen"),
    [
        ({"canary": "true", "canary-weight": "30"}, 30),
        ({"canary": "true"}, 0),
        ({"canary": "true", "canary-weight": "many"}, 100),
        ({"canary": "false", "canary-weight": "30"}, 100),
        ({"canary": "true", "canary-weight": "0", "canary-by-cookie": "c"}, 100),
        ({"canary": "true", "canary-weight": "0", "canary-by-header": "h"}, 100),
    ],
)
def test_what_a_copy_for_nginx_gives_the_canary(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    annotations: dict[str, str],
    seen: int,
) -> None:
    case = make_case(**INGRESS)
    (copy,) = router_of("nginx").render(Aim(*case, Weights(), originals=[*users.values()]))
    copy["metadata"]["annotations"] = {
        f"nginx.ingress.kubernetes.io/{key}": value for key, value in annotations.items()
    }

    assert router_of("nginx").canary_weight_seen([copy, users["ingress"]], case[1]) == seen


def test_copies_that_nginx_makes_count_as_traffic(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    case = make_case(**INGRESS)
    (copy,) = router_of("nginx").render(Aim(*case, Weights(), originals=[*users.values()]))
    users["ingress"]["metadata"]["annotations"][MIRROR] = OURS

    assert router_of("nginx").canary_weight_seen([copy, users["ingress"]], case[1]) == 100


@pytest.mark.parametrize(
    ("predicate", "weights", "seen"),
    [
        ("False()", '{"podinfo-canary":90,"podinfo-primary":10}', 0),
        ("Weight(100)", '{"podinfo-canary":90,"podinfo-primary":10}', 90),
        ("Weight(100)", "no json", 50),
        ("Weight(100)", "[]", 50),
        ("Weight(100)", '{"podinfo-canary":"x","podinfo-primary":10}', 0),
    ],
)
def test_what_a_copy_for_skipper_gives_the_canary(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    predicate: str,
    weights: str,
    seen: int,
) -> None:
    case = make_case(**INGRESS)
    (copy,) = router_of("skipper").render(Aim(*case, HALF, originals=[*users.values()]))
    copy["metadata"]["annotations"] = {
        "zalando.org/skipper-predicate": predicate,
        "zalando.org/backend-weights": weights,
    }

    assert router_of("skipper").canary_weight_seen([copy, users["ingress"]], case[1]) == seen


@pytest.mark.parametrize(
    ("given", "result"),
    [
        (None, "Weight(100)"),
        ('Header("a", "b&&c")', 'Weight(100) && Header("a", "b&&c")'),
        ('False() && Method("GET")&& Weight(100)', 'Weight(100) && Method("GET")'),
    ],
)
def test_predicates_of_the_user_stay(
    make_case: Callable[..., Any], users: dict[str, Manifest], given: str | None, result: str
) -> None:
    annotations = {"zalando.org/skipper-predicate": given} if given else {}
    users["ingress"]["metadata"]["annotations"] = annotations

    (copy,) = router_of("skipper").render(
        Aim(*make_case(**INGRESS), HALF, originals=[*users.values()])
    )

    assert annotations_of(copy)["zalando.org/skipper-predicate"] == result


def test_while_skipper_copies_requests_paths_of_others_stay_with_the_user(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    ingress = users["ingress"]
    del ingress["metadata"]["annotations"]
    backend = {"service": {"name": "other", "port": {"number": 80}}}
    other = {"path": "/o", "pathType": "Prefix", "backend": backend}
    resource = {"path": "/r", "pathType": "Prefix", "backend": {"resource": {"kind": "Bucket"}}}
    ingress["spec"]["rules"][0]["http"]["paths"] += [other, resource]
    ingress["spec"]["rules"].append({"host": "other", "http": {"paths": [other]}})
    case = make_case(analysis={"stepWeight": 10, "mirror": True}, **INGRESS)

    (copy,) = router_of("skipper").render(
        Aim(*case, Weights(mirrored=True), originals=[*users.values()])
    )

    rules = copy["spec"]["rules"]
    assert [rule["host"] for rule in rules] == ["app.example.com", "empty.example.com"]
    assert [p["backend"]["service"]["name"] for p in rules[0]["http"]["paths"]] == [
        "podinfo-primary",
        "podinfo-canary",
    ]
    assert annotations_of(copy)["zalando.org/skipper-filter"].startswith("tee(")


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


@pytest.mark.parametrize(("revert", "there"), [(True, True), (True, False), (False, True)])
def test_what_knative_takes_back_on_deletion(
    make_case: Callable[..., Any], users: dict[str, Manifest], revert: bool, there: bool
) -> None:
    canary, _ = make_case(revertOnDeletion=revert, **KNATIVE)
    router = router_of("knative")
    assert isinstance(router, Releasing)

    patches = router.release(canary, [users["knative"]] if there else [])

    assert [p["spec"]["traffic"] for p in patches] == (
        [[{"latestRevision": True, "percent": 100}]] if revert and there else []
    )
    assert all(annotations_of(p) == {"flagger.app/primary-revision": None} for p in patches)
