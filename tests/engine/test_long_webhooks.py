"""Webhooks that take longer than a sync: the release is held, and nothing counts against it."""

from typing import Any

import pytest
from simulation import GOOD, Manifest, Simulation, analysis, initialized

from burgee.engine.effects import HookCall, HookResult

PENDING = HookResult(succeeded=False, pending=True, message="no answer yet after 5 s")
PASSED = HookResult(succeeded=True, message="answered 200", status_code=200)
BROKEN = HookResult(succeeded=False, message="answered 500", status_code=500)


def hook(name: str, kind: str, **fields: Any) -> Manifest:
    return {"name": name, "type": kind, "url": f"http://{name}/", "timeout": "3m", **fields}


def running(*hooks: Manifest) -> Simulation:
    sim = initialized(analysis=analysis(webhooks=list(hooks)))
    sim.set_image("app:2")
    return sim


class SlowTest:
    """A webhook that takes some time; the rest answers at once."""

    def __init__(self, sim: Simulation, name: str, seconds: float, end: HookResult) -> None:
        self.calls: list[str] = []
        self._sim = sim
        self._name = name
        self._seconds = seconds
        self._end = end
        self._began: dict[str, Any] = {}

    def __call__(self, call: HookCall) -> HookResult:
        if call.name != self._name:
            return PASSED if call.type != "rollback" else BROKEN
        self.calls.append(call.key)
        began = self._began.setdefault(call.key, self._sim.now)
        over = (self._sim.now - began).total_seconds() >= self._seconds
        return self._end if over else PENDING


@pytest.mark.parametrize("kind", ["pre-rollout", "rollout"])
def test_a_test_that_takes_a_minute_holds_the_release_and_passes(kind: str) -> None:
    sim = running(hook("test", kind))
    sim.call = tests = SlowTest(sim, "test", 60, PASSED)

    sim.run(40)
    assert sim.phase == "Progressing"
    assert sim.status["waiting"]["on"] == "webhook/test"
    assert "waiting for webhook test" in (sim.condition("Promoted") or {})["message"]
    assert sim.status.get("failedChecks", 0) == 0
    sim.run(600, until="Succeeded")

    assert sim.routes == [0, 25, 50, 0]
    assert len(set(tests.calls)) == (1 if kind == "pre-rollout" else 2), "once for each step"


@pytest.mark.parametrize("kind", ["pre-rollout", "rollout"])
def test_a_test_that_fails_after_a_minute_counts_once(kind: str) -> None:
    sim = running(hook("test", kind))
    sim.call = SlowTest(sim, "test", 60, BROKEN)

    sim.run(600, until="Failed")

    assert "webhook test: answered 500 (failed checks 2 of 2)" in sim.status["failure"]["message"]


def test_nothing_is_measured_while_a_webhook_is_at_work() -> None:
    sim = running(hook("test", "rollout"))
    sim.call = SlowTest(sim, "test", 60, PASSED)

    sim.run(50)

    assert sim.routes == [0, 25]
    assert sim.queries == []
    sim.run(600, until="Succeeded")
    assert len(sim.queries) == 2, "once for each step"


def test_webhooks_after_one_that_is_at_work_wait_for_it() -> None:
    sim = running(hook("test", "pre-rollout"), hook("next", "pre-rollout"))
    sim.call = SlowTest(sim, "test", 60, PASSED)

    sim.run(50)
    assert "next" not in {call.name for call in sim.calls}

    sim.run(600, until="Succeeded")
    assert "next" in {call.name for call in sim.calls}


def test_a_rollback_webhook_ends_a_release_that_waits_for_a_test() -> None:
    sim = running(hook("test", "pre-rollout"), hook("stop", "rollback", timeout="5s"))
    tests = SlowTest(sim, "test", 600, PASSED)
    sim.call = tests
    sim.run(20)
    assert sim.phase == "Progressing"

    sim.call = lambda call: PASSED if call.type == "rollback" else tests(call)
    sim.run(20, until="Failed")

    assert sim.status["failure"]["reason"] == "RollbackWebhook"


def test_a_call_that_nobody_can_answer_for_any_more_is_a_failure() -> None:
    """Each replica that is asked begins anew: the release does not wait for ever."""
    sim = running(hook("test", "pre-rollout", timeout="1m"))
    sim.call = lambda call: PENDING if call.name == "test" else PASSED

    sim.run(400, until="Failed")

    assert "webhook test: no answer within 90 s" in sim.status["failure"]["message"]


def test_a_newer_revision_does_not_wait_for_the_test_of_the_old_one() -> None:
    sim = running(hook("test", "pre-rollout"))
    sim.call = tests = SlowTest(sim, "test", 60, PASSED)
    sim.run(30)

    sim.set_image("app:3")
    sim.run(600, until="Succeeded")

    assert sim.image("podinfo-primary") == "app:3"
    assert len(set(tests.calls)) == 2


def test_quick_webhooks_are_called_beside_the_checks_as_before() -> None:
    sim = running(hook("load", "rollout", timeout="5s"))
    sim.measure = lambda _: GOOD

    sim.run(600, until="Succeeded")

    assert [call.name for call in sim.calls] == ["load"] * 2
