"""A whole plan, and looks at sources."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from fanned_out import BAD, GOOD, LONG_SECONDS, answering, check, hook, soon, source, well

from burgee.adapters.deeds import Deed, Kind
from burgee.adapters.fanout import PROBE_SECONDS, run, run_probes
from burgee.adapters.outside.webhooks import call as call_webhook
from burgee.adapters.sources.prometheus import Prometheus
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import HookCall, HookResult
from burgee.metrics.model import (
    BrokenCheck,
    Check,
    Limits,
    Measurement,
    Sample,
    Source,
    Verdict,
)


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
