"""Progressing: readiness, the steps of the analysis, failed checks, rollback."""

from datetime import datetime
from typing import Any

from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after, fine_stamp, stamp
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import EmitEvent, EventType
from burgee.engine.facts import FULL_PERCENT, Facts
from burgee.engine.gates import calls_of, first_failure, first_signal, unasked
from burgee.engine.strategy import Strategy, describe_step, has_begun, next_step, switch
from burgee.engine.transitions import changed_status, enter
from burgee.engine.turn import (
    ALL_TO_PRIMARY,
    PrimaryMode,
    TargetMode,
    Turn,
    World,
    event,
    route_of,
)
from burgee.metrics.checks import build_checks
from burgee.metrics.model import Verdict

ROUTE_GRACE_SECONDS = 1.0


def progress(facts: Facts, findings: Findings) -> Turn | Plan:
    """One look at a run: waits for readiness, then takes the step that is due."""
    if facts.run_outdated:
        return restart(facts)
    blocked = _blocked(facts)
    if blocked:
        return blocked
    if facts.spec.skips_analysis:
        return _skip(facts)
    if not has_begun(facts.status):
        return _begin(facts, findings)
    return _analyse(facts, findings)


def running_world(status: CanaryStatus) -> World:
    """The target runs and gets the weight that status gives it."""
    return World(target=TargetMode.RUN, route=route_of(status))


def hold(facts: Facts, detail: str, *, wake_at: datetime | None = None) -> Turn:
    """Nothing moves; `wake_at` is when to look again without an event."""
    status = facts.status
    return Turn(status=status, world=running_world(status), detail=detail, wake_at=wake_at)


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
    status = enter(
        facts.status if status is None else status,
        Phase.FAILED,
        facts.now,
        failure={"reason": reason, "message": message, "at": stamp(facts.now)},
    )
    told = event(facts, EventType.WARNING, f"Rolled back: {message}", cause=f"rollback/{reason}")
    return Turn(
        status=status,
        world=World(target=TargetMode.LEAVE),
        detail=message,
        events=(told,),
        hooks=calls_of(facts, "post-rollout", status=status),
    )


def _blocked(facts: Facts) -> Turn | None:
    """What keeps a step from being taken: a workload that is not ready, None where both are."""
    skips = facts.spec.skips_analysis
    for role, state in (("primary", facts.primary_state), ("canary", facts.canary_state)):
        idle_primary = skips or facts.status.routed_weight == FULL_PERCENT
        if state.ready or (role == "primary" and idle_primary):
            continue
        message = f"{role}: {state.message}"
        if not state.retriable:
            return roll_back(facts, "NotReady", message)
        deadline = after(facts.phase_start, facts.spec.deadline_seconds)
        before_traffic = role == "canary" and facts.status.routed_weight == 0
        if before_traffic and facts.now >= deadline:
            waited = f"{message}; not ready within {facts.spec.deadline_seconds} s"
            return roll_back(facts, "ProgressDeadlineExceeded", waited)
        return hold(facts, f"waiting for {message}", wake_at=deadline)
    return None


def _begin(facts: Facts, findings: Findings) -> Turn | Plan:
    """Before the first step: webhooks decide, no metric is asked."""
    due = facts.next_step
    if due and facts.now < due:
        return hold(facts, "the first step waits for a webhook", wake_at=due)
    stops = calls_of(facts, "rollback")
    calls = calls_of(facts, "pre-rollout")
    if unasked((*stops, *calls), findings):
        return Plan(hooks=(*stops, *calls))
    signal = first_signal(stops, findings)
    if signal:
        return roll_back(facts, "RollbackWebhook", f"webhook {signal} signals a rollback")
    failure = first_failure(calls, findings)
    if failure:
        return _failed_check(facts, facts.status, failure)
    return _pass_traffic_gate(facts, facts.status, findings) or _climb(facts, facts.status)


def _analyse(facts: Facts, findings: Findings) -> Turn | Plan:
    """A step that is due: webhooks and all checks, then up, on to promotion, or a failure."""
    status, due = facts.status, facts.next_step or facts.now
    if not facts.route_shows(route_of(status)):
        return _await_route(facts, due)
    if facts.now < due:
        return hold(facts, "", wake_at=due)
    stops, calls = calls_of(facts, "rollback"), calls_of(facts, "rollout")
    if findings.checks is None:
        observation = facts.observation
        checks = build_checks(facts.canary, observation.templates, observation.settings)
        return Plan(analysis=True, checks=checks, hooks=(*stops, *calls))
    at = stamp(facts.now)
    status = changed_status(status, checks=tuple(c.as_status(at) for c in findings.checks))
    signal = first_signal(stops, findings)
    if signal:
        return roll_back(facts, "RollbackWebhook", f"webhook {signal} signals a rollback", status)
    failures = [
        f"{c.name}: {c.message}" for c in findings.checks if c.verdict is not Verdict.PASSED
    ]
    hook_failure = first_failure(calls, findings)
    if hook_failure:
        failures.insert(0, hook_failure)
    if failures:
        return _failed_check(facts, status, "; ".join(failures))
    if status.phase is Phase.PROGRESSING and not status.traffic_mirrored:
        gate = _pass_traffic_gate(facts, status, findings)
        if gate:
            return gate
    if next_step(facts.strategy, facts.analysis, status, facts.router.capabilities):
        return _climb(facts, status)
    return _pass_promotion_gate(facts, status, findings)


def _await_route(facts: Facts, due: datetime) -> Turn:
    """The route does not show the weight yet; the window of the checks begins when it does."""
    status = facts.status
    late = facts.now > after(due, ROUTE_GRACE_SECONDS - facts.interval_seconds)
    if late:
        due = after(facts.now, facts.interval_seconds)
        status = changed_status(status, next_step_time=fine_stamp(due))
    world = running_world(status)
    return Turn(status=status, world=world, detail="waiting for the route", wake_at=due)


def _pass_traffic_gate(
    facts: Facts, status: CanaryStatus, findings: Findings
) -> Turn | Plan | None:
    """confirm-traffic-increase, before every step: None where it is open or not there.

    A closed gate is no failed check. Source: reference 7.
    """
    if facts.strategy is not Strategy.CANARY:
        return None
    calls = calls_of(facts, "confirm-traffic-increase")
    if unasked(calls, findings):
        return Plan(hooks=calls)
    failure = first_failure(calls, findings)
    if not failure:
        return None
    due = after(facts.now, facts.interval_seconds)
    status = changed_status(status, next_step_time=fine_stamp(due))
    text = f"More traffic waits for approval: {failure}"
    told = event(facts, EventType.WARNING, text, cause="traffic-gate")
    world = running_world(status)
    return Turn(status=status, world=world, detail=failure, wake_at=due, events=(told,))


def _pass_promotion_gate(facts: Facts, status: CanaryStatus, findings: Findings) -> Turn | Plan:
    """confirm-promotion, at the top of the ladder; while it is closed the analysis goes on.

    Status shows weight 0 in WaitingPromotion, as in Flagger, while the route keeps its weight.
    """
    calls = calls_of(facts, "confirm-promotion")
    if unasked(calls, findings):
        return Plan(hooks=calls)
    failure = first_failure(calls, findings)
    if not failure:
        last = switch(facts.strategy, status, facts.router.capabilities)
        return _take(facts, status, last) if last else _promote(facts, status)
    due = after(facts.now, facts.interval_seconds)
    told: tuple[EmitEvent, ...] = ()
    if status.phase is not Phase.WAITING_PROMOTION:
        weight, count = status.routed_weight, status.iterations
        status = enter(
            status, Phase.WAITING_PROMOTION, facts.now, traffic_weight=weight, iterations=count
        )
        text = f"The promotion waits for approval: {failure}"
        told = (event(facts, EventType.WARNING, text, cause="promotion-gate"),)
    status = changed_status(status, next_step_time=fine_stamp(due))
    world = running_world(status)
    return Turn(status=status, world=world, detail=failure, wake_at=due, events=told)


def _climb(facts: Facts, status: CanaryStatus) -> Turn:
    """The next step of the strategy."""
    fields = next_step(facts.strategy, facts.analysis, status, facts.router.capabilities)
    return _take(facts, status, fields or {})


def _take(facts: Facts, status: CanaryStatus, fields: dict[str, Any]) -> Turn:
    """Takes a step; its analysis is due one interval from now."""
    due = after(facts.now, facts.interval_seconds)
    timing = {"next_step_time": fine_stamp(due), "last_transition_time": stamp(facts.now)}
    status = changed_status(status, **(fields | timing))
    told = event(facts, EventType.NORMAL, describe_step(fields), cause="step")
    return Turn(status=status, world=running_world(status), wake_at=due, events=(told,))


def _promote(facts: Facts, status: CanaryStatus) -> Turn:
    """The analysis is done; the primary is built in the sync that finds this on record."""
    status = enter(status, Phase.PROMOTING, facts.now, primary_revision=facts.revision)
    told = event(facts, EventType.NORMAL, "The analysis passed, promoting", cause="promoting")
    return Turn(status=status, world=running_world(status), events=(told,))


def _failed_check(facts: Facts, status: CanaryStatus, message: str) -> Turn:
    """Counts a failure; at the threshold the run ends, in this very sync.

    Failures add up over a run, a passing check does not forgive them. Source: reference 2.2-23.
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
        next_step_time=fine_stamp(due),
        last_transition_time=stamp(facts.now),
    )
    text = f"Check failed ({count} of {limit}): {message}"
    told = event(facts, EventType.WARNING, text, cause="check")
    world = running_world(status)
    return Turn(status=status, world=world, detail=message, wake_at=due, events=(told,))


def _skip(facts: Facts) -> Turn:
    """skipAnalysis: no steps. The primary takes the revision over, then the run succeeds.

    Flagger scales the target down without a look at the primary; here the primary has to be up.
    """
    status = facts.status
    world = World(primary=PrimaryMode.BUILD, target=TargetMode.RUN)
    if has_begun(status) or status.primary_revision != facts.revision:
        status = changed_status(
            status,
            canary_weight=0,
            iterations=0,
            traffic_weight=None,
            traffic_mirrored=None,
            primary_revision=facts.revision,
        )
        return Turn(status=status, world=running_world(status))
    taken = facts.primary_revision == facts.revision and not facts.primary_is_small
    if not (taken and facts.primary_state.ready and facts.route_shows(ALL_TO_PRIMARY)):
        message = facts.primary_state.message or "the primary takes over the revision"
        if taken and not facts.primary_state.retriable and not facts.primary_state.ready:
            return roll_back(facts, "PromotionFailed", message)
        return Turn(status=status, world=world, detail=message)
    status = enter(status, Phase.SUCCEEDED, facts.now)
    told = event(facts, EventType.NORMAL, "Promoted without analysis", cause="skipped")
    return Turn(
        status=status,
        world=world,
        events=(told,),
        hooks=calls_of(facts, "post-rollout", status=status),
    )
