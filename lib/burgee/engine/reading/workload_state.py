"""How far a workload is: ready, or what it lacks and whether waiting can help."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.engine.clock import moment_of
from burgee.engine.reading.traffic import FULL_PERCENT
from burgee.targets.readiness import NotReady, Ready
from burgee.targets.workload import TargetKind


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadState:
    """How far a workload is.

    Attributes:
        ready: rolled out and available.
        retriable: where it is not ready, whether waiting can help.
        message: what is missing, empty where it is ready.
    """

    ready: bool
    retriable: bool = True
    message: str = ""


def target_state(
    target: Manifest, kind: TargetKind, canary: Canary, now: datetime
) -> WorkloadState:
    """Of a target that is the canary itself."""
    if kind.is_scaled_to_zero(target):
        # Nothing of nothing is available: a rollout of no pods is complete, and serves nobody.
        return WorkloadState(ready=False, message="it is scaled to zero")
    return state_of(target, kind, canary.spec.plan.canary_ready_threshold, canary, now)


def copy_state(
    copy: Manifest | None, kind: TargetKind, revision: str, canary: Canary, now: datetime
) -> WorkloadState:
    """Of a canary that is an object of its own: it has to be seen to follow the target."""
    if copy is None or kind.revision_of(copy) != revision:
        return WorkloadState(ready=False, message="its copy of the target is not there yet")
    return state_of(copy, kind, canary.spec.plan.canary_ready_threshold, canary, now)


def state_of(
    workload: Manifest | None,
    kind: TargetKind,
    threshold: int | None,
    canary: Canary,
    now: datetime,
) -> WorkloadState:
    """Of any workload, with the percentage of its pods that have to be there; None for all."""
    if workload is None:
        return WorkloadState(ready=False, message="it does not exist yet")
    status = canary.status
    # The last step or phase: it was taken when all was ready, or asked for what is not ready yet.
    since = moment_of(status.last_transition_time) or moment_of(status.phase_start_time)
    found = kind.readiness(
        workload,
        threshold_percent=FULL_PERCENT if threshold is None else threshold,
        deadline_seconds=canary.spec.deadline_seconds,
        now=now,
        since=since or now,
    )
    match found:
        case Ready():
            return WorkloadState(ready=True)
        case NotReady(retriable=retriable, message=message):
            return WorkloadState(ready=False, retriable=retriable, message=message)
        case _:
            assert_never(found)
