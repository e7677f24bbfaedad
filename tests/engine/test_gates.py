"""Webhooks that hold or fail a run, on the pure engine."""

import pytest
from simulation import analysis, initialized

from burgee.engine.effects import HookCall, HookResult
from burgee.metrics.model import Sample

REST = ["Initializing", "Initialized"]
RUN = ["Progressing", "Promoting", "Finalising", "Succeeded"]


def gate(kind: str) -> dict[str, object]:
    return {"webhooks": [{"name": "gate", "type": kind, "url": "http://gate.test/"}]}


def test_a_closed_confirm_rollout_gate_waits_and_is_asked_once_an_interval() -> None:
    sim = initialized(analysis=analysis(**gate("confirm-rollout")))
    sim.call = lambda _: HookResult(succeeded=False, message="answered 403", status_code=403)

    sim.set_image("app:2")
    sim.run(35)
    assert sim.phase == "Waiting"
    assert sim.replicas("podinfo") == 0
    assert len(sim.calls) == 4

    sim.call = lambda _: HookResult(succeeded=True, message="answered 200", status_code=200)
    sim.run(60, until="Succeeded")
    assert sim.phases == [*REST, "Waiting", *RUN]


def test_a_failing_pre_rollout_hook_counts_and_no_traffic_moves() -> None:
    sim = initialized(analysis=analysis(**gate("pre-rollout")))
    sim.call = lambda _: HookResult(succeeded=False, message="answered 500", status_code=500)

    sim.set_image("app:2")
    sim.run(60, until="Failed")

    assert sim.routes == [0]
    assert not sim.queries
    assert "answered 500" in sim.status["failure"]["message"]


def test_a_failing_rollout_hook_fails_the_step() -> None:
    sim = initialized(analysis=analysis(**gate("rollout")))
    sim.call = lambda _: HookResult(succeeded=False, message="answered 500", status_code=500)

    sim.set_image("app:2")
    sim.run(60, until="Failed")

    assert sim.routes == [0, 25, 0]


@pytest.mark.parametrize(("value", "end"), [(100.0, "Succeeded"), (1.0, "Failed")])
def test_post_rollout_hooks_are_told_how_it_ended(value: float, end: str) -> None:
    sim = initialized(analysis=analysis(**gate("post-rollout")))
    sim.measure = lambda _: Sample(value=value)

    sim.set_image("app:2")
    sim.run(90, until=end)

    assert [call.payload["phase"] for call in sim.calls] == [end]


def test_a_hook_call_carries_a_stable_key() -> None:
    seen: list[HookCall] = []
    sim = initialized(analysis=analysis(**gate("rollout")))

    def note(call: HookCall) -> HookResult:
        seen.append(call)
        return HookResult(succeeded=True, message="")

    sim.call = note
    sim.set_image("app:2")
    sim.run(60, until="Succeeded")

    assert len(seen) == 2
    assert len({call.key for call in seen}) == 2


def answers(codes: dict[str, list[int]]) -> object:
    """Webhooks answer by type, the last code for ever."""

    def call(hook: HookCall) -> HookResult:
        left = codes.get(hook.type, [200])
        code = left.pop(0) if len(left) > 1 else left[0]
        return HookResult(succeeded=code <= 202, message=f"answered {code}", status_code=code)

    return call


def test_a_closed_promotion_gate_keeps_the_weight_and_goes_on_checking() -> None:
    sim = initialized(analysis=analysis(**gate("confirm-promotion")))
    sim.call = answers({"confirm-promotion": [403, 403, 200]})

    sim.set_image("app:2")
    sim.run(90, until="Succeeded")

    assert sim.phases == [
        *REST,
        "Progressing",
        "WaitingPromotion",
        "Promoting",
        "Finalising",
        "Succeeded",
    ]
    assert sim.weights == [0, 25, 50, 0]
    assert sim.routes == [0, 25, 50, 0]
    assert len(sim.queries) == 4
    assert {call.payload["phase"] for call in sim.calls} == {"Progressing"}


def test_checks_that_fail_behind_a_closed_promotion_gate_end_the_run() -> None:
    values = iter([100.0, 100.0, 1.0, 1.0])
    sim = initialized(analysis=analysis(**gate("confirm-promotion")))
    sim.call = answers({"confirm-promotion": [403]})
    sim.measure = lambda _: Sample(value=next(values))

    sim.set_image("app:2")
    sim.run(90, until="Failed")

    assert sim.routes == [0, 25, 50, 0]


def test_a_closed_traffic_gate_holds_each_step_without_a_failed_check() -> None:
    sim = initialized(analysis=analysis(**gate("confirm-traffic-increase")))
    sim.call = answers({"confirm-traffic-increase": [403, 403, 200, 403, 200]})

    sim.set_image("app:2")
    sim.run(25)
    assert sim.routes == [0, 25]
    assert sim.status["failedChecks"] == 0
    sim.run(90, until="Succeeded")

    assert sim.weights == [0, 25, 50, 0]
    assert len(sim.calls) == 6


@pytest.mark.parametrize(
    ("codes", "routes"),
    [
        pytest.param([200], [0], id="before the first step"),
        pytest.param([404, 200], [0, 25, 0], id="in the middle"),
    ],
)
def test_a_rollback_webhook_that_succeeds_ends_the_run(
    codes: list[int], routes: list[int]
) -> None:
    sim = initialized(analysis=analysis(**gate("rollback")))
    sim.call = answers({"rollback": codes})

    sim.set_image("app:2")
    sim.run(90, until="Failed")

    assert sim.routes == routes
    assert sim.status["failure"]["reason"] == "RollbackWebhook"


def test_a_rollback_webhook_that_fails_changes_nothing() -> None:
    sim = initialized(analysis=analysis(**gate("rollback")))
    sim.call = answers({"rollback": [404]})

    sim.set_image("app:2")
    sim.run(90, until="Succeeded")

    assert sim.weights == [0, 25, 50, 0]
