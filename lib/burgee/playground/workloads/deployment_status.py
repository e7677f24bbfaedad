"""The status of a Deployment, from the pods that play it.

Pure. Field by field what the deployment controller writes, as far as burgee or kubectl reads it.
"""

from collections.abc import Sequence
from datetime import datetime

from burgee.api.manifest import Manifest, metadata
from burgee.playground.workloads.pods import PodState

_DEFAULT_DEADLINE_SECONDS = 600


def deployment_status(
    deployment: Manifest,
    *,
    pods: Sequence[tuple[bool, PodState]],
    wanted: int,
    stalled_seconds: float,
    now: datetime,
) -> Manifest:
    """The whole status.

    Args:
        deployment: as it is stored.
        pods: for each pod whether it is of the current template, and its state.
        wanted: replicas.
        stalled_seconds: since the last progress.
        now: for conditions that change.
    """
    alive = [(current, state) for current, state in pods if state in _ALIVE]
    updated = sum(current for current, _ in alive)
    ready = sum(state is PodState.READY for _, state in alive)
    ready_updated = sum(current and state is PodState.READY for current, state in alive)
    complete = updated == wanted == len(alive) and ready_updated == wanted
    conditions: list[Manifest] = (deployment.get("status") or {}).get("conditions") or []
    return {
        "observedGeneration": metadata(deployment).get("generation", 1),
        "replicas": len(alive),
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(0, wanted - ready),
        "conditions": [
            _kept(conditions, _available(enough=ready >= wanted), now),
            _kept(conditions, _progressing(deployment, complete, stalled_seconds), now),
        ],
    }


_ALIVE = frozenset({PodState.STARTING, PodState.READY})
"""A pod that is drained or stopped counts as terminated, as one with a deletionTimestamp does."""


def _available(*, enough: bool) -> Manifest:
    if enough:
        return {
            "type": "Available",
            "status": "True",
            "reason": "MinimumReplicasAvailable",
            "message": "Deployment has minimum availability.",
        }
    return {
        "type": "Available",
        "status": "False",
        "reason": "MinimumReplicasUnavailable",
        "message": "Deployment does not have minimum availability.",
    }


def _progressing(deployment: Manifest, complete: bool, stalled_seconds: float) -> Manifest:
    deadline = deployment["spec"].get("progressDeadlineSeconds", _DEFAULT_DEADLINE_SECONDS)
    if complete:
        reason, text = "NewReplicaSetAvailable", "has successfully progressed."
    elif stalled_seconds > deadline:
        reason, text = "ProgressDeadlineExceeded", "has timed out progressing."
    else:
        reason, text = "ReplicaSetUpdated", "is progressing."
    return {
        "type": "Progressing",
        "status": "False" if reason == "ProgressDeadlineExceeded" else "True",
        "reason": reason,
        "message": f"Deployment {text}",
    }


def _kept(conditions: Sequence[Manifest], fresh: Manifest, now: datetime) -> Manifest:
    """The condition with its times: they stay where nothing changed."""
    moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    old = next((c for c in conditions if c.get("type") == fresh["type"]), {})
    same = old.get("status") == fresh["status"]
    settled = same and old.get("reason") == fresh["reason"]
    return {
        **fresh,
        "lastTransitionTime": old.get("lastTransitionTime", moment) if same else moment,
        "lastUpdateTime": old.get("lastUpdateTime", moment) if settled else moment,
    }
