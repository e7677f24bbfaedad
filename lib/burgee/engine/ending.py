"""A Canary that is being deleted: with revertOnDeletion the target takes over first.

Source: reference 2.12. Owned objects are collected with the Canary; what a user made is given
back as kubectl last applied it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from burgee.api.manifest import Manifest, controller_uid
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after, moment_of
from burgee.engine.effects import ApplyForeign, Effect, EmitEvent, EventType
from burgee.engine.event_hooks import with_event_hooks
from burgee.engine.facts import Facts, assess
from burgee.engine.observation import Observation
from burgee.engine.placing import keep_all
from burgee.engine.releasing import clean_up
from burgee.engine.roles import role_in
from burgee.engine.scaling import run_target
from burgee.engine.transitions import changed_status, describe, enter
from burgee.errors import InvalidCanary
from burgee.routers.base import Role
from burgee.targets.borrow import original_of

GIVE_UP_AFTER_DEADLINES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Farewell:
    """The answer to a finalize request; `finalized` lets the Canary go."""

    status: CanaryStatus
    children: tuple[Manifest, ...]
    finalized: bool
    effects: tuple[Effect, ...] = ()
    resync_after_seconds: float | None = None


def end(observation: Observation, now: datetime) -> Farewell:
    """One look at a Canary that is being deleted.

    Without revertOnDeletion, and where there is nothing to give the traffic to, it ends at once.
    """
    canary = observation.canary
    children = keep_all(observation.children)
    gone = Farewell(
        status=canary.status,
        children=children,
        finalized=True,
        effects=tuple(clean_up(observation)),
    )
    if not canary.spec.revert_on_deletion:
        return gone
    try:
        facts = assess(observation, now)
    except InvalidCanary:
        return gone
    farewell = _revert(facts, children)
    told = with_event_hooks(farewell.effects, canary, farewell.status, observation.settings, now)
    return replace(farewell, effects=told)


def _revert(facts: Facts, children: tuple[Manifest, ...]) -> Farewell:
    """Scales the target up, waits until it is available, then gives the traffic back."""
    status, now = facts.status, facts.now
    told: list[Effect] = []
    if status.phase is not Phase.TERMINATING:
        status = enter(status, Phase.TERMINATING, now)
        key = f"{facts.canary.metadata.uid}/terminating"
        told.append(EmitEvent(type=EventType.NORMAL, message="Reverting to the target", key=key))
    ref = facts.spec.target_ref
    state = facts.canary_state
    status = describe(status, kind=ref.kind, target=ref.name, detail=state.message, now=now)
    status = changed_status(status, observed_generation=facts.canary.metadata.generation)
    back = tuple(run_target(facts, as_primary=True))
    if back:
        told.extend(back)
        return Farewell(status=status, children=children, finalized=False, effects=tuple(told))
    asked = moment_of(facts.canary.metadata.deletion_timestamp) or now
    patience = GIVE_UP_AFTER_DEADLINES * facts.spec.deadline_seconds
    give_up = after(asked, patience)
    serves = state.ready or facts.kind.canary_key(facts.names) is not None
    if not serves and now < give_up:
        wait = (give_up - now).total_seconds()
        return Farewell(
            status=status,
            children=children,
            finalized=False,
            effects=tuple(told),
            resync_after_seconds=wait,
        )
    told.extend(_give_back(facts))
    told.extend(clean_up(facts.observation))
    return Farewell(status=status, children=children, finalized=True, effects=tuple(told))


def _give_back(facts: Facts) -> Iterator[ApplyForeign]:
    """Objects that a user made, as they were."""
    uid = facts.canary.metadata.uid
    for found in (*facts.observation.services.values(), *facts.observation.routes.values()):
        if controller_uid(found) == uid or not _was_changed(facts, found):
            continue
        if role_in(facts.roles, found) is not Role.CHILD:
            continue
        original = original_of(found)
        if original is not None:
            yield ApplyForeign(manifest=original)


def _was_changed(facts: Facts, found: Manifest) -> bool:
    """False for a target Service, which is only read, and its copies, which are nobody's work."""
    return found["kind"] != "Service" or facts.kind.owns_apex
