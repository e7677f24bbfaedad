"""Initialized, Succeeded, Failed and Waiting: nothing runs until a new revision is let in."""

from burgee.api.analysis import TimeoutPolicy
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after, fine_stamp, stamp
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import EmitEvent, EventType
from burgee.engine.letters import Severity
from burgee.engine.phases.gates import Closed, calls_of, closed_gate, unasked
from burgee.engine.phases.measuring import metric_problem
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.traffic import ALL_TO_CANARY, FULL_PERCENT
from burgee.engine.telling.alerts import Alert, alert
from burgee.engine.transitions import changed_status, enter
from burgee.engine.turn import TargetMode, Turn, World, event
from burgee.targets.hashing import is_ours


def rest(facts: Facts, findings: Findings) -> Turn | Plan:
    """Holds the cluster at rest, and starts a run when there is a new revision."""
    status = _adopt(facts)
    world = rest_world(status)
    changed = facts.spec_changed(status) or facts.configs_changed(status)
    if not changed and status.phase is not Phase.WAITING:
        return Turn(status=_note_revert(facts, status), world=world)
    primary_serves = status.routed_weight < FULL_PERCENT and not facts.spec.skips_analysis
    if primary_serves and not facts.primary_state.ready:
        text = f"a new revision waits for the primary: {facts.primary_state.message}"
        return Turn(status=status, world=world, detail=text)
    if metric_problem(facts):
        text = "a new revision waits until the analysis can be run"
        return Turn(status=status, world=world, detail=text)
    return _let_in(facts, status, findings)


def rest_world(status: CanaryStatus) -> World:
    """All traffic to the primary and the target at zero.

    After a failed promotion it is the other way round: the target serves and stays up.
    """
    if status.routed_weight == FULL_PERCENT:
        return World(target=TargetMode.LEAVE, route=ALL_TO_CANARY)
    return World(target=TargetMode.ZERO)


def _let_in(facts: Facts, status: CanaryStatus, findings: Findings) -> Turn | Plan:
    """Asks the confirm-rollout gate and starts the run."""
    now, world = facts.now, rest_world(status)
    calls = calls_of(facts, "confirm-rollout")
    if calls:
        due = facts.next_step
        if status.phase is Phase.WAITING and due and now < due:
            return Turn(status=status, world=world, wake_at=due)
        if unasked(calls, findings):
            return Plan(hooks=calls)
        gate = closed_gate(facts, "confirm-rollout", calls, findings)
        if gate is not None and not gate.is_over(now):
            return _wait(facts, status, gate)
        if gate is not None and gate.policy is TimeoutPolicy.ROLLBACK:
            return _turn_away(facts, status, gate)
    # After a failed promotion the canary has the traffic: its new pods are looked at for an
    # interval before anything is judged.
    serves = status.routed_weight > 0
    first_look = fine_stamp(after(now, facts.interval_seconds)) if serves else None
    status = enter(
        status,
        Phase.PROGRESSING,
        now,
        next_step_time=first_look,
        last_applied_spec=facts.template_hash,
        tracked_configs=dict(facts.tracked),
        canary_weight=status.routed_weight,
        traffic_weight=None,
        traffic_mirrored=None,
        failed_checks=0,
        iterations=0,
        checks=(),
        failure=None,
    )
    text = "New revision detected, the run begins"
    told = event(facts, EventType.NORMAL, text, cause="start")
    news = alert(facts, Severity.INFO, text, cause="start", with_fields=True)
    # Pods that a manifest with its own replicas has brought along are wanted in a moment.
    world = World(target=TargetMode.LEAVE, route=world.route)
    return Turn(status=status, world=world, events=(told,), alerts=(news,))


def _wait(facts: Facts, status: CanaryStatus, gate: Closed) -> Turn:
    """Closed gate: phase Waiting, asked again after an interval."""
    due = gate.wake(after(facts.now, facts.interval_seconds))
    world = rest_world(status)
    told: tuple[EmitEvent, ...] = ()
    news: tuple[Alert, ...] = ()
    if status.phase is not Phase.WAITING:
        text = f"A new revision waits for approval: {gate.text}"
        told = (event(facts, EventType.WARNING, text, cause="gate"),)
        if not gate.muted:
            news = (alert(facts, Severity.WARN, text, cause="gate"),)
        status = enter(status, Phase.WAITING, facts.now)
    status = changed_status(status, next_step_time=fine_stamp(due))
    return Turn(
        status=status,
        world=world,
        wake_at=due,
        waits_on=gate.on,
        detail=gate.text,
        events=told,
        alerts=news,
    )


def _turn_away(facts: Facts, status: CanaryStatus, gate: Closed) -> Turn:
    """The gate stayed closed for its time: the revision fails before it got any traffic."""
    message = f"closed for too long: {gate.text}"
    status = enter(
        status,
        Phase.FAILED,
        facts.now,
        last_applied_spec=facts.template_hash,
        tracked_configs=dict(facts.tracked),
        failure={"reason": "GateTimeout", "message": message, "at": stamp(facts.now)},
    )
    text = f"Not let in: {message}"
    told = event(facts, EventType.WARNING, text, cause="gate-timeout")
    news = alert(facts, Severity.ERROR, text, cause="gate-timeout")
    world = rest_world(status)
    return Turn(status=status, world=world, detail=message, events=(told,), alerts=(news,))


def _adopt(facts: Facts) -> CanaryStatus:
    """Takes over hashes that are not ours as if they were those of the observed target.

    A Canary that another controller left at rest must not start a run because hashes are made
    differently here.
    """
    status = facts.status
    applied, promoted = status.last_applied_spec, status.last_promoted_spec
    if not applied or is_ours(applied):
        return status
    same = promoted == applied
    return changed_status(
        status,
        last_applied_spec=facts.template_hash,
        last_promoted_spec=facts.template_hash if same else promoted,
    )


def _note_revert(facts: Facts, status: CanaryStatus) -> CanaryStatus:
    """After a failure, a target that is set back to the promoted revision is on record.

    The failed revision then counts as new again when it comes back.
    """
    back = facts.template_hash == status.last_promoted_spec != status.last_applied_spec
    if status.phase is Phase.FAILED and back:
        return changed_status(status, last_applied_spec=facts.template_hash)
    return status
