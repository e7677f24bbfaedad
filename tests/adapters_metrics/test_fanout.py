"""Queries and webhooks of a plan run beside each other, and never longer than the deadline."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from burgee.adapters.deeds import Deed, Kind
from burgee.adapters.fanout import PROBE_SECONDS, run, run_checks, run_hooks, run_probes
from burgee.adapters.prometheus import Prometheus
from burgee.adapters.webhooks import call as call_webhook
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import HookCall, HookResult
from burgee.metrics.model import (
    BrokenCheck,
    Check,
    Limits,
    Measurement,
    Sample,
    Source,
    SourceError,
    Verdict,
)

LONG_SECONDS = 5.0
GOOD = HookResult(succeeded=True, message="answered 200", status_code=200)
BAD = HookResult(succeeded=False, message="answered 403", status_code=403)


def check(number: int, *, query: str = "", address: str = "http://prom:9090") -> Check:
    return Check(
        id=f"{number}/query",
        name=f"metric-{number}",
        source=Source(type="prometheus", address=address),
        query=query or f"up{number}",
        limits=Limits(maximum=10),
    )


def hook(number: int, *, url: str = "http://gate/", kind: str = "rollout") -> HookCall:
    return HookCall(
        name=f"hook-{number}",
        type=kind,
        url=url,
        payload={},
        timeout_seconds=LONG_SECONDS,
        retries=0,
        verify_tls=True,
        key=f"key-{number}",
    )


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=4) as running:
        yield running


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Ends what hangs, at the latest when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def source(name: str) -> Source:
    return Source(type="prometheus", address=f"http://{name}:9090")


def well(_source: Source, _seconds: float) -> str:
    return ""


def soon(seconds: float = LONG_SECONDS) -> float:
    return time.monotonic() + seconds


def late(found: Measurement | HookResult) -> bool:
    message = "" if isinstance(found, Sample) else found.message
    return re.fullmatch(r"no answer within 0\.[0-3] s", message) is not None


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


def answering(*results: HookResult, calls: list[str]) -> Callable[[HookCall, float], HookResult]:
    left = list(results)

    def call(hook_: HookCall, _seconds: float) -> HookResult:
        calls.append(hook_.key)
        return left.pop(0)

    return call


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


def test_a_plan_runs_hooks_beside_checks_and_judges(executor: ThreadPoolExecutor) -> None:
    together = threading.Barrier(2, timeout=LONG_SECONDS)

    def measure(_check: Check, _seconds: float) -> Measurement:
        together.wait()
        return Sample(value=5)

    def call(_hook: HookCall, _seconds: float) -> HookResult:
        together.wait()
        return GOOD

    broken = BrokenCheck(id="0/none", name="broken", reason="no template")
    plan = Plan(analysis=True, checks=(broken, check(1)), hooks=(hook(1),))

    findings = run(
        plan, measure=measure, call=call, probe=well, executor=executor, deadline=soon()
    )

    assert [(judged.id, judged.verdict) for judged in findings.checks] == [
        ("0/none", Verdict.ERROR),
        ("1/query", Verdict.PASSED),
    ]
    assert findings.hooks == {"key-1": GOOD}


def test_all_that_was_done_is_noted(
    executor: ThreadPoolExecutor, release: threading.Event
) -> None:
    def measure(check_: Check, _seconds: float) -> Measurement:
        if check_.query == "late":
            release.wait(LONG_SECONDS)
        time.sleep(0.02)
        return Sample(value=50 if check_.query == "high" else 5)

    high = replace(check(3), id="3/wide", query="high", limits=Limits(maximum=100))
    plan = Plan(
        analysis=True,
        checks=(
            BrokenCheck(id="0/none", name="broken", reason="no template"),
            check(1),
            check(3, query="high"),
            high,
            check(4, query="late"),
        ),
        hooks=(hook(1), hook(2, kind="pre-rollout"), hook(3)),
    )
    deeds: list[Deed] = []
    began = time.time()

    run(
        plan,
        measure=measure,
        call=answering(GOOD, BAD, calls=[]),
        probe=well,
        executor=executor,
        deadline=soon(0.3),
        note=deeds.append,
    )

    assert [(d.kind, d.type, d.name, d.outcome) for d in deeds] == [
        (Kind.CHECK, "", "broken", "Error"),
        (Kind.CHECK, "prometheus", "metric-1", "Passed"),
        (Kind.CHECK, "prometheus", "metric-3", "Failed"),
        (Kind.CHECK, "prometheus", "metric-3", "Passed"),
        (Kind.CHECK, "prometheus", "metric-4", "Error"),
        (Kind.WEBHOOK, "rollout", "hook-1", "succeeded"),
        (Kind.WEBHOOK, "pre-rollout", "hook-2", "failed"),
    ]
    assert all(began - 1 <= d.took.began <= time.time() for d in deeds)
    assert deeds[1].took.seconds >= 0.02
    assert deeds[2].took == deeds[3].took, "one query, asked once"
    assert deeds[4].took.seconds >= 0.3, "as long as it was waited for"


def test_looks_at_sources_are_noted(executor: ThreadPoolExecutor) -> None:
    deeds: list[Deed] = []

    run(
        Plan(sources=(source("good"), source("bad"))),
        measure=lambda _check, _seconds: Sample(value=1),
        call=answering(calls=[]),
        probe=lambda asked, _seconds: "down" if asked == source("bad") else "",
        executor=executor,
        deadline=soon(),
        note=deeds.append,
    )

    assert [(d.kind, d.type, d.outcome) for d in deeds] == [
        (Kind.PROBE, "prometheus", "online"),
        (Kind.PROBE, "prometheus", "offline"),
    ]


def test_an_empty_plan_finds_nothing(executor: ThreadPoolExecutor) -> None:
    findings = run(
        Plan(),
        measure=lambda _check, _seconds: Sample(value=1),
        call=lambda _hook, _seconds: GOOD,
        probe=well,
        executor=executor,
        deadline=soon(),
    )

    assert findings == Findings()


def test_sources_are_asked_side_by_side_whether_they_are_online(
    executor: ThreadPoolExecutor, release: threading.Event
) -> None:
    good, bad, broken, silent = (source(name) for name in ("good", "bad", "broken", "silent"))
    together = threading.Barrier(4, timeout=LONG_SECONDS)

    def probe(asked: Source, seconds: float) -> str:
        assert seconds <= PROBE_SECONDS
        together.wait()
        if asked == silent:
            release.wait(LONG_SECONDS)
        if asked == broken:
            raise RuntimeError("s3cret")
        return "it is not well" if asked == bad else ""

    findings = run(
        Plan(sources=(good, bad, broken, silent)),
        measure=lambda _check, _seconds: Sample(value=1),
        call=lambda _hook, _seconds: GOOD,
        probe=probe,
        executor=executor,
        deadline=soon(0.4),
    )

    assert findings.checks is None
    found = dict(findings.sources or {})
    assert found.pop(silent).startswith("no answer within")
    assert found == {
        good: "",
        bad: "it is not well",
        broken: "it could not be asked (RuntimeError)",
    }


def test_a_source_that_waits_for_a_thread_is_not_asked_late(
    executor: ThreadPoolExecutor, release: threading.Event
) -> None:
    for _ in range(4):
        executor.submit(release.wait, LONG_SECONDS)

    found = run_probes([source("any")], well, executor, soon(0.1))

    assert found[source("any")].startswith("no answer within")


def test_real_servers_that_hang_cost_the_deadline_once(
    executor: ThreadPoolExecutor, server: Any, reply: Any
) -> None:
    server.replies = [reply(hang=True)]
    prometheus = Prometheus()

    def measure(check_: Check, seconds: float) -> Measurement:
        return prometheus.measure(check_, None, timeout_seconds=seconds)

    def call(hook_: HookCall, seconds: float) -> HookResult:
        return call_webhook(hook_, deadline_seconds=seconds)

    plan = Plan(
        analysis=True,
        checks=(check(1, address=server.url), check(2, address=server.url)),
        hooks=(hook(1, url=server.url), hook(2, url=server.url)),
    )
    began = time.monotonic()
    findings = run(
        plan, measure=measure, call=call, probe=well, executor=executor, deadline=soon(0.4)
    )

    assert time.monotonic() - began < 2
    assert {judged.verdict for judged in findings.checks} == {Verdict.ERROR}
    assert list(findings.hooks) == ["key-1"]
    assert not findings.hooks["key-1"].succeeded

    executor.shutdown(wait=True)
    prometheus.close()
    assert time.monotonic() - began < 3
