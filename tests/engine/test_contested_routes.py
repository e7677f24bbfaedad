"""Routes of others for the same host: looked for before a route is written, and no more often."""

from typing import Any

import pytest
from simulation import Manifest, Simulation, analysis, canary, deployment, initialized

OLD, NEW = "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
TO = [{"destination": {"host": "other"}}]
GATE = {"port": 9898, "hosts": ["app.test"], "gateways": ["edge/public"]}


def rival(born: str = OLD, *, name: str = "other", **spec: Any) -> Manifest:
    return {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "test", "creationTimestamp": born},
        "spec": {"hosts": ["podinfo"], "http": [{"route": TO}], **spec},
    }


def at_gate(**rule: Any) -> Manifest:
    return rival(hosts=["app.test"], gateways=["edge/public"], http=[{"route": TO, **rule}])


def is_refused(sim: Simulation, field: str = "spec.service.name") -> bool:
    found = sim.condition("Accepted") or {}
    message = str(found.get("message", ""))
    assert not found or ("VirtualService other" in message and field in message)
    return found.get("reason") == "RouteConflict"


def told(sim: Simulation) -> list[str]:
    return [event.message for event in sim.events if "VirtualService other" in event.message]


def test_a_host_that_is_taken_is_refused_before_anything_is_made() -> None:
    sim = Simulation(rivals=[rival()])
    before = dict(sim.objects)

    sim.settle()

    assert is_refused(sim)
    assert sim.objects == before
    assert sim.phase == "Initializing"
    assert len(told(sim)) == 1
    assert sim.last is not None
    assert sim.last.resync_after_seconds

    sim.rivals.clear()
    sim.run(60, until="Initialized")
    assert sim.condition("Accepted") is None


def test_one_that_came_while_the_primary_starts_is_seen_before_the_route_is_written() -> None:
    sim = Simulation(parent=canary(), never_ready={"app:1"})
    sim.settle()
    assert sim.get("Deployment", "podinfo-primary")
    sim.rivals.append(rival())
    sim.never_ready.clear()

    sim.settle()

    assert is_refused(sim)
    assert ("VirtualService", "podinfo") not in sim.objects
    assert ("Service", "podinfo") not in sim.objects
    assert sim.replicas("podinfo") == 2


def test_one_that_came_first_by_a_moment_is_seen_at_the_end_of_the_set_up() -> None:
    sim = Simulation()
    while ("VirtualService", "podinfo") not in sim.objects:
        sim.sync()
    sim.rivals.append(rival())

    sim.settle()

    assert is_refused(sim)
    assert sim.phase == "Initializing"
    assert sim.replicas("podinfo") == 2


def test_a_younger_one_loses_by_itself() -> None:
    sim = Simulation()
    while ("VirtualService", "podinfo") not in sim.objects:
        sim.sync()
    sim.rivals.append(rival(NEW))

    sim.settle()

    assert sim.phase == "Initialized"


def test_a_look_is_taken_a_few_times_in_a_set_up_and_once_in_a_release() -> None:
    sim = initialized()
    assert 0 < sim.looks <= 4

    looks = sim.looks
    sim.set_image("app:2")
    sim.run(900, until="Succeeded")
    for _ in range(5):
        sim.pass_time(60)
        sim.sync()

    assert sim.weights[-1] == 0
    assert sim.looks == looks + 1


def test_cookies_and_copies_cost_no_more() -> None:
    affinity = {"cookieName": "c", "maxAge": 100}
    for more in ({"sessionAffinity": affinity}, {"mirror": True}):
        sim = initialized(analysis=analysis(**more))
        looks = sim.looks
        sim.set_image("app:2")
        sim.run(900, until="Succeeded")
        assert sim.looks == looks + 1


def test_a_host_that_is_added_is_looked_for_and_changes_nothing_where_it_is_taken() -> None:
    sim = initialized(service=GATE)
    sim.rivals.append(rival(hosts=["more.test"], gateways=["edge/public"]))
    before = sim.get("VirtualService", "podinfo")

    sim.edit(service={**GATE, "hosts": ["app.test", "more.test"]})
    sim.settle()

    assert is_refused(sim, "spec.service.hosts[1]")
    assert sim.get("VirtualService", "podinfo") == before
    assert sim.phase == "Initialized"

    sim.edit(service=GATE)
    sim.settle()
    assert sim.condition("Accepted") is None


def test_in_the_middle_of_a_run_weights_stay_where_they_are() -> None:
    sim = initialized(service=GATE)
    sim.set_image("app:2")
    sim.run(900, until="Progressing")
    sim.pass_time(1)
    sim.settle()
    weight = sim.status["canaryWeight"]
    sim.rivals.append(rival(hosts=["more.test"], gateways=["edge/public"]))

    sim.edit(service={**GATE, "hosts": ["more.test"]})
    for _ in range(5):
        sim.pass_time(60)
        sim.sync()

    assert is_refused(sim, "spec.service.hosts[0]")
    assert (sim.phase, sim.status["canaryWeight"]) == ("Progressing", weight)
    assert sim.get("VirtualService", "podinfo")["spec"]["hosts"] == ["app.test", "podinfo"]

    sim.rivals.clear()
    sim.run(900, until="Succeeded")


def test_a_route_that_exists_takes_no_host_from_a_younger_one() -> None:
    """It would come first, so that the other one's clients would move."""
    sim = initialized(service=GATE)
    sim.rivals.append(rival(NEW, hosts=["more.test"], gateways=["edge/public"]))

    sim.edit(service={**GATE, "hosts": ["more.test"]})
    sim.settle()

    assert is_refused(sim, "spec.service.hosts[0]")


def test_what_both_may_do_is_told_once_and_holds_up_nothing() -> None:
    limited = rival(http=[{"match": [{"sourceLabels": {"app": "a"}}], "route": TO}])
    sim = Simulation(rivals=[limited])

    sim.settle()

    assert sim.phase == "Initialized"
    found = sim.condition("Undisputed") or {}
    assert (found["status"], found["reason"]) == ("False", "SharedRequests")
    assert "spec.service.name: VirtualService other" in found["message"]
    assert told(sim) == [found["message"]]


def test_what_is_settled_is_forgotten_with_the_next_release() -> None:
    limited = rival(http=[{"match": [{"sourceLabels": {"app": "a"}}], "route": TO}])
    sim = Simulation(rivals=[limited])
    sim.settle()
    sim.rivals.clear()

    sim.set_image("app:2")
    sim.settle()

    assert sim.phase == "Progressing"
    assert sim.condition("Undisputed") is None


@pytest.mark.parametrize(
    ("service", "other"),
    [
        pytest.param({"port": 9898, "delegation": True}, rival(), id="delegate"),
        pytest.param(GATE, at_gate(match=[{"uri": {"prefix": "/api"}}]), id="other paths"),
        pytest.param(GATE, rival(hosts=["app.test"], gateways=["edge/two"]), id="other gateway"),
        pytest.param({"port": 9898}, rival(name="podinfo"), id="the one that is taken over"),
    ],
)
def test_legitimate_neighbours_are_not_even_told(service: Manifest, other: Manifest) -> None:
    sim = Simulation(parent=canary(service=service), rivals=[other])

    sim.settle()

    assert sim.phase == "Initialized"
    assert sim.condition("Undisputed") is None


def test_a_canary_that_comes_from_flagger_goes_on_beside_what_was_there_before() -> None:
    """What was written before says a little else; the conflict is older than burgee."""
    sim = initialized(service=GATE)
    route = sim.get("VirtualService", "podinfo")
    sim.put({**route, "spec": {**route["spec"], "gateways": ["edge/public", "mesh"]}})
    sim.rivals.append(at_gate())

    sim.settle()
    sim.set_image("app:2")
    sim.run(900, until="Succeeded")

    found = sim.condition("Undisputed") or {}
    assert "VirtualService other" in found["message"]


def test_a_user_who_names_their_own_route_is_not_bothered() -> None:
    ref = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "name": "web",
    }
    route = rival(
        name="web",
        http=[
            {
                "route": [
                    {"destination": {"host": "podinfo-primary"}, "weight": 100},
                    {"destination": {"host": "podinfo-canary"}, "weight": 0},
                ]
            }
        ],
    )
    sim = Simulation(parent=canary(routeRef=ref), target=deployment(), rivals=[rival()])
    sim.put(route)

    sim.settle()

    assert sim.phase == "Initialized"
    assert sim.looks == 0


def test_a_route_that_was_first_before_burgee_came_is_told_with_a_release_and_holds_up_nothing() -> (
    None
):
    sim = initialized()
    sim.rivals.append(rival())
    sim.settle()
    assert sim.condition("Undisputed") is None

    sim.set_image("app:2")
    sim.run(900, until="Succeeded")

    assert "VirtualService other" in (sim.condition("Undisputed") or {})["message"]
    assert len(told(sim)) == 1
