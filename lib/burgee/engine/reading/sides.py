"""From an observation to the two sides of a Canary whose weights are numbers of pods."""

from datetime import datetime

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.status import STARTING
from burgee.engine.clock import after, moment_of
from burgee.engine.reading.ratio import Bounds, Pods, Ratio
from burgee.engine.reading.weights import next_weight
from burgee.targets.deployment import replicas_of
from burgee.targets.naming import Names
from burgee.targets.scaler import Scaler
from burgee.targets.sharing import is_labelled, is_paused, side_of


def ratio_of(
    canary: Canary,
    names: Names,
    *,
    active: bool,
    target: Manifest,
    primary: Manifest | None,
    apex: Manifest | None,
    ready: tuple[bool, bool],
    meant: bool,
    bounds: Bounds | None,
    now: datetime,
) -> Ratio | None:
    """Both sides; None where weights are no numbers of pods, and have left nothing.

    Args:
        canary: the live one.
        names: of its objects.
        active: whether its weights are numbers of pods.
        target: the observed one, a Deployment.
        primary: the observed one.
        apex: the observed apex Service.
        ready: whether primary and target are rolled out and available.
        meant: whether the target is the revision that status is about.
        bounds: of the target's autoscaler.
        now: aware, UTC.
    """
    status = canary.status
    record = status.replica_ratio
    if status.phase in STARTING or not (active or record):
        return None
    since = moment_of(record.since) if record else None
    primary_ready, canary_ready = ready
    return Ratio(
        active=active,
        record=record,
        first=next_weight(canary.spec.plan, 0) if active else 0,
        primary=_pods(primary, names, ready=primary_ready),
        canary=_pods(target, names, ready=canary_ready),
        paused=is_paused(target),
        meant=meant,
        side=side_of(apex, names),
        bounds=bounds,
        overdue=since is not None and now >= after(since, canary.spec.deadline_seconds),
        phase=status.phase,
        now=now,
    )


def bounds_of(kind: Scaler | None, scaler: Manifest | None) -> Bounds | None:
    """What the target's autoscaler allows, None without one."""
    if kind is None or scaler is None:
        return None
    return Bounds(least=kind.min_replicas(scaler), most=kind.max_replicas(scaler))


def _pods(workload: Manifest | None, names: Names, *, ready: bool) -> Pods:
    if workload is None:
        return Pods()
    status: Manifest = workload.get("status") or {}
    return Pods(
        replicas=replicas_of(workload),
        available=status.get("availableReplicas") or 0,
        updated=status.get("updatedReplicas") or 0,
        labelled=is_labelled(workload, names.apex),
        ready=ready,
    )
