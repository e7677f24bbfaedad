"""Routes that users write: weights are set where both backends are, and nothing else changes."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from burgee.api.canary import Canary, ObjectRef
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.routers.base import Aim, Related, Role, Router, Weights
from burgee.routers.registry import carrier_of, router_of
from burgee.routers.users.route import ORIGINAL_WEIGHTS, BackendNames
from burgee.targets.applied import carries

SETTINGS = EngineSettings()
NAMES = BackendNames("podinfo")
PRIMARY, CANARY = "podinfo-primary", "podinfo-canary"
TARGET_OF_ANOTHER = ObjectRef(api_version="apps/v1", kind="Deployment", name="other")

# By provider and kind: the version that is written, and a spec with the pair in it; None stands
# for a weight that is not given.
ROUTES: dict[tuple[str, str], tuple[str, Manifest]] = {
    ("istio", "VirtualService"): (
        "networking.istio.io/v1beta1",
        {
            "hosts": ["app.example.com"],
            "http": [
                {
                    "match": [{"uri": {"prefix": "/api"}}],
                    "timeout": "7s",
                    "route": [
                        {"destination": {"host": PRIMARY, "port": {"number": 80}}, "weight": 100},
                        {"destination": {"host": f"{CANARY}.test.svc.cluster.local"}, "weight": 0},
                    ],
                },
                {"route": [{"destination": {"host": "other"}}]},
            ],
        },
    ),
    ("gatewayapi:v1", "HTTPRoute"): (
        "gateway.networking.k8s.io/v1",
        {
            "parentRefs": [{"name": "gateway"}],
            "rules": [
                {
                    "filters": [{"type": "URLRewrite", "urlRewrite": {"hostname": "x"}}],
                    "backendRefs": [
                        {"name": PRIMARY, "port": 80, "weight": 100},
                        {"name": CANARY, "port": 80, "weight": 0},
                    ],
                },
                {"backendRefs": [{"name": "static", "port": 80}]},
            ],
        },
    ),
    ("gatewayapi:v1beta1", "HTTPRoute"): (
        "gateway.networking.k8s.io/v1beta1",
        {"rules": [{"backendRefs": [{"name": PRIMARY}, {"name": CANARY}]}]},
    ),
    ("gatewayapi:v1", "GRPCRoute"): (
        "gateway.networking.k8s.io/v1",
        {"rules": [{"backendRefs": [{"name": PRIMARY, "weight": 9}, {"name": CANARY}]}]},
    ),
    ("gatewayapi:v1:grpc", "GRPCRoute"): (
        "gateway.networking.k8s.io/v1",
        {"rules": [{"backendRefs": [{"name": PRIMARY}, {"name": CANARY, "weight": 0}]}]},
    ),
    ("contour", "HTTPProxy"): (
        "projectcontour.io/v1",
        {
            "virtualhost": {"fqdn": "app.example.com"},
            "routes": [
                {
                    "conditions": [{"prefix": "/"}],
                    "services": [
                        {"name": PRIMARY, "port": 80, "weight": 100},
                        {"name": CANARY, "port": 80},
                        {"name": "shadow", "port": 80, "mirror": True},
                    ],
                }
            ],
        },
    ),
    ("traefik", "IngressRoute"): (
        "traefik.io/v1alpha1",
        {
            "routes": [
                {
                    "match": "Host(`a`)",
                    "middlewares": [{"name": "auth"}],
                    "services": [
                        {"name": PRIMARY, "port": 80, "weight": 100},
                        {"name": CANARY, "port": 80, "weight": 0},
                    ],
                },
                {"match": "Host(`b`)", "services": [{"kind": "TraefikService", "name": "x"}]},
            ]
        },
    ),
    ("traefik", "TraefikService"): (
        "traefik.io/v1alpha1",
        {"weighted": {"services": [{"name": PRIMARY, "port": 80}, {"name": CANARY, "port": 80}]}},
    ),
    ("apisix", "ApisixRoute"): (
        "apisix.apache.org/v2",
        {
            "http": [
                {
                    "name": "web",
                    "backends": [
                        {"serviceName": PRIMARY, "servicePort": 80, "weight": 100},
                        {"serviceName": CANARY, "servicePort": 80, "weight": 0},
                    ],
                }
            ]
        },
    ),
    ("gloo", "RouteTable"): (
        "gateway.solo.io/v1",
        {
            "routes": [
                {
                    "routeAction": {
                        "multi": {
                            "destinations": [
                                {
                                    "weight": 100,
                                    "destination": {"kube": {"ref": {"name": PRIMARY}}},
                                },
                                {"destination": {"kube": {"ref": {"name": CANARY}}}},
                            ]
                        }
                    }
                },
                {"delegateAction": {"ref": {"name": "x"}}},
            ]
        },
    ),
    ("smi:v1alpha2", "TrafficSplit"): (
        "split.smi-spec.io/v1alpha2",
        {
            "service": "podinfo",
            "backends": [{"service": CANARY, "weight": 0}, {"service": PRIMARY}],
        },
    ),
    ("linkerd", "TrafficSplit"): (
        "split.smi-spec.io/v1alpha1",
        {"service": "x", "backends": [{"service": PRIMARY, "weight": "1"}, {"service": CANARY}]},
    ),
}
CASES = [pytest.param(*key, id=" ".join(key)) for key in ROUTES]


def canary_of(provider: str, kind: str, **analysis: Any) -> Canary:
    return Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test", "uid": "u"},
            "spec": {
                "provider": provider,
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
                "service": {"port": 80},
                "routeRef": {"apiVersion": "x/v1", "kind": kind, "name": "web"},
                "analysis": {"interval": "10s", "stepWeight": 10, **analysis},
            },
        }
    )


def route(provider: str, kind: str) -> Manifest:
    api_version, spec = ROUTES[provider, kind]
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": "web",
            "namespace": "test",
            "resourceVersion": "7",
            "labels": {"team": "a"},
        },
        "spec": copy.deepcopy(spec),
    }


def users_router(canary: Canary) -> Router:
    return router_of(carrier_of(canary, SETTINGS), SETTINGS)


def merged(observed: Any, patch: Any) -> Any:
    """What a server makes of an apply or a merge patch: lists are replaced as a whole."""
    if not isinstance(patch, dict):
        return patch
    kept = dict(observed) if isinstance(observed, dict) else {}
    for key, value in patch.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = merged(kept.get(key), value)
    return kept


def lists_with_both(value: Any) -> Iterator[list[Any]]:
    """Every list that names both Services in items of its own."""
    if isinstance(value, list):
        named = [{n for n in (PRIMARY, CANARY) if n in str(item)} for item in value]
        if {PRIMARY} in named and {CANARY} in named:
            yield value
            return
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(value, dict | list) else ():
        yield from lists_with_both(part)


def backends_of(value: Any) -> list[Any]:
    """The backends of the first such list."""
    return next(lists_with_both(value))


def rules_of(value: Manifest) -> Iterator[list[Any]]:
    """The lists of rules of a spec."""
    return (part for part in value.values() if isinstance(part, list) and PRIMARY in str(part))


def weighed(canary: Canary, found: Manifest, weights: Weights) -> Manifest:
    (part,) = users_router(canary).render(
        Aim(canary=canary, names=NAMES, weights=weights, originals=[found])
    )
    return merged(found, part)


def bare(value: Any) -> Any:
    """A manifest without any weight and without what burgee remembers."""
    if isinstance(value, dict):
        skipped = {"weight", "annotations"}
        return {key: bare(item) for key, item in value.items() if key not in skipped}
    return [bare(item) for item in value] if isinstance(value, list) else value


def pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """(primary, canary) weights of every list that names both."""
    if isinstance(value, list):
        text = {name: [i for i in value if name in str(i)] for name in (PRIMARY, CANARY)}
        (primary, *_), (canary, *_) = text[PRIMARY] or [None], text[CANARY] or [None]
        if primary and canary and primary is not canary:
            yield primary.get("weight"), canary.get("weight")
            return
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(value, dict | list) else ():
        yield from pairs(part)


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


def refused(provider: str, kind: str, found: Manifest | None, **analysis: Any) -> InvalidCanary:
    canary = canary_of(provider, kind, **analysis)
    with pytest.raises(InvalidCanary) as raised:
        users_router(canary).render(
            Aim(canary=canary, names=NAMES, weights=Weights(), originals=[found] if found else [])
        )
    assert "spec.routeRef" in str(raised.value)
    return raised.value


def test_a_route_that_is_not_there_is_refused() -> None:
    assert refused("contour", "HTTPProxy", None).reason == "HTTPProxyNotFound"


def test_a_route_of_another_provider_is_refused() -> None:
    assert refused("contour", "VirtualService", None).reason == "UnsupportedReference"


def test_a_route_without_both_backends_is_refused() -> None:
    found = route("istio", "VirtualService")
    del found["spec"]["http"][0]["route"][1]

    assert refused("istio", "VirtualService", found).reason == "NoSuchBackend"


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
