"""The built-in queries are Flagger's, letter by letter."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.api.settings import EngineSettings
from burgee.metrics.checks import build_checks
from burgee.metrics.gotemplate import check_syntax
from burgee.metrics.model import Check
from burgee.metrics.queries import (
    ISTIO,
    OBSERVERS,
    OBSERVERS_OF_DAEMONSETS,
    Observer,
    observer_of,
    one_line,
    plain,
)

RECORDED: list[dict[str, str]] = json.loads(
    Path(__file__).with_name("flagger_queries.json").read_text()
)
ISTIO_SUCCESS = (
    'sum( rate( istio_requests_total{ reporter="destination",'
    ' destination_workload_namespace="test", destination_workload=~"podinfo",'
    ' response_code!~"5.*" }[1m] ) ) / sum( rate( istio_requests_total{'
    ' reporter="destination", destination_workload_namespace="test",'
    ' destination_workload=~"podinfo" }[1m] ) ) * 100'
)
ISTIO_DURATION = (
    "histogram_quantile( 0.99, sum( rate( istio_request_duration_milliseconds_bucket{"
    ' reporter="destination", destination_workload_namespace="test",'
    ' destination_workload=~"podinfo" }[30s] ) ) by (le) )'
)
REFS: dict[str, dict[str, Any]] = {
    "apisix": {
        "routeRef": {
            "apiVersion": "apisix.apache.org/v2",
            "kind": "ApisixRoute",
            "name": "podinfo-route",
        }
    },
    "nginx": {"ingressRef": {"kind": "Ingress", "name": "podinfo"}},
    "skipper": {"ingressRef": {"kind": "Ingress", "name": "podinfo"}},
}
METRICS = (
    {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}},
    {"name": "request-duration", "interval": "30s", "thresholdRange": {"max": 500}},
)


def queries_of(canary: Canary, *, revision: str = "", provider: str = "istio") -> list[str]:
    checks = build_checks(canary, {}, EngineSettings(mesh_provider=provider), revision=revision)
    return [one_line(check.query) for check in checks if isinstance(check, Check)]


def test_istio_is_asked_what_flagger_asks(make_canary: Any) -> None:
    canary = make_canary(*METRICS, provider="istio")

    assert queries_of(canary) == [ISTIO_SUCCESS, ISTIO_DURATION]


@pytest.mark.parametrize("row", [pytest.param(row, id=row["provider"]) for row in RECORDED])
def test_every_provider_is_asked_what_flagger_asks(row: dict[str, str], make_canary: Any) -> None:
    provider = row["provider"]
    canary = make_canary(*METRICS, provider=provider, **REFS.get(provider, {}))
    revision = "podinfo-00002" if provider == "knative" else ""

    assert [row["success"], row["duration"]] == queries_of(canary, revision=revision)


def test_recordings_cover_every_observer() -> None:
    assert set(OBSERVERS) <= {row["provider"].partition(":")[0] for row in RECORDED}


def test_names_of_skipper_labels_hold_no_dashes(make_canary: Any) -> None:
    canary = make_canary(
        METRICS[0],
        provider="skipper",
        ingressRef={"kind": "Ingress", "name": "my-ingress"},
        service={"port": 80, "name": "my.svc"},
    )

    assert "kube(ew)?_test__my_ingress_canary__.*__my_svc_canary" in queries_of(canary)[0]


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        pytest.param("gloo", "test-web-canaryupstream-[0-9a-zA-Z-]+_", id="gloo: the Upstream"),
        pytest.param("kuma", '"web-canary_test_svc_', id="kuma: the Service's tag"),
        pytest.param("traefik", "test-web-canary-[0-9a-zA-Z-]+@", id="traefik: the Service"),
        pytest.param("apisix", "test_podinfo-route-web-canary_", id="apisix: the copied route"),
        pytest.param("contour", "test_web-canary_", id="contour"),
        pytest.param("skipper", "__web_canary", id="skipper"),
    ],
)
def test_what_is_named_after_the_service_is_asked_by_its_name(
    provider: str, names: str, make_canary: Any
) -> None:
    service = {"port": 9898, "name": "web"}
    canary = make_canary(*METRICS, provider=provider, service=service, **REFS.get(provider, {}))

    assert [query.count(names) for query in queries_of(canary)] in ([2, 1], [2, 2])


def test_a_users_route_of_gloo_leads_to_services_and_not_to_upstreams(make_canary: Any) -> None:
    """Gloo names such a cluster `kube-svc:`, which Envoy's statistics show as `kube-svc_`."""
    table = {"apiVersion": "gateway.solo.io/v1", "kind": "RouteTable", "name": "web"}
    service = {"port": 9898, "name": "web"}
    asked = queries_of(make_canary(*METRICS, provider="gloo", service=service, routeRef=table))

    patterns = [one for q in asked for one in re.findall(r'envoy_cluster_name=~"([^"]+)"', q)]
    assert len(patterns) == 3
    for pattern in patterns:
        assert re.fullmatch(pattern, "kube-svc_test-web-canary-9898_test")
        assert re.fullmatch(pattern, "kube-svc_test-web-canary-9898_test_test_web-canary_9898")
        assert not re.fullmatch(pattern, "kube-svc_test-web-primary-9898_test")


PODS = {
    "Deployment": ("podinfo-7c9b6d5f8-x2k4q", "podinfo-primary-7c9b6d5f8-x2k4q"),
    "DaemonSet": ("podinfo-x2k4q", "podinfo-primary-x2k4q"),
}


@pytest.mark.parametrize("kind", sorted(PODS))
@pytest.mark.parametrize("provider", ["kubernetes", "gatewayapi:v1", "appmesh:v1beta2"])
def test_pods_of_the_canary_are_asked_about_and_no_others(
    kind: str, provider: str, make_canary: Any
) -> None:
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "podinfo"}
    queries = queries_of(make_canary(*METRICS, provider=provider, targetRef=target))
    patterns = [one for q in queries for one in re.findall(r'kubernetes_pod_name=~"([^"]+)"', q)]
    canary, primary = PODS[kind]

    assert len(patterns) == 3
    for pattern in patterns:
        assert re.fullmatch(pattern, canary)
        assert not re.fullmatch(pattern, primary)
        assert not re.fullmatch(pattern, canary.replace("podinfo", "podinfo-web"))


@pytest.mark.parametrize(
    ("provider", "says"),
    [
        pytest.param("linkerd", 'namespace="test", daemonset=~"podinfo"', id="linkerd"),
        pytest.param("osm", 'destination_kind="DaemonSet", destination_name="podinfo"', id="osm"),
    ],
)
def test_meshes_that_name_the_kind_are_asked_for_daemonsets(
    provider: str, says: str, make_canary: Any
) -> None:
    target = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "podinfo"}
    queries = queries_of(make_canary(*METRICS, provider=provider, targetRef=target))

    assert [query.count(says) for query in queries] == [2, 1]
    assert not any("eployment" in query for query in queries)


@pytest.mark.parametrize(
    ("own", "installed", "family"),
    [
        pytest.param("", "istio", "istio", id="installation's"),
        pytest.param("nginx", "istio", "nginx", id="own"),
        pytest.param("appmesh:v1beta1", "istio", "appmesh", id="version aside"),
        pytest.param("gatewayapi:v1beta1", "istio", "gatewayapi", id="gateway"),
        pytest.param("gatewayapi:v1beta1", "linkerd", "linkerd", id="linkerd decides"),
        pytest.param("", "linkerd", "linkerd", id="linkerd"),
        pytest.param("smi:v1alpha2", "istio", "istio", id="smi is istio"),
        pytest.param("", "smi:crossover", "istio", id="crossover is default"),
        pytest.param("nginx", "smi:crossover", "nginx", id="but not for another"),
        pytest.param("", "something", "istio", id="unknown is istio"),
    ],
)
def test_observer_is_chosen_by_provider(own: str, installed: str, family: str) -> None:
    assert OBSERVERS[family] is observer_of(own, installed)


def test_only_seconds_are_multiplied() -> None:
    in_seconds = {name for name, found in OBSERVERS.items() if found.duration_factor == 1000}

    assert {"gatewayapi", "kubernetes"} == in_seconds
    assert ISTIO.duration_factor == 1


@pytest.mark.parametrize("name", sorted(OBSERVERS))
@pytest.mark.parametrize("table", [OBSERVERS, OBSERVERS_OF_DAEMONSETS], ids=["", "daemonsets"])
def test_tables_are_templates(name: str, table: Mapping[str, Observer]) -> None:
    check_syntax(table[name].success)
    check_syntax(table[name].duration)


def test_white_space_becomes_one_space() -> None:
    assert one_line('\n sum(\n\t a{x="b \r\n c"}  )\n') == 'sum( a{x="b c"} )'


def test_plain_keeps_word_characters() -> None:
    assert plain("a-b.C_1") == "a_b_C_1"
