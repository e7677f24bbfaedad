"""A route that is not in force: what its provider says reaches the Canary, and nobody waits for ever."""

from typing import Any

import pytest
from simulation import Manifest, Simulation, analysis, canary, initialized

from burgee.engine.phases.ending import end

GATEWAY = {"name": "gw", "namespace": "ingress", "sectionName": "https"}
HTTP_ROUTE = ("HTTPRoute", "podinfo")
PROXY = ("HTTPProxy", "podinfo")


def promoted(sim: Simulation) -> str:
    found = sim.condition("Promoted")
    assert found is not None
    return str(found["message"])


def of_gateway(**spec: Any) -> Simulation:
    refs = [{"name": "other"}, GATEWAY]
    service = {"port": 9898, "gatewayRefs": refs}
    return Simulation(parent=canary(provider="gatewayapi:v1", service=service, **spec))


def say(sim: Simulation, key: tuple[str, str], status: Manifest) -> None:
    """What a controller writes into a status, about the object as it is now."""
    found = sim.get(*key)
    generation = found["metadata"]["generation"]

    def dated(conditions: list[Manifest]) -> list[Manifest]:
        return [{"observedGeneration": generation, **c} for c in conditions]

    said = {
        **status,
        **({"conditions": dated(status["conditions"])} if "conditions" in status else {}),
        **(
            {
                "parents": [
                    {**parent, "conditions": dated(parent["conditions"])}
                    for parent in status["parents"]
                ]
            }
            if "parents" in status
            else {}
        ),
    }
    sim.put({**found, "status": said})


def parent(*conditions: Manifest) -> Manifest:
    ref = {"group": "gateway.networking.k8s.io", "kind": "Gateway", **GATEWAY}
    return {"parents": [{"parentRef": ref, "conditions": list(conditions)}]}


ACCEPTED = {"type": "Accepted", "status": "True", "reason": "Accepted"}
REFUSED = {
    "type": "Accepted",
    "status": "False",
    "reason": "NotAllowedByListeners",
    "message": "no listener takes routes of this namespace",
}
UNRESOLVED = {
    "type": "ResolvedRefs",
    "status": "False",
    "reason": "BackendNotFound",
    "message": "Service test/shadow not found",
}


def test_a_parent_that_refuses_is_named_with_its_reason() -> None:
    sim = of_gateway()
    while HTTP_ROUTE not in sim.objects:
        sim.sync()
    say(sim, HTTP_ROUTE, parent(REFUSED))

    sim.settle()

    assert sim.phase == "Initializing"
    assert "waiting for the route" in promoted(sim)
    assert (
        "spec.service.gatewayRefs[1] (Gateway ingress/gw): Accepted is False "
        "(NotAllowedByListeners): no listener takes routes of this namespace"
    ) in promoted(sim)

    say(sim, HTTP_ROUTE, parent(ACCEPTED))
    sim.settle()
    assert sim.phase == "Initialized"
    assert "Accepted" not in promoted(sim)


def test_a_gateway_that_does_not_exist_says_nothing_and_holds_nobody() -> None:
    sim = of_gateway()

    sim.settle()

    assert sim.phase == "Initialized"


def test_a_backend_that_is_missing_is_said_and_holds_nobody() -> None:
    sim = of_gateway()
    while HTTP_ROUTE not in sim.objects:
        sim.sync()
    say(sim, HTTP_ROUTE, parent(ACCEPTED, UNRESOLVED))

    sim.settle()

    assert sim.phase == "Initialized"
    assert "ResolvedRefs is False (BackendNotFound): Service test/shadow not found" in promoted(
        sim
    )


def test_what_was_said_of_an_older_route_says_nothing() -> None:
    sim = of_gateway()
    while HTTP_ROUTE not in sim.objects:
        sim.sync()
    say(sim, HTTP_ROUTE, parent({**REFUSED, "observedGeneration": 0}))

    sim.settle()

    assert "Accepted is False" not in promoted(sim)


def test_a_proxy_that_contour_refuses_is_not_in_force() -> None:
    sim = Simulation(parent=canary(provider="contour"))
    while PROXY not in sim.objects:
        sim.sync()
    error = {"type": "ServiceError", "reason": "ServiceUnresolvedReference", "message": "no port"}
    valid = {"type": "Valid", "status": "False", "errors": [error]}
    say(sim, PROXY, {"currentStatus": "invalid", "description": "see", "conditions": [valid]})

    sim.settle()

    assert sim.phase == "Initializing"
    assert "HTTPProxy podinfo: invalid: ServiceUnresolvedReference: no port" in promoted(sim)

    say(sim, PROXY, {"currentStatus": "orphaned", "description": "no root includes it"})
    sim.settle()
    assert sim.phase == "Initialized"
    assert "HTTPProxy podinfo: orphaned: no root includes it" in promoted(sim)


def test_a_route_that_is_never_in_force_ends_the_run() -> None:
    sim = of_gateway(progressDeadlineSeconds=90, analysis=analysis(interval="10s"))
    sim.settle()
    sim.set_image("app:2")
    sim.settle()
    before = sim.status["canaryWeight"]
    say(sim, HTTP_ROUTE, parent(REFUSED))

    sim.run(60)
    assert sim.phase == "Progressing"
    assert sim.status["canaryWeight"] == before
    assert sim.status["waiting"]["on"] == "route"

    sim.run(120, until="Failed")
    failure = sim.status["failure"]
    assert failure["reason"] == "RouteNotInForce"
    assert "NotAllowedByListeners" in failure["message"]
    assert "90 s" in failure["message"]


def test_a_route_that_comes_in_time_is_no_longer_waited_for() -> None:
    sim = of_gateway(progressDeadlineSeconds=90, analysis=analysis(interval="10s"))
    sim.settle()
    sim.set_image("app:2")
    sim.settle()
    say(sim, HTTP_ROUTE, parent(REFUSED))
    sim.run(60)

    seen: list[int] = []
    for _ in range(60):
        say(sim, HTTP_ROUTE, parent(ACCEPTED))
        sim.sync()
        seen.append(sim.status["canaryWeight"])
        sim.pass_time(2)

    assert sim.phase == "Succeeded"
    assert max(seen) == 50


def test_the_window_of_the_checks_begins_when_the_route_is_seen() -> None:
    sim = of_gateway(analysis=analysis(interval="10s"))
    sim.settle()
    sim.set_image("app:2")
    sim.settle()
    say(sim, HTTP_ROUTE, parent(REFUSED))
    sim.settle()
    assert sim.status["waiting"]["on"] == "route"
    weight, asked = sim.status["canaryWeight"], len(sim.queries)

    sim.pass_time(8)  # nothing happens, so nobody looks
    say(sim, HTTP_ROUTE, parent(ACCEPTED))
    sim.settle()
    sim.pass_time(8)
    sim.settle()
    assert (sim.status["canaryWeight"], len(sim.queries)) == (weight, asked)

    sim.pass_time(2)
    sim.settle()
    assert len(sim.queries) > asked


def test_an_object_that_is_not_there_is_named() -> None:
    sim = initialized()
    sim.delete("VirtualService", "podinfo")
    sim.lose_children = {"podinfo"}
    sim.set_image("app:2")
    sim.run(30)

    assert "waiting for the route: VirtualService podinfo is not there yet" in promoted(sim)


@pytest.mark.parametrize("state", ["Rejected", 3])
def test_a_table_that_gloo_rejects_is_said(state: object) -> None:
    from burgee.api.canary import Canary
    from burgee.routers.trouble import trouble_of

    table = {
        "apiVersion": "gateway.solo.io/v1",
        "kind": "RouteTable",
        "metadata": {"name": "podinfo"},
        "status": {
            "statuses": {
                "gloo-system": {"state": state, "reason": "no such upstream"},
                "other": {"state": "Accepted"},
            }
        },
    }
    said = trouble_of(table, Canary.model_validate(canary()))

    assert said == "RouteTable podinfo: no such upstream"


def refused_set_up() -> Simulation:
    """A Canary whose route its Gateway does not take, from the start."""
    sim = of_gateway()
    while HTTP_ROUTE not in sim.objects:
        sim.sync()
    say(sim, HTTP_ROUTE, parent(REFUSED))
    sim.settle()
    return sim


def test_a_set_up_whose_route_is_refused_says_so_past_the_deadline_and_only_once() -> None:
    sim = refused_set_up()
    assert sim.status["waiting"]["on"] == "route"
    before = len(sim.events)

    sim.run(3000)

    assert sim.phase == "Initializing"
    assert sim.replicas("podinfo") == 2
    assert "for more than 60 s" in promoted(sim)
    (told,) = sim.events[before:]
    assert told.type.value == "Warning"
    assert "The set-up does not come to an end: waiting for the route" in told.message
    assert "NotAllowedByListeners" in told.message
    assert sim.last is not None
    assert sim.last.resync_after_seconds is None

    say(sim, HTTP_ROUTE, parent(ACCEPTED))
    sim.settle()
    assert sim.phase == "Initialized"


def test_a_primary_that_does_not_come_up_is_told_the_same_way() -> None:
    sim = Simulation(never_ready={"app:1"})

    sim.run(3000)

    assert sim.phase == "Initializing"
    (told,) = [e for e in sim.events if e.type.value == "Warning"]
    assert "The set-up does not come to an end: " in told.message
    assert "for more than 60 s" in told.message
    sim.never_ready.clear()
    sim.settle()
    assert sim.phase == "Initialized"


def test_a_promotion_whose_last_route_is_refused_fails_and_knows_what_the_primary_runs() -> None:
    sim = of_gateway(analysis=analysis(stepWeight=50, maxWeight=50))
    while HTTP_ROUTE not in sim.objects:
        sim.sync()
    say(sim, HTTP_ROUTE, parent(ACCEPTED))
    sim.settle()
    sim.set_image("app:2")
    for _ in range(60):
        sim.sync()
        if sim.phase == "Finalising":
            break
        say(sim, HTTP_ROUTE, parent(ACCEPTED))
        sim.pass_time(30)
    assert sim.phase == "Finalising"
    say(sim, HTTP_ROUTE, parent(REFUSED))
    sim.settle()
    assert sim.phase == "Finalising"

    sim.run(900, until="Failed")

    assert sim.status["failure"]["reason"] == "RouteNotInForce"
    assert "NotAllowedByListeners" in sim.status["failure"]["message"]
    assert sim.status["lastPromotedSpec"] == sim.status["lastAppliedSpec"]
    assert sim.image("podinfo-primary") == "app:2"
    assert sim.replicas("podinfo") == 2, "the route is not seen to let go of the target"

    say(sim, HTTP_ROUTE, parent(ACCEPTED))
    sim.settle()
    assert (sim.phase, sim.replicas("podinfo")) == ("Failed", 0)
    sim.set_image("app:3")
    for _ in range(60):
        sim.sync()
        say(sim, HTTP_ROUTE, parent(ACCEPTED))
        sim.pass_time(30)
    assert sim.phase == "Succeeded"


def test_a_route_that_is_refused_holds_no_deletion() -> None:
    sim = refused_set_up()
    sim.edit(revertOnDeletion=True)
    head = {**sim.parent["metadata"], "deletionTimestamp": sim.now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    sim.parent = {**sim.parent, "metadata": head}

    assert end(sim.observe(), sim.now).finalized
