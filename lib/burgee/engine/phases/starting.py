"""From a new Canary to Initialized: the primary comes up before anything else moves."""

from burgee.api.status import Phase
from burgee.engine.clock import after
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import EventType
from burgee.engine.letters import Severity
from burgee.engine.phases.awaiting import awaited_route, route_trouble
from burgee.engine.phases.measuring import sources_of, tell_sources
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.traffic import ALL_TO_PRIMARY
from burgee.engine.telling.alerts import alert
from burgee.engine.transitions import PROMOTED, changed_status, enter
from burgee.engine.turn import PrimaryMode, TargetMode, Turn, World, event


def start(facts: Facts, findings: Findings) -> Turn | Plan:
    """Phases "" and Initializing.

    The primary is built from the target until it is available; then the apex Service and the
    route point to it; once both are seen there, the phase ends. The target is not touched before.
    With the phase's end the metric sources are asked whether they are online, once.
    """
    status = facts.status
    if status.phase is Phase.NONE:
        status = enter(status, Phase.INITIALIZING, facts.now)
        told = event(facts, EventType.NORMAL, "Setting up the primary", cause="initializing")
        world = World(primary=PrimaryMode.BUILD, route=None)
        return Turn(status=status, world=world, events=(told,))
    if not facts.primary_is_up:
        world = World(primary=PrimaryMode.BUILD, route=None)
        message = facts.primary_state.message
        detail = f"waiting for primary: {message}" if message else "waiting for primary"
        return _wait(facts, world, "primary", detail)
    world = World(primary=PrimaryMode.BUILD, target=TargetMode.LEAVE)
    if not (facts.route_shows(ALL_TO_PRIMARY) and facts.apex_shows_primary):
        return _wait(facts, world, "route", awaited_route(facts))
    sources = sources_of(facts)
    if sources and findings.sources is None:
        return Plan(sources=sources)
    status = changed_status(
        status, last_applied_spec=facts.template_hash, tracked_configs=dict(facts.tracked)
    )
    status = enter(
        status, Phase.INITIALIZED, facts.now, failed_checks=0, primary_revision=facts.revision
    )
    text = "The primary is set up"
    told = event(facts, EventType.NORMAL, text, cause="initialized")
    news = alert(facts, Severity.INFO, text, cause="initialized", with_fields=True)
    events = (*tell_sources(facts, findings.sources or {}), told)
    return Turn(status=status, world=world, events=events, alerts=(news,))


def _wait(facts: Facts, world: World, on: str, detail: str) -> Turn:
    """The set-up goes on when what it waits for is there; past the deadline that is told, once.

    There is nothing to go back to: the target serves as it did before.
    """
    status, limit = facts.status, facts.spec.deadline_seconds
    deadline = after(facts.waiting_since(on), limit)
    if facts.now < deadline:
        return Turn(status=status, world=world, detail=detail, wake_at=deadline, waits_on=on)
    past = f"; for more than {limit} s"
    late = f"{detail}{past}"
    known = status.condition(PROMOTED)
    if known and past in known.message:
        return Turn(status=status, world=world, detail=late, waits_on=on)
    trouble = route_trouble(facts)
    text = "; ".join(filter(None, (f"The set-up does not come to an end: {late}", trouble)))
    told = event(facts, EventType.WARNING, text, cause=f"late/{on}")
    news = alert(facts, Severity.WARN, text, cause=f"late/{on}")
    return Turn(
        status=status, world=world, detail=late, waits_on=on, events=(told,), alerts=(news,)
    )
