"""What burgee renders for given weights is what Flagger had written for them."""

from copy import deepcopy
from typing import Any

from burgee.api.manifest import Manifest
from burgee.routers.base import Aim, Cookies, Weights
from burgee.routers.istio.router import IstioRouter

ROUTER = IstioRouter()


def rendered(recorded_routes: Any, route: Any) -> tuple[Manifest, ...]:
    apex = recorded_routes.apex_service if "foreign" in route["labels"] else None
    weights = Weights(**route["weights"])
    return ROUTER.render(
        Aim(
            canary=recorded_routes.canary,
            names=recorded_routes.names,
            weights=weights,
            apex_service=apex,
            cookies=cookies_of(route),
        )
    )


def without_attributes(spec: Manifest) -> Manifest:
    """A spec that takes a cookie back as Flagger does: without the attributes that it has."""
    found = deepcopy(spec)
    for rule in found.get("http") or ():
        answers = ((rule.get("headers") or {}).get("response") or {}).get("add") or {}
        if "; Max-Age=-1" in answers.get("Set-Cookie", ""):
            cookie = answers["Set-Cookie"].partition(";")[0]
            answers["Set-Cookie"] = f"{cookie}; Max-Age=-1"
    return found


def cookies_of(route: Any) -> Cookies:
    return Cookies(**route.get("cookies", {}))


def test_virtual_service_is_the_recorded_one_at_each_step(recorded_routes: Any) -> None:
    assert recorded_routes.routes
    for route in recorded_routes.routes:
        virtual_service = rendered(recorded_routes, route)[-1]

        assert without_attributes(virtual_service["spec"]) == route["spec"]
        assert virtual_service["metadata"].get("labels", {}) == route["labels"]
        assert virtual_service["metadata"]["annotations"] == route["annotations"]
        assert virtual_service["metadata"]["name"] == recorded_routes.canary.spec.apex_name


def test_destination_rules_are_the_recorded_ones(recorded_routes: Any) -> None:
    built = rendered(recorded_routes, recorded_routes.routes[0])[:-1]

    assert list(built) == recorded_routes.destination_rules


def test_recorded_route_shows_its_own_weights_and_no_others(recorded_routes: Any) -> None:
    canary, names = recorded_routes.canary, recorded_routes.names
    for route in recorded_routes.routes:
        observed = list(rendered(recorded_routes, route))
        for other in recorded_routes.routes:
            same = route["spec"] == other["spec"]
            weights, cookies = Weights(**other["weights"]), cookies_of(other)

            assert (
                ROUTER.shows(
                    observed, Aim(canary=canary, names=names, weights=weights, cookies=cookies)
                )
                is same
            )


def test_recorded_route_tells_the_share_of_the_canary(recorded_routes: Any) -> None:
    for route in recorded_routes.routes:
        observed = list(rendered(recorded_routes, route))
        mirror = canary_mirror(recorded_routes) if route["weights"]["mirrored"] else 0
        sticky = 100 if route.get("cookies", {}).get("canary") else 0
        expected = max(route["weights"]["canary"], mirror, sticky)

        assert ROUTER.canary_weight_seen(observed, recorded_routes.names) == expected


def canary_mirror(recorded_routes: Any) -> int:
    return recorded_routes.canary.spec.plan.mirror_weight or 100


def test_names_of_route_objects_follow_from_the_spec(recorded_routes: Any) -> None:
    built = rendered(recorded_routes, recorded_routes.routes[0])
    related = ROUTER.related(recorded_routes.canary)

    assert {(it["kind"], it["metadata"]["name"]) for it in built} == {
        (group.kind.kind, name) for group in related for name in group.names
    }
    assert tuple(group.kind for group in related) == ROUTER.kinds()


def test_rendering_leaves_a_recorded_canary_alone(recorded_routes: Any) -> None:
    before = deepcopy(recorded_routes.canary)

    for route in recorded_routes.routes:
        rendered(recorded_routes, route)

    assert before == recorded_routes.canary
