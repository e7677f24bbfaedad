"""Gates in the middle of a run: more traffic, and the promotion."""

from burgee.api.analysis import TimeoutPolicy
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after, fine_stamp
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import EmitEvent, EventType
from burgee.engine.letters import Severity
from burgee.engine.phases.gates import calls_of, closed_gate, unasked
from burgee.engine.phases.outcomes import begin_promotion, roll_back, running_world, take
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.strategy import Strategy, switch
from burgee.engine.telling.alerts import Alert, alert
from burgee.engine.transitions import changed_status, enter
from burgee.engine.turn import Turn, event


def pass_traffic_gate(
    facts: Facts, status: CanaryStatus, findings: Findings
) -> Turn | Plan | None:
    """confirm-traffic-increase, before every step: None where it is open or not there.

    A closed gate is no failed check. Source: flagger
    pkg/controller/scheduler_hooks.go, runConfirmPromotionHooks.
    """
    if facts.strategy is not Strategy.CANARY:
        return None
    calls = calls_of(facts, "confirm-traffic-increase")
    if unasked(calls, findings):
        return Plan(hooks=calls)
    gate = closed_gate(facts, "confirm-traffic-increase", calls, findings)
    if gate is None:
        return None
    if gate.is_over(facts.now):
        if gate.policy is TimeoutPolicy.PROCEED:
            return None
        return roll_back(facts, "GateTimeout", f"closed for too long: {gate.text}", status)
    due = gate.wake(after(facts.now, facts.interval_seconds))
    status = changed_status(status, next_step_time=fine_stamp(due))
    text = f"More traffic waits for approval: {gate.text}"
    told = event(facts, EventType.WARNING, text, cause="traffic-gate")
    cause = f"traffic-gate/{status.routed_weight}"
    news = alert(facts, Severity.WARN, text, cause=cause)
    return Turn(
        status=status,
        world=running_world(status),
        detail=gate.text,
        wake_at=due,
        waits_on=gate.on,
        events=(told,),
        alerts=() if gate.muted else (news,),
    )


def pass_promotion_gate(facts: Facts, status: CanaryStatus, findings: Findings) -> Turn | Plan:
    """confirm-promotion, at the top of the ladder; while it is closed the analysis goes on.

    Status shows weight 0 in WaitingPromotion, as in Flagger, while the route keeps its weight.
    """
    calls = calls_of(facts, "confirm-promotion")
    if unasked(calls, findings):
        return Plan(hooks=calls)
    gate = closed_gate(facts, "confirm-promotion", calls, findings)
    over = gate is not None and gate.is_over(facts.now)
    if gate is None or (over and gate.policy is TimeoutPolicy.PROCEED):
        last = switch(facts.strategy, status, facts.router.capabilities)
        return take(facts, status, last) if last else begin_promotion(facts, status)
    if over:
        return roll_back(facts, "GateTimeout", f"closed for too long: {gate.text}", status)
    due = gate.wake(after(facts.now, facts.interval_seconds))
    told: tuple[EmitEvent, ...] = ()
    news: tuple[Alert, ...] = ()
    if status.phase is not Phase.WAITING_PROMOTION:
        weight, count = status.routed_weight, status.iterations
        status = enter(
            status,
            Phase.WAITING_PROMOTION,
            facts.now,
            traffic_weight=weight,
            iterations=count,
        )
        text = f"The promotion waits for approval: {gate.text}"
        told = (event(facts, EventType.WARNING, text, cause="promotion-gate"),)
        if not gate.muted:
            news = (alert(facts, Severity.WARN, text, cause="promotion-gate"),)
    status = changed_status(status, next_step_time=fine_stamp(due))
    return Turn(
        status=status,
        world=running_world(status),
        detail=gate.text,
        wake_at=due,
        waits_on=gate.on,
        events=told,
        alerts=news,
    )
