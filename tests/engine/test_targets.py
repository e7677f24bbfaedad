"""Whole releases of targets other than a Deployment, and with KEDA."""

import copy
from typing import Any

import pytest
from simulation import Simulation, canary, daemonset, scaled_object, service

from burgee.engine.decide import plan
from burgee.engine.ending import end
from burgee.metrics.model import Sample

PHASES = ["Initializing", "Initialized", "Progressing", "Promoting", "Finalising", "Succeeded"]
ZERO = {"flagger.app/scale-to-zero": "true"}
APP = "podinfo"
PAUSED = "autoscaling.keda.sh/paused-replicas"
KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "podinfo-so"}


def daemonset_canary(**spec: Any) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "podinfo"}
    return canary(targetRef=reference, **spec)


def service_canary(**spec: Any) -> dict[str, Any]:
    reference = {"apiVersion": "v1", "kind": "Service", "name": "podinfo"}
    return canary(targetRef=reference, **spec)


def iterations(count: int = 2, **fields: Any) -> dict[str, Any]:
    return {"interval": "10s", "threshold": 2, "iterations": count, **fields}


def settled(sim: Simulation) -> Simulation:
    sim.settle()
    assert sim.phase == "Initialized"
    return sim


def selector(sim: Simulation, name: str) -> dict[str, str]:
    spec = sim.get("DaemonSet", name)["spec"]["template"]["spec"]
    return dict(spec.get("nodeSelector") or {})


def paused(sim: Simulation, name: str = "podinfo-so") -> str | None:
    found = sim.get("ScaledObject", name)["metadata"].get("annotations") or {}
    return found.get(PAUSED)


def deploy(sim: Simulation, version: str) -> None:
    """Points the user's Service to other pods."""
    found = copy.deepcopy(sim.get("Service", "podinfo"))
    found["spec"]["selector"]["version"] = version
    sim.put(found)


def versions(sim: Simulation) -> tuple[str, ...]:
    """The versions behind primary and canary."""
    names = ("podinfo-primary", "podinfo-canary")
    return tuple(sim.get("Service", n)["spec"]["selector"]["version"] for n in names)


# ---- DaemonSets


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


# ---- Services


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


# ---- KEDA


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
