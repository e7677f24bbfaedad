"""The engine's two doors: what IO is due, and what the answer is.

    plan(observation, now, findings)   -> Plan       checks and webhooks that come first
    advance(observation, now, run)     -> Decision   status, children, effects, next look

Both are functions of their arguments alone. The same observation, findings and time give the
same answer, whichever replica computes it and however often.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from burgee.api.manifest import Manifest
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import fine_stamp
from burgee.engine.decision import NOTHING_FOUND, Decision, Findings, Plan
from burgee.engine.effects import Effect, EmitEvent
from burgee.engine.objects.moving import is_moving
from burgee.engine.objects.world import compose
from burgee.engine.phases.awaiting import route_trouble
from burgee.engine.phases.commands import forgotten, obey, pending
from burgee.engine.phases.contesting import contested, settle, tell
from burgee.engine.phases.measuring import metric_problem
from burgee.engine.phases.promoting import finalise, promote
from burgee.engine.phases.refusing import refused, reject, suspended
from burgee.engine.phases.resting import rest
from burgee.engine.phases.running import progress
from burgee.engine.phases.starting import start
from burgee.engine.reading.affinity import cookies_for, cookies_of
from burgee.engine.reading.facts import Facts, assess
from burgee.engine.reading.needs import refusal
from burgee.engine.reading.observation import Observation
from burgee.engine.telling.advice import advise
from burgee.engine.telling.event_hooks import with_event_hooks
from burgee.engine.telling.outbox import dispatch, post
from burgee.engine.transitions import (
    ACCEPTED,
    changed_status,
    describe,
    without_condition,
)
from burgee.engine.turn import Turn
from burgee.errors import InvalidCanary
from burgee.routers.registry import carrier_of

MOST_ROUNDS = 5
LEAVING_SECONDS = 1.0
UNWATCHED_SECONDS = 1.0
UNWATCHED_AT_REST_SECONDS = 10.0
RESTORING_SECONDS = 5.0
_AT_REST = frozenset({Phase.INITIALIZED, Phase.SUCCEEDED, Phase.FAILED})


def plan(observation: Observation, now: datetime, findings: Findings = NOTHING_FOUND) -> Plan:
    """The IO that is due now.

    Most syncs need none: a Canary that only waits, rests, or cannot be worked with. The plan then
    carries the decision, so that nothing is worked out twice.

    Args:
        observation: of this sync.
        now: aware, UTC.
        findings: of this sync so far; a gate is asked only after the checks before it passed.
    """
    facts = _facts(observation, now)
    return facts if isinstance(facts, Plan) else _next(facts, findings)


def advance(
    observation: Observation,
    now: datetime,
    run: Callable[[Plan], Findings],
) -> Decision:
    """The answer to a sync.

    Never raises for what a user wrote: a Canary that cannot be worked with keeps its children,
    its route and its phase, and says why in a condition and an event.

    Args:
        observation: of this sync.
        now: aware, UTC; the same for the whole sync.
        run: does the IO of one plan. It is called at most MOST_ROUNDS times.
    """
    facts, findings = _facts(observation, now), NOTHING_FOUND
    for _ in range(MOST_ROUNDS):
        due = facts if isinstance(facts, Plan) else _next(facts, findings)
        if due.decision is not None:
            return _announced(due.decision, observation, now)
        findings = findings.and_then(due, run(due))
    raise RuntimeError("a phase asks for the same IO again and again")


def _facts(observation: Observation, now: datetime) -> Facts | Plan:
    """What the observation means, the same for all plans of a sync; or the end of it."""
    if observation.canary.spec.suspend:
        return Plan(decision=suspended(observation, now))
    try:
        if observation.lacking:
            raise refusal(observation.lacking)
        return assess(observation, now)
    except InvalidCanary as error:
        return Plan(decision=refused(observation, error, now))


def _next(facts: Facts, findings: Findings) -> Plan:
    """What is due with these findings."""
    try:
        kind = contested(facts)
        if kind and findings.others is None:
            return Plan(others=kind)
        shared = settle(facts, findings.others or ()) if kind else None
        turn = _turn(facts, findings)
        return turn if isinstance(turn, Plan) else Plan(decision=_answer(facts, turn, shared))
    except InvalidCanary as error:
        return Plan(decision=refused(facts.observation, error, facts.now))


def _announced(decision: Decision, observation: Observation, now: datetime) -> Decision:
    """The decision with what is to be told of it: alerts that are due, events to webhooks."""
    decision = dispatch(decision, observation, now)
    canary, settings = observation.canary, observation.settings
    told = with_event_hooks(decision.effects, canary, decision.status, settings, now)
    return replace(decision, effects=told)


def _turn(facts: Facts, findings: Findings) -> Turn | Plan:
    """A person's command comes first, then the phase."""
    command = pending(facts)
    if command:
        return obey(facts, command)
    phase = facts.status.phase
    match phase:
        case Phase.NONE | Phase.INITIALIZING:
            return start(facts, findings)
        case Phase.INITIALIZED | Phase.SUCCEEDED | Phase.FAILED | Phase.WAITING:
            return rest(facts, findings)
        case Phase.TERMINATING | Phase.TERMINATED:
            return rest(facts, findings)
        case Phase.PROGRESSING | Phase.WAITING_PROMOTION:
            return progress(facts, findings)
        case Phase.PROMOTING:
            return promote(facts)
        case Phase.FINALISING:
            return finalise(facts)
        case _:
            assert_never(phase)


def _answer(facts: Facts, turn: Turn, shared: str | None) -> Decision:
    """Children and effects for a turn, and its status with conditions.

    Args:
        facts: of this sync.
        turn: the phase's say.
        shared: requests that other routes ask for too, None where nobody looked.
    """
    now, spec = facts.now, facts.spec
    cookies = _cookies(facts, turn)
    children, effects = compose(facts, turn.world, cookies_of(cookies))
    status = describe(
        cookies,
        kind=spec.target_ref.kind,
        target=spec.target_ref.name,
        detail="; ".join(text for text in (turn.detail, route_trouble(facts)) if text),
        now=now,
    )
    told: list[Effect] = [*effects, *turn.hooks, *turn.events]
    problem = metric_problem(facts) if turn.status.phase is not Phase.PROGRESSING else ""
    status, warning = _accept(status, "InvalidMetric" if problem else "", problem, facts, now)
    if warning:
        told.append(warning)
    status, hint = advise(status, facts)
    if hint:
        told.append(hint)
    status, dispute = tell(status, shared, facts)
    if dispute:
        told.append(dispute)
    status = forgotten(facts.canary, status)
    status, missing = post(status, turn.alerts, facts.observation, now)
    told.extend(missing)
    status = changed_status(
        status,
        waiting=_waiting(facts, turn),
        observed_generation=facts.canary.metadata.generation,
    )
    if facts.ratio is not None:
        status = facts.ratio.recorded(status)
    wait = None if turn.wake_at is None else (turn.wake_at - now).total_seconds()
    pods = status.replica_ratio
    if wait is None and pods and (pods.since or status.phase in _AT_REST):
        wait = RESTORING_SECONDS  # their deadline is no event
    if wait is not None and wait <= 0:
        wait = None
    if facts.observation.unwatched:
        at_rest = turn.status.phase in _AT_REST
        wait = _sooner(wait, UNWATCHED_AT_REST_SECONDS if at_rest else UNWATCHED_SECONDS)
    if is_moving(facts):
        # Nobody watches what is on its way out.
        wait = _sooner(wait, LEAVING_SECONDS)
    else:
        carrier = carrier_of(facts.canary, facts.observation.settings)
        status = changed_status(status, provider=carrier)
    return Decision(
        status=status,
        children=children,
        resync_after_seconds=wait,
        effects=tuple(told),
        quiet=not told and wait is None and status == facts.status,
    )


def _sooner(wait: float | None, seconds: float) -> float:
    return seconds if wait is None else min(wait, seconds)


def _cookies(facts: Facts, turn: Turn) -> CanaryStatus:
    """The status with the cookies of session affinity that belong to its weight."""
    route = turn.world.route
    if facts.analysis.session_affinity is None and not turn.status.session_affinity_cookie:
        return turn.status
    fields = cookies_for(
        facts.canary,
        turn.status,
        weight=route.canary if route else 0,
        seed=f"{facts.canary.metadata.uid}/{facts.revision}/{turn.status.phase_start_time}",
    )
    return changed_status(turn.status, **fields)


def _waiting(facts: Facts, turn: Turn) -> Manifest | None:
    """What holds the release, and since when.

    A gate or missing data holds it until a step is taken, a workload or a route only while it is
    not ready.
    """
    if turn.waits_on:
        since = fine_stamp(facts.waiting_since(turn.waits_on))
        return {"on": turn.waits_on, "since": since}
    waiting = turn.status.waiting
    return None if waiting and waiting.get("on") in {"primary", "canary", "route"} else waiting


def _accept(
    status: CanaryStatus, reason: str, message: str, facts: Facts, now: datetime
) -> tuple[CanaryStatus, EmitEvent | None]:
    """Sets or clears the Accepted condition; an event where it is new."""
    if not message:
        return without_condition(status, ACCEPTED), None
    return reject(status, reason, message, facts.canary.metadata.uid, now)
