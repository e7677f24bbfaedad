from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.base import Aim, Capabilities, Weights
from burgee.routers.istio.router import IstioRouter
from burgee.routers.istio.rules import merged_matches
from burgee.routers.registry import all_kinds, router_of

ROUTER = IstioRouter()
HALF = Weights(primary=50, canary=50)
UID = "6f1c6a3e-0000-4000-8000-000000000001"


def virtual_service(routed: Any, weights: Weights = HALF, apex_service: Any = None) -> Manifest:
    return ROUTER.render(Aim(*routed, weights, apex_service))[-1]


def spec_of(routed: Any, weights: Weights = HALF) -> Manifest:
    return virtual_service(routed, weights)["spec"]


def destination(host: Any, weight: int, port: Manifest = None) -> Manifest:
    found = {"host": host, **({"port": {"number": port}} if port else {})}
    return {"destination": found, "weight": weight}


@pytest.mark.parametrize(
    ("service", "hosts", "gateways"),
    [
        pytest.param({}, ["podinfo"], ["mesh"], id="nothing given"),
        pytest.param({"hosts": ["a.test"]}, ["a.test", "podinfo"], ["mesh"], id="other host"),
        pytest.param({"hosts": ["podinfo", "b"]}, ["podinfo", "b"], ["mesh"], id="own host"),
        pytest.param(
            {"hosts": ["*"], "gateways": ["g"]}, ["*"], ["g"], id="any host of a gateway"
        ),
        pytest.param({"hosts": ["*.a"]}, ["*.a", "podinfo"], ["mesh"], id="hosts by suffix"),
        pytest.param({"gateways": ["ns/g"]}, ["podinfo"], ["ns/g"], id="gateway without mesh"),
        pytest.param({"name": "www"}, ["www"], ["mesh"], id="name of the service"),
    ],
)
def test_hosts_and_gateways(
    make_routed: Callable[..., Any], service: Manifest, hosts: Any, gateways: Any
) -> None:
    spec = spec_of(make_routed(service))

    assert (spec["hosts"], spec["gateways"]) == (hosts, gateways)


def test_delegate_has_neither_hosts_nor_gateways(make_routed: Callable[..., Any]) -> None:
    spec = spec_of(make_routed({"delegation": True}))

    assert spec["hosts"] == []
    assert "gateways" not in spec


@pytest.mark.parametrize(
    ("service", "reason", "field"),
    [
        pytest.param(
            {"delegation": True, "hosts": ["a"]}, "DelegationConflict", "hosts", id="delegate's"
        ),
        pytest.param(
            {"delegation": True, "gateways": ["g"]}, "DelegationConflict", "gateways", id="gateway"
        ),
        pytest.param(
            {"delegation": True, "appProtocol": "TCP"},
            "DelegationConflict",
            "appProtocol",
            id="tcp",
        ),
        pytest.param({"hosts": ["*"]}, "InvalidHosts", "gateways", id="any host in the mesh"),
        pytest.param(
            {"hosts": ["*"], "gateways": ["g", "mesh"]}, "InvalidHosts", "gateways", id="both"
        ),
        pytest.param({"hosts": ["a", "b", "a"]}, "InvalidHosts", "hosts", id="the same twice"),
        pytest.param({"hosts": ["*.a", "x.a"]}, "InvalidHosts", "hosts", id="one covers another"),
        pytest.param({"hosts": ["x.a", "*.a"]}, "InvalidHosts", "hosts", id="the other way round"),
        pytest.param({"hosts": ["*info"]}, "InvalidHosts", "hosts", id="covers the Service"),
    ],
)
def test_what_istio_would_not_admit_is_refused(
    make_routed: Callable[..., Any], service: Manifest, reason: str, field: str
) -> None:
    with pytest.raises(InvalidCanary, match=rf"spec\.service\.{field}") as caught:
        spec_of(make_routed(service))

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("service", "port"),
    [
        pytest.param({"gateways": ["g"]}, None, id="no discovery"),
        pytest.param({"portDiscovery": True}, None, id="no gateway"),
        pytest.param({"portDiscovery": True, "gateways": ["g", "mesh"]}, 80, id="gateway first"),
        pytest.param({"portDiscovery": True, "gateways": ["mesh", "g"]}, None, id="mesh first"),
        pytest.param({"portDiscovery": True, "delegation": True}, 80, id="delegate"),
    ],
)
def test_port_of_the_destination(
    make_routed: Callable[..., Any], service: Manifest, port: Manifest
) -> None:
    assert spec_of(make_routed(service))["http"] == [
        {
            "route": [
                destination("podinfo-primary", 50, port),
                destination("podinfo-canary", 50, port),
            ]
        }
    ]


@pytest.mark.parametrize(
    ("rewrite", "result"),
    [
        ({"uri": "/v2"}, {"uri": "/v2"}),
        ({"authority": "a", "type": "ReplacePrefixMatch"}, {"authority": "a"}),
        ({}, None),
    ],
)
def test_rewriting_has_what_istio_knows(
    make_routed: Callable[..., Any], rewrite: Any, result: Any
) -> None:
    (rule,) = spec_of(make_routed({"rewrite": rewrite}))["http"]

    assert rule.get("rewrite") == result


@pytest.mark.parametrize(
    ("tested", "general", "merged"),
    [
        pytest.param(
            [{"headers": {"h": 1}, "queryParams": {"q": 1}}],
            [],
            [{"headers": {"h": 1}, "queryParams": {"q": 1}}],
            id="no general condition",
        ),
        pytest.param(
            [{"headers": {"h": 1}}, {"sourceLabels": {"s": 1}, "queryParams": {"q": 1}}],
            [{"uri": {"prefix": "/a"}, "headers": {"g": 1}}, {"uri": {"prefix": "/b"}}],
            [
                {"uri": {"prefix": "/a"}, "headers": {"h": 1}},
                {"uri": {"prefix": "/b"}, "headers": {"h": 1}},
                {
                    "uri": {"prefix": "/a"},
                    "headers": {"g": 1},
                    "sourceLabels": {"s": 1},
                    "queryParams": {"q": 1},
                },
                {"uri": {"prefix": "/b"}, "sourceLabels": {"s": 1}, "queryParams": {"q": 1}},
            ],
            id="every test within every general condition",
        ),
    ],
)
def test_conditions_of_a_test_are_merged(tested: Any, general: Any, merged: Any) -> None:
    assert list(merged_matches(tested, general)) == merged


def test_a_suffix_is_a_pattern_since_istio_has_no_word_for_it(
    make_routed: Callable[..., Any],
) -> None:
    tested = {
        "headers": {"h": {"suffix": ".test+"}, "g": {"exact": "1"}},
        "queryParams": {"q": {"suffix": "z"}},
        "sourceLabels": {"app": "x"},
    }
    rule, _ = spec_of(make_routed(match=[tested, {"headers": None}]))["http"]

    assert rule["match"] == [
        {
            "headers": {"h": {"regex": r".*\.test\+"}, "g": {"exact": "1"}},
            "queryParams": {"q": {"regex": ".*z"}},
            "sourceLabels": {"app": "x"},
        },
        {"headers": None},
    ]


def test_others_in_a_test_go_to_the_primary_under_the_general_conditions(
    make_routed: Callable[..., Any],
) -> None:
    general = {"uri": {"prefix": "/a"}}
    routed = make_routed({"match": [general]}, match=[{"headers": {"h": {"exact": "1"}}}])
    tested, others = spec_of(routed, Weights(primary=0, canary=100, mirrored=True))["http"]

    assert tested["match"] == [{**general, "headers": {"h": {"exact": "1"}}}]
    assert others == {"match": [general], "route": [destination("podinfo-primary", 0)]}
    assert "mirror" not in tested


@pytest.mark.parametrize(
    ("match", "rule_match"),
    [
        pytest.param([], None, id="no condition"),
        pytest.param([{"port": 1, "uri": {"exact": "/"}}, {}], [{"port": 1}, {}], id="ports only"),
    ],
)
def test_tcp_rule_knows_ports_only(
    make_routed: Callable[..., Any], match: Any, rule_match: Any
) -> None:
    spec = spec_of(make_routed({"appProtocol": "TCP", "match": match}))

    assert "http" not in spec
    assert [rule.get("match") for rule in spec["tcp"]] == [rule_match]
    assert set(spec["tcp"][0]) <= {"match", "route"}


@pytest.mark.parametrize(
    ("field", "analysis"),
    [
        ("match", {"match": [{"headers": {"x": {"exact": "1"}}}], "iterations": 5}),
        ("mirror", {"mirror": True}),
    ],
)
def test_tcp_has_no_requests_to_tell_apart(
    make_routed: Callable[..., Any], field: str, analysis: Manifest
) -> None:
    with pytest.raises(InvalidCanary) as error:
        spec_of(make_routed({"appProtocol": "tcp"}, **analysis))

    assert error.value.reason == "UnsupportedStrategy"
    assert f"spec.analysis.{field} " in str(error.value)


def test_route_without_apex_metadata_has_guards_only(make_routed: Callable[..., Any]) -> None:
    metadata = virtual_service(make_routed())["metadata"]

    assert "labels" not in metadata
    assert set(metadata["annotations"]) == {
        "kustomize.toolkit.fluxcd.io/reconcile",
        "helm.toolkit.fluxcd.io/driftDetection",
    }


@pytest.mark.parametrize(
    ("owner", "unmanaged", "labels"),
    [
        pytest.param(UID, {"labels": ["x"]}, {"app": "podinfo", "x": "1"}, id="unmanaged"),
        pytest.param("other", {"labels": ["x"]}, {"app": "podinfo"}, id="a user's service"),
        pytest.param(UID, None, {"app": "podinfo"}, id="all managed"),
        pytest.param(UID, {"labels": ["y"]}, {"app": "podinfo"}, id="another key"),
    ],
)
def test_unmanaged_metadata_of_an_own_service_follows(
    make_routed: Callable[..., Any], owner: Any, unmanaged: Any, labels: Any
) -> None:
    routed = make_routed({"apex": {}, "unmanagedMetadata": unmanaged})
    apex = {
        "metadata": {"labels": {"x": "1"}, "ownerReferences": [{"uid": owner, "controller": 1}]}
    }

    assert virtual_service(routed, apex_service=apex)["metadata"]["labels"] == labels


def test_missing_route_shows_nothing(make_routed: Callable[..., Any]) -> None:
    canary, names = make_routed()
    others = [{"kind": "VirtualService", "metadata": {"name": "other"}}, {"kind": "Service"}]

    assert not ROUTER.shows(others, Aim(canary=canary, names=names, weights=Weights()))
    assert ROUTER.canary_weight_seen(others, names) is None


def test_edited_route_does_not_show_the_weights(make_routed: Callable[..., Any]) -> None:
    canary, names = make_routed()
    observed = list(ROUTER.render(Aim(canary=canary, names=names, weights=HALF)))
    observed[-1]["spec"]["http"][0]["timeout"] = "1s"
    assert ROUTER.shows(observed, Aim(canary=canary, names=names, weights=HALF))

    observed[-1]["spec"]["http"][0]["match"] = [{"uri": {"exact": "/"}}]
    assert not ROUTER.shows(observed, Aim(canary=canary, names=names, weights=HALF))


@pytest.mark.parametrize(
    ("spec", "seen"),
    [
        pytest.param(None, None, id="no spec"),
        pytest.param({"http": [{"redirect": {}}]}, None, id="no backend"),
        pytest.param({"http": [{"route": [destination("other", 1)]}]}, None, id="other backend"),
        pytest.param({"http": [{"route": [destination("podinfo-primary", 0)]}]}, 0, id="primary"),
        pytest.param(
            {"tcp": [{"route": [destination("podinfo-canary", 7), destination("other", 93)]}]},
            7,
            id="tcp",
        ),
        pytest.param({"http": [{"route": [destination("podinfo-canary", 0)]}]}, 100, id="alone"),
        pytest.param(
            {
                "http": [
                    {"route": [destination("podinfo-canary", 9), destination("x", 91)]},
                    {
                        "route": [
                            {"destination": {"host": "podinfo-canary"}},
                            destination("x", 100),
                        ]
                    },
                ]
            },
            9,
            id="largest",
        ),
        pytest.param({"http": [{"mirror": {"host": "podinfo-canary"}}]}, 100, id="mirror"),
        pytest.param(
            {"http": [{"mirror": {"host": "podinfo-canary"}, "mirrorPercentage": {"value": 0.5}}]},
            1,
            id="a little mirror",
        ),
        pytest.param(
            {"http": [{"mirror": {"host": "podinfo-canary"}, "mirrorPercentage": {}}]},
            0,
            id="no mirror",
        ),
    ],
)
def test_share_of_the_canary_in_any_route(
    make_routed: Callable[..., Any], spec: Any, seen: Any
) -> None:
    _, names = make_routed()
    observed = [{"kind": "VirtualService", "metadata": {"name": "podinfo"}, "spec": spec}]

    assert ROUTER.canary_weight_seen(observed, names) == seen


@given(share=st.integers(0, 100), mirrored=st.booleans())
def test_weights_make_a_whole_and_are_shown(share: int, mirrored: Any) -> None:
    from burgee.api.canary import Canary
    from burgee.targets.naming import Names

    canary = Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test"},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"}
            },
        }
    )
    names = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")
    weights = Weights(primary=100 - share, canary=share, mirrored=mirrored)
    rendered = ROUTER.render(Aim(canary=canary, names=names, weights=weights))
    other = Weights(primary=share, canary=100 - share, mirrored=not mirrored)

    assert sum(route["weight"] for route in rendered[-1]["spec"]["http"][0]["route"]) == 100
    assert ROUTER.shows(rendered, Aim(canary=canary, names=names, weights=weights))
    assert not ROUTER.shows(rendered, Aim(canary=canary, names=names, weights=other))
    assert ROUTER.canary_weight_seen(rendered, names) == (100 if mirrored else share)


@pytest.mark.parametrize(("primary", "share"), [(100, 1), (50, 49), (101, -1), (-1, 101)])
def test_weights_that_are_no_whole_are_refused(primary: Any, share: int) -> None:
    with pytest.raises(ValueError, match="no shares of 100"):
        Weights(primary=primary, canary=share)


def test_istio_is_registered_with_what_it_can_do() -> None:
    router = router_of("istio")

    assert replace(router.capabilities, honours=frozenset()) == Capabilities(
        weights=True,
        matching=True,
        mirroring=True,
        mirror_weight=True,
        session_affinity=True,
        primary_cookie=True,
    )
    assert set(router.kinds()) <= set(all_kinds())


@pytest.mark.parametrize(
    "provider", ["gatewayapi", "gatewayapi:v1alpha2", "smi", "istio:x", "", "nonsense"]
)
def test_other_providers_are_refused(provider: str) -> None:
    with pytest.raises(InvalidCanary, match="not supported yet; supported: ") as caught:
        router_of(provider)

    assert caught.value.reason == "UnsupportedProvider"
