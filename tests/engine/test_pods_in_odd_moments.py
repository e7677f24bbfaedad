"""Provider kubernetes with weights, where something else happens at the same time."""

import copy
from dataclasses import replace

import pytest
from shared_pods import (
    BAD,
    CANARY_ONLY,
    HPA,
    PRIMARY_ONLY,
    SCALED,
    available,
    is_at_rest,
    is_paused,
    selector,
    until_weight,
    weighted,
)
from simulation import Simulation, analysis

from burgee.engine.decide import advance
from burgee.engine.effects import MergePatch
from burgee.engine.phases.ending import end

LABEL = "burgee.dev/apex"


def command(sim: Simulation, verb: str, value: str = "1") -> None:
    head = sim.parent["metadata"]
    annotations = {**head.get("annotations", {}), f"burgee.dev/{verb}": value}
    sim.parent = {**sim.parent, "metadata": {**head, "annotations": annotations}}


def iterations(count: int) -> dict[str, object]:
    plan = analysis(iterations=count)
    return {k: v for k, v in plan.items() if k not in {"stepWeight", "maxWeight"}}


def test_nothing_is_left_on_a_target_that_changes_its_provider_at_rest() -> None:
    sim = weighted()
    assert LABEL in str(sim.get("Deployment", "podinfo"))

    sim.edit(provider="istio")
    sim.settle()

    assert LABEL not in str(sim.get("Deployment", "podinfo"))
    sim.set_image("app:2")
    sim.run(120, until="Succeeded")
    assert LABEL not in str(sim.get("Deployment", "podinfo-primary"))


def test_a_provider_that_changes_in_a_run_takes_the_weight_over() -> None:
    sim = weighted()
    until_weight(sim, 60)

    sim.edit(provider="istio")
    for _ in range(20):
        sim.sync()
        assert sum(sim.behind().values()) >= 5

    assert selector(sim) == PRIMARY_ONLY
    assert sim.status["canaryWeight"] == 60
    assert not is_paused(sim)
    sim.run(120, until="Succeeded")
    sim.settle()
    is_at_rest(sim, 5)
    assert LABEL not in str(sim.get("Deployment", "podinfo"))


def test_a_weight_taken_back_by_hand_waits_for_the_primary_however_long_the_run_is() -> None:
    sim = weighted()
    until_weight(sim, 60)
    command(sim, "pause")
    sim.settle()
    sim.pass_time(600)
    sim.slow.add("podinfo-primary")

    command(sim, "set-weight", "0")
    sim.settle()

    assert sim.behind() == {"podinfo-primary": 2, "podinfo": 3}
    sim.slow.clear()
    sim.controllers()
    sim.settle()
    assert sim.behind() == {"podinfo-primary": 5}


def test_a_run_that_a_person_holds_is_not_looked_at_over_and_over() -> None:
    sim = weighted()
    until_weight(sim, 60)
    command(sim, "pause")

    sim.settle()

    assert sim.last is not None
    assert sim.last.quiet


def test_weights_become_iterations_late_in_a_run_without_a_gap() -> None:
    sim = weighted()
    until_weight(sim, 60)
    command(sim, "pause")
    sim.settle()
    sim.pass_time(600)
    sim.slow.add("podinfo-primary")

    sim.edit(analysis=iterations(2))
    sim.settle()

    assert sim.behind() == {"podinfo-primary": 2, "podinfo": 5}
    sim.pass_time(61)
    sim.settle()
    assert sim.behind() == {"podinfo-primary": 2}


def test_a_share_of_the_pods_is_enough_where_the_analysis_says_so() -> None:
    sim = weighted(replicas=10, stepWeight=40, maxWeight=40, canaryReadyThreshold=50)
    sim.set_image("app:2")
    sim.settle()
    sim.stuck.add("podinfo")
    sim.settle()

    available(sim, "podinfo", 3)
    sim.settle()

    assert sim.status["canaryWeight"] == 40
    assert sim.behind() == {"podinfo-primary": 7, "podinfo": 3}
    for _ in range(3):
        sim.pass_time(10)
        sim.settle()
    assert sim.phase in {"Promoting", "Finalising", "Succeeded"}


def test_a_share_of_the_primary_is_enough_where_the_analysis_says_so() -> None:
    sim = weighted(primaryReadyThreshold=50)
    sim.set_image("app:2")
    sim.settle()
    sim.stuck.add("podinfo-primary")
    available(sim, "podinfo-primary", 4)

    sim.stuck.clear()
    sim.slow.add("podinfo-primary")
    sim.run(300, until="Succeeded")
    sim.settle()

    assert selector(sim) == PRIMARY_ONLY


def test_a_pod_that_does_not_come_back_holds_nothing_at_rest() -> None:
    sim = weighted()
    until_weight(sim, 60)
    sim.measure = lambda _: BAD
    sim.slow.add("podinfo-primary")
    sim.run(40, until="Failed")
    sim.settle()

    sim.pass_time(61)
    sim.settle()

    assert sim.replicas("podinfo") == 0
    assert sim.replicas("podinfo-primary") == 5
    assert "replicaRatio" not in sim.status
    assert sim.last is not None
    assert sim.last.quiet


def test_pods_that_do_not_come_end_the_run() -> None:
    sim = weighted()
    until_weight(sim, 20)
    sim.pass_time(10)
    sim.sync()
    assert sim.status["canaryWeight"] == 40
    # Somebody takes every further pod away again, so that what is there is ready.
    for _ in range(30):
        target = copy.deepcopy(sim.get("Deployment", "podinfo"))
        target["spec"]["replicas"] = 1
        sim.put(target)
        sim.controllers()
        sim.sync()
        sim.pass_time(10)
        if sim.phase == "Failed":
            break

    assert sim.phase == "Failed"
    assert sim.status["failure"]["reason"] == "ProgressDeadlineExceeded"
    assert "pods" in sim.status["failure"]["message"]


def test_an_autoscaler_that_takes_pods_away_at_once_has_its_way() -> None:
    sim = weighted(others=(HPA,), spec=SCALED, stepWeight=50, maxWeight=50)
    sim.set_image("app:2")
    for _ in range(40):
        sim.sync()
        if sim.replicas("podinfo") > 2:
            target = copy.deepcopy(sim.get("Deployment", "podinfo"))
            target["spec"]["replicas"] = 2
            sim.put(target)
            sim.controllers()
        sim.pass_time(2)
        if sim.phase == "Succeeded":
            break

    assert sim.phase == "Succeeded"


def test_pods_of_the_run_before_are_not_what_the_user_asked_for() -> None:
    """A target that still goes to zero when the next revision comes says nothing of the primary."""
    sim = weighted()
    until_weight(sim, 60)
    sim.measure = lambda _: BAD
    # Its scaling to zero is refused, as the target changes in that moment.
    for _ in range(60):
        left = sim.replicas("podinfo")
        sim.sync()
        if sim.phase == "Failed" and selector(sim) == PRIMARY_ONLY and left:
            target = copy.deepcopy(sim.get("Deployment", "podinfo"))
            target["spec"]["replicas"] = left
            sim.put(target)
            if not is_paused(sim):
                break
        sim.pass_time(2)
    for _ in range(2):
        sim.sync()
        target = copy.deepcopy(sim.get("Deployment", "podinfo"))
        target["spec"]["replicas"] = left
        sim.put(target)
    sim.measure = lambda _: replace(BAD, value=100.0)
    sim.set_image("app:3")
    sim.controllers()

    sim.run(200, until="Succeeded")
    sim.settle()

    is_at_rest(sim, 5)


def test_a_primary_that_breaks_when_all_is_back_leaves_all_traffic_to_the_canary() -> None:
    sim = weighted()
    until_weight(sim, 60)
    sim.pass_time(10)
    while sim.phase != "Finalising" or selector(sim) != PRIMARY_ONLY:
        sim.sync()
    sim.stuck.add("podinfo-primary")
    primary = sim.get("Deployment", "podinfo-primary")
    exceeded = {"type": "Progressing", "status": "True", "reason": "ProgressDeadlineExceeded"}
    sim.put(
        {
            **primary,
            "status": {**primary["status"], "conditions": [exceeded], "availableReplicas": 1},
        }
    )

    sim.settle()

    assert sim.phase == "Failed"
    assert sim.status["canaryWeight"] == 100
    assert selector(sim) == CANARY_ONLY
    assert sim.behind() == {"podinfo": 5}


def test_the_apex_service_is_not_turned_to_a_primary_without_pods() -> None:
    sim = weighted()
    until_weight(sim, 60)
    sim.measure = lambda _: BAD
    sim.never_ready.add("app:1")
    sim.controllers()

    sim.run(90, until="Failed")
    sim.pass_time(120)
    sim.settle()

    assert sim.behind() == {"podinfo": 3}
    sim.never_ready.clear()
    sim.controllers()
    sim.settle()
    is_at_rest(sim, 5)


@pytest.mark.parametrize("found", [3, 0])
def test_a_revert_asks_an_autoscaled_target_for_pods_once(found: int) -> None:
    """Its autoscaler allows four, and takes the rest away again at once."""
    sim = weighted(others=(HPA,), spec={**SCALED, "revertOnDeletion": True})
    target = copy.deepcopy(sim.get("Deployment", "podinfo"))
    target["spec"]["replicas"] = found
    sim.put(target)
    sim.controllers()

    for _ in range(6):
        farewell = end(sim.observe(), sim.now)
        sim._effects(farewell)
        target = copy.deepcopy(sim.get("Deployment", "podinfo"))
        target["spec"]["replicas"] = min(target["spec"]["replicas"], 4)
        sim.put(target)
        sim.controllers()
        if farewell.finalized:
            break
        sim.parent = {**sim.parent, "status": farewell.status.as_manifest()}

    assert farewell.finalized
    assert sim.replicas("podinfo") == 4


def test_a_pause_is_no_longer_asked_for_once_its_target_changed() -> None:
    """A call that was given up may write late; nobody would take that back at rest."""
    sim = weighted()
    sim.set_image("app:2")

    pauses = []
    for _ in range(20):
        decision = advance(sim.observe(), sim.now, sim._findings)
        pauses += [e for e in decision.effects if isinstance(e, MergePatch) and _pauses(e)]
        if pauses:
            break
        sim.sync()
        sim.pass_time(2)

    version = sim.get("Deployment", "podinfo")["metadata"]["resourceVersion"]
    assert [e.patch["metadata"]["resourceVersion"] for e in pauses] == [version]


def _pauses(effect: MergePatch) -> bool:
    return bool(effect.patch.get("spec", {}).get("paused"))


def test_a_target_that_lost_its_label_is_given_back_unpaused() -> None:
    sim = weighted()
    until_weight(sim, 60)
    target = copy.deepcopy(sim.get("Deployment", "podinfo"))
    assert is_paused(sim)
    del target["spec"]["template"]["metadata"]["labels"][LABEL]
    sim.put(target)

    sim._effects(end(sim.observe(), sim.now))

    assert not is_paused(sim)


def test_pods_that_lost_the_shared_label_are_made_up_for_by_the_primary() -> None:
    """As after `kubectl replace` in the middle of a run: they are ready, and get no traffic."""
    sim = weighted()
    until_weight(sim, 20)
    target = copy.deepcopy(sim.get("Deployment", "podinfo"))
    del target["spec"]["template"]["metadata"]["labels"][LABEL]
    del target["spec"]["paused"]
    sim.put(target)
    sim.controllers()
    assert sim.behind() == {"podinfo-primary": 4}

    sim.pass_time(10)
    sim.sync()

    assert sim.replicas("podinfo-primary") == 5
    sim.settle()
    assert sim.behind()["podinfo"] > 0
    assert is_paused(sim)
