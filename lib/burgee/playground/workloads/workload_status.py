"""The status that the workload controllers of Kubernetes write: PURE.

Fields that are zero are left out where Kubernetes leaves them out, so that a reader who forgets
that meets it here too.
"""

from datetime import datetime, timedelta

from burgee.api.manifest import Manifest, metadata, name_of
from burgee.playground.workloads.rollout import Counts, Limits, Pods


def deployment_status(
    workload: Manifest, pods: Pods, limits: Limits, counts: Counts, now: datetime
) -> Manifest:
    """Status of a Deployment."""
    enough = counts.available >= counts.wanted - limits.max_unavailable
    available = _condition(
        "Available",
        status="True" if enough else "False",
        reason="MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        message=f"{counts.available} of {counts.wanted} pods are available.",
    )
    wanted = [available, _progressing(workload, pods, counts, now)]
    return {
        "observedGeneration": metadata(workload).get("generation", 1),
        **_present(
            {
                "replicas": counts.total,
                "updatedReplicas": counts.updated,
                "readyReplicas": counts.ready,
                "availableReplicas": counts.available,
                "unavailableReplicas": max(counts.total - counts.available, 0),
            }
        ),
        "conditions": _merged(workload, wanted, now),
    }


def daemon_set_status(workload: Manifest, counts: Counts) -> Manifest:
    """Status of a DaemonSet."""
    return {
        "observedGeneration": metadata(workload).get("generation", 1),
        "desiredNumberScheduled": counts.wanted,
        "currentNumberScheduled": counts.wanted,
        "numberMisscheduled": 0,
        "numberReady": counts.ready,
        **_present(
            {
                "updatedNumberScheduled": counts.updated,
                "numberAvailable": counts.available,
                "numberUnavailable": max(counts.wanted - counts.available, 0),
            }
        ),
    }


def stateful_set_status(workload: Manifest, pods: Pods, counts: Counts) -> Manifest:
    """Status of a StatefulSet."""
    name = name_of(workload)
    current = pods.template if counts.complete else pods.old_template or pods.template
    return {
        "observedGeneration": metadata(workload).get("generation", 1),
        "replicas": counts.total,
        "availableReplicas": counts.available,
        "currentRevision": f"{name}-{current}",
        "updateRevision": f"{name}-{pods.template}",
        "collisionCount": 0,
        **_present(
            {
                "readyReplicas": counts.ready,
                "updatedReplicas": counts.updated,
                "currentReplicas": counts.updated if counts.complete else counts.old,
            }
        ),
    }


def deadline_of(workload: Manifest) -> timedelta | None:
    """How long a rollout may go without progress; only Deployments have one."""
    if workload["kind"] != "Deployment":
        return None
    return timedelta(seconds=int(workload["spec"].get("progressDeadlineSeconds", 600)))


def _progressing(workload: Manifest, pods: Pods, counts: Counts, now: datetime) -> Manifest:
    replica_set = f"{name_of(workload)}-{pods.template}"
    deadline = deadline_of(workload)
    status, reason, message = "True", "ReplicaSetUpdated", f"{replica_set} is progressing."
    if workload["spec"].get("paused"):
        status, reason, message = "Unknown", "DeploymentPaused", "The Deployment is paused."
    elif pods.finished or counts.complete:
        # Kubernetes does not take this back when the same template is scaled up and fails.
        reason, message = "NewReplicaSetAvailable", f"{replica_set} has been rolled out."
    elif deadline is not None and now >= pods.since + deadline:
        status, reason = "False", "ProgressDeadlineExceeded"
        message = f"{replica_set} did not progress in time."
    return _condition("Progressing", status=status, reason=reason, message=message)


def _condition(kind: str, *, status: str, reason: str, message: str) -> Manifest:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _merged(workload: Manifest, wanted: list[Manifest], now: datetime) -> list[Manifest]:
    """The conditions with their times: one that did not change stays as it was."""
    listed: list[Manifest] = (workload.get("status") or {}).get("conditions") or []
    known = {condition["type"]: condition for condition in listed}
    when = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    merged: list[Manifest] = []
    for condition in wanted:
        before = known.get(condition["type"], {})
        if all(before.get(field) == condition[field] for field in ("status", "reason")):
            merged.append(before)
            continue
        turned = when
        if before.get("status") == condition["status"]:
            turned = before.get("lastTransitionTime", when)
        merged.append({**condition, "lastUpdateTime": when, "lastTransitionTime": turned})
    return merged


def _present(counts: dict[str, int]) -> dict[str, int]:
    return {name: number for name, number in counts.items() if number}
