"""What SMI and App Mesh add, and what they refuse."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.appmesh.v1beta1 import AppMeshV1Beta1Router
from burgee.routers.appmesh.v1beta2 import AppMeshV1Beta2Router
from burgee.routers.base import Aim, Weights
from burgee.routers.smi import ISTIO_GATEWAYS, SmiRouter

HALF = Weights(primary=50, canary=50)
OLD, NEW = AppMeshV1Beta1Router(), AppMeshV1Beta2Router()


def split(backends: list[Manifest], version: str = "v1alpha2") -> Manifest:
    return {
        "apiVersion": f"split.smi-spec.io/{version}",
        "kind": "TrafficSplit",
        "metadata": {"name": "podinfo"},
        "spec": {"service": "podinfo", "backends": backends},
    }


@pytest.mark.parametrize(
    ("weights", "seen"),
    [
        pytest.param(["0", "100"], 0, id="quantities"),
        pytest.param([10, 90], 10, id="whole numbers"),
        pytest.param([500, 1000], 34, id="in proportion"),
        pytest.param(["1e2", 0], 100, id="exponent"),
        pytest.param(["500m", 0], 100, id="unreadable is the worst"),
        pytest.param([None, 5], 0, id="nothing"),
    ],
)
def test_share_of_the_canary_in_a_split(
    make_routed: Callable[..., Any], weights: list[Any], seen: int
) -> None:
    _, names = make_routed()
    services = ("podinfo-canary", "podinfo-primary")
    backends = [{"service": s, "weight": w} for s, w in zip(services, weights, strict=True)]

    assert SmiRouter(version="v1alpha2").canary_weight_seen([split(backends)], names) == seen


def test_the_order_of_backends_means_nothing(make_routed: Callable[..., Any]) -> None:
    canary, names = make_routed()
    router = SmiRouter(version="v1alpha1")
    (built,) = router.render(Aim(canary=canary, names=names, weights=HALF))
    built["spec"]["backends"].reverse()
    built["spec"]["matches"] = []

    assert router.shows([built], Aim(canary=canary, names=names, weights=HALF))


def test_a_split_for_other_requests_shows_nothing(make_routed: Callable[..., Any]) -> None:
    canary, names = make_routed(match=[{"headers": {"x": {"exact": "1"}}}])
    router = SmiRouter(version="v1alpha3")
    group, built = router.render(Aim(canary=canary, names=names, weights=HALF))
    group["spec"]["matches"][0]["headers"] = []

    assert not router.shows([group, built], Aim(canary=canary, names=names, weights=HALF))


def test_gateways_are_for_istio_only(make_routed: Callable[..., Any]) -> None:
    routed = make_routed({"gateways": ["a", "b"]})
    (plain,) = SmiRouter(version="v1alpha1", mesh="linkerd").render(Aim(*routed, HALF))
    (istio,) = SmiRouter(version="v1alpha1", mesh="istio").render(Aim(*routed, HALF))
    (no_gateway,) = SmiRouter(version="v1alpha1", mesh="istio").render(Aim(*make_routed(), HALF))

    assert "annotations" not in plain["metadata"]
    assert istio["metadata"]["annotations"] == {ISTIO_GATEWAYS: '["a","b"]'}
    assert "annotations" not in no_gateway["metadata"]


@pytest.mark.parametrize("router", [SmiRouter(version="v1alpha3"), OLD, NEW])
@pytest.mark.parametrize(
    ("match", "field"),
    [
        pytest.param({"queryParams": {"q": {"exact": "1"}}}, "queryParams", id="parameter"),
        pytest.param({"sourceLabels": {"a": "b"}}, "sourceLabels", id="labels of the client"),
        pytest.param({}, "no condition", id="nothing"),
    ],
)
def test_a_test_looks_at_headers_only(
    make_routed: Callable[..., Any], router: Any, match: Manifest, field: str
) -> None:
    with pytest.raises(InvalidCanary, match=field):
        router.render(Aim(*make_routed({"meshName": "m"}, match=[match]), HALF))


def test_appmesh_needs_the_name_of_its_mesh(make_routed: Callable[..., Any]) -> None:
    with pytest.raises(InvalidCanary, match=r"spec\.service\.meshName") as caught:
        OLD.render(Aim(*make_routed(), HALF))

    assert caught.value.reason == "MissingMesh"


@pytest.mark.parametrize(
    ("service", "field"),
    [
        pytest.param({"timeout": "later"}, "spec.service.timeout later", id="limit"),
        pytest.param(
            {"retries": {"perTryTimeout": "x"}}, "spec.service.retries.perTryTimeout x", id="retry"
        ),
    ],
)
def test_a_limit_that_is_no_duration_is_refused(
    make_routed: Callable[..., Any], service: Manifest, field: str
) -> None:
    with pytest.raises(InvalidCanary) as caught:
        NEW.render(Aim(*make_routed(service), HALF))

    assert field in str(caught.value)


def test_retries_have_defaults(make_routed: Callable[..., Any]) -> None:
    *_, router = NEW.render(Aim(*make_routed({"retries": {"attempts": -1}}), HALF))

    assert router["spec"]["routes"][0]["httpRoute"]["retryPolicy"] == {
        "maxRetries": 1,
        "perRetryTimeout": {"unit": "ms", "value": 250},
        "httpRetryEvents": ["gateway-error"],
    }


@pytest.mark.parametrize("router", [OLD, NEW])
def test_events_to_retry_on_are_those_of_app_mesh(
    make_routed: Callable[..., Any], fits: Callable[[Manifest], None], router: Any
) -> None:
    retries = {"attempts": 2, "retryOn": "connection-error, server-error"}
    built = router.render(Aim(*make_routed({"meshName": "m", "retries": retries}), HALF))

    for manifest in built:
        fits(manifest)
    policies = [
        (route.get("http") or route["httpRoute"])["retryPolicy"]
        for manifest in built
        for route in manifest["spec"].get("routes", [])
    ]
    assert [(p["httpRetryEvents"], p["tcpRetryEvents"]) for p in policies] == [
        (["server-error"], ["connection-error"])
    ] * 2


@pytest.mark.parametrize("router", [OLD, NEW])
@pytest.mark.parametrize(
    ("service", "reason", "text"),
    [
        pytest.param(
            {"retries": {"retryOn": "gateway-error,5xx"}},
            "InvalidRetries",
            "spec.service.retries.retryOn 5xx",
            id="a word of Envoy",
        ),
        pytest.param(
            {"backends": ["a.test", "b.test", "a.test"]},
            "InvalidBackends",
            "spec.service.backends has a.test twice",
            id="backend",
        ),
    ],
)
def test_what_app_mesh_would_not_admit_is_refused(
    make_routed: Callable[..., Any], router: Any, service: Manifest, reason: str, text: str
) -> None:
    with pytest.raises(InvalidCanary, match=text) as caught:
        router.render(Aim(*make_routed({"meshName": "m", **service}), HALF))

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("service", "annotations"),
    [
        pytest.param({}, None, id="no host"),
        pytest.param(
            {"hosts": ["a", "b"], "retries": {"retryOn": "client-error"}},
            {
                "gateway.appmesh.k8s.aws/expose": "true",
                "gateway.appmesh.k8s.aws/domain": "a,b,",
            },
            id="hosts",
        ),
    ],
)
def test_the_gateway_finds_its_hosts_on_the_apex(
    make_routed: Callable[..., Any], service: Manifest, annotations: Manifest | None
) -> None:
    for router in (OLD, NEW):
        built = router.render(Aim(*make_routed({"meshName": "m", **service}), HALF))
        found = [
            it["metadata"].get("annotations") for it in built if it["kind"] == "VirtualService"
        ]

        assert found == [None, annotations]


def test_a_time_limit_is_for_the_gateway_that_knows_the_hosts(
    make_routed: Callable[..., Any],
) -> None:
    def told(**service: Any) -> list[str]:
        return [*OLD.advice(make_routed({"meshName": "m", **service})[0])]

    assert told(timeout="5s", hosts=["a.test"]) == []
    assert told() == []
    assert told(timeout="5s") == [
        "spec.service.timeout has no effect with provider appmesh without hosts"
    ]


@pytest.mark.parametrize(
    ("target_port", "port"), [("http", 80), (8080, 8080), (0, 80), (None, 80)]
)
def test_listeners_have_the_port_of_the_container(
    make_routed: Callable[..., Any], target_port: Any, port: int
) -> None:
    node, *_ = NEW.render(Aim(*make_routed({"targetPort": target_port}), HALF))

    assert node["spec"]["listeners"][0]["portMapping"] == {"port": port, "protocol": "http"}


def test_more_alternatives_than_priorities_keep_their_order(
    make_routed: Callable[..., Any],
) -> None:
    match = [{"headers": {"x": {"exact": str(n)}}} for n in range(12)]
    *_, router = NEW.render(Aim(*make_routed(match=match), HALF))

    assert [route["priority"] for route in router["spec"]["routes"]] == list(range(10, 23))


def test_a_virtual_service_of_istio_is_none_of_ours(make_routed: Callable[..., Any]) -> None:
    canary, names = make_routed({"meshName": "m"})
    istio = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "podinfo.test", "namespace": "test"},
    }

    assert OLD.canary_weight_seen([istio], names) is None
    assert not OLD.shows([istio], Aim(canary=canary, names=names, weights=HALF))


@pytest.mark.parametrize("router", [OLD, NEW])
def test_an_empty_object_tells_nothing(make_routed: Callable[..., Any], router: Any) -> None:
    canary, names = make_routed({"meshName": "m"})
    *_, route = router.render(Aim(canary=canary, names=names, weights=HALF))

    assert router.canary_weight_seen([{**route, "spec": {}}], names) is None
    assert router.canary_weight_seen([{**route, "spec": {"routes": [{}]}}], names) is None
    assert not router.shows([{**route, "spec": {}}], Aim(canary=canary, names=names, weights=HALF))


def test_virtual_nodes_come_before_the_primary() -> None:
    assert OLD.capabilities.before_primary
    assert NEW.capabilities.before_primary
    assert not SmiRouter(version="v1alpha1").capabilities.before_primary
