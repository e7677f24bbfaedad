import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fanned_out import BAD, GOOD, LONG_SECONDS, answering, check, hook, late, soon

from burgee.adapters.fanout import run_checks, run_hooks
from burgee.engine.effects import HookCall, HookResult
from burgee.metrics.model import (
    Check,
    Measurement,
    Sample,
    SourceError,
)


def test_checks_run_beside_each_other(executor: ThreadPoolExecutor) -> None:
    together = threading.Barrier(3, timeout=LONG_SECONDS)

    def measure(check_: Check, _seconds: float) -> Measurement:
        together.wait()
        return Sample(value=float(check_.query[2:]))

    measured = run_checks([check(1), check(2), check(3)], measure, executor, soon())

    assert measured == {f"{n}/query": Sample(value=n) for n in (1, 2, 3)}


def test_the_same_question_is_asked_once(executor: ThreadPoolExecutor) -> None:
    asked: list[tuple[str, str]] = []

    def measure(check_: Check, _seconds: float) -> Measurement:
        asked.append((check_.source.address, check_.query))
        return Sample(value=1)

    checks = [check(1, query="a"), check(2, query="a"), check(3, query="a", address="http://b")]
    measured = run_checks(checks, measure, executor, soon())

    assert sorted(asked) == [("http://b", "a"), ("http://prom:9090", "a")]
    assert measured == {f"{n}/query": Sample(value=1) for n in (1, 2, 3)}


def test_a_check_gets_the_time_that_is_left(executor: ThreadPoolExecutor) -> None:
    def measure(_check: Check, seconds: float) -> Measurement:
        return Sample(value=seconds)

    measured = run_checks([check(1)], measure, executor, soon(2))["1/query"]

    assert isinstance(measured, Sample)
    assert 1 < measured.value <= 2


def test_late_checks_do_not_hold_up_the_caller(
    executor: ThreadPoolExecutor, release: threading.Event
) -> None:
    def measure(check_: Check, _seconds: float) -> Measurement:
        if check_.query == "up1":
            release.wait(LONG_SECONDS)
        return Sample(value=1)

    began = time.monotonic()
    measured = run_checks([check(1), check(2)], measure, executor, soon(0.25))

    assert time.monotonic() - began < 2
    assert measured["2/query"] == Sample(value=1)
    assert late(measured["1/query"])


def test_checks_that_found_no_thread_are_late_and_never_run(release: threading.Event) -> None:
    ran: list[str] = []

    def measure(check_: Check, _seconds: float) -> Measurement:
        ran.append(check_.query)
        release.wait(LONG_SECONDS)
        return Sample(value=1)

    with ThreadPoolExecutor(max_workers=1) as narrow:
        measured = run_checks([check(1), check(2)], measure, narrow, soon(0.2))
        release.set()

    assert {type(one) for one in measured.values()} == {SourceError}
    assert ran == ["up1"]


def test_an_exception_is_an_error_of_its_check(executor: ThreadPoolExecutor) -> None:
    def measure(check_: Check, _seconds: float) -> Measurement:
        if check_.query == "up1":
            raise RuntimeError("s3cret")
        return Sample(value=1)

    measured = run_checks([check(1), check(2)], measure, executor, soon())

    assert measured == {
        "1/query": SourceError(message="it could not be asked (RuntimeError)"),
        "2/query": Sample(value=1),
    }


@pytest.mark.parametrize(
    ("answers", "called"),
    [
        pytest.param([GOOD, GOOD, GOOD], ["key-1", "key-2", "key-3"], id="all"),
        pytest.param([GOOD, BAD, GOOD], ["key-1", "key-2"], id="up to the first failure"),
        pytest.param([BAD, GOOD, GOOD], ["key-1"], id="the first fails"),
    ],
)
def test_hooks_are_called_in_order_up_to_the_first_failure(
    answers: list[HookResult], called: list[str], executor: ThreadPoolExecutor
) -> None:
    calls: list[str] = []

    results = run_hooks(
        [hook(1), hook(2), hook(3)], answering(*answers, calls=calls), executor, soon()
    )

    assert calls == called
    assert list(results) == called
    assert list(results.values()) == answers[: len(called)]


@pytest.mark.parametrize(
    ("answers", "called"),
    [
        pytest.param([BAD, BAD, GOOD], ["key-1", "key-2", "key-3"], id="no signal"),
        pytest.param([BAD, GOOD, GOOD], ["key-1", "key-2"], id="a signal"),
    ],
)
def test_a_rollback_hook_settles_by_success(
    answers: list[HookResult], called: list[str], executor: ThreadPoolExecutor
) -> None:
    calls: list[str] = []
    hooks = [hook(1, kind="rollback"), hook(2, kind="rollback"), hook(3)]

    results = run_hooks(hooks, answering(*answers, calls=calls), executor, soon())

    assert calls == called
    assert list(results.values()) == answers[: len(called)]


def test_without_hooks_there_is_nothing_to_wait_for(executor: ThreadPoolExecutor) -> None:
    assert run_hooks([], answering(calls=[]), executor, soon()) == {}


def test_a_late_hook_fails_and_none_follows(
    executor: ThreadPoolExecutor, release: threading.Event
) -> None:
    calls: list[str] = []

    def call(hook_: HookCall, _seconds: float) -> HookResult:
        calls.append(hook_.key)
        if hook_.key == "key-2":
            release.wait(LONG_SECONDS)
        return GOOD

    began = time.monotonic()
    results = run_hooks([hook(1), hook(2), hook(3)], call, executor, soon(0.25))

    assert time.monotonic() - began < 2
    assert list(results) == ["key-1", "key-2"]
    assert results["key-1"] == GOOD
    assert not results["key-2"].succeeded
    assert late(results["key-2"])

    release.set()
    executor.shutdown(wait=True)
    assert calls == ["key-1", "key-2"]


def test_a_late_hook_after_a_silent_rollback_hook_fails(
    executor: ThreadPoolExecutor, release: threading.Event
) -> None:
    def call(hook_: HookCall, _seconds: float) -> HookResult:
        if hook_.key == "key-2":
            release.wait(LONG_SECONDS)
            return GOOD
        return BAD

    results = run_hooks([hook(1, kind="rollback"), hook(2)], call, executor, soon(0.2))

    assert list(results) == ["key-1", "key-2"]
    assert not results["key-2"].succeeded


def test_a_hook_that_raises_failed(executor: ThreadPoolExecutor) -> None:
    def call(_hook: HookCall, _seconds: float) -> HookResult:
        raise RuntimeError("s3cret")

    assert run_hooks([hook(1), hook(2)], call, executor, soon()) == {
        "key-1": HookResult(succeeded=False, message="it could not be called (RuntimeError)")
    }
