"""Routes that users write: weights are set where both backends are, and nothing else changes."""

import copy

import pytest
from users_route_cases import (
    CANARY,
    CASES,
    NAMES,
    PRIMARY,
    SETTINGS,
    TARGET_OF_ANOTHER,
    bare,
    canary_of,
    merged,
    pairs,
    refused,
    route,
    users_router,
    weighed,
)

from burgee.errors import InvalidCanary
from burgee.routers.base import Aim, Related, Role, Weights
from burgee.routers.registry import carrier_of
from burgee.routers.users.route import ORIGINAL_WEIGHTS, BackendNames
from burgee.targets.applied import carries


@pytest.mark.parametrize(("provider", "kind"), CASES)
def test_only_the_weights_of_the_pair_are_set(provider: str, kind: str) -> None:
    canary, found = canary_of(provider, kind), route(provider, kind)
    before = copy.deepcopy(found)

    after = weighed(canary, found, Weights(primary=70, canary=30))

    assert found == before
    assert bare(after) == bare(found)
    numbers = ("70", "30") if provider == "linkerd" else (70, 30)
    assert list(pairs(after["spec"])) == [numbers]
    assert after["metadata"]["resourceVersion"] == "7"


@pytest.mark.parametrize(("provider", "kind"), CASES)
@pytest.mark.parametrize("canary_weight", [0, 1, 50, 100])
def test_a_route_shows_the_weights_that_it_was_given(
    provider: str, kind: str, canary_weight: int
) -> None:
    canary, found = canary_of(provider, kind), route(provider, kind)
    weights = Weights(primary=100 - canary_weight, canary=canary_weight)
    router = users_router(canary)

    after = weighed(canary, found, weights)

    assert router.shows(
        [after], Aim(canary=canary, names=NAMES, weights=weights, originals=[after])
    )
    assert router.canary_weight_seen([after], NAMES) == canary_weight
    other = Weights(primary=37, canary=63)
    assert not router.shows(
        [after], Aim(canary=canary, names=NAMES, weights=other, originals=[after])
    )


@pytest.mark.parametrize(("provider", "kind"), CASES)
def test_a_route_is_given_back_with_the_weights_that_it_had(provider: str, kind: str) -> None:
    canary, found = canary_of(provider, kind), route(provider, kind)
    router = users_router(canary)
    first = weighed(canary, found, Weights(primary=70, canary=30))
    second = weighed(canary, first, Weights(primary=20, canary=80))

    (patch,) = router.release(canary, [second])
    back = merged(second, patch)

    assert back["spec"] == found["spec"]
    assert ORIGINAL_WEIGHTS not in back["metadata"].get("annotations", {})
    assert router.release(canary, [back]) == ()


def test_a_later_edit_of_the_user_stays() -> None:
    canary = canary_of("gatewayapi:v1", "HTTPRoute")
    first = weighed(canary, route("gatewayapi:v1", "HTTPRoute"), Weights(primary=70, canary=30))
    edited = copy.deepcopy(first)
    edited["spec"]["hostnames"] = ["new.example.com"]
    edited["spec"]["rules"].insert(0, {"backendRefs": [{"name": "added", "port": 1}]})
    edited["spec"]["rules"][1]["timeouts"] = {"request": "3s"}

    second = weighed(canary, edited, Weights(primary=60, canary=40))

    assert bare(second) == bare(edited)
    assert list(pairs(second["spec"])) == [(60, 40)]


def test_all_rules_with_both_backends_get_the_weights() -> None:
    canary, found = canary_of("istio", "VirtualService"), route("istio", "VirtualService")
    pair = [
        {"destination": {"host": PRIMARY}, "weight": 100},
        {"destination": {"host": CANARY}, "weight": 0},
    ]
    found["spec"]["tcp"] = [{"match": [{"port": 9}], "route": pair}]

    after = weighed(canary, found, Weights(primary=90, canary=10))

    assert list(pairs(after["spec"])) == [(90, 10), (90, 10)]


def test_what_is_applied_leaves_out_what_holds_no_backends() -> None:
    canary, found = canary_of("contour", "HTTPProxy"), route("contour", "HTTPProxy")

    (part,) = users_router(canary).render(
        Aim(canary=canary, names=NAMES, weights=Weights(), originals=[found])
    )

    assert set(part["spec"]) == {"routes"}
    assert set(part["metadata"]) == {"name", "namespace", "resourceVersion", "annotations"}


def test_a_gateway_that_has_not_accepted_the_route_shows_nothing() -> None:
    canary = canary_of("gatewayapi:v1", "HTTPRoute")
    router, weights = users_router(canary), Weights(primary=70, canary=30)
    after = weighed(canary, route("gatewayapi:v1", "HTTPRoute"), weights)
    after["metadata"]["generation"] = 3
    old = {"type": "Accepted", "status": "True", "observedGeneration": 2}
    after["status"] = {"parents": [{"conditions": [old]}]}

    assert not router.shows([after], Aim(canary=canary, names=NAMES, weights=weights))
    assert router.canary_weight_seen([after], NAMES) is None
    old["observedGeneration"] = 3
    assert router.shows([after], Aim(canary=canary, names=NAMES, weights=weights))


def test_a_route_that_is_watched_is_the_users() -> None:
    canary = canary_of("istio", "VirtualService")
    router = users_router(canary)

    assert router.related(canary) == (
        Related(kind=router.kinds()[0], names=("web",), role=Role.WEIGHED),
    )


def test_an_invalid_proxy_shows_nothing() -> None:
    canary = canary_of("contour", "HTTPProxy")
    router, weights = users_router(canary), Weights(primary=70, canary=30)
    after = weighed(canary, route("contour", "HTTPProxy"), weights)

    after["status"] = {"currentStatus": "invalid"}

    assert not router.shows([after], Aim(canary=canary, names=NAMES, weights=weights))
    assert router.canary_weight_seen([after], NAMES) is None


def test_two_canaries_share_a_route_and_each_gives_its_own_back() -> None:
    """One VirtualService of a host often has the paths of several applications."""
    first, found = canary_of("istio", "VirtualService"), route("istio", "VirtualService")
    second = first.model_copy(
        update={"spec": first.spec.model_copy(update={"target_ref": TARGET_OF_ANOTHER})}
    )
    theirs = [
        {"destination": {"host": "other-primary"}, "weight": 90},
        {"destination": {"host": "other-canary"}, "weight": 10},
    ]
    found["spec"]["http"].append({"route": theirs})
    router, others = users_router(first), BackendNames("other")

    after = weighed(first, found, Weights(primary=70, canary=30))
    (part,) = users_router(second).render(
        Aim(canary=second, names=others, weights=Weights(), originals=[after])
    )
    after = merged(after, part)
    assert after["spec"]["http"][-1]["route"][1]["weight"] == 0

    (patch,) = router.release(first, [after])
    after = merged(after, patch)
    assert list(pairs(after["spec"])) == [(100, 0)]
    assert router.release(first, [after]) == ()
    (patch,) = users_router(second).release(second, [after])
    after = merged(after, patch)

    assert after["spec"] == found["spec"]
    assert ORIGINAL_WEIGHTS not in after["metadata"].get("annotations", {})


def test_an_apisix_route_with_both_backends_cannot_be_tested_or_outranked() -> None:
    found = route("apisix", "ApisixRoute")
    match = [{"headers": {"x": {"exact": "1"}}}]
    assert refused("apisix", "ApisixRoute", found, match=match).reason == "UnsupportedStrategy"

    canary = canary_of("apisix", "ApisixRoute")
    outranks = {**found, "metadata": {"name": "web-podinfo-canary", "namespace": "test"}}
    with pytest.raises(InvalidCanary, match="outranks"):
        users_router(canary).render(
            Aim(canary=canary, names=NAMES, weights=Weights(), originals=[found, outranks])
        )


def test_what_is_remembered_and_unreadable_gives_the_weights_of_rest_back() -> None:
    canary = canary_of("istio", "VirtualService")
    after = weighed(canary, route("istio", "VirtualService"), Weights(primary=70, canary=30))
    after["metadata"]["annotations"][ORIGINAL_WEIGHTS] = "no JSON"

    (patch,) = users_router(canary).release(canary, [after])

    assert list(pairs(patch["spec"])) == [(100, 0)]
    assert not carries(after, patch)


def test_flaggers_routeref_of_another_provider_is_ignored() -> None:
    canary = canary_of("istio", "ApisixRoute")

    assert carrier_of(canary, SETTINGS) == "istio"
