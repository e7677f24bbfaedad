"""Run the IO of a plan at once, under one deadline.

Queries run beside each other, the webhooks of a plan one after the other beside them. What has
not ended by the deadline is counted as failed and left alone: its thread ends by its own
time-out, the caller goes on.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from typing import TypeAlias

from burgee.adapters.deeds import Deed, Kind, Note, Stopwatch, ignore
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import HookCall, HookResult
from burgee.metrics.judge import judge, judge_broken
from burgee.metrics.model import (
    BrokenCheck,
    Check,
    Judged,
    Measurement,
    Source,
    SourceError,
)

PROBE_SECONDS = 3.0
"""For the question whether a source is online; the answer only informs."""

ROLLBACK = "rollback"
"""The one type of webhook whose success ends a run."""

Measure: TypeAlias = Callable[[Check, float], Measurement]
"""Runs one query within the seconds given."""

CallHook: TypeAlias = Callable[[HookCall, float], HookResult]
"""Calls one webhook within the seconds given."""

Probe: TypeAlias = Callable[[Source, float], str]
"""Says what is wrong with a source, within the seconds given; nothing where it is online."""


_Question: TypeAlias = tuple[Source, str, float]


def run(
    plan: Plan,
    *,
    measure: Measure,
    call: CallHook,
    probe: Probe,
    executor: Executor,
    deadline: float,
    note: Note = ignore,
) -> Findings:
    """Everything that a plan asks for.

    Args:
        plan: what is due.
        measure: runs one query.
        call: calls one webhook.
        probe: asks one source whether it is online.
        executor: its threads do the waiting; one that is never free costs its task the deadline.
        deadline: the time.monotonic() by which this returns.
        note: is told of every check, webhook and source.
    """
    watch = Stopwatch()

    def timed_call(hook: HookCall, seconds: float) -> HookResult:
        return watch.lap(hook.key, lambda: call(hook, seconds))

    def timed_measure(check: Check, seconds: float) -> Measurement:
        return watch.lap(_question(check), lambda: measure(check, seconds))

    def timed_probe(source: Source, seconds: float) -> str:
        return watch.lap(source, lambda: probe(source, seconds))

    started = _start_hooks(plan.hooks, timed_call, executor, deadline)
    asked = [check for check in plan.checks if isinstance(check, Check)]
    measured = run_checks(asked, timed_measure, executor, deadline)
    judged = tuple(
        judge_broken(check) if isinstance(check, BrokenCheck) else judge(check, measured[check.id])
        for check in plan.checks
    )
    found = Findings(
        checks=judged if plan.analysis else None,
        hooks=started.results(),
        sources=run_probes(plan.sources, timed_probe, executor, deadline)
        if plan.sources
        else None,
    )
    for deed in _deeds(plan, judged, found, watch):
        note(deed)
    return found


def run_checks(
    checks: Iterable[Check], measure: Measure, executor: Executor, deadline: float
) -> dict[str, Measurement]:
    """Every check's measurement by its id; the same query of the same source is asked once."""
    began = time.monotonic()
    by_question: dict[_Question, Future[Measurement]] = {}
    by_id: dict[str, Future[Measurement]] = {}
    for check in checks:
        question = _question(check)
        if question not in by_question:
            by_question[question] = executor.submit(_measured, measure, check, deadline)
        by_id[check.id] = by_question[question]
    wait(by_question.values(), timeout=_left(deadline))
    for future in by_question.values():
        future.cancel()
    late = SourceError(message=_late(deadline - began))
    return {
        check_id: future.result() if future.done() and not future.cancelled() else late
        for check_id, future in by_id.items()
    }


def run_probes(
    sources: Iterable[Source], probe: Probe, executor: Executor, deadline: float
) -> dict[Source, str]:
    """What is wrong with each source; nothing where it is online."""
    deadline = min(deadline, time.monotonic() + PROBE_SECONDS)
    began = time.monotonic()
    asked = {source: executor.submit(_probed, probe, source, deadline) for source in sources}
    wait(asked.values(), timeout=_left(deadline))
    late = _late(deadline - began)
    return {
        source: late if future.cancel() or not future.done() else future.result()
        for source, future in asked.items()
    }


def run_hooks(
    calls: Sequence[HookCall], call: CallHook, executor: Executor, deadline: float
) -> dict[str, HookResult]:
    """Results by key, in order, up to the first that settles the matter; see `_settles`."""
    return _start_hooks(calls, call, executor, deadline).results()


def _question(check: Check) -> _Question:
    return check.source, check.query, check.interval_seconds


def _deeds(
    plan: Plan, judged: Sequence[Judged], found: Findings, watch: Stopwatch
) -> Iterator[Deed]:
    for check, verdict in zip(plan.checks, judged, strict=True):
        yield Deed(
            kind=Kind.CHECK,
            type=check.source.type if isinstance(check, Check) else "",
            name=check.name,
            outcome=verdict.verdict.value,
            took=watch.took(_question(check) if isinstance(check, Check) else check.id),
        )
    for hook in plan.hooks:
        result = found.hooks.get(hook.key)
        if result and not result.pending:
            yield Deed(
                kind=Kind.WEBHOOK,
                type=hook.type,
                name=hook.name,
                outcome="succeeded" if result.succeeded else "failed",
                took=watch.took(hook.key),
            )
    for source, problem in (found.sources or {}).items():
        yield Deed(
            kind=Kind.PROBE,
            type=source.type,
            name=source.type,
            outcome="offline" if problem else "online",
            took=watch.took(source),
        )


def _measured(measure: Measure, check: Check, deadline: float) -> Measurement:
    try:
        return measure(check, _left(deadline))
    except Exception as error:
        return SourceError(message=f"it could not be asked ({type(error).__name__})")


def _probed(probe: Probe, source: Source, deadline: float) -> str:
    try:
        return probe(source, _left(deadline))
    except Exception as error:
        return f"it could not be asked ({type(error).__name__})"


@dataclass(frozen=True, kw_only=True, slots=True)
class _HookRun:
    """Calls under way; `ended` grows in another thread, one call at a time."""

    calls: Sequence[HookCall]
    deadline: float
    seconds: float
    ended: dict[str, HookResult]
    future: Future[None] | None

    def results(self) -> dict[str, HookResult]:
        """What ended by the deadline; the call that did not counts as failed."""
        if self.future is None:
            return {}
        wait([self.future], timeout=_left(self.deadline))
        self.future.cancel()
        ended = dict(self.ended)
        pending = next((call.key for call in self.calls if call.key not in ended), None)
        settled = any(_settles(call, ended[call.key]) for call in self.calls if call.key in ended)
        if pending is not None and not settled:
            ended[pending] = HookResult(succeeded=False, message=_late(self.seconds))
        return ended


def _start_hooks(
    calls: Sequence[HookCall], call: CallHook, executor: Executor, deadline: float
) -> _HookRun:
    ended: dict[str, HookResult] = {}
    future = executor.submit(_call_in_turn, calls, call, deadline, ended) if calls else None
    return _HookRun(
        calls=calls,
        deadline=deadline,
        seconds=deadline - time.monotonic(),
        ended=ended,
        future=future,
    )


def _call_in_turn(
    calls: Sequence[HookCall], call: CallHook, deadline: float, ended: dict[str, HookResult]
) -> None:
    """Call one after the other until the matter is settled, and none once the time is over."""
    for hook in calls:
        left = _left(deadline)
        if left <= 0:
            return
        try:
            result = call(hook, left)
        except Exception as error:
            result = HookResult(
                succeeded=False, message=f"it could not be called ({type(error).__name__})"
            )
        ended[hook.key] = result
        if _settles(hook, result):
            return


def _settles(hook: HookCall, result: HookResult) -> bool:
    """Whether the calls after this one are pointless: a failure, or a signal to roll back.

    A rollback webhook that fails is one that does not signal. Source: flagger
    pkg/controller/scheduler_hooks.go.
    """
    return result.succeeded if hook.type == ROLLBACK else not result.succeeded


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.0)


def _late(seconds: float) -> str:
    return f"no answer within {max(seconds, 0.0):.1f} s"
