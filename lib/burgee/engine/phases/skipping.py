"""skipAnalysis: the primary takes a revision over without steps and checks."""

from burgee.api.status import Phase
from burgee.engine.clock import after
from burgee.engine.effects import EventType
from burgee.engine.letters import Severity
from burgee.engine.phases.gates import calls_of
from burgee.engine.phases.outcomes import roll_back, running_world
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.strategy import has_begun
from burgee.engine.reading.traffic import ALL_TO_PRIMARY
from burgee.engine.telling.alerts import alert
from burgee.engine.transitions import changed_status, enter
from burgee.engine.turn import PrimaryMode, TargetMode, Turn, World, event


def skip(facts: Facts) -> Turn:
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
        deadline = after(facts.waiting_since("promotion"), facts.spec.deadline_seconds)
        if not taken and facts.now >= deadline:
            text = f"the primary could not be updated within {facts.spec.deadline_seconds} s"
            return roll_back(facts, "PromotionFailed", text)
        return Turn(
            status=status, world=world, detail=message, wake_at=deadline, waits_on="promotion"
        )
    status = enter(status, Phase.SUCCEEDED, facts.now)
    text = "Promoted without analysis"
    told = event(facts, EventType.NORMAL, text, cause="skipped")
    news = alert(facts, Severity.INFO, text, cause="skipped")
    return Turn(
        status=status,
        world=world,
        events=(told,),
        hooks=calls_of(facts, "post-rollout", status=status),
        alerts=(news,),
    )
