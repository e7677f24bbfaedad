"""How a look at a run ends: it holds, counts a failure, restarts, rolls back, or takes a step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after, fine_stamp, stamp
from burgee.engine.effects import EventType
from burgee.engine.letters import Severity
from burgee.engine.phases.gates import calls_of
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.strategy import describe_step, next_step
from burgee.engine.reading.traffic import route_of
from burgee.engine.telling.alerts import alert
from burgee.engine.transitions import changed_status, enter
from burgee.engine.turn import TargetMode, Turn, World, event

_ASKED_FOR = frozenset({"RollbackWebhook", "Aborted"})
"""Reasons of rollbacks that somebody wanted; the others are the release's own fault."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a release failed.

    Attributes:
        reason: one word, for machines.
        message: for status and the condition.
        text: for people who are told.
        cause: what keeps its event and alert apart from others.
    """

    reason: str
    message: str
    text: str
    cause: str


def running_world(status: CanaryStatus) -> World:
    """The target runs and gets the weight that status gives it."""
    return World(target=TargetMode.RUN, route=route_of(status))


def hold(
    facts: Facts, detail: str, *, wake_at: datetime | None = None, waits_on: str = ""
) -> Turn:
    """Nothing moves; `wake_at` is when to look again without an event."""
    status = facts.status
    return Turn(
        status=status,
        world=running_world(status),
        detail=detail,
        wake_at=wake_at,
        waits_on=waits_on,
    )


def restart(facts: Facts) -> Turn:
    """A newer revision arrived: all traffic back to the primary, the run begins anew."""
    status = enter(
        facts.status,
        Phase.PROGRESSING,
        facts.now,
        last_applied_spec=facts.template_hash,
        tracked_configs=dict(facts.tracked),
        canary_weight=0,
        traffic_weight=None,
        failed_checks=0,
        iterations=0,
        checks=(),
    )
    told = event(
        facts, EventType.NORMAL, "A newer revision arrived, the run restarts", cause="restart"
    )
    return Turn(status=status, world=running_world(status), events=(told,))


def roll_back(facts: Facts, reason: str, message: str, status: CanaryStatus | None = None) -> Turn:
    """Ends the run: all traffic to the primary, phase Failed, the reason on record.

    The target goes to zero at rest, after the route is seen to give it nothing.
    """
    return end_failed(
        facts,
        Failure(reason=reason, message=message, text=f"Rolled back: {message}", cause="rollback"),
        facts.status if status is None else status,
        severity=Severity.WARN if reason in _ASKED_FOR else Severity.ERROR,
    )


def end_failed(
    facts: Facts,
    failure: Failure,
    status: CanaryStatus,
    *,
    severity: Severity = Severity.ERROR,
    **changes: Any,
) -> Turn:
    """Phase Failed, with the reason on record; the target stays until it is seen to get nothing.

    Args:
        facts: of this look.
        failure: what went wrong.
        status: from which the phase is entered.
        severity: of the alert.
        changes: fields of status besides those of the phase.
    """
    message, text, cause = failure.message, failure.text, failure.cause
    record = {"reason": failure.reason, "message": message, "at": stamp(facts.now)}
    status = enter(status, Phase.FAILED, facts.now, failure=record, **changes)
    told = event(facts, EventType.WARNING, text, cause=f"{cause}/{failure.reason}")
    return Turn(
        status=status,
        world=World(target=TargetMode.LEAVE, route=route_of(status)),
        detail=message,
        events=(told,),
        hooks=calls_of(facts, "post-rollout", status=status),
        alerts=(alert(facts, severity, text, cause=cause),),
    )


def failed_check(facts: Facts, status: CanaryStatus, message: str) -> Turn:
    """Counts a failure; at the threshold the run ends, in this very sync.

    Failures add up over a run, a passing check does not forgive them. Source: flagger
    pkg/controller/scheduler.go, advanceCanary.
    """
    count = status.failed_checks + 1
    limit = facts.analysis.failure_threshold
    if count >= limit:
        text = f"{message} (failed checks {count} of {limit})"
        return roll_back(facts, "FailedChecks", text, status)
    due = after(facts.now, facts.interval_seconds)
    status = changed_status(
        status,
        failed_checks=count,
        waiting=None,
        next_step_time=fine_stamp(due),
        last_transition_time=stamp(facts.now),
    )
    text = f"Check failed ({count} of {limit}): {message}"
    told = event(facts, EventType.WARNING, text, cause="check")
    world = running_world(status)
    return Turn(status=status, world=world, detail=message, wake_at=due, events=(told,))


def climb(facts: Facts, status: CanaryStatus) -> Turn:
    """The next step of the strategy."""
    fields = next_step(facts.strategy, facts.analysis, status, facts.router.capabilities)
    return take(facts, status, fields or {})


def take(facts: Facts, status: CanaryStatus, fields: dict[str, Any]) -> Turn:
    """Takes a step; its analysis is due one interval from now."""
    due = after(facts.now, facts.interval_seconds)
    timing = {
        "next_step_time": fine_stamp(due),
        "last_transition_time": stamp(facts.now),
        "waiting": None,
    }
    status = changed_status(status, **(fields | timing))
    told = event(facts, EventType.NORMAL, describe_step(fields), cause="step")
    return Turn(status=status, world=running_world(status), wake_at=due, events=(told,))


def begin_promotion(facts: Facts, status: CanaryStatus) -> Turn:
    """The analysis is done; the primary is built in the sync that finds this on record."""
    status = enter(status, Phase.PROMOTING, facts.now, primary_revision=facts.revision)
    told = event(facts, EventType.NORMAL, "The analysis passed, promoting", cause="promoting")
    return Turn(status=status, world=running_world(status), events=(told,))
