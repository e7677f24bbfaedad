"""HTTPProxies become routes of Envoy, and what is not understood is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from burgee.playground.dataplane.contour import CONTOUR, plan, report
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.plane import Plan, Verdict
from burgee.playground.dataplane.steering import Rule
from tests.playground_data.cluster_objects import service

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SERVICES = [service(name, name) for name in ("web", "web-primary", "web-canary")]


def _proxy(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "projectcontour.io/v1",
        "kind": "HTTPProxy",
        "metadata": {"name": name, "namespace": "test", "generation": 3},
        "spec": spec,
    }


def _plan(*proxies: dict[str, Any]) -> Plan:
    return plan(Objects(services=SERVICES, routes={"HTTPProxy": proxies}))


ROOT = _proxy("host", virtualhost={"fqdn": "web"}, includes=[{"name": "web"}])
TO_PRIMARY = {"services": [{"name": "web-primary", "port": 80}]}
TO_CANARY = {"services": [{"name": "web-canary", "port": 80}]}


def _routes(*routes: dict[str, Any]) -> list[dict[str, Any]]:
    found = _plan(ROOT, _proxy("web", routes=list(routes)))
    assert not [v.refusal for v in found.verdicts if v.refusal]
    [host] = found.config
    assert host["domains"] == ["web"]
    return list(host["routes"])


def _refusals(*proxies: dict[str, Any]) -> dict[str, str]:
    return {v.subject["metadata"]["name"]: v.refusal for v in _plan(*proxies).verdicts}


@pytest.mark.parametrize(
    ("services", "shares"),
    [
        pytest.param([("web-primary", 90), ("web-canary", 10)], [90, 10], id="weights"),
        pytest.param([("web-primary", 100), ("web-canary", None)], [100], id="none is nothing"),
        pytest.param([("web-primary", None), ("web-canary", None)], [1, 1], id="no weights: even"),
        pytest.param([("web-canary", 0)], [1], id="the only one"),
    ],
)
def test_services_have_weights(services: list[tuple[str, int | None]], shares: list[int]) -> None:
    listed = [
        {"name": name, "port": 80, **({} if weight is None else {"weight": weight})}
        for name, weight in services
    ]
    [route] = _routes({"services": listed})
    found = route["route"]["weighted_clusters"]["clusters"]
    assert [cluster["weight"] for cluster in found] == shares


@pytest.mark.parametrize(
    ("weight", "numerator"),
    [pytest.param(None, 1_000_000, id="all"), pytest.param(25, 250_000, id="a share")],
)
def test_mirror_copies_a_share(weight: int | None, numerator: int) -> None:
    mirror = {"name": "web-canary", "port": 80, "mirror": True, "weight": weight}
    [route] = _routes({"services": [{"name": "web-primary", "port": 80}, mirror]})
    [policy] = route["route"]["request_mirror_policies"]
    assert policy["cluster"] == "test_web-canary_80"
    assert policy["runtime_fraction"]["default_value"]["numerator"] == numerator


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({"prefix": "/a"}, {"prefix": "/a"}, id="prefix"),
        pytest.param({"exact": "/a"}, {"path": "/a"}, id="exact"),
        pytest.param({"regex": "/a.*"}, {"safe_regex": {"regex": "/a.*"}}, id="regex"),
        pytest.param(
            {"header": {"name": "x", "exact": "1"}},
            {"prefix": "/", "headers": [{"name": "x", "string_match": {"exact": "1"}}]},
            id="header",
        ),
        pytest.param(
            {"header": {"name": "x", "contains": "1", "ignoreCase": True}},
            {
                "prefix": "/",
                "headers": [{"name": "x", "string_match": {"contains": "1", "ignore_case": True}}],
            },
            id="contains",
        ),
        pytest.param(
            {"header": {"name": "x", "notexact": "1"}},
            {
                "prefix": "/",
                "headers": [{"name": "x", "string_match": {"exact": "1"}, "invert_match": True}],
            },
            id="not",
        ),
        pytest.param(
            {"header": {"name": "x", "notpresent": True}},
            {
                "prefix": "/",
                "headers": [{"name": "x", "present_match": True, "invert_match": True}],
            },
            id="absent",
        ),
        pytest.param(
            {"queryParameter": {"name": "v", "prefix": "2"}},
            {"prefix": "/", "query_parameters": [{"name": "v", "string_match": {"prefix": "2"}}]},
            id="parameter",
        ),
    ],
)
def test_condition(condition: dict[str, Any], expected: dict[str, Any]) -> None:
    [route] = _routes({"conditions": [condition], **TO_PRIMARY})
    assert route["match"] == expected


def test_more_conditions_come_first_wherever_they_stand() -> None:
    def header(name: str) -> dict[str, Any]:
        return {"header": {"name": name, "exact": "1"}}

    routes = _routes(
        TO_PRIMARY,
        {"conditions": [{"prefix": "/deep"}], **TO_PRIMARY},
        {"conditions": [header("b")], **TO_CANARY},
        {"conditions": [header("a"), header("b")], **TO_CANARY},
        {"conditions": [{"exact": "/"}], **TO_PRIMARY},
    )
    shown = [
        (
            route["match"].get("path") or route["match"]["prefix"],
            len(route["match"].get("headers", [])),
        )
        for route in routes
    ]
    assert shown == [("/", 0), ("/deep", 0), ("/", 2), ("/", 1), ("/", 0)]
    assert "path" in routes[0]["match"]


def test_paths_of_includes_are_joined_and_their_conditions_hold() -> None:
    include = {
        "name": "web",
        "conditions": [{"prefix": "/shop/"}, {"header": {"name": "x", "present": True}}],
    }
    root = _proxy("host", virtualhost={"fqdn": "web"}, includes=[include])
    found = _plan(
        root, _proxy("web", routes=[{"conditions": [{"prefix": "/cart"}], **TO_PRIMARY}])
    )
    [route] = found.config[0]["routes"]
    assert route["match"] == {
        "prefix": "/shop/cart",
        "headers": [{"name": "x", "present_match": True}],
    }


def test_rules_are_those_of_the_proxy_that_has_routes() -> None:
    test = {"conditions": [{"header": {"name": "X-Cohort", "exact": "insider"}}], **TO_CANARY}
    found = _plan(ROOT, _proxy("web", routes=[TO_PRIMARY, test]))
    assert found.rules == {
        "test/web": (
            Rule(matching=("x-cohort",), weights={"web-canary": 100}),
            Rule(weights={"web-primary": 100}),
        )
    }


def test_time_limits_retries_and_headers() -> None:
    [route] = _routes(
        {
            "timeoutPolicy": {"response": "15s", "idle": "5m"},
            "retryPolicy": {"count": 3, "perTryTimeout": "500ms", "retryOn": ["gateway-error"]},
            "services": [
                {
                    "name": "web-primary",
                    "port": 80,
                    "requestHeadersPolicy": {"set": [{"name": "x", "value": "1"}]},
                }
            ],
        }
    )
    action = route["route"]
    assert (action["timeout"], action["idle_timeout"]) == ("15.000000000s", "300.000000000s")
    assert action["retry_policy"] == {
        "num_retries": 3,
        "retry_on": "gateway-error",
        "per_try_timeout": "0.500000000s",
    }
    [cluster] = action["weighted_clusters"]["clusters"]
    assert cluster["request_headers_to_add"][0]["header"] == {"key": "x", "value": "1"}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param(
            {"routes": [{**TO_PRIMARY, "enableWebsockets": True}]},
            "spec.routes[0].enableWebsockets is not known",
            id="route",
        ),
        pytest.param(
            {"routes": [{"services": [{"name": "web", "port": 80, "protocol": "h2c"}]}]},
            "spec.routes[0].services[0].protocol is not known",
            id="service",
        ),
        pytest.param(
            {"tcpproxy": {"services": [{"name": "web", "port": 80}]}},
            "spec.tcpproxy is not known",
            id="proxy",
        ),
        pytest.param(
            {"routes": [{"services": [{"name": "nobody", "port": 80}]}]},
            "unresolved service reference test/nobody",
            id="no such Service",
        ),
        pytest.param(
            {"routes": [{"conditions": [{"prefix": "/a"}, {"exact": "/b"}], **TO_PRIMARY}]},
            "more than one prefix, exact or regex",
            id="two paths",
        ),
        pytest.param(
            {"routes": [{"conditions": [{"header": {"name": "x"}}], **TO_PRIMARY}]},
            "has no condition",
            id="no condition",
        ),
    ],
)
def test_what_is_not_understood_is_refused(spec: dict[str, Any], why: str) -> None:
    refusal = _refusals(ROOT, _proxy("web", **spec))["web"]
    assert why in refusal


def test_refused_proxy_serves_nothing() -> None:
    found = _plan(
        ROOT, _proxy("web", routes=[TO_PRIMARY, {"enableWebsockets": True, **TO_CANARY}])
    )
    assert found.config[0]["routes"] == []
    assert found.rules == {}


def test_include_that_is_missing_is_a_bad_gateway() -> None:
    found = _plan(ROOT)
    assert found.config[0]["routes"] == [
        {"match": {"prefix": "/"}, "direct_response": {"status": 502}}
    ]
    assert _refusals(ROOT) == {"host": "include test/web not found"}


def test_includes_in_a_circle_end() -> None:
    circle = _proxy("web", includes=[{"name": "web"}])
    assert "creates a cycle" in _refusals(ROOT, circle)["web"]


def test_two_roots_of_one_host() -> None:
    again = _proxy("second", virtualhost={"fqdn": "web"}, routes=[TO_PRIMARY])
    assert (
        "used in multiple" in _refusals(ROOT, again, _proxy("web", routes=[TO_PRIMARY]))["second"]
    )


@pytest.mark.parametrize(
    ("proxies", "word", "status"),
    [
        pytest.param([ROOT, _proxy("web", routes=[TO_PRIMARY])], "valid", "True", id="valid"),
        pytest.param([_proxy("web", routes=[TO_PRIMARY])], "orphaned", "False", id="no root"),
        pytest.param(
            [ROOT, _proxy("web", routes=[{"mirror": True}])], "invalid", "False", id="refused"
        ),
    ],
)
def test_status_is_that_of_contour(proxies: list[dict[str, Any]], word: str, status: str) -> None:
    [verdict] = [v for v in _plan(*proxies).verdicts if v.subject["metadata"]["name"] == "web"]
    told = report(verdict, NOW)
    assert told["currentStatus"] == word
    [condition] = told["conditions"]
    assert condition["type"] == "Valid"
    assert condition["status"] == status
    assert condition["observedGeneration"] == 3
    assert condition["lastTransitionTime"] == "2026-01-02T03:04:05Z"
    later = Verdict(subject={**verdict.subject, "status": told}, refusal=verdict.refusal)
    assert report(later, datetime(2027, 1, 1, tzinfo=UTC)) == told


def test_dialect_reads_proxies() -> None:
    assert [kind.kind for kind in CONTOUR.kinds] == ["HTTPProxy"]
