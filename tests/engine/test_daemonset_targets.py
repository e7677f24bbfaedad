"""DaemonSets as targets, and what no target can be."""

from typing import Any

import pytest
from simulation import Simulation, canary, daemonset, scaled_object
from target_simulations import KEDA, PHASES, ZERO, daemonset_canary, iterations, selector, settled

from burgee.engine.decide import plan
from burgee.engine.phases.ending import end
from burgee.metrics.model import Sample


@pytest.mark.parametrize(
    ("provider", "plan_", "routes"),
    [
        pytest.param("istio", canary()["spec"]["analysis"], [0, 25, 50, 0], id="weights"),
        pytest.param("istio", iterations(), [0, 100, 0], id="blue-green"),
        pytest.param("kubernetes", iterations(), [], id="services alone"),
    ],
)
def test_a_daemonset_is_released_and_rests_on_no_node(
    provider: str, plan_: dict[str, Any], routes: list[int]
) -> None:
    parent = daemonset_canary(provider=provider, analysis=plan_)
    sim = settled(Simulation(parent=parent, target=daemonset()))
    assert selector(sim, "podinfo") == ZERO
    assert selector(sim, "podinfo-primary") == {}

    sim.set_image("app:2")
    sim.run(90, until="Succeeded")
    sim.settle()

    assert sim.phases == PHASES
    assert sim.routes == routes
    assert sim.image("podinfo-primary") == "app:2"
    assert selector(sim, "podinfo") == ZERO
    assert selector(sim, "podinfo-primary") == {}
    assert sim.status["lastAppliedSpec"] == sim.status["lastPromotedSpec"]


def test_a_daemonset_runs_on_its_nodes_while_it_gets_traffic() -> None:
    sim = settled(Simulation(parent=daemonset_canary(), target=daemonset()))

    sim.set_image("app:2")
    sim.settle()

    assert sim.status["canaryWeight"] == 25
    assert selector(sim, "podinfo") == {}


def test_a_daemonset_that_lost_its_scale_to_zero_gets_it_back_without_a_run() -> None:
    sim = settled(Simulation(parent=daemonset_canary(), target=daemonset()))

    sim.put(daemonset())
    sim.settle()

    assert selector(sim, "podinfo") == ZERO
    assert sim.phases == ["Initializing", "Initialized"]


def test_a_primary_daemonset_that_is_deleted_comes_back_on_its_nodes() -> None:
    sim = settled(Simulation(parent=daemonset_canary(), target=daemonset()))

    sim.delete("DaemonSet", "podinfo-primary")
    sim.settle()

    assert selector(sim, "podinfo-primary") == {}


def test_a_daemonset_that_never_gets_ready_ends_at_the_deadline_of_the_run() -> None:
    sim = settled(Simulation(parent=daemonset_canary(), target=daemonset()))
    sim.never_ready.add("app:2")
    before = sim.now

    sim.set_image("app:2")
    sim.run(120, until="Failed")
    sim.settle()

    assert 60 <= (sim.now - before).total_seconds() < 92
    assert sim.routes == [0]
    assert sim.image("podinfo-primary") == "app:1"
    assert selector(sim, "podinfo") == ZERO


def test_a_daemonset_that_dies_under_traffic_late_in_a_run_has_its_whole_deadline() -> None:
    slow = {**canary()["spec"]["analysis"], "stepWeight": 5}
    sim = settled(Simulation(parent=daemonset_canary(analysis=slow), target=daemonset()))
    sim.set_image("app:2")
    sim.run(85)
    weight = sim.status["canaryWeight"]
    assert weight >= 35
    sim.never_ready.add("app:2")
    sim.controllers()

    sim.run(45)
    assert (sim.phase, sim.status["canaryWeight"]) == ("Progressing", weight)
    sim.run(60, until="Failed")

    assert sim.routes[-1] == 0


def test_a_failed_check_takes_a_daemonset_off_its_nodes() -> None:
    sim = settled(Simulation(parent=daemonset_canary(), target=daemonset()))
    sim.measure = lambda _: Sample(value=1.0)

    sim.set_image("app:2")
    sim.run(60, until="Failed")
    sim.settle()

    assert selector(sim, "podinfo") == ZERO
    assert sim.image("podinfo-primary") == "app:1"


def test_an_edit_between_the_look_and_the_patch_keeps_a_daemonset_where_it_is() -> None:
    sim = settled(Simulation(parent=daemonset_canary(), target=daemonset()))
    sim.put(daemonset())
    observed = sim.observe()
    sim.put(daemonset("app:2"))
    decision = plan(observed, sim.now).decision
    assert decision is not None

    sim._effects(decision)

    assert selector(sim, "podinfo") == {}


def test_a_daemonset_whose_pods_are_replaced_by_hand_is_refused() -> None:
    target = daemonset(updateStrategy={"type": "OnDelete"})
    sim = Simulation(parent=daemonset_canary(), target=target)
    sim.settle()

    found = sim.condition("Accepted")
    assert found is not None
    assert (found["reason"], sim.phase) == ("UnsupportedTarget", "Initializing")
    assert ("DaemonSet", "podinfo-primary") not in sim.objects


@pytest.mark.parametrize("parent", [daemonset_canary(autoscalerRef=KEDA)])
def test_a_scaler_of_what_nothing_can_scale_is_refused(parent: dict[str, Any]) -> None:
    sim = Simulation(parent=parent, target=daemonset(), others=[scaled_object()])
    sim.settle()

    found = sim.condition("Accepted")
    assert found is not None
    assert found["reason"] == "UnsupportedScaler"
    assert "DaemonSet" in found["message"]


def test_deletion_with_revert_brings_a_daemonset_back_first() -> None:
    parent = daemonset_canary(revertOnDeletion=True)
    sim = settled(Simulation(parent=parent, target=daemonset()))

    first = end(sim.observe(), sim.now)
    assert not first.finalized
    sim._effects(first)
    sim.controllers()

    assert selector(sim, "podinfo") == {}
    assert end(sim.observe(), sim.now).finalized
