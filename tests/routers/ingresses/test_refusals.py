"""What a provider cannot express is refused with the field that is at fault."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.base import Aim, Weights
from burgee.routers.registry import router_of

INGRESS = {"ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}}
APISIX = {"routeRef": {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixRoute", "name": "web"}}
TRAEFIK = {
    "routeRef": {"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "name": "web"}
}
GLOO = {"upstreamRef": {"apiVersion": "gloo.solo.io/v1", "kind": "Upstream", "name": "settings"}}
HEADER = {"headers": {"x-canary": {"exact": "1"}}}
COOKIE = {"headers": {"cookie": {"exact": "canary"}}}
TEST = {"iterations": 3, "match": [HEADER]}


def path_to(service: str) -> Manifest:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    return {"path": "/", "pathType": "Prefix", "backend": backend}


def refusal(provider: str, case: Any, originals: list[Manifest]) -> InvalidCanary:
    with pytest.raises(InvalidCanary) as caught:
        router_of(provider).render(Aim(*case, Weights(), originals=originals))
    return caught.value


@pytest.mark.parametrize(
    ("provider", "spec", "reason", "field"),
    [
        pytest.param("nginx", {}, "MissingReference", "spec.ingressRef", id="nginx none"),
        pytest.param("skipper", {}, "MissingReference", "spec.ingressRef", id="skipper none"),
        pytest.param("apisix", {}, "MissingReference", "spec.routeRef", id="apisix none"),
        pytest.param(
            "traefik", {"analysis": TEST}, "MissingReference", "spec.routeRef", id="traefik none"
        ),
        pytest.param(
            "gloo", {"upstreamRef": {}}, "MissingReference", "spec.upstreamRef", id="no name"
        ),
        pytest.param("apisix", TRAEFIK, "UnsupportedReference", "spec.routeRef.kind", id="kind"),
        pytest.param("nginx", INGRESS, "IngressNotFound", "spec.ingressRef", id="nginx gone"),
        pytest.param("skipper", INGRESS, "IngressNotFound", "spec.ingressRef", id="skipper gone"),
        pytest.param("apisix", APISIX, "ApisixRouteNotFound", "spec.routeRef", id="apisix gone"),
        pytest.param("gloo", GLOO, "UpstreamNotFound", "spec.upstreamRef", id="gloo gone"),
        pytest.param(
            "traefik",
            {**TRAEFIK, "analysis": TEST},
            "IngressRouteNotFound",
            "spec.routeRef",
            id="traefik gone",
        ),
    ],
)
def test_what_is_not_there_is_named(
    make_case: Callable[..., Any], provider: str, spec: Manifest, reason: str, field: str
) -> None:
    found = refusal(provider, make_case(**spec), [])

    assert found.reason == reason
    assert field in str(found)


@pytest.mark.parametrize(
    ("provider", "spec"),
    [
        ("nginx", INGRESS),
        ("skipper", INGRESS),
        ("apisix", APISIX),
        ("traefik", {**TRAEFIK, "analysis": TEST}),
    ],
)
def test_a_route_that_does_not_lead_to_the_service_is_named(
    make_case: Callable[..., Any], users: dict[str, Manifest], provider: str, spec: Manifest
) -> None:
    found = refusal(provider, make_case(service={"name": "elsewhere"}, **spec), [*users.values()])

    assert found.reason == "NoSuchBackend"
    assert "elsewhere" in str(found)


def test_a_rule_of_traefik_2_is_refused(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    """Traefik would drop the copy: nobody would take part in the test."""
    users["ingressroute"]["spec"]["routes"][0]["syntax"] = "v2"

    found = refusal("traefik", make_case(analysis=TEST, **TRAEFIK), [*users.values()])

    assert found.reason == "UnsupportedMatch"
    assert "IngressRoute web" in str(found)


@pytest.mark.parametrize(
    "extra",
    [
        {"backends": [{"serviceName": "podinfo"}, {"serviceName": "other"}]},
        {"backends": [{"serviceName": "podinfo"}], "upstreams": [{"name": "other"}]},
    ],
)
def test_a_rule_of_apisix_with_other_backends_is_refused(
    make_case: Callable[..., Any], users: dict[str, Manifest], extra: Manifest
) -> None:
    users["apisixroute"]["spec"]["http"][1].update(extra)

    found = refusal("apisix", make_case(**APISIX), [*users.values()])

    assert found.reason == "SeveralBackends"
    assert "rule all" in str(found)


@pytest.mark.parametrize(
    ("match", "text"),
    [
        ([{"headers": {"a": {"exact": "1"}, "b": {"exact": "2"}}}], "second header or cookie"),
        ([HEADER, {"headers": {"other": {"exact": "1"}}}], "second header or cookie"),
        ([COOKIE, COOKIE], "second header or cookie"),
        ([HEADER, {"headers": {"Cookie": {"regex": ".*"}}}], "second header or cookie"),
        ([{"queryParams": {"q": {"exact": "1"}}}], "queryParams"),
    ],
)
def test_conditions_that_nginx_cannot_tell_apart_are_refused(
    make_case: Callable[..., Any], users: dict[str, Manifest], match: Any, text: str
) -> None:
    case = make_case(analysis={"iterations": 3, "match": match}, **INGRESS)

    found = refusal("nginx", case, [*users.values()])

    assert found.reason == "UnsupportedMatch"
    assert text in str(found)


def test_nginx_has_no_weights_within_a_test(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    case = make_case(analysis={"stepWeight": 10, "match": [HEADER]}, **INGRESS)

    assert "needs iterations" in str(refusal("nginx", case, [*users.values()]))


def test_skipper_takes_one_alternative(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    case = make_case(analysis={"iterations": 3, "match": [HEADER, COOKIE]}, **INGRESS)

    assert "several entries" in str(refusal("skipper", case, [*users.values()]))


def test_kuma_cannot_look_at_query_parameters(make_case: Callable[..., Any]) -> None:
    match = [{"queryParams": {"q": {"exact": "1"}}}]

    assert "queryParams" in str(refusal("kuma", make_case(analysis={"match": match}), []))


@pytest.mark.parametrize(
    ("service", "reason", "text"),
    [
        pytest.param({"timeout": "0"}, "InvalidTimeout", "timeout 0", id="no unit"),
        pytest.param({"timeout": "soon"}, "InvalidTimeout", "timeout soon", id="no duration"),
        pytest.param(
            {"retries": {"perTryTimeout": "1 s"}},
            "InvalidTimeout",
            "retries.perTryTimeout 1 s",
            id="one try",
        ),
        pytest.param(
            {"retries": {"retryOn": "5xx,bad-luck"}},
            "InvalidRetries",
            "retries.retryOn bad-luck",
            id="reason",
        ),
        pytest.param(
            {"match": [{"uri": {"prefix": "api"}}]},
            "InvalidMatch",
            r"match\[0\].uri.prefix api",
            id="prefix",
        ),
    ],
)
def test_what_contour_would_not_admit_is_refused(
    make_case: Callable[..., Any], service: Manifest, reason: str, text: str
) -> None:
    with pytest.raises(InvalidCanary, match=rf"spec\.service\.{text}") as caught:
        router_of("contour").render(Aim(*make_case(service=service), Weights()))

    assert caught.value.reason == reason


def test_time_limits_of_contour_may_be_endless(
    make_case: Callable[..., Any], check_schema: Callable[[Manifest], None]
) -> None:
    retries = {"perTryTimeout": "1m30s", "retryOn": "5xx, reset"}
    service = {"timeout": "infinity", "retries": retries}
    (proxy,) = router_of("contour").render(Aim(*make_case(service=service), Weights()))

    check_schema(proxy)
    (route,) = proxy["spec"]["routes"]
    assert route["timeoutPolicy"]["response"] == "infinity"
    assert route["retryPolicy"]["retryOn"] == ["5xx", "reset"]


@pytest.mark.parametrize("provider", ["nginx", "skipper"])
def test_a_share_of_copies_is_refused_where_all_are_made(
    make_case: Callable[..., Any], users: dict[str, Manifest], provider: str
) -> None:
    case = make_case(analysis={"stepWeight": 10, "mirror": True, "mirrorWeight": 20}, **INGRESS)

    found = refusal(provider, case, [*users.values()])

    assert found.reason == "UnsupportedStrategy"
    assert "spec.analysis.mirrorWeight" in str(found)


def test_nginx_does_not_copy_the_requests_of_others(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    users["ingress"]["spec"]["rules"][0]["http"]["paths"].append(path_to("other"))
    case = make_case(analysis={"stepWeight": 10, "mirror": True}, **INGRESS)

    found = refusal("nginx", case, [*users.values()])

    assert found.reason == "UnsupportedStrategy"
    assert "spec.analysis.mirror" in str(found)


def test_a_mirror_of_the_user_is_not_replaced(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    mirror = "nginx.ingress.kubernetes.io/mirror-target"
    users["ingress"]["metadata"]["annotations"][mirror] = "http://elsewhere$request_uri"
    users["apisixroute"]["spec"]["http"][1]["plugins"] = [{"name": "proxy-mirror", "enable": True}]
    analysis = {"stepWeight": 10, "mirror": True}

    for provider, spec in (("nginx", INGRESS), ("apisix", APISIX)):
        found = refusal(provider, make_case(analysis=analysis, **spec), [*users.values()])
        assert found.reason == "MirrorConflict"


@pytest.mark.parametrize(
    ("annotations", "service", "text"),
    [
        ({"burgee.dev/owner": "other/podinfo"}, "podinfo", "other/podinfo"),
        ({}, "other", "another Service"),
    ],
)
def test_a_traffic_route_of_somebody_else_is_refused(
    make_case: Callable[..., Any], annotations: Manifest, service: str, text: str
) -> None:
    case = make_case()
    (route,) = router_of("kuma").render(Aim(*case, Weights()))
    other = deepcopy(route)
    other["metadata"]["annotations"] = annotations
    other["spec"]["destinations"][0]["match"]["kuma.io/service"] = f"{service}_test_svc_80"

    found = refusal("kuma", case, [other])

    assert found.reason == "RouteConflict"
    assert text in str(found)
    assert "spec.service.name" in str(found)
