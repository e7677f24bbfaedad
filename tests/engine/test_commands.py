"""Manual control by annotations, on the pure engine."""

import pytest
from simulation import Simulation, canary

from burgee.engine.effects import HookResult

GATE = {"webhooks": [{"name": "gate", "type": "confirm-promotion", "url": "http://gate.test/"}]}


def running(**fields: object) -> Simulation:
    sim = Simulation(parent=canary(analysis={**canary()["spec"]["analysis"], **fields}))
    sim.settle()
    sim.set_image("app:2")
    sim.settle()
    assert sim.status["canaryWeight"] == 25
    return sim


def annotate(sim: Simulation, verb: str, value: str = "1", by: str = "kubectl-annotate") -> None:
    key = f"burgee.dev/{verb}"
    head = sim.parent["metadata"]
    written = {
        "manager": by,
        "operation": "Update",
        "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{key}": {}}}},
    }
    sim.parent["metadata"] = {
        **head,
        "annotations": {**head.get("annotations", {}), key: value},
        "managedFields": [*head.get("managedFields", []), written],
    }


def result(sim: Simulation, verb: str) -> str:
    return str(sim.status["commands"][verb]["result"])


def test_pause_holds_the_weight_and_resume_goes_on() -> None:
    sim = running()

    annotate(sim, "pause")
    sim.run(100)
    assert sim.routes == [0, 25]
    annotate(sim, "resume")
    sim.run(60, until="Succeeded")

    assert sim.weights == [0, 25, 50, 0]


def test_a_command_is_on_record_with_who_and_when() -> None:
    sim = running()

    annotate(sim, "pause", value="monday", by="kubectl-client-side-apply")
    sim.sync()

    assert sim.status["commands"]["pause"] == {
        "value": "monday",
        "at": sim.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": "kubectl-client-side-apply",
        "result": "done",
    }


def test_promote_ends_the_analysis_within_one_sync() -> None:
    sim = running()

    annotate(sim, "promote")
    sim.sync()
    assert sim.phase == "Promoting"
    sim.run(5, until="Succeeded")

    assert sim.weights == [0, 25, 0]
    assert not sim.queries


def test_promote_opens_a_closed_promotion_gate() -> None:
    sim = running(**GATE)
    sim.call = lambda _: HookResult(succeeded=False, message="answered 403", status_code=403)
    sim.run(60, until="WaitingPromotion")

    annotate(sim, "promote")
    sim.run(5, until="Succeeded")

    assert sim.image("podinfo-primary") == "app:2"


def test_abort_rolls_back() -> None:
    sim = running()

    annotate(sim, "abort")
    sim.settle()

    assert sim.phase == "Failed"
    assert sim.routes == [0, 25, 0]
    assert sim.status["failure"]["reason"] == "Aborted"
    assert sim.status["failure"]["message"] == "aborted by kubectl-annotate"


def test_retry_runs_a_failed_revision_again_without_touching_it() -> None:
    sim = running()
    annotate(sim, "abort")
    sim.settle()

    annotate(sim, "retry")
    sim.run(60, until="Succeeded")

    assert sim.image("podinfo-primary") == "app:2"


def test_set_weight_jumps_and_the_analysis_goes_on_from_there() -> None:
    sim = running()

    annotate(sim, "set-weight", value="40@1")
    sim.run(60, until="Succeeded")

    assert sim.weights == [0, 25, 40, 65, 0]


@pytest.mark.parametrize(
    ("verb", "value", "said"),
    [
        pytest.param("set-weight", "110", "no weight", id="too much"),
        pytest.param("set-weight", "-1", "no weight", id="negative"),
        pytest.param("set-weight", "half", "no weight", id="no number"),
        pytest.param("retry", "1", "nothing to retry", id="nothing failed"),
        pytest.param("resume", "1", "nothing to resume", id="nothing paused"),
    ],
)
def test_what_cannot_be_obeyed_is_answered_and_changes_nothing(
    verb: str, value: str, said: str
) -> None:
    sim = running()

    annotate(sim, verb, value=value)
    sim.settle()

    assert said in result(sim, verb)
    assert sim.routes == [0, 25]
    assert sim.phase == "Progressing"


def test_a_command_left_over_from_an_earlier_run_is_not_obeyed_again() -> None:
    sim = running()
    annotate(sim, "promote")
    sim.run(5, until="Succeeded")

    sim.set_image("app:3")
    sim.settle()

    assert sim.phase == "Progressing"
    assert sim.status["canaryWeight"] == 25


def test_taking_the_annotation_away_forgets_the_command() -> None:
    sim = running()
    annotate(sim, "promote")
    sim.run(5, until="Succeeded")

    head = {k: v for k, v in sim.parent["metadata"].items() if k != "annotations"}
    sim.parent = {**sim.parent, "metadata": head}
    sim.settle()

    assert "commands" not in sim.status


def test_promote_waits_for_nobody_but_refuses_a_canary_that_is_not_up() -> None:
    sim = Simulation(never_ready={"app:2"})
    sim.settle()
    sim.set_image("app:2")
    sim.settle()

    annotate(sim, "promote")
    sim.settle()

    assert "not ready" in result(sim, "promote")
    assert sim.phase == "Progressing"
    assert sim.image("podinfo-primary") == "app:1"
