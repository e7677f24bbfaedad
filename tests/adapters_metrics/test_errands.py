"""Webhooks that take longer than a sync: made once, asked about until they end."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from burgee.adapters.outside.errands import MOST, MOST_OF_ONE, Errands, whole_seconds
from burgee.engine.effects import HookCall, HookResult

LONG_SECONDS = 10.0
SHORT_SECONDS = 0.05
GOOD = HookResult(succeeded=True, message="answered 200", status_code=200)
HOOK = HookCall(
    name="helm test",
    type="pre-rollout",
    url="http://tester/",
    payload={},
    timeout_seconds=180.0,
    retries=0,
    verify_tls=True,
    key="uid/Progressing/0/pre-rollout/0",
)


def call_of(canary: str, key: str) -> HookCall:
    return replace(HOOK, payload={"name": canary, "namespace": "test"}, key=key)


class Receiver:
    """Takes calls and answers when it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float]] = []
        self.answer = threading.Event()
        self.result = GOOD
        self._lock = threading.Lock()

    def __call__(self, hook: HookCall, seconds: float) -> HookResult:
        with self._lock:
            self.calls.append((hook.key, seconds))
        assert self.answer.wait(LONG_SECONDS)
        return self.result


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.answer.set()


def until(ask: Callable[[], HookResult]) -> HookResult:
    """What comes of it in the end."""
    for _ in range(200):
        found = ask()
        if not found.pending:
            return found
    raise AssertionError("it does not end")


def test_a_call_goes_on_beside_the_syncs(receiver: Receiver) -> None:
    errands = Errands(receiver)

    for _ in range(3):
        found = errands.run(HOOK, SHORT_SECONDS)
        assert found == HookResult(
            succeeded=False, pending=True, message="no answer yet after 0 s"
        )
    receiver.answer.set()

    assert until(lambda: errands.run(HOOK, SHORT_SECONDS)) == GOOD
    assert receiver.calls == [(HOOK.key, 180.0)]


def test_what_has_ended_is_not_called_again_for_the_same_step(receiver: Receiver) -> None:
    receiver.answer.set()
    errands = Errands(receiver)
    next_step = replace(HOOK, key="uid/Progressing/10/pre-rollout/0")

    for _ in range(3):
        assert errands.run(HOOK, LONG_SECONDS) == GOOD
    assert errands.run(next_step, LONG_SECONDS) == GOOD

    assert [key for key, _ in receiver.calls] == [HOOK.key, next_step.key]


def test_several_syncs_wait_for_the_same_call(receiver: Receiver) -> None:
    errands = Errands(receiver)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(errands.run, HOOK, LONG_SECONDS) for _ in range(4)]
        receiver.answer.set()
        found = [one.result(LONG_SECONDS) for one in asked]

    assert found == [GOOD] * 4
    assert len(receiver.calls) == 1


def test_too_many_wait_for_their_turn(receiver: Receiver) -> None:
    errands = Errands(receiver)
    for number in range(MOST):
        assert errands.run(call_of(f"canary-{number}", str(number)), 0).pending

    late = errands.run(HOOK, SHORT_SECONDS)
    assert late == HookResult(succeeded=False, pending=True, message="waits for its turn")
    assert HOOK.key not in {key for key, _ in receiver.calls}

    receiver.answer.set()
    assert until(lambda: errands.run(HOOK, SHORT_SECONDS)) == GOOD


def test_one_canary_does_not_hold_the_turns_of_others(receiver: Receiver) -> None:
    errands = Errands(receiver)
    found = [errands.run(call_of("edited", f"revision-{n}"), 0) for n in range(MOST)]
    other = errands.run(call_of("other", "of-another"), 0)

    assert [one.message for one in found[:MOST_OF_ONE]] == [
        "no answer yet after 0 s"
    ] * MOST_OF_ONE
    assert {one.message for one in found[MOST_OF_ONE:]} == {"waits for its turn"}
    assert other.message == "no answer yet after 0 s"


def test_a_call_that_raises_has_failed() -> None:
    def broken(_hook: HookCall, _seconds: float) -> HookResult:
        raise RuntimeError("s3cret")

    assert Errands(broken).run(HOOK, LONG_SECONDS) == HookResult(
        succeeded=False, message="it could not be called (RuntimeError)"
    )


@pytest.mark.parametrize(
    ("timeout", "retries", "seconds"),
    [(180.0, 0, 180.0), (10.0, 2, 33.0), (20.0, 5, 151.0), (7200.0, 0, 3600.0), (1.0, 9999, 3600)],
)
def test_the_time_of_all_attempts(timeout: float, retries: int, seconds: float) -> None:
    assert whole_seconds(replace(HOOK, timeout_seconds=timeout, retries=retries)) == seconds


@pytest.mark.parametrize(
    ("kind", "timeout", "outlasts"),
    [
        ("pre-rollout", 180.0, True),
        ("rollout", 10.5, True),
        ("rollout", 10.0, False),
        ("pre-rollout", 5.0, False),
        ("confirm-rollout", 180.0, False),
        ("confirm-promotion", 180.0, False),
        ("rollback", 180.0, False),
        ("post-rollout", 180.0, False),
    ],
)
def test_tests_and_loads_may_outlast_a_sync(kind: str, timeout: float, outlasts: bool) -> None:
    assert replace(HOOK, type=kind, timeout_seconds=timeout).may_outlast_a_sync is outlasts
