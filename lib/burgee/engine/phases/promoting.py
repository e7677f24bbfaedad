"""Promoting and Finalising: the primary takes the revision over, then the traffic."""

from burgee.api.status import Phase
from burgee.engine.clock import after, fine_stamp, stamp
from burgee.engine.effects import EventType
from burgee.engine.letters import Severity
from burgee.engine.phases.awaiting import awaited_route, route_trouble
from burgee.engine.phases.gates import calls_of
from burgee.engine.phases.outcomes import Failure, end_failed, restart, roll_back, running_world
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.traffic import ALL_TO_PRIMARY, FULL_PERCENT, route_of
from burgee.engine.telling.alerts import alert
from burgee.engine.transitions import changed_status, enter
from burgee.engine.turn import PrimaryMode, TargetMode, Turn, World, event


def promote(facts: Facts) -> Turn:
    """Phase Promoting: waits for the primary of the analysed revision, then shifts traffic."""
    status = facts.status
    taken = facts.primary_revision == status.primary_revision
    if facts.run_outdated and not taken:
        # The analysed template is gone and the primary still runs the old one: begin again.
        return restart(facts)
    mode = PrimaryMode.KEEP if facts.run_outdated else PrimaryMode.BUILD
    world = World(primary=mode, target=TargetMode.RUN, route=route_of(status))
    state = facts.primary_state
    deadline = after(facts.phase_start, facts.spec.deadline_seconds)
    # A primary that is kept as it is would never get pods that a newer manifest asks for.
    small = facts.primary_is_small and mode is PrimaryMode.BUILD
    if not (taken and state.ready) or small:
        if taken and not state.ready and not state.retriable:
            return _fail(facts, f"primary: {state.message}")
        if not taken and facts.now >= deadline:
            text = f"the primary could not be updated within {facts.spec.deadline_seconds} s"
            return roll_back(facts, "PromotionFailed", text)
        detail = state.message or "the primary takes over the revision"
        return Turn(status=status, world=world, detail=detail, wake_at=deadline)
    if (
        not facts.run_outdated
        and not facts.canary_state.ready
        and not facts.canary_state.retriable
    ):
        # The primary is good, so the canary's trouble no longer matters: all traffic to it.
        return _shift(facts, world, weight=0)
    step = facts.analysis.step_weight_promotion
    if step <= 0 or facts.run_outdated:
        return _shift(facts, world, weight=0)
    due = facts.next_step
    if due and facts.now < due:
        return Turn(status=status, world=world, wake_at=due)
    return _shift(facts, world, weight=max(0, status.routed_weight - step))


def _shift(facts: Facts, world: World, *, weight: int) -> Turn:
    """Moves traffic to the primary; Finalising once it gets all."""
    now = facts.now
    if weight == 0:
        status = enter(facts.status, Phase.FINALISING, now)
        told = event(facts, EventType.NORMAL, "Routing all traffic to the primary", cause="final")
        wake = None
    else:
        wake = after(now, facts.interval_seconds)
        status = changed_status(
            facts.status,
            canary_weight=weight,
            traffic_weight=None,
            traffic_mirrored=None,
            next_step_time=fine_stamp(wake),
            last_transition_time=stamp(now),
        )
        text = f"Primary weight {FULL_PERCENT - weight}"
        told = event(facts, EventType.NORMAL, text, cause="promotion-weight")
    world = World(primary=world.primary, target=world.target, route=route_of(status))
    return Turn(status=status, world=world, wake_at=wake, events=(told,))


def _fail(facts: Facts, message: str) -> Turn:
    """The primary does not come up: the canary, which passed, takes all traffic if it can.

    Where the canary is not available either, the pods of the old primary that still run are the
    better place. Source: flagger pkg/controller/scheduler.go, handleFailedPromotion.
    """
    weight = FULL_PERCENT if facts.canary_state.ready else 0
    failure = Failure(
        reason="PromotionFailed",
        message=message,
        text=f"Promotion failed: {message}",
        cause="promotion",
    )
    return end_failed(facts, failure, facts.status, canary_weight=weight)


def finalise(facts: Facts) -> Turn:
    """Phase Finalising: ends when the primary is up and the route is seen to give it all."""
    status, state = facts.status, facts.primary_state
    if not state.ready:
        if not state.retriable and facts.canary_state.ready and not facts.run_outdated:
            return _fail(facts, f"primary: {state.message}")
        return Turn(status=status, world=running_world(status), detail=state.message)
    if not facts.route_shows(ALL_TO_PRIMARY):
        return _await_last(facts)
    status = enter(status, Phase.SUCCEEDED, facts.now)
    text = "Promotion finished"
    told = event(facts, EventType.NORMAL, text, cause="succeeded")
    news = alert(facts, Severity.INFO, text, cause="succeeded")
    return Turn(
        status=status,
        world=running_world(status),
        events=(told,),
        hooks=calls_of(facts, "post-rollout", status=status),
        alerts=(news,),
    )


def _await_last(facts: Facts) -> Turn:
    """The route does not show that the primary has it all; not for longer than the deadline.

    Where weights are numbers of pods the apex Service turns by itself past the deadline.
    """
    status, limit, on = facts.status, facts.spec.deadline_seconds, "route"
    world, detail = running_world(status), awaited_route(facts)
    deadline = after(facts.waiting_since(on), limit)
    if facts.by_replicas:
        return Turn(status=status, world=world, detail=detail, waits_on=on)
    if facts.now < deadline:
        return Turn(status=status, world=world, detail=detail, wake_at=deadline, waits_on=on)
    parts = (f"{detail}; for more than {limit} s", route_trouble(facts))
    message = "; ".join(text for text in parts if text)
    failure = Failure(
        reason="RouteNotInForce",
        message=message,
        text=f"The primary has the new revision, but the promotion cannot end: {message}",
        cause="final-route",
    )
    # The primary runs it, whatever the route does.
    return end_failed(facts, failure, status, last_promoted_spec=status.last_applied_spec)
