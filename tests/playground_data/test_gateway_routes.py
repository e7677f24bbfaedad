"""HTTPRoutes become routes of Envoy, as far as their Gateways let them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from burgee.playground.dataplane.gateway_api import plan, report
from burgee.playground.dataplane.gateway_status import CONTROLLER
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.plane import Plan, Verdict
from burgee.playground.dataplane.steering import Rule
from tests.playground_data.cluster_objects import service

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SERVICES = [service(name, name) for name in ("web", "web-primary", "web-canary")]
TO_PRIMARY = {"backendRefs": [{"name": "web-primary", "port": 80}]}
TO_CANARY = {"backendRefs": [{"name": "web-canary", "port": 80}]}


def _object(kind: str, name: str, *, namespace: str = "test", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "generation": 7},
        "spec": spec,
    }


CLASS = _object("GatewayClass", "ours", controllerName=CONTROLLER)


def _gateway(**listener: Any) -> dict[str, Any]:
    made = {"name": "http", "protocol": "HTTP", "port": 80, **listener}
    return _object("Gateway", "public", gatewayClassName="ours", listeners=[made])


def _route(*rules: dict[str, Any], **spec: Any) -> dict[str, Any]:
    given = {
        "parentRefs": [{"name": "public"}],
        "hostnames": ["web"],
        "rules": list(rules),
        **spec,
    }
    return _object("HTTPRoute", "web", **given)


def _plan(route: dict[str, Any], gateway: dict[str, Any] | None = None) -> Plan:
    routes = {
        "GatewayClass": [CLASS],
        "Gateway": [gateway or _gateway()],
        "HTTPRoute": [route],
    }
    return plan(Objects(services=SERVICES, routes=routes))


def _routes(*rules: dict[str, Any]) -> list[dict[str, Any]]:
    [host] = _plan(_route(*rules)).config
    assert host["domains"] == ["web"]
    return list(host["routes"])


def _clusters(route: dict[str, Any]) -> dict[str, int]:
    found = route["route"]["weighted_clusters"]["clusters"]
    return {cluster["name"]: cluster["weight"] for cluster in found}


def _verdict(found: Plan, kind: str = "HTTPRoute") -> Verdict:
    [verdict] = [v for v in found.verdicts if v.subject["kind"] == kind]
    return verdict


@pytest.mark.parametrize(
    ("weights", "clusters"),
    [
        pytest.param((70, 30), {"test_web-primary_80": 70, "test_web-canary_80": 30}, id="two"),
        pytest.param((100, 0), {"test_web-primary_80": 100}, id="nought"),
        pytest.param((None, None), {"test_web-primary_80": 1, "test_web-canary_80": 1}, id="even"),
    ],
)
def test_backends_have_weights(weights: tuple[Any, Any], clusters: dict[str, int]) -> None:
    refs = [
        {"name": name, "port": 80, **({} if weight is None else {"weight": weight})}
        for name, weight in zip(("web-primary", "web-canary"), weights, strict=True)
    ]
    [route] = _routes({"backendRefs": refs})
    assert _clusters(route) == clusters


def test_no_weight_at_all_is_an_internal_error() -> None:
    [route] = _routes({"backendRefs": [{"name": "web-primary", "port": 80, "weight": 0}]})
    assert route["direct_response"] == {"status": 500}


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        pytest.param({}, {"prefix": "/"}, id="everything"),
        pytest.param({"path": {"type": "Exact", "value": "/a"}}, {"path": "/a"}, id="exact"),
        pytest.param(
            {"path": {"type": "PathPrefix", "value": "/a/"}},
            {"path_separated_prefix": "/a"},
            id="prefix of whole segments",
        ),
        pytest.param(
            {"path": {"type": "RegularExpression", "value": "/a.*"}},
            {"safe_regex": {"regex": "/a.*"}},
            id="pattern",
        ),
        pytest.param(
            {"method": "POST", "headers": [{"name": "x", "value": "1"}]},
            {
                "prefix": "/",
                "headers": [
                    {"name": ":method", "string_match": {"exact": "POST"}},
                    {"name": "x", "string_match": {"exact": "1"}},
                ],
            },
            id="method and header",
        ),
        pytest.param(
            {"headers": [{"type": "RegularExpression", "name": "cookie", "value": ".*a.*"}]},
            {
                "prefix": "/",
                "headers": [
                    {"name": "cookie", "string_match": {"safe_regex": {"regex": ".*a.*"}}}
                ],
            },
            id="header pattern",
        ),
        pytest.param(
            {"queryParams": [{"name": "v", "value": "2"}]},
            {"prefix": "/", "query_parameters": [{"name": "v", "string_match": {"exact": "2"}}]},
            id="parameter",
        ),
    ],
)
def test_match(match: dict[str, Any], expected: dict[str, Any]) -> None:
    [route] = _routes({"matches": [match], **TO_CANARY})
    assert route["match"] == expected


def test_special_matches_come_first_and_then_the_order_of_rules() -> None:
    def header(*names: str) -> dict[str, Any]:
        return {"headers": [{"name": name, "value": "1"} for name in names]}

    def path(kind: str, value: str) -> dict[str, Any]:
        return {"path": {"type": kind, "value": value}}

    order = [
        path("Exact", "/z"),
        path("PathPrefix", "/long/er"),
        path("PathPrefix", "/long"),
        {"method": "GET"},
        header("a", "b"),
        header("c"),
        header("b"),
        {"queryParams": [{"name": "q", "value": "1"}]},
        {},
    ]
    written = [order[n] for n in (8, 4, 5, 6, 2, 1, 0, 7, 3)]
    sought = _routes(*({"matches": [match], **TO_PRIMARY} for match in written))
    assert [r["match"] for r in sought] == [
        _routes({"matches": [match], **TO_PRIMARY})[0]["match"] for match in order
    ]


def test_filters_change_headers_and_copy_requests() -> None:
    filters = [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-b"]}},
        {
            "type": "ResponseHeaderModifier",
            "responseHeaderModifier": {"add": [{"name": "set-cookie", "value": "a=b"}]},
        },
        {
            "type": "RequestMirror",
            "requestMirror": {"backendRef": {"name": "web-canary", "port": 80}, "percent": 25},
        },
    ]
    to_canary = {"name": "web-canary", "port": 80, "filters": filters[1:2]}
    [route] = _routes({"filters": filters, "backendRefs": [to_canary]})
    assert route["request_headers_to_remove"] == ["x-b"]
    [added] = route["response_headers_to_add"]
    assert added["append_action"] == "APPEND_IF_EXISTS_OR_ADD"
    [mirror] = route["route"]["request_mirror_policies"]
    assert mirror["runtime_fraction"]["default_value"]["numerator"] == 250_000
    [cluster] = route["route"]["weighted_clusters"]["clusters"]
    assert cluster["response_headers_to_add"] == [added]


@pytest.mark.parametrize(
    ("prefix", "fresh", "pattern", "substitution"),
    [
        pytest.param("/a", "/b", "^/a", "/b", id="another"),
        pytest.param("/a/", "/", "^/a/*", "/", id="none"),
        pytest.param("/", "/b", "^", "/b", id="of everything"),
    ],
)
def test_prefix_is_replaced(prefix: str, fresh: str, pattern: str, substitution: str) -> None:
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": fresh}}
    [route] = _routes(
        {
            "matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
            "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
            **TO_PRIMARY,
        }
    )
    assert route["route"]["regex_rewrite"] == {
        "pattern": {"regex": pattern},
        "substitution": substitution,
    }


@pytest.mark.parametrize(
    ("limits", "timeout"),
    [
        ({"request": "15s"}, "15.000000000s"),
        ({"request": "15s", "backendRequest": "500ms"}, "0.500000000s"),
        ({"request": "0s"}, "0s"),
        ({}, None),
    ],
)
def test_time_limits(limits: dict[str, str], timeout: str | None) -> None:
    [route] = _routes({"timeouts": limits, **TO_PRIMARY})
    assert route["route"].get("timeout") == timeout


def test_rules_are_those_of_the_route() -> None:
    insiders = {"matches": [{"headers": [{"name": "X-Cohort", "value": "insider"}]}], **TO_CANARY}
    assert _plan(_route(TO_PRIMARY, insiders)).rules == {
        "test/web": (
            Rule(matching=("x-cohort",), weights={"web-canary": 100}),
            Rule(weights={"web-primary": 100}),
        )
    }


@pytest.mark.parametrize(
    ("route", "gateway", "reason", "words"),
    [
        pytest.param(_route(TO_PRIMARY), _gateway(), "Accepted", "serves", id="accepted"),
        pytest.param(
            _route(TO_PRIMARY, parentRefs=[{"name": "public", "sectionName": "other"}]),
            _gateway(),
            "NoMatchingParent",
            "no listener",
            id="no such listener",
        ),
        pytest.param(
            _route(TO_PRIMARY),
            _gateway(hostname="*.example.com"),
            "NoMatchingListenerHostname",
            "hostname",
            id="another host",
        ),
        pytest.param(
            _route(TO_PRIMARY),
            _gateway(protocol="HTTPS"),
            "NoMatchingParent",
            "protocol HTTPS",
            id="a Gateway that is refused",
        ),
        pytest.param(
            _route({"filters": [{"type": "CORS", "cors": {}}], **TO_PRIMARY}),
            _gateway(),
            "UnsupportedValue",
            "filter CORS is not known",
            id="unknown filter",
        ),
        pytest.param(
            _route({"sessionPersistence": {"type": "Cookie"}, **TO_PRIMARY}),
            _gateway(),
            "UnsupportedValue",
            "sessionPersistence is not known",
            id="unknown field",
        ),
        pytest.param(
            _route({"backendRefs": [{"name": "web", "port": 80, "namespace": "prod"}]}),
            _gateway(),
            "UnsupportedValue",
            "ReferenceGrant",
            id="another namespace",
        ),
    ],
)
def test_parent_says_whether_it_accepts(
    route: dict[str, Any], gateway: dict[str, Any], reason: str, words: str
) -> None:
    found = _plan(route, gateway)
    verdict = _verdict(found)
    told = report(verdict, NOW)
    assert told is not None
    [parent] = told["parents"]
    assert parent["controllerName"] == CONTROLLER
    accepted = parent["conditions"][0]
    assert (accepted["type"], accepted["reason"]) == ("Accepted", reason)
    assert accepted["status"] == ("True" if reason == "Accepted" else "False")
    assert accepted["observedGeneration"] == 7
    assert words in accepted["message"]
    assert bool(found.config) is (reason == "Accepted")
    assert bool(verdict.refusal) is (reason != "Accepted")
    later = Verdict(
        subject={**verdict.subject, "status": told},
        refusal=verdict.refusal,
        details=verdict.details,
    )
    assert report(later, datetime(2027, 1, 1, tzinfo=UTC)) == told


def test_routes_of_other_namespaces_need_to_be_allowed() -> None:
    route = _route(TO_PRIMARY, parentRefs=[{"name": "public", "namespace": "test"}])
    route["metadata"] = {**route["metadata"], "namespace": "prod"}
    told = report(_verdict(_plan(route)), NOW)
    assert told is not None
    assert told["parents"][0]["conditions"][0]["reason"] == "NotAllowedByListeners"
    open_ = _gateway(allowedRoutes={"namespaces": {"from": "All"}})
    assert not _verdict(_plan(route, open_)).refusal


def test_backend_that_is_missing_is_an_error_and_told() -> None:
    refs = [{"name": "web-primary", "port": 80}, {"name": "nobody", "port": 80}]
    found = _plan(_route({"backendRefs": refs}))
    [route] = found.config[0]["routes"]
    assert _clusters(route) == {"test_web-primary_80": 1, "test_nobody_80": 1}
    assert route["route"]["cluster_not_found_response_code"] == "INTERNAL_SERVER_ERROR"
    told = report(_verdict(found), NOW)
    assert told is not None
    accepted, resolved = told["parents"][0]["conditions"]
    assert accepted["status"] == "True"
    assert (resolved["status"], resolved["reason"]) == ("False", "BackendNotFound")
    assert "test/nobody:80" in resolved["message"]


def test_gateways_of_other_classes_are_left_alone() -> None:
    gateway = _gateway()
    gateway["spec"]["gatewayClassName"] = "theirs"
    found = _plan(_route(TO_PRIMARY), gateway)
    assert found.config == []
    assert [v.subject["kind"] for v in found.verdicts] == ["GatewayClass"]


def test_gateway_counts_its_routes() -> None:
    told = report(_verdict(_plan(_route(TO_PRIMARY)), "Gateway"), NOW)
    assert told is not None
    assert {c["type"]: c["status"] for c in told["conditions"]} == {
        "Accepted": "True",
        "Programmed": "True",
    }
    [listener] = told["listeners"]
    assert (listener["name"], listener["attachedRoutes"]) == ("http", 1)


@pytest.mark.parametrize(
    ("listener", "hostnames", "domains"),
    [
        pytest.param(None, ["web"], ["web"], id="the route's"),
        pytest.param("web", [], ["web"], id="the listener's"),
        pytest.param("*.example.com", ["a.example.com", "b.org"], ["a.example.com"], id="both"),
        pytest.param("a.example.com", ["*.example.com"], ["a.example.com"], id="the special one"),
        pytest.param(None, [], ["*"], id="everybody"),
    ],
)
def test_hosts(listener: str | None, hostnames: list[str], domains: list[str]) -> None:
    gateway = _gateway(hostname=listener) if listener else _gateway()
    found = _plan(_route(TO_PRIMARY, hostnames=hostnames), gateway)
    assert [host["domains"] for host in found.config] == [[name] for name in domains]
