"""Routes that users write and that cannot be weighed: refused by name, and left alone."""

import copy

import pytest
from users_route_cases import (
    CANARY,
    CASES,
    NAMES,
    PRIMARY,
    ROUTES,
    backends_of,
    canary_of,
    lists_with_both,
    refused,
    route,
    rules_of,
    users_router,
    weighed,
)

from burgee.api.manifest import Manifest
from burgee.routers.base import Weights


def test_a_route_that_is_not_there_is_refused() -> None:
    assert refused("contour", "HTTPProxy", None).reason == "HTTPProxyNotFound"


def test_a_route_of_another_provider_is_refused() -> None:
    assert refused("contour", "VirtualService", None).reason == "UnsupportedReference"


def test_a_route_without_both_backends_is_refused() -> None:
    found = route("istio", "VirtualService")
    del found["spec"]["http"][0]["route"][1]

    assert refused("istio", "VirtualService", found).reason == "NoSuchBackend"


@pytest.mark.parametrize(
    ("provider", "kind", "change"),
    [
        pytest.param("contour", "HTTPProxy", {"mirror": True}, id="copies"),
        pytest.param("traefik", "IngressRoute", {"kind": "TraefikService"}, id="another kind"),
    ],
)
def test_what_is_called_like_the_canary_and_is_no_backend_of_it_is_not_ours(
    provider: str, kind: str, change: Manifest
) -> None:
    found = route(provider, kind)
    backends_of(found)[1].update(change)

    assert refused(provider, kind, found).reason == "NoSuchBackend"


def test_a_backend_of_another_namespace_is_not_ours() -> None:
    found = route("gatewayapi:v1", "HTTPRoute")
    found["spec"]["rules"][0]["backendRefs"][1]["namespace"] = "other"

    assert refused("gatewayapi:v1", "HTTPRoute", found).reason == "NoSuchBackend"


def test_a_rule_with_traffic_for_others_is_refused() -> None:
    found = route("traefik", "IngressRoute")
    found["spec"]["routes"][0]["services"].append({"name": "third", "weight": 5})

    assert refused("traefik", "IngressRoute", found).reason == "SeveralBackends"


@pytest.mark.parametrize(("provider", "kind"), CASES)
def test_a_rule_that_names_a_service_twice_is_refused(provider: str, kind: str) -> None:
    """Weights could not be told apart: each of the two would get the whole share."""
    found = route(provider, kind)
    _, first, *_ = backends_of(found["spec"])
    for backends in lists_with_both(found["spec"]):
        backends.append(copy.deepcopy(first))

    assert refused(provider, kind, found).reason == "SeveralBackends"


@pytest.mark.parametrize(
    ("provider", "kind"),
    [key for key in ROUTES if key[1] not in {"TraefikService", "TrafficSplit"}],
)
def test_a_rule_for_the_canary_alone_is_refused(provider: str, kind: str) -> None:
    """It would lead to nobody at rest, and to every new revision before it is analysed."""
    found = route(provider, kind)
    outer = next(rules for rules in rules_of(found["spec"]))
    alone = copy.deepcopy(outer[0])
    for backends in lists_with_both(alone):
        backends[:] = [backend for backend in backends if CANARY in str(backend)]
    outer.append(alone)

    assert refused(provider, kind, found).reason == "CanaryAlone"


def test_a_rule_for_the_primary_alone_stays_as_it_is() -> None:
    canary, found = canary_of("istio", "VirtualService"), route("istio", "VirtualService")
    alone = {"route": [{"destination": {"host": PRIMARY}}]}
    found["spec"]["http"].insert(0, alone)

    after = weighed(canary, found, Weights(primary=70, canary=30))

    assert after["spec"]["http"][0] == alone
    assert users_router(canary).canary_weight_seen([after], NAMES) == 30


def test_a_kube_destination_of_another_namespace_is_not_ours() -> None:
    found = route("gloo", "RouteTable")
    for backend in backends_of(found["spec"]):
        backend["destination"]["kube"]["ref"]["namespace"] = "other"

    assert refused("gloo", "RouteTable", found).reason == "NoSuchBackend"


def test_a_route_of_a_group_that_is_called_alike_is_refused() -> None:
    assert refused("appmesh", "VirtualService", None).reason == "UnsupportedReference"
