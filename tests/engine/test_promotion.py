"""Promotions that do not go well, and deletions."""

import copy

import pytest
from simulation import Manifest, Simulation, canary

from burgee.engine.phases.ending import Farewell, end


def promoting(**spec: object) -> Simulation:
    sim = Simulation(parent=canary(**spec))
    sim.settle()
    sim.set_image("app:2")
    for _ in range(40):
        sim.pass_time(1)
        sim.sync()
        if sim.phase == "Promoting":
            return sim
    raise AssertionError(sim.status)


def break_primary(sim: Simulation) -> None:
    """The primary's own rollout deadline passes."""
    found = copy.deepcopy(sim.get("Deployment", "podinfo-primary"))
    found["status"]["conditions"] = [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    ]
    found["status"]["availableReplicas"] = 0
    sim.stuck.add("podinfo-primary")
    sim.put(found)


def test_a_broken_primary_leaves_all_traffic_with_the_canary_that_passed() -> None:
    sim = promoting()
    sim.sync()
    assert sim.image("podinfo-primary") == "app:2"
    break_primary(sim)
    sim.settle()

    assert sim.phase == "Failed"
    assert sim.routes[-1] == 100
    assert sim.status["canaryWeight"] == 100
    assert sim.status["failure"]["reason"] == "PromotionFailed"
    assert sim.replicas("podinfo") == 2


def test_after_a_failed_promotion_a_fix_can_ship() -> None:
    sim = promoting()
    sim.sync()
    break_primary(sim)
    sim.settle()

    sim.set_image("app:3")
    sim.settle()
    assert sim.phase == "Progressing"
    sim.stuck.clear()
    sim.controllers()
    sim.run(200, until="Succeeded")
    sim.settle()

    assert sim.image("podinfo-primary") == "app:3"
    assert sim.routes[-1] == 0
    assert sim.replicas("podinfo") == 0


def test_a_primary_that_cannot_be_updated_ends_as_a_rollback_to_what_it_runs() -> None:
    sim = promoting()
    sim.lose_children.add("podinfo-primary")
    sim.run(200, until="Failed")
    sim.settle()

    assert sim.image("podinfo-primary") == "app:1"
    assert sim.routes[-1] == 0
    assert "could not be updated" in sim.status["failure"]["message"]


def test_without_analysis_a_primary_that_cannot_be_updated_is_not_waited_for_for_ever() -> None:
    sim = Simulation(parent=canary(skipAnalysis=True))
    sim.settle()
    sim.lose_children.add("podinfo-primary")
    sim.set_image("app:2")
    sim.run(200, until="Failed")
    sim.settle()

    assert sim.image("podinfo-primary") == "app:1"
    assert sim.replicas("podinfo") == 0


def test_a_newer_revision_before_the_primary_was_touched_restarts_the_run() -> None:
    sim = promoting()
    sim.set_image("app:3")
    sim.settle()

    assert sim.phase == "Progressing"
    assert sim.image("podinfo-primary") == "app:1"
    sim.run(200, until="Succeeded")
    assert sim.image("podinfo-primary") == "app:3"


def test_a_newer_revision_after_that_is_run_when_this_one_is_done() -> None:
    sim = promoting()
    sim.sync()
    assert sim.image("podinfo-primary") == "app:2"
    sim.set_image("app:3")
    sim.settle()

    assert "Succeeded" in sim.phases
    sim.run(200, until="Succeeded")
    assert sim.image("podinfo-primary") == "app:3"


def test_a_newer_revision_with_more_replicas_does_not_hold_the_promotion_for_ever() -> None:
    sim = promoting()
    sim.sync()
    assert sim.image("podinfo-primary") == "app:2"
    target = copy.deepcopy(sim.get("Deployment", "podinfo"))
    target["spec"]["replicas"] = 7
    sim.put(target)
    sim.set_image("app:3")

    sim.run(200, until="Succeeded")
    sim.run(200, until="Succeeded")
    sim.settle()
    sim.run(200, until="Succeeded")

    assert sim.image("podinfo-primary") == "app:3"
    assert sim.replicas("podinfo-primary") == 7


def test_a_canary_that_dies_while_the_primary_is_good_gives_all_traffic_to_the_primary() -> None:
    analysis = {**canary()["spec"]["analysis"], "stepWeightPromotion": 10}
    sim = promoting(analysis=analysis)
    sim.settle()
    assert sim.phase == "Promoting"
    found = copy.deepcopy(sim.get("Deployment", "podinfo"))
    found["status"]["conditions"] = [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    ]
    sim.stuck.add("podinfo")
    sim.put(found)
    sim.settle()

    assert sim.routes[-1] == 0
    assert sim.phase == "Succeeded"


def test_a_primary_that_breaks_at_the_very_end_hands_back_to_the_canary() -> None:
    sim = promoting()
    sim.lose_children.add("podinfo")
    sim.settle()
    assert sim.phase == "Finalising"
    break_primary(sim)
    sim.lose_children.clear()
    sim.settle()

    assert sim.phase == "Failed"
    assert sim.routes[-1] == 100


# ---- deletion


def deleted(**spec: object) -> Simulation:
    sim = Simulation(parent=canary(**spec))
    sim.settle()
    assert sim.replicas("podinfo") == 0
    stamp = sim.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    sim.parent["metadata"] = {**sim.parent["metadata"], "deletionTimestamp": stamp}
    return sim


def farewell(sim: Simulation) -> Farewell:
    said = end(sim.observe(), sim.now)
    sim._effects(said)
    sim.parent["status"] = said.status.as_manifest()
    sim.controllers()
    return said


def test_without_revert_a_canary_goes_at_once() -> None:
    said = farewell(deleted())

    assert said.finalized
    assert not said.effects


def test_with_revert_the_target_is_up_before_the_canary_goes() -> None:
    sim = deleted(revertOnDeletion=True)
    sim.never_ready.add("app:1")

    first = farewell(sim)
    assert not first.finalized
    assert sim.status["phase"] == "Terminating"
    assert sim.replicas("podinfo") == 2
    assert not farewell(sim).finalized

    sim.never_ready.clear()
    sim.controllers()
    assert farewell(sim).finalized


def test_with_revert_a_smaller_target_gets_the_pods_of_the_primary() -> None:
    """A manifest with its own replicas was applied, and nobody has looked at it since."""
    sim = deleted(revertOnDeletion=True)
    target = sim.get("Deployment", "podinfo")
    sim.put({**target, "spec": {**target["spec"], "replicas": 1}})
    sim.controllers()

    assert not farewell(sim).finalized
    assert sim.replicas("podinfo") == 2
    assert farewell(sim).finalized


def test_a_target_that_never_comes_up_does_not_hold_the_deletion_for_ever() -> None:
    sim = deleted(revertOnDeletion=True)
    sim.never_ready.add("app:1")
    farewell(sim)

    waiting = farewell(sim)
    assert not waiting.finalized
    assert waiting.resync_after_seconds is not None
    sim.pass_time(waiting.resync_after_seconds)

    assert farewell(sim).finalized


def test_without_a_target_a_deletion_ends_at_once() -> None:
    sim = deleted(revertOnDeletion=True)
    sim.delete("Deployment", "podinfo")

    assert farewell(sim).finalized


@pytest.mark.parametrize("kubectl", [True, False])
def test_a_service_and_a_route_of_the_user_are_given_back(kubectl: bool) -> None:
    route: Manifest = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "podinfo", "namespace": "test"},
        "spec": {
            "hosts": ["mine.test"],
            "http": [{"route": [{"destination": {"host": "podinfo"}}]}],
        },
    }
    apex: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": "test"},
        "spec": {"selector": {"app": "podinfo"}, "ports": [{"name": "web", "port": 80}]},
    }
    if kubectl:
        record = {
            "kubectl.kubernetes.io/last-applied-configuration": '{"spec":{"hosts":["mine.test"]}}'
        }
        route["metadata"]["annotations"] = record
    sim = Simulation(parent=canary(revertOnDeletion=True), others=[apex, route])
    sim.settle()
    assert sim.get("Service", "podinfo")["spec"]["selector"] == {"app": "podinfo-primary"}
    assert sim.get("VirtualService", "podinfo")["spec"]["hosts"] == ["podinfo"]
    assert "ownerReferences" not in sim.get("Service", "podinfo")["metadata"]
    stamp = sim.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    sim.parent["metadata"] = {**sim.parent["metadata"], "deletionTimestamp": stamp}

    farewell(sim)
    last = farewell(sim)

    given = {e.manifest["kind"]: e.manifest for e in last.effects if hasattr(e, "manifest")}
    assert last.finalized
    assert given["Service"]["spec"]["selector"] == {"app": "podinfo"}
    assert given["VirtualService"]["spec"]["hosts"] == ["mine.test"]
