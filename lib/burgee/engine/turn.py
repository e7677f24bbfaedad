"""The result of one phase's logic, before it becomes an answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from burgee.api.status import CanaryStatus
from burgee.engine.effects import EmitEvent, EventType, HookCall
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.traffic import ALL_TO_PRIMARY
from burgee.engine.telling.alerts import Alert
from burgee.routers.base import Weights


class PrimaryMode(Enum):
    """What becomes of the primary workload and its configs."""

    KEEP = auto()
    BUILD = auto()


class TargetMode(Enum):
    """What becomes of the target's replicas."""

    LEAVE = auto()
    RUN = auto()
    ZERO = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """How the cluster has to look.

    `primary` and `target` follow the status that the cluster holds already, never the one of this
    answer: what cannot be taken back is done only after the decision for it is on record. The
    route follows the answer, since any weight can be corrected by the next sync.

    Attributes:
        route: None for no apex Service and no route yet.
    """

    primary: PrimaryMode = PrimaryMode.KEEP
    target: TargetMode = TargetMode.LEAVE
    route: Weights | None = ALL_TO_PRIMARY


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One phase's say.

    Attributes:
        detail: what is waited for or went wrong, for the Promoted condition.
        wake_at: when something becomes due without an event.
        waits_on: a stable word for what holds the release; status keeps since when.
        hooks: webhooks whose result changes nothing (post-rollout).
        alerts: what people are to be told, once this turn is on record.
    """

    status: CanaryStatus
    world: World
    detail: str = ""
    wake_at: datetime | None = None
    waits_on: str = ""
    events: tuple[EmitEvent, ...] = ()
    hooks: tuple[HookCall, ...] = ()
    alerts: tuple[Alert, ...] = ()


def event(facts: Facts, kind: EventType, message: str, *, cause: str) -> EmitEvent:
    """An Event whose key is stable for this cause in this revision, phase and step."""
    status = facts.status
    key = "/".join(
        (
            facts.canary.metadata.uid,
            facts.revision,
            status.phase.value,
            status.phase_start_time or "",
            str(status.routed_weight),
            str(status.iterations),
            "mirrored" if status.traffic_mirrored else "",
            str(status.failed_checks),
            cause,
        )
    )
    return EmitEvent(type=kind, message=message, key=key)
