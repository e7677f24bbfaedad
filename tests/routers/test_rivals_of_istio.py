"""Two VirtualServices for one host: what is refused, what is told, and what both may do."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.routers.base import Aim, Weights
from burgee.routers.istio.router import IstioRouter
from burgee.routers.rivals import Clash, Contested

Make = Callable[..., Any]
ROUTER = IstioRouter()
RIVALRY = ROUTER.rivalry()
TO = {"destination": {"host": "other"}}
EVERYBODY = [{"route": [TO]}]
OLD, NEW = "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
GATE = {"hosts": ["app.test"], "gateways": ["edge/public"]}
BOTH = {"hosts": ["app.test"], "gateways": ["edge/public", "mesh"]}


def rules(*matches: list[Manifest]) -> list[Manifest]:
    return [{"match": match, "route": [TO]} for match in matches]


def path(prefix: str, **more: object) -> Manifest:
    return {"uri": {"prefix": prefix}, **more}


def other(born: str = OLD, namespace: str = "test", **spec: object) -> Manifest:
    return {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "other", "namespace": namespace, "creationTimestamp": born},
        "spec": {"http": EVERYBODY, **spec},
    }


def found(
    make: Make,
    service: Manifest,
    rival: Manifest,
    born: str | None = None,
    *,
    name: str = "",
    **analysis: object,
) -> list[Clash]:
    """The clashes of one Canary with one other; `born` is its own route's, None for none yet."""
    canary, names = make(service, **analysis)
    wanted = ROUTER.render(Aim(canary, names, Weights()))[-1]
    mine = born and {**wanted, "metadata": {**wanted["metadata"], "creationTimestamp": born}}
    if name:
        rival = {**rival, "metadata": {**rival["metadata"], "name": name}}
    return list(RIVALRY.clashes(canary, wanted, mine or None, [rival]))


CERTAIN = [
    pytest.param({}, {"hosts": ["podinfo"]}, "spec.service.name", id="apex"),
    pytest.param(
        {}, {"hosts": ["podinfo.test.svc.cluster.local"]}, "spec.service.name", id="its full name"
    ),
    pytest.param(
        {"hosts": ["app.test"]},
        {"hosts": ["b.test", "APP.test"]},
        "spec.service.hosts[0]",
        id="a host inside the mesh",
    ),
    pytest.param(
        {}, {"hosts": ["podinfo"], "exportTo": ["."]}, "spec.service.name", id="of the namespace"
    ),
    pytest.param(
        {},
        {"hosts": ["podinfo"], "http": [{"delegate": {"name": "a"}}]},
        "spec.service.name",
        id="one that delegates, for a Canary that is no delegate",
    ),
    pytest.param(GATE, GATE, "spec.service.hosts[0]", id="everything at a gateway"),
    pytest.param(
        {"hosts": ["app.test"], "gateways": ["public.edge.svc.cluster.local"]},
        {"hosts": ["app.test"], "gateways": ["edge/public"]},
        "spec.service.hosts[0]",
        id="two names of one gateway",
    ),
    pytest.param(
        {"hosts": ["app.test"], "gateways": ["public"]},
        {"hosts": ["app.test"], "gateways": ["./public"]},
        "spec.service.hosts[0]",
        id="a gateway of the namespace",
    ),
    pytest.param(
        {**GATE, "match": [path("/api/v2")]},
        {**GATE, "http": rules([path("/api/")])},
        "spec.service.hosts[0]",
        id="a part of a path",
    ),
    pytest.param(
        {**GATE, "match": [path("/")]}, GATE, "spec.service.hosts[0]", id="every path in words"
    ),
    pytest.param(
        {**GATE, "match": [path("/a", headers={"x": {"exact": "1"}, "y": {"exact": "2"}})]},
        {**GATE, "http": rules([path("/a", headers={"x": {"exact": "1"}})])},
        "spec.service.hosts[0]",
        id="fewer headers",
    ),
]


@pytest.mark.parametrize(("service", "spec", "field"), CERTAIN)
def test_the_second_that_gets_nothing_is_certain(
    make_routed: Make, service: Manifest, spec: Manifest, field: str
) -> None:
    clashes = found(make_routed, service, other(**spec))

    assert [clash for clash in clashes if clash.certain]
    assert {clash.field for clash in clashes} == {field}
    assert "VirtualService other " in clashes[0].words


@pytest.mark.parametrize(
    ("service", "spec"),
    [
        pytest.param({}, {"hosts": ["another"]}, id="another host"),
        pytest.param({}, {"hosts": ["podinfo"], "gateways": ["edge/public"]}, id="no mesh"),
        pytest.param(GATE, {**GATE, "gateways": ["edge/private"]}, id="another gateway"),
        pytest.param(GATE, {**GATE, "hosts": ["*.test"]}, id="a wider host"),
        pytest.param({}, {"hosts": ["podinfo"], "exportTo": ["~"]}, id="for nobody"),
        pytest.param(
            {"delegation": True}, {"hosts": ["app.test"], "http": EVERYBODY}, id="a delegate"
        ),
        pytest.param(
            {}, {"hosts": ["podinfo"], "http": [], "tls": [{"match": []}]}, id="TLS beside HTTP"
        ),
        pytest.param(GATE, {**GATE, "http": rules([path("/api")])}, id="a part of what is ours"),
        pytest.param({**GATE, "match": [path("/api")]}, GATE, id="all but what is ours"),
        pytest.param(
            {**GATE, "match": [path("/api")]},
            {**GATE, "http": rules([path("/apis")])},
            id="a longer word",
        ),
        pytest.param(
            {**GATE, "match": [path("/a")]},
            {**GATE, "http": rules([path("/a", method={"exact": "GET"})])},
            id="one method",
        ),
        pytest.param(
            {**GATE, "match": [{"uri": {"prefix": "/a"}, "ignoreUriCase": True}]},
            {**GATE, "http": rules([path("/a")])},
            id="one case",
        ),
        pytest.param(
            GATE, {**BOTH, "http": rules([path("/", gateways=["mesh"])])}, id="for the mesh alone"
        ),
    ],
)
def test_both_hold(make_routed: Make, service: Manifest, spec: Manifest) -> None:
    assert found(make_routed, service, other(**spec)) == []


@pytest.mark.parametrize(
    ("service", "spec"),
    [
        pytest.param(
            {**BOTH, "match": [path("/a")]},
            {**BOTH, "http": rules([path("/b")])},
            id="an outside name that both serve inside as well",
        ),
        pytest.param(
            {**GATE, "match": [path("/a"), path("/b")]},
            {**GATE, "http": rules([path("/a")])},
            id="one of two conditions",
        ),
        pytest.param(
            {}, {"hosts": ["podinfo"], "exportTo": ["elsewhere"]}, id="for another namespace"
        ),
        pytest.param(
            {},
            {"hosts": ["podinfo"], "http": rules([{"sourceLabels": {"app": "a"}}])},
            id="for some clients",
        ),
        pytest.param(
            {},
            {"hosts": ["podinfo"], "http": rules([{"port": 9}])},
            id="for one port",
        ),
        pytest.param(
            {"appProtocol": "tcp"},
            {"hosts": ["podinfo"], "http": [], "tcp": [{"route": [TO]}]},
            id="connections",
        ),
    ],
)
def test_what_may_be_meant_is_only_told(
    make_routed: Make, service: Manifest, spec: Manifest
) -> None:
    clashes = found(make_routed, service, other(**spec))

    assert clashes
    assert not [clash for clash in clashes if clash.certain]


def test_a_route_of_another_namespace_has_other_short_names(make_routed: Make) -> None:
    assert found(make_routed, {}, other(namespace="elsewhere", hosts=["podinfo"])) == []


def test_the_canarys_own_route_is_no_other(make_routed: Make) -> None:
    assert found(make_routed, {}, other(hosts=["podinfo"]), name="podinfo") == []


def test_one_that_is_being_deleted_takes_nothing(make_routed: Make) -> None:
    going = other(hosts=["podinfo"])
    going["metadata"]["deletionTimestamp"] = OLD

    assert found(make_routed, {}, going) == []


@pytest.mark.parametrize(("born", "ours_first"), [(OLD, True), (NEW, False), (None, False)])
def test_the_older_one_comes_first(
    make_routed: Make, born: str | None, *, ours_first: bool
) -> None:
    rival = other(born="2026-01-01T00:00:00Z", hosts=["podinfo"])

    (clash,) = found(make_routed, {}, rival, born)

    assert clash.ours_first is ours_first


def test_of_two_of_one_second_the_name_decides(make_routed: Make) -> None:
    rival = other(born=OLD, hosts=["podinfo"])

    assert [c.ours_first for c in found(make_routed, {}, rival, OLD, name="zebra")] == [True]
    assert [c.ours_first for c in found(make_routed, {}, rival, OLD, name="apple")] == [False]


def test_a_test_whose_other_clients_are_lost_is_certain(make_routed: Make) -> None:
    match = [{"headers": {"x-beta": {"exact": "yes"}}}]

    clashes = found(make_routed, GATE, other(**GATE), iterations=3, match=match)

    assert [clash.certain for clash in clashes] == [True]


def test_weights_are_no_part_of_a_claim(make_routed: Make) -> None:
    canary, names = make_routed(
        BOTH, stepWeight=10, sessionAffinity={"cookieName": "c", "maxAge": 10}
    )
    at_rest, running = (
        ROUTER.render(Aim(canary, names, weights))[-1]
        for weights in (Weights(), Weights(primary=50, canary=50))
    )

    assert isinstance(ROUTER, Contested)
    assert RIVALRY.claim(at_rest) == RIVALRY.claim(running) is not None


def test_a_delegate_claims_nothing(make_routed: Make) -> None:
    canary, names = make_routed({"delegation": True})

    assert RIVALRY.claim(ROUTER.render(Aim(canary, names, Weights()))[-1]) is None
