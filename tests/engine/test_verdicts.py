"""Policies for checks without a number, gates that time out, and why a pod is not ready."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from simulation import Manifest, Simulation, canary

from burgee.engine.effects import HookResult
from burgee.engine.objects.pods import worst_pod
from burgee.metrics.model import Measurement, NoData, Sample, SourceError

ERROR = SourceError(message="answered 503")


def analysis(**fields: object) -> dict[str, object]:
    return {**canary()["spec"]["analysis"], **fields}


def with_policy(**policy: object) -> Simulation:
    metric = {**canary()["spec"]["analysis"]["metrics"][0], **policy}
    sim = Simulation(parent=canary(analysis=analysis(metrics=[metric])))
    sim.settle()
    sim.set_image("app:2")
    return sim


def in_turn(*answers: Measurement) -> Iterator[Measurement]:
    yield from answers
    while True:
        yield answers[-1]


@pytest.mark.parametrize(
    ("policy", "answer", "end"),
    [
        pytest.param({}, NoData(), "Failed", id="no data fails as in Flagger"),
        pytest.param({}, ERROR, "Failed", id="an error fails as in Flagger"),
        pytest.param({"onNoData": "pass"}, NoData(), "Succeeded", id="no data passes"),
        pytest.param({"onError": "pass"}, ERROR, "Succeeded", id="an error passes"),
        pytest.param({"onNoData": "hold"}, NoData(), "Failed", id="held until the deadline"),
        pytest.param({"errorLimit": 2}, ERROR, "Failed", id="errors beyond the limit"),
    ],
)
def test_policies_of_checks_without_a_number(
    policy: dict[str, object], answer: Measurement, end: str
) -> None:
    sim = with_policy(**policy)
    sim.measure = lambda _: answer

    sim.run(300, until=end)


def test_a_held_step_goes_on_when_data_comes_and_counts_nothing() -> None:
    sim = with_policy(onNoData="hold")
    answers = in_turn(NoData(), NoData(), Sample(value=100.0))
    sim.measure = lambda _: next(answers)

    sim.run(15)
    assert sim.routes == [0, 25]
    assert sim.status["failedChecks"] == 0
    assert sim.status["waiting"]["on"] == "data"
    sim.run(120, until="Succeeded")

    assert "waiting" not in sim.status


def test_a_few_errors_in_a_row_are_forgiven() -> None:
    sim = with_policy(errorLimit=2)
    answers = in_turn(ERROR, ERROR, Sample(value=100.0), ERROR, ERROR, Sample(value=100.0))
    sim.measure = lambda _: next(answers)

    sim.run(200, until="Succeeded")

    assert sim.weights == [0, 25, 50, 0]


def test_a_bad_value_fails_whatever_the_policy() -> None:
    sim = with_policy(onNoData="pass", onError="pass", errorLimit=9)
    sim.measure = lambda _: Sample(value=1.0)

    sim.run(200, until="Failed")


def gated(kind: str, **fields: object) -> Simulation:
    hook = {"name": "gate", "type": kind, "url": "http://gate.test/", **fields}
    sim = Simulation(parent=canary(analysis=analysis(webhooks=[hook])))
    sim.settle()
    sim.call = lambda _: HookResult(succeeded=False, message="answered 403", status_code=403)
    sim.set_image("app:2")
    return sim


@pytest.mark.parametrize(
    "kind", ["confirm-rollout", "confirm-traffic-increase", "confirm-promotion"]
)
@pytest.mark.parametrize(
    ("fields", "end"),
    [
        pytest.param({"gateTimeout": "35s"}, "Failed", id="rollback is the default"),
        pytest.param({"gateTimeout": "35s", "onTimeout": "rollback"}, "Failed", id="rollback"),
        pytest.param({"gateTimeout": "35s", "onTimeout": "proceed"}, "Succeeded", id="proceed"),
    ],
)
def test_a_gate_that_stays_closed_for_its_time(
    kind: str, fields: dict[str, object], end: str
) -> None:
    sim = gated(kind, **fields)
    before = sim.now

    sim.run(400, until=end)

    assert (sim.now - before).total_seconds() >= 35


@pytest.mark.parametrize(
    "kind", ["confirm-rollout", "confirm-traffic-increase", "confirm-promotion"]
)
def test_the_end_of_a_gate_is_looked_for_between_two_intervals(kind: str) -> None:
    sim = gated(kind, gateTimeout="35s")
    for _ in range(60):
        sim.run(1)
        if (sim.status.get("waiting") or {}).get("on") == f"{kind}/gate":
            break
    closed = datetime.fromisoformat(sim.status["waiting"]["since"])

    sim.run(60, until="Failed")

    assert (sim.now - closed).total_seconds() == pytest.approx(35, abs=0.1)


@pytest.mark.parametrize("fields", [{}, {"gateTimeout": "35s", "onTimeout": "wait"}])
def test_a_gate_without_a_time_stays_closed(fields: dict[str, object]) -> None:
    sim = gated("confirm-rollout", **fields)

    sim.run(3600)

    assert sim.phase == "Waiting"


def pod(**status: object) -> Manifest:
    return {"metadata": {"name": "p"}, "status": status}


def container(state: Manifest, **more: object) -> Manifest:
    return {"name": "app", "state": state, **more}


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        pytest.param([], "", id="none"),
        pytest.param([pod(containerStatuses=[container({"running": {}})])], "", id="fine"),
        pytest.param(
            [pod(containerStatuses=[container({"waiting": {"reason": "ContainerCreating"}})])],
            "",
            id="starting",
        ),
        pytest.param(
            [
                pod(
                    containerStatuses=[
                        container(
                            {"waiting": {"reason": "CrashLoopBackOff", "message": "secret"}},
                            restartCount=3,
                            lastState={"terminated": {"exitCode": 2}},
                        )
                    ]
                )
            ],
            "pod p, container app is waiting: CrashLoopBackOff after 3 restarts, last exit code 2",
            id="crash loop",
        ),
        pytest.param(
            [
                pod(
                    conditions=[
                        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
                    ]
                ),
                pod(initContainerStatuses=[container({"waiting": {"reason": "ErrImagePull"}})]),
            ],
            "pod p, container app is waiting: ErrImagePull",
            id="the worst one counts",
        ),
        pytest.param(
            [
                pod(
                    containerStatuses=[
                        container({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
                    ]
                )
            ],
            "pod p, container app ended: OOMKilled, exit code 137",
            id="ended",
        ),
        pytest.param(
            [
                pod(
                    conditions=[
                        {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}
                    ]
                )
            ],
            "pod p is not ready: ContainersNotReady",
            id="not ready",
        ),
    ],
)
def test_the_worst_pod_in_a_line(pods: list[Manifest], expected: str) -> None:
    assert worst_pod(pods) == expected


def test_a_rollout_that_fails_says_which_pod() -> None:
    sim = Simulation(never_ready={"app:2"})
    sim.settle()
    sim.pods = "pod x, container app is waiting: ErrImagePull"

    sim.set_image("app:2")
    sim.run(200, until="Failed")

    assert "ErrImagePull" in sim.status["failure"]["message"]
