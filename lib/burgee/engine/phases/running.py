"""Progressing and WaitingPromotion: readiness first, then the step that is due."""

from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after, fine_stamp
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import HookCall
from burgee.engine.objects.pods import pod_labels
from burgee.engine.phases.approvals import pass_promotion_gate, pass_traffic_gate
from burgee.engine.phases.awaiting import await_route, shown_at_last
from burgee.engine.phases.gates import (
    calls_of,
    first_failure,
    first_pending,
    first_signal,
    unasked,
)
from burgee.engine.phases.measuring import checks_of
from burgee.engine.phases.outcomes import (
    climb,
    failed_check,
    hold,
    restart,
    roll_back,
    running_world,
)
from burgee.engine.phases.skipping import skip
from burgee.engine.phases.verdicts import weigh
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.strategy import has_begun, next_step
from burgee.engine.reading.traffic import FULL_PERCENT, route_of
from burgee.engine.transitions import changed_status
from burgee.engine.turn import Turn

WEBHOOK_LOOK_SECONDS = 2.0
_SPARE_SECONDS = 30.0


def progress(facts: Facts, findings: Findings) -> Turn | Plan:
    """One look at a run: waits for readiness, then takes the step that is due."""
    if facts.run_outdated:
        return restart(facts)
    blocked = _blocked(facts, findings)
    if blocked:
        return blocked
    if facts.status.paused:
        return hold(facts, "paused")
    if facts.spec.skips_analysis:
        return skip(facts)
    if not has_begun(facts.status):
        return _begin(facts, findings)
    return _analyse(facts, findings)


def _blocked(facts: Facts, findings: Findings) -> Turn | Plan | None:
    """What keeps a step from being taken: a workload that is not ready, None where both are."""
    skips = facts.spec.skips_analysis
    for role, state in (("primary", facts.primary_state), ("canary", facts.canary_state)):
        idle_primary = skips or facts.status.routed_weight == FULL_PERCENT
        if state.ready or (role == "primary" and idle_primary):
            continue
        message = f"{role}: {state.message}"
        deadline = after(facts.waiting_since(role), facts.spec.deadline_seconds)
        if state.retriable and facts.now < deadline:
            return hold(facts, f"waiting for {message}", wake_at=deadline, waits_on=role)
        if findings.pods is None:
            workload = facts.target if role == "canary" else facts.primary
            return Plan(pods_of=pod_labels(workload))
        reason = "NotReady"
        if state.retriable:
            reason = "ProgressDeadlineExceeded"
            message = f"{message}; not ready within {facts.spec.deadline_seconds} s"
        return roll_back(facts, reason, "; ".join(filter(None, (message, findings.pods))))
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
    pending = first_pending(calls, findings)
    if pending:
        return _await_webhook(facts, pending)
    failure = first_failure(calls, findings)
    if failure:
        return failed_check(facts, facts.status, failure)
    return pass_traffic_gate(facts, facts.status, findings) or climb(facts, facts.status)


def _analyse(facts: Facts, findings: Findings) -> Turn | Plan:
    """A step that is due: webhooks and all checks, then up, on to promotion, or a failure."""
    status, due = facts.status, facts.next_step or facts.now
    if not facts.route_shows(route_of(status)):
        return await_route(facts, due)
    late = shown_at_last(facts, due)
    if late:
        return late
    if facts.now < due:
        return hold(facts, "", wake_at=due)
    stops, calls = calls_of(facts, "rollback"), calls_of(facts, "rollout")
    hooks = (*stops, *calls)
    # Nothing is measured while a webhook may still be at work.
    if any(call.may_outlast_a_sync for call in calls) and unasked(hooks, findings):
        return Plan(hooks=hooks)
    signal = first_signal(stops, findings)
    if signal:
        return roll_back(facts, "RollbackWebhook", f"webhook {signal} signals a rollback")
    pending = first_pending(calls, findings)
    if pending:
        return _await_webhook(facts, pending)
    if findings.checks is None:
        due_hooks = hooks if unasked(hooks, findings) else ()
        return Plan(analysis=True, checks=checks_of(facts), hooks=due_hooks)
    weighed = weigh(facts, findings.checks)
    status = changed_status(status, checks=weighed.entries)
    hook_failure = first_failure(calls, findings)
    failures = [text for text in (hook_failure, *weighed.failures) if text]
    if failures:
        return failed_check(facts, status, "; ".join(failures))
    if weighed.holds:
        return _hold_for_data(facts, status, "; ".join(weighed.holds))
    if status.phase is Phase.PROGRESSING and not status.traffic_mirrored:
        gate = pass_traffic_gate(facts, status, findings)
        if gate:
            return gate
    if next_step(facts.strategy, facts.analysis, status, facts.router.capabilities):
        return climb(facts, status)
    return pass_promotion_gate(facts, status, findings)


def _await_webhook(facts: Facts, call: HookCall) -> Turn:
    """A webhook is at work; for longer than its own time it cannot be, whoever makes the call."""
    on = f"webhook/{call.name}"
    most = (call.retries + 1) * (call.timeout_seconds + _SPARE_SECONDS)
    end = after(facts.waiting_since(on), most)
    if facts.now >= end:
        text = f"webhook {call.name}: no answer within {most:.0f} s"
        return failed_check(facts, facts.status, text)
    due = min(after(facts.now, WEBHOOK_LOOK_SECONDS), end)
    return hold(facts, f"waiting for webhook {call.name}", wake_at=due, waits_on=on)


def _hold_for_data(facts: Facts, status: CanaryStatus, text: str) -> Turn:
    """A check without a number holds the step; not for longer than the deadline."""
    deadline = after(facts.waiting_since("data"), facts.spec.deadline_seconds)
    if facts.now >= deadline:
        late = f"{text}; for more than {facts.spec.deadline_seconds} s"
        return roll_back(facts, "NoVerdict", late, status)
    due = min(after(facts.now, facts.interval_seconds), deadline)
    status = changed_status(status, next_step_time=fine_stamp(due))
    world = running_world(status)
    return Turn(status=status, world=world, detail=text, wake_at=due, waits_on="data")
