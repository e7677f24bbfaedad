"""Deployments that KEDA scales."""

import copy
from typing import Any

import pytest
from simulation import Simulation, canary, scaled_object
from target_simulations import (
    KEDA,
    PAUSED,
    paused,
    settled,
)

from burgee.engine.phases.ending import end
from burgee.metrics.model import Sample


def keda(**spec: Any) -> Simulation:
    return Simulation(parent=canary(autoscalerRef=KEDA), others=[scaled_object(**spec)])


def test_keda_keeps_the_target_at_zero_between_runs_and_the_primary_going() -> None:
    sim = settled(keda())

    assert paused(sim) == "0"
    assert paused(sim, "podinfo-so-primary") is None
    assert sim.replicas("podinfo") == 0
    assert sim.replicas("podinfo-primary") == 2
    built = sim.get("ScaledObject", "podinfo-so-primary")
    assert built["spec"]["triggers"][0]["metadata"] == {"query": "x{app='podinfo-primary'}"}
    assert built["metadata"]["labels"]["scaledobject.keda.sh/name"] == "podinfo-so-primary"


def test_keda_is_freed_for_a_run_and_paused_after_it() -> None:
    sim = settled(keda())

    sim.set_image("app:2")
    sim.settle()
    assert paused(sim) is None
    assert sim.replicas("podinfo") == 2
    sim.run(60, until="Succeeded")
    sim.settle()

    assert paused(sim) == "0"
    assert sim.replicas("podinfo") == 0
    assert sim.image("podinfo-primary") == "app:2"


def test_the_target_is_not_paused_before_the_route_gives_it_nothing() -> None:
    sim = settled(keda())
    sim.set_image("app:2")
    sim.settle()
    sim.measure = lambda _: Sample(value=1.0)
    sim.lose_children.add("podinfo")

    sim.run(60, until="Failed")
    sim.settle()
    assert sim.routes[-1] == 25
    assert paused(sim) is None
    assert sim.replicas("podinfo") == 2
    sim.lose_children.clear()
    sim.settle()

    assert paused(sim) == "0"


@pytest.mark.parametrize(
    ("image", "annotations", "expected"),
    [
        pytest.param("app:1", {}, "0", id="lost at rest"),
        pytest.param("app:2", {PAUSED: "0"}, None, id="added in a run"),
    ],
)
def test_a_lost_pause_heals(image: str, annotations: dict[str, str], expected: str | None) -> None:
    sim = settled(keda())
    sim.set_image(image)
    sim.settle()
    found = copy.deepcopy(sim.get("ScaledObject", "podinfo-so"))
    found["metadata"]["annotations"] = annotations
    sim.put(found)
    sim.controllers()

    sim.settle()

    assert paused(sim) == expected
    assert sim.replicas("podinfo") == (0 if expected else 2)


def test_the_copy_follows_at_promotion_only_and_is_left_out_when_it_is_as_wanted() -> None:
    sim = settled(keda())
    sim.put({**sim.get("ScaledObject", "podinfo-so"), "spec": scaled_object()["spec"]})
    changed = copy.deepcopy(sim.get("ScaledObject", "podinfo-so"))
    changed["spec"]["cooldownPeriod"] = 7
    sim.put(changed)

    sim.settle()
    assert "cooldownPeriod" not in sim.get("ScaledObject", "podinfo-so-primary")["spec"]
    assert sim.last is not None
    assert "ScaledObject" not in {child["kind"] for child in sim.last.children}
    sim.set_image("app:2")
    sim.run(60, until="Succeeded")

    assert sim.get("ScaledObject", "podinfo-so-primary")["spec"]["cooldownPeriod"] == 7


def test_a_copy_that_nobody_claims_is_claimed_as_it_is() -> None:
    sim = settled(keda())
    taken = copy.deepcopy(sim.get("ScaledObject", "podinfo-so-primary"))
    del taken["metadata"]["labels"]["controller-uid"]
    taken["spec"]["cooldownPeriod"] = 7
    sim.put(taken)

    sim.settle()

    found = sim.get("ScaledObject", "podinfo-so-primary")
    assert found["metadata"]["labels"]["controller-uid"] == "canary-uid"
    assert found["spec"]["cooldownPeriod"] == 7


def test_a_copy_that_is_deleted_comes_back_unpaused() -> None:
    sim = settled(keda())

    sim.delete("ScaledObject", "podinfo-so-primary")
    sim.settle()

    assert paused(sim, "podinfo-so-primary") is None
    assert sim.replicas("podinfo-primary") == 2


def test_deletion_with_revert_frees_keda_and_gives_the_target_as_many_pods_as_the_primary() -> (
    None
):
    parent = canary(autoscalerRef=KEDA, revertOnDeletion=True)
    sim = settled(Simulation(parent=parent, others=[scaled_object()]))
    primary = copy.deepcopy(sim.get("Deployment", "podinfo-primary"))
    primary["spec"]["replicas"] = 4
    sim.put(primary)

    first = end(sim.observe(), sim.now)
    assert not first.finalized
    sim._effects(first)
    sim.controllers()

    assert paused(sim) is None
    assert sim.replicas("podinfo") == 4
    assert end(sim.observe(), sim.now).finalized


def test_a_failed_promotion_that_leaves_the_target_serving_keeps_keda_free() -> None:
    sim = settled(keda())
    status = {**sim.status, "phase": "Failed", "canaryWeight": 100}
    sim.parent = {**sim.parent, "status": status}
    found = copy.deepcopy(sim.get("ScaledObject", "podinfo-so"))
    assert paused(sim) == "0"

    sim.settle()

    assert paused(sim) is None
    assert found["spec"] == sim.get("ScaledObject", "podinfo-so")["spec"]


def test_a_missing_scaled_object_is_named() -> None:
    sim = Simulation(parent=canary(autoscalerRef=KEDA))
    sim.settle()

    found = sim.condition("Accepted")
    assert found is not None
    assert found["reason"] == "ScalerNotFound"


def test_an_unknown_kind_of_target_or_scaler_is_refused() -> None:
    for spec in (
        {"targetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "podinfo"}},
        {
            "targetRef": {
                "apiVersion": "serving.knative.dev/v1",
                "kind": "Service",
                "name": "podinfo",
            }
        },
    ):
        sim = Simulation(parent=canary(**spec))
        sim.settle()
        found = sim.condition("Accepted")
        assert found is not None
        assert found["reason"] == "UnsupportedTarget"
    sim = Simulation(parent=canary(autoscalerRef={**KEDA, "kind": "VPA"}))
    sim.settle()
    found = sim.condition("Accepted")
    assert found is not None
    assert found["reason"] == "UnsupportedScaler"
