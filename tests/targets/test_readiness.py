from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.targets.readiness import NotReady, Readiness, Ready, available, deployment_readiness

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def workload(
    *,
    replicas: int | None = 2,
    generation: Any = 3,
    conditions: list[Manifest] = (),
    **status: object,
) -> Manifest:
    return {
        "metadata": {"name": "podinfo", "generation": generation},
        "spec": {"replicas": replicas},
        "status": {
            "observedGeneration": 3,
            "replicas": 2,
            "updatedReplicas": 2,
            "availableReplicas": 2,
            "conditions": list(conditions),
            **status,
        },
    }


def progressing(reason: Any = "ReplicaSetUpdated", **more: object) -> Manifest:
    return {"type": "Progressing", "status": "True", "reason": reason, **more}


def unavailable(seconds_ago: Any, **more: object) -> Manifest:
    since = (NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "Available",
        "status": "False",
        "reason": "MinimumReplicasUnavailable",
        "lastUpdateTime": since,
        **more,
    }


def readiness(deployment: Any, threshold: Any = 100) -> Readiness:
    return deployment_readiness(
        deployment, threshold_percent=threshold, deadline_seconds=60, now=NOW
    )


@pytest.mark.parametrize(
    "deployment",
    [
        pytest.param(workload(), id="all available"),
        pytest.param(workload(conditions=[progressing()]), id="with conditions"),
        pytest.param(workload(generation=2), id="observed a newer spec"),
        pytest.param(
            workload(replicas=0, updatedReplicas=0, availableReplicas=0)
            | {"status": {"observedGeneration": 3}},
            id="scaled to zero",
        ),
        pytest.param(
            workload(conditions=[progressing(), unavailable(600)]), id="stuck once, done now"
        ),
    ],
)
def test_deployment_is_ready(deployment: Any) -> None:
    assert readiness(deployment) == Ready()


@pytest.mark.parametrize(
    ("replicas", "threshold", "least"), [(1, 50, 1), (3, 10, 1), (1, 0, 0), (4, 50, 2)]
)
def test_a_share_of_the_pods_is_one_pod_at_least(
    replicas: int, threshold: int, least: int
) -> None:
    """Half of one pod would be none, and traffic would go to nobody."""

    def of(available: int) -> Readiness:
        counts = {"replicas": replicas, "updatedReplicas": replicas}
        found = workload(replicas=replicas, availableReplicas=available)
        return readiness({**found, "status": {**found["status"], **counts}}, threshold)

    assert of(least) == Ready()
    assert least == 0 or isinstance(of(least - 1), NotReady)


@pytest.mark.parametrize(
    ("deployment", "retriable", "message"),
    [
        pytest.param(
            workload(generation=4), True, "its newest spec has not been acted on yet", id="unseen"
        ),
        pytest.param(
            workload(updatedReplicas=1),
            True,
            "1 of 2 replicas run the new revision",
            id="updating",
        ),
        pytest.param(
            workload(replicas=None, updatedReplicas=0),
            True,
            "0 of 1 replicas run the new revision",
            id="replicas unset",
        ),
        pytest.param(
            workload(replicas=3, updatedReplicas=3, availableReplicas=3)
            | {"spec": {"replicas": 1}}
            | {"status": {"observedGeneration": 3, "replicas": 5, "updatedReplicas": 3}},
            True,
            "2 replicas of the old revision still run",
            id="old ones",
        ),
        pytest.param(
            workload(availableReplicas=1),
            True,
            "1 of 2 replicas are available (100% of 2)",
            id="not available",
        ),
        pytest.param(
            workload(conditions=[progressing("ProgressDeadlineExceeded")]),
            False,
            "it made no progress within its own deadline",
            id="own deadline, even if all is available",
        ),
        pytest.param(
            workload(conditions=[progressing("ProgressDeadlineExceeded", message="no pods")]),
            False,
            "it made no progress within its own deadline (no pods)",
            id="own deadline with a reason",
        ),
        pytest.param(
            workload(conditions=[progressing(), unavailable(60)], availableReplicas=0),
            True,
            "0 of 2 replicas are available (100% of 2)",
            id="at the deadline",
        ),
        pytest.param(
            workload(conditions=[progressing(), unavailable(61)], availableReplicas=0),
            False,
            "0 of 2 replicas are available (100% of 2); unavailable for more than 60 seconds",
            id="past the deadline",
        ),
        pytest.param(
            workload(
                conditions=[progressing(), unavailable(61, message="0/2")], availableReplicas=0
            ),
            False,
            "0 of 2 replicas are available (100% of 2); unavailable for more than 60 seconds (0/2)",
            id="past the deadline with a reason",
        ),
        pytest.param(
            workload(conditions=[unavailable(61)], availableReplicas=0),
            True,
            "0 of 2 replicas are available (100% of 2)",
            id="no condition about progress",
        ),
        pytest.param(
            workload(
                conditions=[progressing(), unavailable(61, reason="Other")], availableReplicas=0
            ),
            True,
            "0 of 2 replicas are available (100% of 2)",
            id="unavailable for another reason",
        ),
        pytest.param(
            workload(
                conditions=[progressing(), unavailable(61, status="True")], availableReplicas=0
            ),
            True,
            "0 of 2 replicas are available (100% of 2)",
            id="available",
        ),
        *(
            pytest.param(
                workload(
                    conditions=[progressing(), unavailable(61, lastUpdateTime=time)],
                    availableReplicas=0,
                ),
                True,
                "0 of 2 replicas are available (100% of 2)",
                id=f"unreadable time {time}",
            )
            for time in (None, "soon", "2020-01-01T00:00:00")
        ),
    ],
)
def test_deployment_is_not_ready(deployment: Any, retriable: Any, message: str) -> None:
    assert readiness(deployment) == NotReady(retriable=retriable, message=message)


@pytest.mark.parametrize(
    ("threshold", "updated", "wanted"),
    [
        pytest.param(100, 3, 3, id="all"),
        pytest.param(50, 3, 1, id="truncated"),
        pytest.param(70, 10, 7, id="rounded by single precision"),
        pytest.param(29, 100, 29, id="double precision would say 28"),
    ],
)
def test_threshold_is_a_truncated_share(threshold: Any, updated: Any, wanted: Any) -> None:
    def with_available(count: int) -> Manifest:
        counts = {"replicas": updated, "updatedReplicas": updated, "availableReplicas": count}
        return {**workload(replicas=updated), "status": {"observedGeneration": 3, **counts}}

    enough, short = with_available(wanted), with_available(wanted - 1)

    assert readiness(enough, threshold) == Ready()
    assert isinstance(readiness(short, threshold), NotReady)


def test_threshold_of_zero_waits_for_the_update_only() -> None:
    assert readiness(workload(availableReplicas=0), 0) == Ready()


@pytest.mark.parametrize(
    ("deployment", "result"),
    [
        pytest.param(workload(), True, id="all"),
        pytest.param(workload(availableReplicas=1), True, id="one"),
        pytest.param(workload(availableReplicas=0), False, id="none"),
        pytest.param(workload(generation=4), False, id="of an older spec"),
        pytest.param({}, False, id="no status"),
    ],
)
def test_deployment_is_available_with_one_replica_of_its_newest_spec(
    deployment: Any, result: Any
) -> None:
    assert available(deployment) is result
