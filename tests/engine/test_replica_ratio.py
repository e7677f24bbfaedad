"""Provider kubernetes with weights: numbers of pods behind the apex Service."""

import itertools

import pytest
from shared_pods import (
    BAD,
    CANARY_ONLY,
    HPA,
    PRIMARY_ONLY,
    SCALED,
    SHARED,
    available,
    is_at_rest,
    is_paused,
    selector,
    until_weight,
    weighted,
)
from simulation import Simulation, analysis, canary, service

from burgee.engine.phases.ending import end


@pytest.mark.parametrize(
    ("replicas", "steps"),
    [
        pytest.param(5, [(5, 0), (4, 1), (3, 2), (2, 3)], id="five pods"),
        pytest.param(10, [(10, 0), (8, 2), (6, 4), (4, 6)], id="ten pods"),
        pytest.param(2, [(2, 0), (2, 1), (1, 1)], id="two pods"),
        pytest.param(1, [(1, 0), (1, 1)], id="one pod"),
    ],
)
def test_pods_follow_the_weights(replicas: int, steps: list[tuple[int, int]]) -> None:
    sim = weighted(replicas=replicas)
    sim.set_image("app:2")

    seen = [(replicas, 0)]
    for _ in range(200):
        sim.sync()
        behind = sim.behind()
        assert sum(behind.values()) >= replicas
        if sim.phase == "Progressing" and sim.last and sim.last.quiet is False:
            sim.settle()
            behind = sim.behind()
            seen.append((behind["podinfo-primary"], behind.get("podinfo", 0)))
        if sim.phase == "Promoting":
            break
        sim.pass_time(10)

    assert [key for key, _ in itertools.groupby(seen)] == steps
    sim.run(60, until="Succeeded")
    sim.settle()
    is_at_rest(sim, replicas)
    assert sim.weights == [0, 20, 40, 60, 0]
    assert sim.image("podinfo-primary") == "app:2"


def test_status_says_what_is_asked_for_and_what_pods_give() -> None:
    sim = weighted(replicas=2)

    until_weight(sim, 20)

    assert sim.status["replicaRatio"] == {
        "capacity": 2,
        "promoted": 2,
        "requestedWeight": 20,
        "achievedWeight": 33.3,
    }


@pytest.mark.parametrize(
    ("steps", "late"),
    [
        pytest.param([80, 99], "podinfo", id="the canary grows beside the last of the primary"),
        pytest.param([20, 40], "podinfo", id="the primary gives one up"),
    ],
)
def test_the_window_of_the_checks_begins_when_the_pods_are_there(
    steps: list[int], late: str
) -> None:
    sim = weighted(stepWeight=0, maxWeight=0, stepWeights=steps)
    until_weight(sim, steps[0])
    sim.slow.add(late)
    sim.pass_time(10)
    sim.settle()
    assert sim.status["canaryWeight"] == steps[1]
    sim.pass_time(25)  # longer than the interval, shorter than the deadline
    asked = len(sim.queries)

    sim.slow.clear()
    sim.controllers()
    sim.settle()
    sim.pass_time(9)
    sim.settle()
    assert (sim.phase, len(sim.queries)) == ("Progressing", asked)

    sim.pass_time(1)
    sim.settle()
    assert len(sim.queries) > asked
    assert sim.phase != "Progressing"


def test_pods_that_come_and_go_do_not_put_the_checks_off() -> None:
    sim = weighted(stepWeight=0, maxWeight=0, stepWeights=[80, 99])
    until_weight(sim, 99)
    sim.settle()
    asked, behind = len(sim.queries), sim.behind()
    for _ in range(3):
        sim.pass_time(3)
        available(sim, "podinfo", 4)
        sim.sync()
        available(sim, "podinfo", behind["podinfo"])
        sim.settle()
    assert len(sim.queries) == asked

    sim.pass_time(1)
    sim.settle()

    assert len(sim.queries) > asked


def test_all_weight_is_the_canary_alone_with_all_its_pods() -> None:
    sim = weighted(stepWeight=50, maxWeight=100)

    until_weight(sim, 100)

    assert selector(sim) == CANARY_ONLY
    assert sim.behind() == {"podinfo": 5}
    assert sim.replicas("podinfo-primary") == 1
    sim.run(60, until="Succeeded")
    sim.settle()
    is_at_rest(sim, 5)


def test_a_rollback_gives_pods_up_only_as_the_primary_has_them() -> None:
    sim = weighted()
    until_weight(sim, 60)
    assert sim.behind() == {"podinfo-primary": 2, "podinfo": 3}
    sim.measure = lambda _: BAD
    sim.slow.add("podinfo-primary")

    sim.run(40, until="Failed")
    sim.settle()

    assert sim.replicas("podinfo-primary") == 5
    assert sim.behind() == {"podinfo-primary": 2, "podinfo": 3}
    assert sim.status["canaryWeight"] == 0
    assert sim.status["replicaRatio"]["achievedWeight"] == 60.0

    sim.slow.clear()
    sim.controllers()
    sim.settle()

    is_at_rest(sim, 5)
    assert sim.image("podinfo-primary") == "app:1"


def test_a_primary_that_does_not_come_back_is_not_waited_for_for_ever() -> None:
    sim = weighted()
    until_weight(sim, 60)
    sim.measure = lambda _: BAD
    sim.slow.add("podinfo-primary")
    sim.run(40, until="Failed")
    sim.settle()

    sim.pass_time(61)
    sim.settle()

    assert sim.behind() == {"podinfo-primary": 2}


def test_a_newer_revision_waits_until_nobody_can_get_to_it() -> None:
    sim = weighted()
    until_weight(sim, 60)
    sim.slow.add("podinfo-primary")

    sim.set_image("app:3")
    sim.controllers()
    sim.settle()

    assert sim.phase == "Progressing"
    assert sim.status["canaryWeight"] == 0
    assert sim.behind() == {"podinfo-primary": 2, "podinfo": 3}
    assert sim.served_image("podinfo") == "app:2"

    sim.slow.clear()
    sim.controllers()
    while sim.served_image("podinfo") == "app:2":
        sim.sync()

    assert sim.behind() == {"podinfo-primary": 5}
    sim.run(120, until="Succeeded")
    sim.settle()
    is_at_rest(sim, 5)
    assert sim.image("podinfo-primary") == "app:3"


def test_pods_that_fall_ill_are_made_up_for_by_the_primary() -> None:
    sim = weighted()
    until_weight(sim, 60)

    sim.never_ready.add("app:2")
    sim.controllers()
    sim.settle()

    assert sim.behind() == {"podinfo-primary": 5}


def test_a_broken_primary_leaves_all_traffic_to_the_canary() -> None:
    sim = weighted()
    until_weight(sim, 60)
    sim.pass_time(10)
    while sim.phase != "Promoting":
        sim.sync()
    sim.stuck.add("podinfo-primary")

    sim.settle()
    primary = sim.get("Deployment", "podinfo-primary")
    exceeded = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    head = {"observedGeneration": primary["metadata"]["generation"], "conditions": [exceeded]}
    sim.put({**primary, "status": {**head, "replicas": 5, "availableReplicas": 0}})
    sim.settle()

    assert sim.phase == "Failed"
    assert sim.status["canaryWeight"] == 100
    assert selector(sim) == CANARY_ONLY
    assert sim.behind() == {"podinfo": 5}


def test_what_the_user_asked_for_is_what_the_primary_gets() -> None:
    sim = weighted(replicas=2)
    target = sim.get("Deployment", "podinfo")
    target["spec"]["replicas"] = 4
    sim.put(target)
    sim.set_image("app:2")

    sim.run(120, until="Succeeded")
    sim.settle()

    is_at_rest(sim, 4)


def test_an_autoscaler_decides_about_the_primary_and_bounds_the_canary() -> None:
    sim = weighted(others=(HPA,), spec=SCALED, stepWeight=10, maxWeight=50)
    primary = sim.replicas("podinfo-primary")

    until_weight(sim, 10)
    assert sim.replicas("podinfo") == 2
    until_weight(sim, 50)

    assert sim.replicas("podinfo") == 4
    assert sim.replicas("podinfo-primary") == primary == 5
    assert sim.status["replicaRatio"]["achievedWeight"] == 44.4


def test_an_autoscaler_that_takes_pods_away_has_its_way() -> None:
    sim = weighted(others=(HPA,), spec=SCALED, stepWeight=50, maxWeight=50)
    until_weight(sim, 50)
    target = sim.get("Deployment", "podinfo")
    target["spec"]["replicas"] = 3

    sim.put(target)
    sim.controllers()
    sim.settle()

    assert sim.replicas("podinfo") == 3
    assert sim.status["replicaRatio"]["achievedWeight"] == 37.5
    sim.run(60, until="Succeeded")


def test_a_primary_made_before_gets_the_label_before_it_shares_traffic() -> None:
    plan = {
        k: v for k, v in analysis(iterations=2).items() if k not in {"stepWeight", "maxWeight"}
    }
    sim = Simulation(parent=canary(provider="kubernetes", analysis=plan))
    sim.settle()
    assert "burgee.dev/apex" not in str(sim.get("Deployment", "podinfo-primary"))

    sim.edit(analysis=analysis(stepWeight=50, maxWeight=50))
    sim.settle()
    assert "burgee.dev/apex" not in str(sim.get("Deployment", "podinfo-primary"))
    until_weight(sim, 50)

    assert sim.behind() == {"podinfo-primary": 1, "podinfo": 1}
    assert sim.image("podinfo-primary") == "app:1"


def test_weights_that_become_iterations_in_the_middle_of_a_run_leave_nothing() -> None:
    sim = weighted()
    until_weight(sim, 60)

    plan = {
        k: v for k, v in analysis(iterations=2).items() if k not in {"stepWeight", "maxWeight"}
    }
    sim.edit(analysis=plan)
    sim.settle()

    assert sim.behind() == {"podinfo-primary": 5}
    sim.run(120, until="Succeeded")
    sim.settle()
    is_at_rest(sim, 5)
    assert "burgee.dev/apex" not in str(sim.get("Deployment", "podinfo"))


def test_a_users_service_shares_traffic_and_stays_the_users() -> None:
    mine = service()
    mine["spec"]["selector"] = {"app": "podinfo", "tier": "web"}
    sim = weighted(others=(mine,))

    until_weight(sim, 40)

    assert selector(sim) == SHARED
    assert sim.behind() == {"podinfo-primary": 3, "podinfo": 2}
    sim.run(60, until="Succeeded")
    sim.settle()
    assert selector(sim) == PRIMARY_ONLY


@pytest.mark.parametrize("revert", [False, True])
def test_a_canary_that_goes_in_the_middle_of_a_run_gives_the_target_back(revert: bool) -> None:
    sim = weighted(spec={"revertOnDeletion": revert})
    until_weight(sim, 60)

    for _ in range(5):
        farewell = end(sim.observe(), sim.now)
        sim._effects(farewell)
        sim.controllers()
        if farewell.finalized:
            break
        status = farewell.status.as_manifest()
        sim.parent = {**sim.parent, "status": status}

    assert farewell.finalized
    assert not is_paused(sim)
    assert "burgee.dev/apex" not in str(sim.get("Deployment", "podinfo"))
    assert sim.replicas("podinfo") == (5 if revert else 3)


def test_weights_of_pods_that_nodes_decide_about_stay_blue_green() -> None:
    from simulation import daemonset

    parent = canary(provider="kubernetes", analysis=analysis(stepWeight=25, maxWeight=50))
    parent["spec"]["targetRef"]["kind"] = "DaemonSet"
    sim = Simulation(parent=parent, target=daemonset())
    sim.settle()

    sim.set_image("app:2")
    sim.run(200, until="Succeeded")

    assert sim.weights == [0]
