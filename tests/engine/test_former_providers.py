"""What the provider leaves that a Canary had before."""

from dataclasses import replace
from typing import Any

from provider_objects import (
    INGRESS_REF,
    MIRROR,
    NAMES,
    child,
    decide,
    effects,
    ingress,
    owned,
    rendered,
    resting,
    with_routes,
)
from simulation import START, canary

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.engine.effects import ApplyForeign, DeleteObject, MergePatch
from burgee.engine.phases.ending import end
from burgee.engine.reading.observation import Observation
from burgee.routers.base import Aim, Weights
from burgee.routers.registry import router_of


def moved(former: str, *leftovers: Manifest, **spec: Any) -> Observation:
    """A Canary at rest that had another provider before."""
    observation = resting(**spec)
    status = {**observation.canary.status.as_manifest(), "provider": former}
    parsed = Canary.model_validate({**canary(**spec), "status": status})
    return replace(observation, canary=parsed, leftovers=leftovers)


def virtual_service() -> Manifest:
    found = Canary.model_validate(canary())
    return router_of("istio").render(Aim(canary=found, names=NAMES, weights=Weights()))[-1]


def test_routes_of_the_former_provider_go_once_the_new_one_is_there() -> None:
    former = owned(virtual_service())
    observation = moved("istio", former, provider="kuma")
    (route,) = rendered(observation, Weights())

    waits = decide(observation)
    goes = decide(with_routes(observation, route))
    ends = decide(with_routes(replace(observation, leftovers=()), route))

    assert not effects(waits.effects, DeleteObject)
    assert waits.status.provider == "istio"
    (deletion,) = effects(goes.effects, DeleteObject)
    assert (deletion.kind, deletion.name, deletion.uid) == (
        "VirtualService",
        "podinfo",
        "podinfo-uid",
    )
    assert goes.status.provider == "istio"
    assert goes.resync_after_seconds == 1.0
    assert ends.status.provider == "kuma"
    assert not effects(ends.effects, DeleteObject)


def test_a_route_that_a_user_made_is_given_back() -> None:
    former = virtual_service()
    former["metadata"]["annotations"]["burgee.dev/original"] = '{"hosts":["mine"]}'
    observation = moved("istio", former, provider="kubernetes")

    goes = decide(observation)
    stays = decide(moved("istio", virtual_service(), provider="kubernetes"))

    (back,) = effects(goes.effects, ApplyForeign)
    assert back.manifest["spec"] == {"hosts": ["mine"]}
    assert goes.status.provider == "istio"
    assert stays.status.provider == "kubernetes"
    assert not effects(stays.effects, ApplyForeign)


def test_a_route_that_burgee_never_borrowed_is_not_written() -> None:
    """What kubectl remembers of it is no reason, and nothing is waited for."""
    users = virtual_service()
    users["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = (
        '{"spec":{"hosts":["mine"]}}'
    )

    decision = decide(moved("istio", users, provider="kubernetes"))

    assert not effects(decision.effects, ApplyForeign)
    assert decision.status.provider == "kubernetes"


def test_a_copied_ingress_is_left_out_once_another_provider_routes() -> None:
    (copy,) = rendered(resting(provider="nginx", ingressRef=INGRESS_REF), Weights(), ingress())
    mirrored = ingress()
    mirrored["metadata"]["annotations"][MIRROR] = (
        "http://podinfo-canary.test.svc.cluster.local:9898$request_uri"
    )
    key = ("Ingress", "web-canary")
    observation = moved("nginx", mirrored, owned(copy), provider="kuma", ingressRef=INGRESS_REF)
    observation = replace(observation, children={**observation.children, key: owned(copy)})
    (route,) = rendered(observation, Weights())

    waits = decide(observation)
    goes = decide(with_routes(observation, route))

    assert child(waits, *key) is not None
    assert child(goes, *key) is None
    (patch,) = effects(goes.effects, MergePatch)
    assert patch.patch == {"metadata": {"annotations": {MIRROR: None}}}


def test_what_the_former_provider_left_goes_with_the_canary() -> None:
    (route,) = rendered(resting(provider="kuma"), Weights())
    route["metadata"]["uid"] = "route-uid"

    farewell = end(moved("kuma", route, provider="istio"), START)

    (deletion,) = effects(farewell.effects, DeleteObject)
    assert deletion.uid == "route-uid"


def test_a_former_provider_that_is_unknown_by_now_leaves_nothing() -> None:
    decision = decide(moved("smi:v9", provider="kubernetes"))

    assert decision.status.provider == "kubernetes"
