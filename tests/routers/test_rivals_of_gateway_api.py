"""Two routes of Gateway API for one host: what is refused, what is told, what both may do."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.routers.base import Aim, Weights
from burgee.routers.gateway.router import GRPC_V1, HTTP_V1, HTTP_V1BETA1, GatewayRouter
from burgee.routers.rivals import Clash, Contested

Make = Callable[..., Any]
OLD, NEW = "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
GW = {"name": "gw"}
HOST: Manifest = {"hosts": ["app.test"], "gatewayRefs": [GW]}
REDIRECT = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}
BACKEND = {"backendRefs": [{"name": "other", "port": 80}]}


def path(value: str, kind: str = "PathPrefix") -> Manifest:
    return {"path": {"type": kind, "value": value}}


def rule(*matches: Manifest, **more: object) -> Manifest:
    return {**({"matches": list(matches)} if matches else {}), **(more or BACKEND)}


def other(
    *rules: Manifest,
    hosts: list[str] | None = None,
    parents: list[Manifest] | None = None,
    born: str = OLD,
    kind: str = "HTTPRoute",
) -> Manifest:
    hosts = ["app.test"] if hosts is None else hosts
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "other", "namespace": "test", "creationTimestamp": born},
        "spec": {
            "parentRefs": parents or [GW],
            **({"hostnames": hosts} if hosts else {}),
            "rules": list(rules) or [rule()],
        },
    }


def found(
    make: Make,
    service: Manifest,
    rival: Manifest,
    born: str | None = None,
    *,
    router: GatewayRouter = HTTP_V1,
    **analysis: object,
) -> list[Clash]:
    canary, names = make(service, **analysis)
    (wanted,) = router.render(Aim(canary, names, Weights()))
    mine = born and {**wanted, "metadata": {**wanted["metadata"], "creationTimestamp": born}}
    return list(router.rivalry().clashes(canary, wanted, mine or None, [rival]))


@pytest.mark.parametrize(
    ("service", "rival", "field"),
    [
        pytest.param(HOST, other(), "spec.service.hosts[0]", id="every path"),
        pytest.param(HOST, other(rule(path("/"))), "spec.service.hosts[0]", id="in words"),
        pytest.param(
            {**HOST, "hosts": ["b.test", "app.test"]},
            other(hosts=["App.test"]),
            "spec.service.hosts[1]",
            id="one of two hosts",
        ),
        pytest.param(
            {"gatewayRefs": [{"name": "a"}, GW]},
            other(hosts=[]),
            "spec.service.gatewayRefs[1]",
            id="the hosts of the listeners",
        ),
        pytest.param(
            {**HOST, "gatewayRefs": [{"name": "gw", "sectionName": "https"}]},
            other(),
            "spec.service.hosts[0]",
            id="one of the other's listeners",
        ),
        pytest.param(
            {**HOST, "gatewayRefs": [{"name": "gw", "namespace": "test"}]},
            other(),
            "spec.service.hosts[0]",
            id="its namespace in words",
        ),
        pytest.param(
            {**HOST, "match": [{"uri": {"prefix": "/api/"}}]},
            other(rule(path("/x")), rule(path("/api"))),
            "spec.service.hosts[0]",
            id="one of its rules",
        ),
        pytest.param(
            {**HOST, "match": [{"headers": {"X-Beta": {"exact": "1"}}}]},
            other(rule({"headers": [{"name": "x-beta", "value": "1"}]})),
            "spec.service.hosts[0]",
            id="a header",
        ),
    ],
)
def test_the_second_that_gets_nothing_is_certain(
    make_routed: Make, service: Manifest, rival: Manifest, field: str
) -> None:
    clashes = found(make_routed, service, rival)

    assert [clash.certain for clash in clashes] == [True]
    assert clashes[0].field == field
    assert "HTTPRoute other " in clashes[0].words


REFUSED = {
    "status": {
        "parents": [
            {
                "parentRef": GW,
                "conditions": [
                    {"type": "Accepted", "status": "False", "reason": "NotAllowedByListeners"}
                ],
            }
        ]
    }
}


@pytest.mark.parametrize(
    ("service", "rival"),
    [
        pytest.param(HOST, other(hosts=["b.test"]), id="another host"),
        pytest.param(HOST, other(hosts=["*.test"]), id="a wider host"),
        pytest.param(HOST, other(hosts=[]), id="every host"),
        pytest.param(HOST, other(parents=[{"name": "gw2"}]), id="another gateway"),
        pytest.param(
            HOST, other(parents=[{"name": "gw", "namespace": "edge"}]), id="of another namespace"
        ),
        pytest.param(
            {**HOST, "gatewayRefs": [{"name": "gw", "sectionName": "https"}]},
            other(parents=[{"name": "gw", "sectionName": "http"}]),
            id="another listener",
        ),
        pytest.param(
            {**HOST, "gatewayRefs": [{"name": "gw", "port": 443}]},
            other(parents=[{"name": "gw", "port": 80}]),
            id="another port",
        ),
        pytest.param(HOST, other(rule(path("/api"))), id="another path"),
        pytest.param(HOST, other(rule(path("/", "Exact"))), id="another kind of path"),
        pytest.param(HOST, other(rule({"method": "POST"})), id="one method"),
        pytest.param(
            HOST, other(rule({"headers": [{"name": "x", "value": "1"}]})), id="one header"
        ),
        pytest.param(
            HOST,
            other(rule(**REDIRECT), parents=[{"name": "gw", "sectionName": "http"}]),
            id="a redirect of one listener",
        ),
        pytest.param(HOST, {**other(), **REFUSED}, id="one that its gateway refuses"),
    ],
)
def test_both_hold(make_routed: Make, service: Manifest, rival: Manifest) -> None:
    assert found(make_routed, service, rival) == []


@pytest.mark.parametrize(
    ("service", "rival"),
    [
        pytest.param(
            {**HOST, "match": [{"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/b"}}]},
            other(rule(path("/a"))),
            id="one of two conditions",
        ),
        pytest.param(
            HOST, other(parents=[{"name": "gw", "sectionName": "http"}]), id="some listeners"
        ),
    ],
)
def test_what_may_be_meant_is_only_told(
    make_routed: Make, service: Manifest, rival: Manifest
) -> None:
    assert [clash.certain for clash in found(make_routed, service, rival)] == [False]


@pytest.mark.parametrize(("born", "ours_first"), [(OLD, True), (NEW, False), (None, False)])
def test_the_older_one_comes_first(
    make_routed: Make, born: str | None, *, ours_first: bool
) -> None:
    rival = other(born="2026-01-01T00:00:00Z")

    (clash,) = found(make_routed, HOST, rival, born)

    assert (clash.ours_first, clash.certain) == (ours_first, True)


def test_an_older_route_of_ours_takes_from_a_listener_of_another(make_routed: Make) -> None:
    rival = other(parents=[{"name": "gw", "sectionName": "http"}], born=NEW)

    (clash,) = found(make_routed, HOST, rival, OLD)

    assert (clash.ours_first, clash.certain) == (True, True)


def test_a_test_whose_other_clients_are_lost_is_certain(make_routed: Make) -> None:
    match = [{"headers": {"x-beta": {"exact": "yes"}}}]

    clashes = found(make_routed, HOST, other(), iterations=3, match=match)

    assert [clash.certain for clash in clashes] == [True]


@pytest.mark.parametrize(
    ("matches", "certain"),
    [
        ([], [True]),
        ([{"method": {"service": "a.B"}}], []),
    ],
)
def test_grpc_routes_meet_by_method(
    make_routed: Make, matches: list[Manifest], certain: list[bool]
) -> None:
    rival = other(rule(*matches), kind="GRPCRoute")

    clashes = found(make_routed, HOST, rival, router=GRPC_V1)

    assert [clash.certain for clash in clashes] == certain


@pytest.mark.parametrize("router", [HTTP_V1, HTTP_V1BETA1, GRPC_V1])
def test_weights_are_no_part_of_a_claim(make_routed: Make, router: GatewayRouter) -> None:
    affinity = {"sessionAffinity": {"cookieName": "c", "maxAge": 10}} if router != GRPC_V1 else {}
    canary, names = make_routed(HOST, stepWeight=10, **affinity)
    (at_rest,), (running,) = (
        router.render(Aim(canary, names, weights))
        for weights in (Weights(), Weights(primary=50, canary=50))
    )

    assert isinstance(router, Contested)
    rivalry = router.rivalry()
    assert rivalry.kind == router.kind
    assert rivalry.claim(at_rest) == rivalry.claim(running)
