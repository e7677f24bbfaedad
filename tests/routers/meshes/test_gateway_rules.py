"""What a rule of a route says, and what it gives the canary."""

from collections.abc import Callable
from typing import Any

import pytest
from gateway_routes import HALF, QUARTER, REFS, route

from burgee.api.manifest import Manifest
from burgee.routers.base import Aim, Cookies, Weights
from burgee.routers.gateway.defaults import with_defaults
from burgee.routers.gateway.matches import cookie_matches, http_matches, narrowed_matches
from burgee.routers.gateway.router import GRPC_V1, HTTP_V1
from burgee.routers.registry import canonical


def test_a_grpc_route_matches_everything_below_the_root(make_routed: Callable[..., Any]) -> None:
    (built,) = GRPC_V1.render(
        Aim(*make_routed({**REFS, "match": [{"uri": {"prefix": "/"}}]}), HALF)
    )

    assert "matches" not in built["spec"]["rules"][0]


@pytest.mark.parametrize(
    ("rewrite", "result"),
    [
        ({"uri": "/v2"}, {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/v2"}}),
        ({"authority": "a", "type": "ReplacePrefixMatch"}, {"hostname": "a"}),
        (
            {"uri": "/v2", "type": "ReplacePrefixMatch"},
            {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2"}},
        ),
        ({}, None),
    ],
)
def test_rewriting_is_one_filter_or_none(
    make_routed: Callable[..., Any], rewrite: Manifest, result: Manifest | None
) -> None:
    (built,) = HTTP_V1.render(Aim(*make_routed({**REFS, "rewrite": rewrite}), QUARTER))
    filters = built["spec"]["rules"][0].get("filters", [])

    assert filters == ([{"type": "URLRewrite", "urlRewrite": result}] if result else [])


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("1h30m", "1h30m"),
        ("1.5s", "1500ms"),
        ("250us", "1ms"),
        ("0", "0ms"),
        ("100000s", "100000000ms"),
    ],
)
def test_time_limits_have_the_form_of_gateway_api(
    make_routed: Callable[..., Any], given: str, written: str
) -> None:
    (built,) = HTTP_V1.render(Aim(*make_routed({**REFS, "timeout": given}), QUARTER))

    assert built["spec"]["rules"][0]["timeouts"] == {"request": written}


def test_a_cors_policy_has_what_is_given(make_routed: Callable[..., Any]) -> None:
    service = {**REFS, "corsPolicy": {"allowMethods": ["GET"], "allowCredentials": False}}
    (built,) = HTTP_V1.render(Aim(*make_routed(service), QUARTER))

    assert built["spec"]["rules"][0]["filters"] == [
        {"type": "CORS", "cors": {"allowMethods": ["GET"]}}
    ]


def test_without_its_cookie_the_primary_gives_none(make_routed: Callable[..., Any]) -> None:
    routed = make_routed(REFS, sessionAffinity={"cookieName": "c", "primaryCookieName": "p"})
    (built,) = HTTP_V1.render(Aim(*routed, QUARTER, cookies=Cookies(canary="c=abcdefghij")))

    sticky, weighted = built["spec"]["rules"]
    assert sticky["matches"][0]["headers"][0]["value"] == ".*c.*abcdefghij.*"
    assert ["filters" in ref for ref in weighted["backendRefs"]] == [False, True]


def test_a_path_has_the_first_way_of_matching_that_is_given() -> None:
    every_way = {"uri": {"prefix": "/p", "exact": "/e", "regex": "/r"}}
    two_ways = {"uri": {"prefix": "/p", "exact": "/e"}, "method": {"exact": "GET"}}

    assert http_matches([every_way, two_ways, {"name": "only a name"}], "x") == [
        {"path": {"type": "RegularExpression", "value": "/r"}},
        {"path": {"type": "Exact", "value": "/e"}, "method": "GET"},
        {"path": {"type": "PathPrefix", "value": "/"}},
    ]


def test_a_test_narrows_the_general_conditions() -> None:
    general = [
        {"headers": [{"name": "X-Canary", "value": "no"}, {"name": "tenant", "value": "a"}]}
    ]
    tested = [{"headers": [{"name": "x-canary", "value": "yes"}]}]

    assert narrowed_matches(tested, general) == [
        {"headers": [{"name": "tenant", "value": "a"}, {"name": "x-canary", "value": "yes"}]}
    ]


def test_a_cookie_is_looked_for_literally() -> None:
    (match,) = cookie_matches([], "my.cookie$=abc")

    assert match["headers"][0]["value"] == r".*my\.cookie\$.*abc.*"


def test_a_cookie_is_taken_back_with_the_attributes_that_it_was_given_with(
    make_routed: Callable[..., Any],
) -> None:
    affinity = {"cookieName": "c", "domain": "d", "path": "/x", "partitioned": True}
    routed = make_routed(REFS, stepWeight=25, sessionAffinity=affinity)
    (built,) = HTTP_V1.render(Aim(*routed, Weights(), cookies=Cookies(previous="c=abc")))

    (answer,) = built["spec"]["rules"][0]["filters"]
    assert answer["responseHeaderModifier"]["add"] == [
        {"name": "Set-Cookie", "value": "c=abc; Max-Age=-1; Domain=d; Partitioned; Path=/x"}
    ]


def test_affinity_without_a_cookie_shares_out_everybody(make_routed: Callable[..., Any]) -> None:
    routed = make_routed(REFS, stepWeight=25, sessionAffinity={"cookieName": "c"})

    (running,) = HTTP_V1.render(Aim(*routed, QUARTER))
    (idle,) = HTTP_V1.render(Aim(*routed, Weights()))

    assert len(running["spec"]["rules"]) == 1
    assert len(idle["spec"]["rules"]) == 1


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        pytest.param({}, None, id="no backend"),
        pytest.param({"backendRefs": [{"name": "other"}]}, None, id="other backend"),
        pytest.param({"backendRefs": [{"name": "podinfo-primary", "weight": 0}]}, 0, id="primary"),
        pytest.param({"backendRefs": [{"name": "podinfo-canary"}]}, 100, id="alone"),
        pytest.param(
            {"backendRefs": [{"name": "podinfo-canary"}, {"name": "x", "weight": 2}]},
            34,
            id="in proportion",
        ),
        pytest.param(
            {"backendRefs": [{"name": "podinfo-canary", "weight": 0}]}, 0, id="answers with errors"
        ),
        pytest.param(
            {"filters": [{"requestMirror": {"backendRef": {"name": "podinfo-canary"}}}]},
            100,
            id="mirror",
        ),
        pytest.param(
            {
                "filters": [
                    {"type": "CORS"},
                    {"requestMirror": {"percent": 5, "backendRef": {"name": "podinfo-canary"}}},
                ]
            },
            5,
            id="a little mirror",
        ),
        pytest.param(
            {"filters": [{"requestMirror": {"backendRef": {"name": "shadow"}}}]},
            None,
            id="mirror to others",
        ),
    ],
)
def test_share_of_the_canary_in_any_http_route(
    make_routed: Callable[..., Any], rule: Manifest, seen: int | None
) -> None:
    _, names = make_routed()
    observed = [{**route(make_routed), "spec": {"rules": [rule]}}]

    assert HTTP_V1.canary_weight_seen(observed, names) == seen


def test_an_edited_filter_does_not_hide_the_weights(make_routed: Callable[..., Any]) -> None:
    canary, names = make_routed(REFS, stepWeight=25)
    observed = route(make_routed)
    observed["spec"]["rules"][0]["filters"] = [{"type": "ExtensionRef"}]

    assert HTTP_V1.shows([observed], Aim(canary=canary, names=names, weights=QUARTER))
    assert not HTTP_V1.shows(
        [{**observed, "spec": {}}], Aim(canary=canary, names=names, weights=QUARTER)
    )


def test_defaults_are_those_of_the_crds() -> None:
    stored = with_defaults(
        {
            "kind": "HTTPRoute",
            "spec": {
                "parentRefs": [{"name": "gw"}],
                "rules": [
                    {
                        "matches": [{"headers": [{"name": "a", "value": "b"}]}],
                        "backendRefs": [{"name": "s", "port": 80}],
                        "filters": [
                            {"requestMirror": {"backendRef": {"name": "m"}}},
                            {"cors": {"allowMethods": ["GET"]}},
                        ],
                    },
                    {},
                ],
            },
        }
    )

    every_path = {"type": "PathPrefix", "value": "/"}
    assert stored["spec"] == {
        "parentRefs": [{"name": "gw", "group": "gateway.networking.k8s.io", "kind": "Gateway"}],
        "rules": [
            {
                "matches": [
                    {"headers": [{"name": "a", "value": "b", "type": "Exact"}], "path": every_path}
                ],
                "backendRefs": [
                    {
                        "name": "s",
                        "port": 80,
                        "group": "",
                        "kind": "Service",
                        "weight": 1,
                        "filters": [],
                    }
                ],
                "filters": [
                    {
                        "requestMirror": {
                            "backendRef": {"name": "m", "group": "", "kind": "Service"}
                        }
                    },
                    {"cors": {"allowMethods": ["GET"], "maxAge": 5}},
                ],
            },
            {"matches": [{"path": every_path}], "backendRefs": [], "filters": []},
        ],
    }


def test_defaults_of_a_grpc_route() -> None:
    rules = [{"matches": [{"method": {"service": "a.B"}}, {}]}]

    assert with_defaults({"kind": "GRPCRoute", "spec": {"rules": rules}})["spec"]["rules"] == [
        {
            "matches": [{"method": {"type": "Exact", "service": "a.B"}}, {}],
            "backendRefs": [],
            "filters": [],
        }
    ]


def test_other_objects_have_no_defaults_to_fill_in() -> None:
    service = {"apiVersion": "v1", "kind": "Service"}

    assert canonical(service) is service
