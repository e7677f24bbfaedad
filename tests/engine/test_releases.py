"""Whole releases on the pure engine, in simulated time."""

import pytest
from simulation import Simulation, analysis, deployment, initialized

from burgee.metrics.model import Check, Measurement, NoData, Sample, SourceError

REST = ["Initializing", "Initialized"]
RUN = ["Progressing", "Promoting", "Finalising", "Succeeded"]


def test_the_primary_comes_up_before_the_target_goes_to_zero() -> None:
    sim = Simulation(never_ready={"app:1"})
    sim.settle()

    assert sim.phases == ["Initializing"]
    assert sim.replicas("podinfo") == 2
    assert ("Service", "podinfo") not in sim.objects
    assert ("VirtualService", "podinfo") not in sim.objects

    sim.never_ready.clear()
    sim.controllers()
    sim.settle()

    assert sim.phases == REST
    assert sim.replicas("podinfo") == 0
    assert sim.replicas("podinfo-primary") == 2
    assert sim.routes == [0]


def test_a_new_image_climbs_is_promoted_and_leaves_the_target_at_zero() -> None:
    sim = initialized()

    sim.set_image("app:2")
    sim.run(60, until="Succeeded")
    sim.settle()

    assert sim.phases == REST + RUN
    assert sim.weights == [0, 25, 50, 0]
    assert sim.routes == [0, 25, 50, 0]
    assert sim.image("podinfo-primary") == "app:2"
    assert sim.replicas("podinfo") == 0
    assert sim.status["lastAppliedSpec"] == sim.status["lastPromotedSpec"]


def test_a_run_takes_its_intervals_and_nothing_more() -> None:
    sim = initialized()
    before = sim.now

    sim.set_image("app:2")
    sim.run(60, until="Succeeded")

    assert 20 <= (sim.now - before).total_seconds() < 20.1


def test_a_failing_check_rolls_back_at_the_threshold_and_spares_the_primary() -> None:
    sim = initialized()
    sim.measure = lambda _: Sample(value=80.0)

    sim.set_image("app:2")
    sim.run(60, until="Failed")
    sim.settle()

    assert sim.weights == [0, 25, 0]
    assert sim.routes == [0, 25, 0]
    assert sim.image("podinfo-primary") == "app:1"
    assert sim.replicas("podinfo") == 0
    assert sim.status["failure"]["reason"] == "FailedChecks"
    assert "request-success-rate" in sim.status["failure"]["message"]
    assert sim.status["checks"][0]["value"] == 80.0
    assert sim.status["checks"][0]["verdict"] == "Failed"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(NoData(), id="no data"),
        pytest.param(SourceError(message="refused"), id="source down"),
    ],
)
def test_no_answer_counts_as_a_failed_check(answer: Measurement) -> None:
    sim = initialized()
    sim.measure = lambda _: answer

    sim.set_image("app:2")
    sim.run(60, until="Failed")

    assert sim.image("podinfo-primary") == "app:1"


def test_failures_add_up_over_a_run_and_a_pass_does_not_forgive_them() -> None:
    answers = iter([80.0, 100.0, 80.0, 100.0])
    sim = initialized()
    sim.measure = lambda _: Sample(value=next(answers))

    sim.set_image("app:2")
    sim.run(90, until="Failed")

    assert sim.weights == [0, 25, 50, 0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"stepWeight": 20, "maxWeight": 50}, [0, 20, 40, 60, 0], id="overshoot"),
        pytest.param(
            {"stepWeights": [1, 10, 60], "stepWeight": 0, "maxWeight": 0},
            [0, 1, 10, 60, 0],
            id="step weights",
        ),
        pytest.param(
            {"stepWeights": [1, 200], "stepWeight": 0}, [0, 1, 100, 0], id="clamped to 100"
        ),
        pytest.param(
            {"stepWeight": 50, "maxWeight": 100, "stepWeightPromotion": 50},
            [0, 50, 100, 50, 0],
            id="promotion in steps",
        ),
    ],
)
def test_the_ladder_of_weights(fields: dict[str, object], expected: list[int]) -> None:
    sim = initialized(analysis=analysis(**fields))

    sim.set_image("app:2")
    sim.run(120, until="Succeeded")

    assert sim.weights == expected
    assert sim.routes == expected


def test_a_newer_revision_restarts_the_run() -> None:
    sim = initialized()
    sim.set_image("app:2")
    sim.settle()
    assert sim.status["canaryWeight"] == 25

    sim.set_image("app:3")
    sim.run(90, until="Succeeded")

    assert sim.weights == [0, 25, 0, 25, 50, 0]
    assert sim.image("podinfo-primary") == "app:3"
    assert sim.phases == REST + RUN


def test_a_configmap_edit_starts_a_run_and_reaches_the_primary_at_promotion() -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "test"},
        "data": {"color": "blue"},
    }
    volume = {"volumes": [{"name": "c", "configMap": {"name": "settings"}}]}
    sim = Simulation(target=deployment(**volume), others=[config])
    sim.settle()
    assert sim.get("ConfigMap", "settings-primary")["data"] == {"color": "blue"}

    sim.put({**config, "data": {"color": "red"}})
    sim.settle()
    assert sim.phase == "Progressing"
    assert sim.get("ConfigMap", "settings-primary")["data"] == {"color": "blue"}
    sim.run(60, until="Succeeded")

    assert sim.get("ConfigMap", "settings-primary")["data"] == {"color": "red"}


def test_skip_analysis_promotes_without_weight_or_query() -> None:
    sim = initialized(skipAnalysis=True)

    sim.set_image("app:2")
    sim.run(60, until="Succeeded")
    sim.settle()

    assert sim.phases == [*REST, "Progressing", "Succeeded"]
    assert sim.weights == [0]
    assert not sim.queries
    assert sim.image("podinfo-primary") == "app:2"
    assert sim.replicas("podinfo") == 0


def test_suspend_holds_everything_and_resume_goes_on() -> None:
    sim = initialized()
    sim.set_image("app:2")
    sim.settle()

    sim.edit(suspend=True)
    sim.run(100)
    assert sim.status["canaryWeight"] == 25
    assert sim.routes == [0, 25]
    sim.edit(suspend=False)
    sim.run(60, until="Succeeded")

    assert sim.weights == [0, 25, 50, 0]


def test_pods_that_never_become_ready_end_the_run_at_the_deadline() -> None:
    sim = initialized()
    sim.never_ready.add("app:2")

    sim.set_image("app:2")
    sim.run(120, until="Failed")

    assert sim.routes == [0]
    assert sim.status["failure"]["reason"] == "ProgressDeadlineExceeded"


def test_after_a_failure_a_fixed_image_succeeds() -> None:
    sim = initialized()
    sim.measure = lambda _: Sample(value=1.0)
    sim.set_image("app:2")
    sim.run(60, until="Failed")

    sim.measure = lambda _: Sample(value=100.0)
    sim.set_image("app:3")
    sim.run(60, until="Succeeded")

    assert sim.image("podinfo-primary") == "app:3"


def test_after_a_failure_the_old_image_stays_failed_and_the_failed_one_counts_as_new() -> None:
    sim = initialized()
    sim.measure = lambda _: Sample(value=1.0)
    sim.set_image("app:2")
    sim.run(60, until="Failed")

    sim.set_image("app:1")
    sim.run(60)
    assert sim.phase == "Failed"
    sim.set_image("app:2")
    sim.settle()

    assert sim.phase == "Progressing"


def test_a_primary_that_does_not_come_up_gets_no_traffic() -> None:
    sim = initialized()

    def break_primary(check: Check) -> Measurement:
        del check
        return Sample(value=100.0)

    sim.measure = break_primary
    sim.set_image("app:2")
    sim.run(15)
    assert sim.status["canaryWeight"] == 50
    sim.pass_time(10)
    sim.sync()
    assert sim.phase == "Promoting"
    sim.never_ready.add("app:2")
    sim.sync()

    assert sim.phase == "Promoting"
    assert sim.routes[-1] == 50


@pytest.mark.parametrize("lost", ["podinfo", "podinfo-primary"])
def test_children_that_fail_to_apply_hold_the_release_where_it_is(lost: str) -> None:
    sim = initialized()
    sim.lose_children.add(lost)
    sim.set_image("app:2")
    sim.run(100)

    assert sim.phase != "Succeeded"
    assert sim.image("podinfo-primary") == "app:1"

    sim.lose_children.clear()
    sim.run(200)
    assert sim.phase in {"Succeeded", "Failed"}
    assert sim.routes[-1] == 0


def test_lost_status_writes_end_the_same() -> None:
    for lost_at in range(25):
        sim = initialized()
        sim.set_image("app:2")
        for number in range(60):
            if number == lost_at:
                sim.lose_status = 2
            sim.sync()
            sim.pass_time(1)
        sim.run(200)
        assert sim.phase == "Succeeded", lost_at
        assert sim.image("podinfo-primary") == "app:2"
        assert sim.replicas("podinfo") == 0


def test_foreign_hashes_are_adopted_at_rest_without_a_run() -> None:
    sim = initialized()
    status = {**sim.status, "lastAppliedSpec": "5498f4fcd6", "lastPromotedSpec": "5498f4fcd6"}
    sim.parent = {**sim.parent, "status": status}

    sim.run(60)

    assert sim.phases == REST
    assert sim.status["lastAppliedSpec"].startswith("b1-")
    assert sim.status["lastPromotedSpec"] == sim.status["lastAppliedSpec"]


def test_the_same_observation_has_the_same_answer() -> None:
    sim = initialized()
    sim.set_image("app:2")
    sim.settle()

    first, second = sim.sync(), sim.sync()

    assert first == second


def test_a_copy_that_another_canary_owns_is_taken_over_by_a_promotion_only() -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "test"},
        "data": {"color": "blue"},
    }
    volume = {"volumes": [{"name": "c", "configMap": {"name": "settings"}}]}
    sim = Simulation(target=deployment(**volume), others=[config])
    sim.settle()
    copy = sim.get("ConfigMap", "settings-primary")
    other = [{"uid": "another", "controller": True, "kind": "Canary"}]
    sim.put({**copy, "metadata": {**copy["metadata"], "ownerReferences": other}})
    sim.shared = frozenset({"configmap/settings"})

    kept = {(c["kind"], c["metadata"]["name"]) for c in sim.sync().children}
    assert ("ConfigMap", "settings-primary") not in kept

    built: set[str] = set()
    sim.set_image("app:2")
    for _ in range(60):
        phase = sim.phase
        if ("ConfigMap", "settings-primary") in {
            (c["kind"], c["metadata"]["name"]) for c in sim.sync().children
        }:
            built.add(phase)
        sim.pass_time(1)

    assert sim.phase == "Succeeded"
    assert built == {"Promoting"}
