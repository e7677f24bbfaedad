"""VirtualServices become routes of Envoy."""

from typing import Any

import pytest

from burgee.playground.dataplane.endpoints import Endpoint, ServicePort
from burgee.playground.dataplane.envoy_rules import rules_of
from burgee.playground.dataplane.istio import plan
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.steering import Rule
from burgee.playground.dataplane.virtual_service import host_names, virtual_host
from tests.playground_data.cluster_objects import service, virtual_service, weighted

PORTS = [
    ServicePort(namespace="test", service="web-primary", port=80),
    ServicePort(namespace="test", service="web-canary", port=80),
    ServicePort(namespace="test", service="web-canary", port=9000),
]


def _only_route(http: dict[str, Any]) -> dict[str, Any]:
    [route] = virtual_host(virtual_service([http]), PORTS)["routes"]
    found: dict[str, Any] = route
    return found


def _to_canary(**extra: Any) -> dict[str, Any]:
    return {"route": [{"destination": {"host": "web-canary"}}], **extra}


@pytest.mark.parametrize(
    ("weight", "clusters"),
    [
        (0, {"test_web-primary_80": 100}),
        (10, {"test_web-primary_80": 90, "test_web-canary_80": 10}),
        (100, {"test_web-canary_80": 100}),
    ],
)
def test_weights_name_clusters(weight: int, clusters: dict[str, int]) -> None:
    route = _only_route(weighted(weight)[0])
    found = route["route"]["weighted_clusters"]["clusters"]
    assert {cluster["name"]: cluster["weight"] for cluster in found} == clusters


@pytest.mark.parametrize(
    ("destination", "cluster"),
    [
        ({"host": "web-canary"}, "test_web-canary_80"),
        ({"host": "web-canary", "port": {"number": 9000}}, "test_web-canary_9000"),
        ({"host": "web-canary.test.svc.cluster.local"}, "test_web-canary_80"),
        ({"host": "nowhere"}, "test_nowhere_unknown"),
    ],
)
def test_destination_names_cluster(destination: dict[str, Any], cluster: str) -> None:
    route = _only_route({"route": [{"destination": destination}]})
    assert route["route"]["weighted_clusters"]["clusters"][0]["name"] == cluster


def test_no_weight_at_all_is_unavailable() -> None:
    http = weighted(50)[0]
    for route in http["route"]:
        route["weight"] = 0
    assert _only_route(http)["direct_response"] == {"status": 503}


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        pytest.param({}, {"prefix": "/"}, id="everything"),
        pytest.param({"uri": {"exact": "/a"}}, {"path": "/a"}, id="exact path"),
        pytest.param({"uri": {"prefix": "/a"}}, {"prefix": "/a"}, id="prefix"),
        pytest.param({"uri": {"regex": "/a.*"}}, {"safe_regex": {"regex": "/a.*"}}, id="regex"),
        pytest.param(
            {"uri": {"prefix": "/a"}, "ignoreUriCase": True},
            {"prefix": "/a", "case_sensitive": False},
            id="any case",
        ),
        pytest.param(
            {"headers": {"cookie": {"regex": ".*canary.*"}}},
            {
                "prefix": "/",
                "headers": [
                    {
                        "name": "cookie",
                        "string_match": {"safe_regex": {"regex": ".*canary.*"}},
                    }
                ],
            },
            id="cookie",
        ),
        pytest.param(
            {"headers": {"x-any": {}}, "method": {"exact": "POST"}},
            {
                "prefix": "/",
                "headers": [
                    {"name": ":method", "string_match": {"exact": "POST"}},
                    {"name": "x-any", "present_match": True},
                ],
            },
            id="method and presence",
        ),
        pytest.param(
            {"withoutHeaders": {"x-no": {"prefix": "y"}}},
            {
                "prefix": "/",
                "headers": [
                    {"name": "x-no", "string_match": {"prefix": "y"}, "invert_match": True}
                ],
            },
            id="without",
        ),
        pytest.param(
            {"queryParams": {"v": {"exact": "2"}}},
            {"prefix": "/", "query_parameters": [{"name": "v", "string_match": {"exact": "2"}}]},
            id="query",
        ),
    ],
)
def test_match(match: dict[str, Any], expected: dict[str, Any]) -> None:
    assert _only_route(_to_canary(match=[match]))["match"] == expected


def test_each_match_is_a_route_of_its_own() -> None:
    http = _to_canary(match=[{"uri": {"exact": "/a"}}, {"uri": {"exact": "/b"}}])
    routes = virtual_host(virtual_service([http]), PORTS)["routes"]
    assert [route["match"]["path"] for route in routes] == ["/a", "/b"]


def test_mirror_rewrite_timeout_and_retries() -> None:
    route = _only_route(
        _to_canary(
            mirror={"host": "web-primary"},
            mirrorPercentage={"value": 12.5},
            rewrite={"uri": "/v2", "authority": "inner"},
            timeout="1m0.5s",
            retries={"attempts": 3, "perTryTimeout": "250ms", "retryOn": "5xx"},
        )
    )["route"]
    assert route["request_mirror_policies"] == [
        {
            "cluster": "test_web-primary_80",
            "runtime_fraction": {
                "default_value": {"numerator": 125_000, "denominator": "MILLION"}
            },
        }
    ]
    assert (route["prefix_rewrite"], route["host_rewrite_literal"]) == ("/v2", "inner")
    assert route["timeout"] == "60.500000000s"
    assert route["retry_policy"] == {
        "num_retries": 3,
        "retry_on": "5xx",
        "per_try_timeout": "0.250000000s",
    }


def test_headers_are_set_added_and_removed() -> None:
    route = _only_route(
        _to_canary(
            headers={
                "request": {"set": {"x-a": "1"}, "remove": ["x-b"]},
                "response": {"add": {"set-cookie": "a=b"}},
            }
        )
    )
    assert route["request_headers_to_add"] == [
        {
            "header": {"key": "x-a", "value": "1"},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
    ]
    assert route["request_headers_to_remove"] == ["x-b"]
    assert route["response_headers_to_add"][0]["append_action"] == "APPEND_IF_EXISTS_OR_ADD"


def test_host_is_known_by_its_longer_names() -> None:
    assert host_names("web", "test")[-1] == "web.test.svc.cluster.local"
    assert host_names("web.example.com", "test") == ["web.example.com"]


def test_plan_takes_ready_pods_that_the_service_selects() -> None:
    def pod(name: str, app: str, *, ready: str = "True", **meta: Any) -> dict[str, Any]:
        return {
            "metadata": {
                "name": name,
                "namespace": meta.pop("namespace", "test"),
                "labels": {"app": app},
                "annotations": {"burgee.dev/playground-port": "1234"},
                **meta,
            },
            "status": {
                "podIP": "127.0.0.1",
                "conditions": [{"type": "Ready", "status": ready}],
            },
        }

    pods = [
        pod("right", "web"),
        pod("other", "api"),
        pod("unready", "web", ready="False"),
        pod("leaving", "web", deletionTimestamp="2026-01-01T00:00:00Z"),
        pod("elsewhere", "web", namespace="prod"),
    ]
    found = plan(Objects(services=[service("web", "web")], pods=pods))
    port = ServicePort(namespace="test", service="web", port=80)
    assert found.endpoints == {port: [Endpoint(address="127.0.0.1", port=1234)]}


def test_only_virtual_service_answers_for_every_host() -> None:
    services = [service(name, "web") for name in ("web", "web-primary", "web-canary")]
    routes = {"VirtualService": [virtual_service(weighted(30))]}
    found = plan(Objects(services=services, routes=routes))
    assert found.config[0]["domains"][-1] == "*"
    every = [domain for host in found.config for domain in host["domains"]]
    assert len(every) == len(set(every))
    assert rules_of(found.config) == {
        "test/web": (Rule(weights={"web-primary": 70, "web-canary": 30}),)
    }


def test_rules_tell_who_goes_where() -> None:
    matched = _to_canary(
        match=[
            {"headers": {"X-Cohort": {"exact": "insider"}}},
            {"queryParams": {"beta": {"exact": "1"}}},
        ]
    )
    rest = {
        **weighted(0)[0],
        "mirror": {"host": "web-canary"},
        "mirrorPercentage": {"value": 12.5},
    }
    host = virtual_host(virtual_service([matched, rest]), PORTS)
    assert rules_of([host]) == {
        "test/web": (
            Rule(matching=("x-cohort",), weights={"web-canary": 100}),
            Rule(matching=("beta",), weights={"web-canary": 100}),
            Rule(weights={"web-primary": 100}, mirrored={"web-canary": 12.5}),
        )
    }


def test_the_only_destination_takes_all_whatever_its_weight() -> None:
    route = _only_route({"route": [{"destination": {"host": "web-primary"}, "weight": 0}]})
    [cluster] = route["route"]["weighted_clusters"]["clusters"]
    assert (cluster["name"], cluster["weight"]) == ("test_web-primary_80", 100)
