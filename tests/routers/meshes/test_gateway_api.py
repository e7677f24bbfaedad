from collections.abc import Callable
from typing import Any

import pytest
from gateway_routes import QUARTER, REFS, accepted, route

from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.base import Aim
from burgee.routers.gateway.matches import http_matches
from burgee.routers.gateway.router import GRPC_V1, HTTP_V1, HTTP_V1BETA1, all_parents_accept

THERE = {"parentRef": {"name": "gw", "namespace": "test", "sectionName": "web"}}
GONE = {"parentRef": {"name": "former", "namespace": "test"}}


@pytest.mark.parametrize(
    ("parents", "in_force"),
    [
        pytest.param([], True, id="no parent says anything"),
        pytest.param([{"conditions": [accepted(observedGeneration=3)]}], True, id="accepted"),
        pytest.param([{"conditions": [accepted(observedGeneration=4)]}], True, id="newer"),
        pytest.param([{"conditions": [accepted(observedGeneration=2)]}], False, id="older"),
        pytest.param([{"conditions": [accepted()]}], True, id="no generation"),
        pytest.param([{"conditions": [accepted("False")]}], False, id="refused without one"),
        pytest.param([{"conditions": [accepted("Unknown")]}], False, id="not yet known"),
        pytest.param(
            [{"conditions": [accepted("False", observedGeneration=3)]}], False, id="refused"
        ),
        pytest.param(
            [{"conditions": [{"type": "ResolvedRefs", "status": "True"}]}], True, id="no word"
        ),
        pytest.param([{}], True, id="no condition"),
        pytest.param(
            [
                {**THERE, "conditions": [accepted(observedGeneration=3)]},
                {**THERE, "conditions": [{"type": "example.com/Limited", "status": "True"}]},
            ],
            True,
            id="another controller",
        ),
        pytest.param(
            [{**GONE, "conditions": [accepted(observedGeneration=2)]}],
            True,
            id="a parent that it had once",
        ),
        pytest.param(
            [{**THERE, "conditions": [accepted(observedGeneration=2)]}],
            False,
            id="a parent that it has",
        ),
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
