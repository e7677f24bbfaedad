"""Is a Deployment's rollout done? Source: flagger pkg/canary/deployment_ready.go."""

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from burgee.api.manifest import Manifest, metadata
from burgee.targets.deployment import replicas_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """The rollout is done, and enough of it is available."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotReady:
    """The rollout goes on, or is stuck.

    Attributes:
        retriable: False means that waiting longer does not help.
        message: what is missing, for a person.
    """

    retriable: bool
    message: str


Readiness: TypeAlias = Ready | NotReady


def deployment_readiness(
    deployment: Manifest, *, threshold_percent: int, deadline_seconds: float, now: datetime
) -> Readiness:
    """How far the rollout of a Deployment is.

    Args:
        deployment: the observed object.
        threshold_percent: how many of the updated replicas have to be available.
        deadline_seconds: how long replicas may be unavailable (spec.progressDeadlineSeconds of
            the Canary, beside the Deployment's own deadline).
        now: aware, UTC.
    """
    if not observed_newest(deployment):
        return NotReady(retriable=True, message="its newest spec has not been acted on yet")
    status: Manifest = deployment.get("status") or {}
    progressing = _condition(status, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return NotReady(
            retriable=False,
            message=_because("it made no progress within its own deadline", progressing),
        )
    missing = _missing(deployment, status, threshold_percent)
    if missing is None:
        return Ready()
    unavailable = _condition(status, "Available")
    stuck = bool(progressing) and _is_stuck(unavailable, deadline_seconds, now)
    if stuck:
        late = f"{missing}; unavailable for more than {deadline_seconds:g} seconds"
        return NotReady(retriable=False, message=_because(late, unavailable))
    return NotReady(retriable=True, message=missing)


def available(deployment: Manifest) -> bool:
    """True if the newest spec has been acted on and at least one replica can serve."""
    status: Manifest = deployment.get("status") or {}
    return observed_newest(deployment) and _count(status, "availableReplicas") >= 1


def observed_newest(workload: Manifest) -> bool:
    """True if the controller of a workload has seen its newest spec."""
    status: Manifest = workload.get("status") or {}
    generation: int = metadata(workload).get("generation") or 0
    return generation <= _count(status, "observedGeneration")


def _missing(deployment: Manifest, status: Manifest, threshold_percent: int) -> str | None:
    replicas = replicas_of(deployment)
    updated = _count(status, "updatedReplicas")
    total = _count(status, "replicas")
    ready = _count(status, "availableReplicas")
    wanted = share_of(updated, threshold_percent)
    if updated < replicas:
        return f"{updated} of {replicas} replicas run the new revision"
    if total > updated:
        return f"{total - updated} replicas of the old revision still run"
    if ready < wanted:
        return f"{ready} of {wanted} replicas are available ({threshold_percent}% of {updated})"
    return None


def share_of(count: int, percent: int) -> int:
    """The pods that must be available, truncated in Go's float32: 29% of 100 is 29, not 28.

    One at least, where any share is asked for. Different on purpose: in Flagger half of one pod
    is none, so that traffic goes to a workload without a pod that could serve.
    """
    share = int(_float32(_float32(count) * _float32(_float32(percent) / 100)))
    return max(share, 1) if count > 0 and percent > 0 else share


def _float32(value: float) -> float:
    (single,) = struct.unpack("f", struct.pack("f", value))
    return float(single)


def _is_stuck(condition: Manifest, deadline_seconds: float, now: datetime) -> bool:
    if condition.get("status") != "False" or condition.get("reason") != (
        "MinimumReplicasUnavailable"
    ):
        return False
    since = _time(condition.get("lastUpdateTime"))
    return since is not None and since + timedelta(seconds=deadline_seconds) < now


def _time(text: str | None) -> datetime | None:
    """An RFC 3339 time; None where it is missing or has no zone, so that nothing is too late."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def _condition(status: Manifest, kind: str) -> Manifest:
    conditions: list[Manifest] = status.get("conditions") or []
    return next((found for found in conditions if found.get("type") == kind), {})


def _because(message: str, condition: Manifest) -> str:
    found = condition.get("message")
    return f"{message} ({found})" if found else message


def _count(status: Manifest, field: str) -> int:
    found: int | None = status.get(field)
    return found or 0
