"""A Canary that is being deleted: with revertOnDeletion the target takes over first.

Owned objects are collected with the Canary; what a user made is given back as kubectl last applied
it. Source: flagger pkg/controller/finalizer.go.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, controller_uid, metadata, name_of
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after, moment_of
from burgee.engine.effects import ApplyForeign, Effect, EmitEvent, EventType, MergePatch
from burgee.engine.objects.placing import keep_all, patch_on
from burgee.engine.objects.releasing import clean_up
from burgee.engine.objects.scaling import run_target
from burgee.engine.objects.world import compose
from burgee.engine.reading.facts import Facts, assess
from burgee.engine.reading.observation import Observation
from burgee.engine.reading.roles import role_in
from burgee.engine.telling.event_hooks import with_event_hooks
from burgee.engine.transitions import changed_status, describe, enter
from burgee.engine.turn import TargetMode, World
from burgee.errors import InvalidCanary
from burgee.routers.base import Role
from burgee.targets.borrow import original_of, ports_in_the_way

GIVE_UP_AFTER_DEADLINES = 2
LOOK_AGAIN_SECONDS = 1.0
PODS_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Farewell:
    """The answer to a finalize request.

    Attributes:
        finalized: lets the Canary go.
        overdue: it goes, whether the effects can be performed or not.
    """

    status: CanaryStatus
    children: tuple[Manifest, ...]
    finalized: bool
    overdue: bool = False
    effects: tuple[Effect, ...] = ()
    resync_after_seconds: float | None = None


def end(observation: Observation, now: datetime) -> Farewell:
    """One look at a Canary that is being deleted.

    Without revertOnDeletion, and where there is nothing to give the traffic to, it ends at once.
    """
    canary = observation.canary
    children = keep_all(observation.children)
    gone = _part(observation, canary.status, children, (), now)
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
    """Scales the target up, waits until it is available, then gives the traffic back.

    Weights by numbers of pods go back to the primary before that, where a newer revision waits.
    """
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
    give_up = _give_up(facts.canary, now)
    if _hides_newer(facts) and now < give_up:
        kept, effects = compose(facts, World(target=TargetMode.LEAVE))
        return Farewell(
            status=facts.ratio.recorded(status) if facts.ratio else status,
            children=kept,
            finalized=False,
            effects=(*told, *effects),
            resync_after_seconds=PODS_SECONDS,
        )
    back = tuple(run_target(facts, as_primary=True))
    told.extend(back)
    if back and now < give_up:
        return Farewell(status=status, children=children, finalized=False, effects=tuple(told))
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
    return _part(facts.observation, status, children, told, now)


def _hides_newer(facts: Facts) -> bool:
    """True where a newer revision of the target would be rolled out behind the apex Service.

    It is let go on once the Service chooses the primary alone, as in a run that begins anew; so it
    gets no traffic before all of it is there. A broken primary is not waited for.
    """
    ratio, primary = facts.ratio, facts.primary_state
    if ratio is None or facts.primary is None or ratio.meant:
        return False
    return ratio.is_shared and (primary.ready or primary.retriable)


def _part(
    observation: Observation,
    status: CanaryStatus,
    children: tuple[Manifest, ...],
    told: Iterable[Effect],
    now: datetime,
) -> Farewell:
    """What is left is cleaned up, and the Canary may go.

    A write that is refused where its object changed meanwhile has to be seen done: nobody would
    ask for it again.
    """
    left = tuple(clean_up(observation))
    overdue = now >= _give_up(observation.canary, now)
    waits = any(_may_be_refused(effect) for effect in left) and not overdue
    return Farewell(
        status=status,
        children=children,
        finalized=not waits,
        overdue=overdue,
        effects=(*told, *left),
        resync_after_seconds=LOOK_AGAIN_SECONDS if waits else None,
    )


def _may_be_refused(effect: Effect) -> bool:
    return isinstance(effect, MergePatch) and "resourceVersion" in metadata(effect.patch)


def _give_up(canary: Canary, now: datetime) -> datetime:
    """When the Canary goes, whatever is still to be done."""
    asked = moment_of(canary.metadata.deletion_timestamp) or now
    return after(asked, GIVE_UP_AFTER_DEADLINES * canary.spec.deadline_seconds)


def _give_back(facts: Facts) -> Iterator[Effect]:
    """Objects that a user made, as they were."""
    uid = facts.canary.metadata.uid
    for found in (*facts.observation.services.values(), *facts.observation.routes.values()):
        if controller_uid(found) == uid or not _was_changed(facts, found):
            continue
        if role_in(facts.roles, found) is not Role.CHILD:
            continue
        original = original_of(found)
        if original is None:
            continue
        original = _of_target(facts, original)
        in_the_way = ports_in_the_way(found, original)
        if in_the_way:
            yield patch_on(original, in_the_way)
        yield ApplyForeign(manifest=original)


def _of_target(facts: Facts, original: Manifest) -> Manifest:
    """An apex Service that is to choose the target's pods, where it would choose the primary's.

    Flagger had taken it over before it was seen here. Source: flagger
    pkg/router/kubernetes_default.go, Finalize.
    """
    names = facts.names
    spec: Manifest = original.get("spec") or {}
    ours = {names.selector_key: names.primary_label_value}
    if original["kind"] != "Service" or name_of(original) != names.apex:
        return original
    if spec.get("selector") != ours:
        return original
    selector = {names.selector_key: names.selector_value}
    return {**original, "spec": {**spec, "selector": selector}}


def _was_changed(facts: Facts, found: Manifest) -> bool:
    """False for a target Service, which is only read, and its copies, which are nobody's work."""
    return found["kind"] != "Service" or facts.kind.owns_apex
