"""What Gateway API adds: parents that accept, defaults of its CRDs, and what it cannot say."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.base import Aim, Cookies, Weights
from burgee.routers.gateway_api import GRPC_V1, HTTP_V1, HTTP_V1BETA1, all_parents_accept
from burgee.routers.gateway_defaults import with_defaults
from burgee.routers.gateway_matches import cookie_matches, http_matches, narrowed_matches
from burgee.routers.registry import canonical

REFS = {"gatewayRefs": [{"name": "gw"}]}
QUARTER = Weights(primary=75, canary=25)
HALF = Weights(primary=50, canary=50)


def accepted(status: str = "True", **fields: object) -> Manifest:
    return {"type": "Accepted", "status": status, **fields}


def route(make_routed: Callable[..., Any], *parents: Manifest) -> Manifest:
    (built,) = HTTP_V1.render(Aim(*make_routed(REFS, stepWeight=25), QUARTER))
    built["metadata"]["generation"] = 3
    return {**built, "status": {"parents": list(parents)}}


@pytest.mark.parametrize(
    ("parents", "in_force"),
    [
        pytest.param([], True, id="no parent says anything"),
        pytest.param([{"conditions": [accepted(observedGeneration=3)]}], True, id="accepted"),
        pytest.param([{"conditions": [accepted(observedGeneration=4)]}], True, id="newer"),
        pytest.param([{"conditions": [accepted(observedGeneration=2)]}], False, id="older"),
        pytest.param([{"conditions": [accepted()]}], False, id="no generation"),
        pytest.param(
            [{"conditions": [accepted("False", observedGeneration=3)]}], False, id="refused"
        ),
        pytest.param(
            [{"conditions": [{"type": "ResolvedRefs", "status": "True"}]}], False, id="no word"
        ),
        pytest.param([{}], False, id="no condition"),
        pytest.param(
            [
                {"conditions": [accepted(observedGeneration=3)]},
                {"conditions": [accepted(observedGeneration=2)]},
            ],
            False,
            id="one of two",
        ),
    ],
)
def test_a_route_counts_once_every_parent_accepted_it_as_it_is(
    make_routed: Callable[..., Any], parents: list[Manifest], in_force: bool
) -> None:
    canary, names = make_routed(REFS, stepWeight=25)
    observed = [route(make_routed, *parents)]

    assert all_parents_accept(observed[0]) is in_force
    assert HTTP_V1.shows(observed, Aim(canary=canary, names=names, weights=QUARTER)) is in_force
    assert HTTP_V1.canary_weight_seen(observed, names) == (25 if in_force else None)
    assert HTTP_V1BETA1.shows(observed, Aim(canary=canary, names=names, weights=QUARTER))
    assert HTTP_V1BETA1.canary_weight_seen(observed, names) == 25


def test_a_route_of_another_group_is_none_of_ours(make_routed: Callable[..., Any]) -> None:
    canary, names = make_routed(REFS, stepWeight=25)
    foreign = {**route(make_routed), "apiVersion": "policy.linkerd.io/v1beta3"}

    assert not HTTP_V1.shows([foreign], Aim(canary=canary, names=names, weights=QUARTER))


GW = {"name": "gw", "namespace": "a"}


@pytest.mark.parametrize(
    ("refs", "index"),
    [
        pytest.param([GW, GW], 0, id="the same twice"),
        pytest.param([GW, {**GW, "sectionName": "http"}], 0, id="one as a whole"),
        pytest.param(
            [{"name": "other"}, {**GW, "sectionName": "a"}, {**GW, "sectionName": "a"}],
            1,
            id="the same section",
        ),
        pytest.param([{**GW, "sectionName": "a"}, {**GW, "sectionName": "b"}], None, id="two"),
        pytest.param([{**GW, "port": 80}, {**GW, "port": 443}], None, id="two by port"),
        pytest.param([GW, {**GW, "namespace": "b"}], None, id="of two namespaces"),
    ],
)
def test_parents_have_to_be_told_apart(
    make_routed: Callable[..., Any], refs: list[Manifest], index: int | None
) -> None:
    routed = make_routed({"gatewayRefs": refs})
    if index is None:
        assert HTTP_V1.render(Aim(*routed, QUARTER))
        return
    with pytest.raises(InvalidCanary, match=rf"gatewayRefs\[{index}\]") as caught:
        HTTP_V1.render(Aim(*routed, QUARTER))

    assert caught.value.reason == "InvalidGateway"


@pytest.mark.parametrize("host", ["*", "Upper.test", "10.0.0.*", "a_b.test", ""])
def test_a_host_that_is_none_is_refused(make_routed: Callable[..., Any], host: str) -> None:
    routed = make_routed({**REFS, "hosts": ["good.test", "*.good.test", host]})

    with pytest.raises(InvalidCanary, match=r"spec\.service\.hosts\[2\]") as caught:
        HTTP_V1.render(Aim(*routed, QUARTER))

    assert caught.value.reason == "InvalidHosts"


@pytest.mark.parametrize("path", ["api", "/a//b", "/a/../b", "/a/.", "/a%2fb", "/a?b", "/a#b"])
@pytest.mark.parametrize("way", ["exact", "prefix"])
def test_a_path_that_is_not_plain_is_refused(path: str, way: str) -> None:
    with pytest.raises(InvalidCanary, match=r"spec\.service\.match\[0\]\.uri"):
        http_matches([{"uri": {way: path}}], "spec.service.match")

    assert http_matches([{"uri": {"regex": path}}], "spec.service.match")


def test_more_conditions_than_a_rule_may_have_are_refused(
    make_routed: Callable[..., Any],
) -> None:
    def routed(tests: int) -> Any:
        paths = [{"uri": {"prefix": f"/{n}"}} for n in range(8)]
        match = [{"headers": {"x": {"exact": str(n)}}} for n in range(tests)]
        return make_routed({**REFS, "match": paths}, match=match, iterations=1)

    assert HTTP_V1.render(Aim(*routed(8), QUARTER))
    with pytest.raises(InvalidCanary, match="72 conditions"):
        HTTP_V1.render(Aim(*routed(9), QUARTER))


@pytest.mark.parametrize("router", [HTTP_V1, HTTP_V1BETA1, GRPC_V1])
def test_a_route_needs_a_parent(make_routed: Callable[..., Any], router: Any) -> None:
    with pytest.raises(InvalidCanary, match=r"spec\.service\.gatewayRefs") as caught:
        router.render(Aim(*make_routed(), QUARTER))

    assert caught.value.reason == "MissingGateway"


@pytest.mark.parametrize(
    ("service", "analysis", "field"),
    [
        pytest.param(
            {"match": [{"uri": {"suffix": "x"}}]}, {}, "spec.service.match[0].uri", id="path"
        ),
        pytest.param(
            {"match": [{}, {"method": {"prefix": "G"}}]},
            {},
            "spec.service.match[1].method",
            id="method",
        ),
        pytest.param(
            {"match": [{"headers": {"x-a": {"prefix": "b"}}}]},
            {},
            "spec.service.match[0].headers.x-a",
            id="header",
        ),
        pytest.param(
            {},
            {"match": [{"queryParams": {"q": {"suffix": "b"}}}]},
            "spec.analysis.match[0].queryParams.q",
            id="parameter",
        ),
        pytest.param(
            {},
            {"match": [{"sourceLabels": {"app": "x"}}]},
            "spec.analysis.match[0].sourceLabels",
            id="labels of the client",
        ),
        pytest.param(
            {"match": [{"withoutHeaders": {"a": {}}}]},
            {},
            "spec.service.match[0].withoutHeaders",
            id="header that must be missing",
        ),
        pytest.param(
            {}, {"match": [{"headers": {}}]}, "spec.analysis.match[0] has no", id="empty test"
        ),
        pytest.param(
            {"corsPolicy": {"allowOrigins": [{"exact": "a"}, {"regex": ".*"}]}},
            {},
            "spec.service.corsPolicy.allowOrigins[1]",
            id="pattern of origins",
        ),
        pytest.param(
            {"corsPolicy": {"maxAge": "soon"}},
            {},
            "spec.service.corsPolicy.maxAge soon",
            id="age that is none",
        ),
        pytest.param(
            {"corsPolicy": {"maxAge": "10ms"}},
            {},
            "spec.service.corsPolicy.maxAge 10ms",
            id="age below a second",
        ),
        pytest.param(
            {
                "match": [{"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/b"}}],
                "rewrite": {"uri": "/", "type": "ReplacePrefixMatch"},
            },
            {},
            "spec.service.rewrite.type",
            id="two prefixes to replace",
        ),
        pytest.param(
            {
                "match": [{"uri": {"exact": "/a"}}],
                "rewrite": {"uri": "/", "type": "ReplacePrefixMatch"},
            },
            {},
            "spec.service.rewrite.type",
            id="no prefix to replace",
        ),
        pytest.param(
            {"timeout": "1s", "backendTimeout": "1500ms"},
            {},
            "spec.service.backendTimeout 1500ms is longer",
            id="a try longer than the request",
        ),
        pytest.param({"timeout": "later"}, {}, "spec.service.timeout later", id="limit"),
        pytest.param(
            {"backendTimeout": "5"}, {}, "spec.service.backendTimeout 5", id="limit of a backend"
        ),
    ],
)
def test_what_gateway_api_cannot_say_is_refused_by_name(
    make_routed: Callable[..., Any], service: Manifest, analysis: Manifest, field: str
) -> None:
    with pytest.raises(InvalidCanary) as caught:
        HTTP_V1.render(Aim(*make_routed({**REFS, **service}, **analysis), QUARTER))

    assert field in str(caught.value)


@pytest.mark.parametrize(
    ("service", "analysis", "field"),
    [
        pytest.param({"rewrite": {"uri": "/"}}, {}, "spec.service.rewrite", id="rewrite"),
        pytest.param({"corsPolicy": {"maxAge": "1h"}}, {}, "spec.service.corsPolicy", id="cors"),
        pytest.param({"timeout": "1s"}, {}, "spec.service.timeout", id="limit"),
        pytest.param({"backendTimeout": "1s"}, {}, "spec.service.backendTimeout", id="backend"),
        pytest.param(
            {"match": [{"uri": {"regex": ".*"}}]}, {}, "spec.service.match[0].uri", id="pattern"
        ),
        pytest.param(
            {"match": [{"uri": {"prefix": "/a/b/c"}}]}, {}, "spec.service.match[0].uri", id="path"
        ),
        pytest.param(
            {"match": [{"queryParams": {"q": {"exact": "1"}}}]},
            {},
            "spec.service.match[0].queryParams",
            id="parameter",
        ),
        pytest.param({}, {"match": [{}]}, "spec.analysis.match[0] has no", id="empty test"),
    ],
)
def test_what_a_grpc_route_cannot_say_is_refused_by_name(
    make_routed: Callable[..., Any], service: Manifest, analysis: Manifest, field: str
) -> None:
    with pytest.raises(InvalidCanary) as caught:
        GRPC_V1.render(Aim(*make_routed({**REFS, **service}, **analysis), QUARTER))

    assert field in str(caught.value)


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
