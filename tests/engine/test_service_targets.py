"""Services as targets."""

import copy
from typing import Any

import pytest
from simulation import Simulation, canary, service
from target_simulations import (
    APP,
    PHASES,
    deploy,
    iterations,
    service_canary,
    settled,
    versions,
)

from burgee.engine.phases.ending import end
from burgee.metrics.model import Sample


def test_a_service_with_a_cluster_ip_is_copied_and_left_alone() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service()))

    assert sim.get("Service", "podinfo")["spec"] == service()["spec"]
    assert versions(sim) == ("1", "1")
    for name in ("podinfo-primary", "podinfo-canary"):
        found = sim.get("Service", name)
        assert found["metadata"]["annotations"] == {"keep": "me"}
        assert found["spec"]["ports"] == service()["spec"]["ports"]
        assert found["spec"]["clusterIP"] != "10.9.9.9"


@pytest.mark.parametrize(
    ("provider", "plan_", "routes"),
    [
        pytest.param("istio", canary()["spec"]["analysis"], [0, 25, 50, 0], id="weights"),
        pytest.param("istio", iterations(), [0, 100, 0], id="blue-green"),
        pytest.param("kubernetes", iterations(), [], id="services alone"),
    ],
)
def test_a_service_is_released(provider: str, plan_: dict[str, Any], routes: list[int]) -> None:
    parent = service_canary(provider=provider, analysis=plan_)
    sim = settled(Simulation(parent=parent, target=service()))

    deploy(sim, "2")
    sim.settle()
    assert versions(sim) == ("1", "2")
    sim.run(90, until="Succeeded")
    sim.settle()

    assert sim.phases == PHASES
    assert sim.routes == routes
    assert versions(sim) == ("2", "2")
    assert sim.get("Service", "podinfo")["spec"]["selector"]["version"] == "2"


def test_a_service_that_fails_keeps_its_primary() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service()))
    sim.measure = lambda _: Sample(value=1.0)

    deploy(sim, "2")
    sim.run(90, until="Failed")
    sim.settle()

    assert versions(sim) == ("1", "2")
    assert sim.routes == [0, 25, 0]


def test_a_newer_service_gets_no_traffic_before_the_run_restarts() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service()))
    deploy(sim, "2")
    sim.settle()
    assert sim.routes == [0, 25]

    deploy(sim, "3")
    sim.sync()
    assert versions(sim) == ("1", "2")
    assert sim.routes == [0, 25, 0]
    sim.run(90, until="Succeeded")

    assert versions(sim) == ("3", "3")


def test_a_copy_behind_a_route_that_is_stuck_stays_what_it_was_let_in_as() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service()))
    deploy(sim, "2")
    sim.settle()
    sim.lose_children.add("podinfo")

    deploy(sim, "3")
    sim.run(5)
    assert sim.status["canaryWeight"] == 0
    assert versions(sim) == ("1", "2")
    sim.lose_children.clear()
    sim.run(90, until="Succeeded")

    assert sim.routes == [0, 25, 0, 25, 50, 0]
    assert versions(sim) == ("3", "3")


def test_a_copy_that_is_edited_under_traffic_is_put_right() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service()))
    deploy(sim, "2")
    sim.settle()
    found = copy.deepcopy(sim.get("Service", "podinfo-canary"))
    found["spec"]["selector"]["version"] = "9"
    sim.put(found)

    sim.sync()

    assert versions(sim) == ("1", "2")
    assert sim.routes == [0, 25]


def test_a_copy_that_is_not_applied_gets_no_traffic() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service()))
    sim.lose_children.add("podinfo-canary")

    deploy(sim, "2")
    sim.run(30)

    assert sim.phase == "Progressing"
    assert sim.routes == [0]


def test_edited_copies_are_put_right() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service()))
    found = copy.deepcopy(sim.get("Service", "podinfo-canary"))
    found["spec"]["selector"]["extra"] = "1"
    sim.put(found)

    sim.settle()

    assert versions(sim) == ("1", "1")
    assert "extra" not in sim.get("Service", "podinfo-canary")["spec"]["selector"]


def test_a_primary_service_that_lost_its_owner_is_taken_over_without_one() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service()))
    orphan = copy.deepcopy(sim.get("Service", "podinfo-primary"))
    del orphan["metadata"]["ownerReferences"]
    sim.put(orphan)

    sim.put(
        {**service(sessionAffinity="ClientIP"), "metadata": sim.get("Service", APP)["metadata"]}
    )
    deploy(sim, "2")
    sim.run(90, until="Succeeded")

    assert versions(sim) == ("2", "2")
    assert sim.get("Service", "podinfo-primary")["spec"]["sessionAffinity"] == "ClientIP"
    assert "ownerReferences" not in sim.get("Service", "podinfo-primary")["metadata"]


def test_a_suspended_service_canary_keeps_all_of_its_copies() -> None:
    sim = settled(Simulation(parent=service_canary(), target=service(sessionAffinity="ClientIP")))
    before = copy.deepcopy(sim.objects)

    sim.edit(suspend=True)
    sim.settle()

    assert before == sim.objects


def test_a_service_that_goes_leaves_the_target_as_it_is() -> None:
    parent = service_canary(revertOnDeletion=True)
    sim = settled(Simulation(parent=parent, target=service()))
    last = '{"spec": {"selector": {"app": "old"}}}'
    found = copy.deepcopy(sim.get("Service", "podinfo"))
    found["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": last}
    sim.put(found)

    farewell = end(sim.observe(), sim.now)

    assert farewell.finalized
    assert not [e for e in farewell.effects if getattr(e, "manifest", {}).get("kind") == "Service"]


def test_a_service_that_changed_before_it_goes_is_not_waited_for() -> None:
    sim = settled(Simulation(parent=service_canary(revertOnDeletion=True), target=service()))
    deploy(sim, "2")

    assert end(sim.observe(), sim.now).finalized
