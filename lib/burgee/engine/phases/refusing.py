"""Answers that touch nothing: a Canary that cannot be worked with, or must not be for now."""

from collections.abc import Mapping
from datetime import datetime

from burgee.api.manifest import Manifest, metadata
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.decision import Decision
from burgee.engine.effects import Effect, EmitEvent, EventType
from burgee.engine.objects.placing import keep_all
from burgee.engine.reading.observation import ObjectKey, Observation
from burgee.engine.transitions import ACCEPTED, changed_status, describe, enter, with_condition
from burgee.errors import InvalidCanary


def reject(
    status: CanaryStatus, reason: str, message: str, uid: str, now: datetime
) -> tuple[CanaryStatus, EmitEvent | None]:
    """The status with the Accepted condition; an event where that is new."""
    after = with_condition(
        status, ACCEPTED, truth="False", reason=reason, message=message, now=now
    )
    if after is status:
        return status, None
    key = f"{uid}/{reason}/{message}/{status.observed_generation}"
    return after, EmitEvent(type=EventType.WARNING, message=message, key=key)


def refused(observation: Observation, error: InvalidCanary, now: datetime) -> Decision:
    """Nothing is touched; the condition and an event say why."""
    canary = observation.canary
    status = canary.status
    if status.phase is Phase.NONE:
        status = enter(status, Phase.INITIALIZING, now)
    status, told = reject(status, error.reason, str(error), canary.metadata.uid, now)
    ref = canary.spec.target_ref
    status = describe(status, kind=ref.kind, target=ref.name, detail="", now=now)
    return _untouched(
        observation, status, (told,) if told else (), look_again_seconds=error.retry_seconds
    )


def refuse_unreadable(
    live: Manifest, children: Mapping[ObjectKey, Manifest], problem: str, now: datetime
) -> Decision:
    """The answer for a Canary whose spec is not even of the right shape (CRD not in force)."""
    status = CanaryStatus.model_validate(live.get("status") or {})
    uid = str(metadata(live).get("uid", ""))
    status, told = reject(status, "InvalidSpec", problem, uid, now)
    generation = metadata(live).get("generation")
    return Decision(
        status=changed_status(status, observed_generation=generation),
        children=keep_all(children),
        effects=(told,) if told else (),
    )


def suspended(observation: Observation, now: datetime) -> Decision:
    """suspend: workloads, weights and drift stay as they are."""
    canary = observation.canary
    ref = canary.spec.target_ref
    status = describe(canary.status, kind=ref.kind, target=ref.name, detail="suspended", now=now)
    told: tuple[Effect, ...] = ()
    if status is not canary.status:
        key = f"{canary.metadata.uid}/suspended/{canary.metadata.generation}"
        told = (EmitEvent(type=EventType.NORMAL, message="Canary is suspended", key=key),)
    return _untouched(observation, status, told)


def _untouched(
    observation: Observation,
    status: CanaryStatus,
    told: tuple[Effect, ...],
    *,
    look_again_seconds: float | None = None,
) -> Decision:
    before = observation.canary.status
    status = changed_status(status, observed_generation=observation.canary.metadata.generation)
    return Decision(
        status=status,
        children=keep_all(observation.children),
        resync_after_seconds=look_again_seconds,
        effects=told,
        quiet=not told and look_again_seconds is None and status == before,
    )
