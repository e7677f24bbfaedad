from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.workloads.rollout import (
    advance,
    count,
    limits_of,
    never_ready,
    template_digest,
    wanted_replicas,
)
from burgee.playground.workloads.workload_status import (
    daemon_set_status,
    deployment_status,
    stateful_set_status,
)

TS0 = datetime(2026, 1, 1, tzinfo=UTC)
DELAY = timedelta(seconds=5)


def deployment(image: str = "x:1", replicas: int = 4, **spec: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "generation": 3},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "c", "image": image}]}},
            **spec,
        },
    }


class Rollout:
    """Replays a sequence of workloads at given seconds."""

    def __init__(self) -> None:
        self.pods = None
        self.workload = None
        self.status = {}

    def at(self, seconds: Any, workload: Manifest = None) -> None:
        """(total, updated, ready, available) at a moment, and the reason of Progressing."""
        self.workload = workload or self.workload
        now = TS0 + timedelta(seconds=seconds)
        wanted = wanted_replicas(self.workload, {})
        limits = limits_of(self.workload, DELAY, wanted)
        self.pods = advance(self.pods, self.workload, limits, now, wanted=wanted)
        counts = count(self.pods, limits, now)
        shown = {**self.workload, "status": self.status}
        if self.workload["kind"] == "Deployment":
            self.status = deployment_status(shown, self.pods, limits, counts, now)
        return counts.total, counts.updated, counts.ready, counts.available

    def reason(self, kind: str = "Progressing") -> None:
        conditions = {c["type"]: c for c in self.status["conditions"]}
        return conditions[kind]["reason"]


def test_a_new_deployment_becomes_ready_after_its_delay() -> None:
    rollout = Rollout()
    assert rollout.at(0, deployment()) == (4, 4, 0, 0)
    assert rollout.reason() == "ReplicaSetUpdated"
    assert rollout.reason("Available") == "MinimumReplicasUnavailable"
    assert rollout.at(4.9) == (4, 4, 0, 0)
    assert rollout.at(5) == (4, 4, 4, 4)
    assert rollout.reason() == "NewReplicaSetAvailable"
    assert rollout.reason("Available") == "MinimumReplicasAvailable"


def test_min_ready_seconds_part_ready_from_available() -> None:
    rollout = Rollout()
    rollout.at(0, deployment(minReadySeconds=10))
    assert rollout.at(6) == (4, 4, 4, 0)
    assert rollout.at(15) == (4, 4, 4, 4)


def test_a_rolling_update_keeps_what_its_limits_demand() -> None:
    rollout = Rollout()
    rollout.at(0, deployment())
    rollout.at(5)
    # 25 % of 4: one may be missing, one may be too many.
    assert rollout.at(10, deployment("x:2")) == (5, 2, 3, 3)
    assert rollout.reason() == "ReplicaSetUpdated"
    assert rollout.at(15) == (4, 4, 4, 4)
    assert rollout.reason() == "NewReplicaSetAvailable"


@pytest.mark.parametrize("tag", ["broken", "crash"])
def test_an_update_that_can_not_finish_keeps_all_old_pods(tag: str) -> None:
    strategy = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    rollout = Rollout()
    rollout.at(0, deployment(replicas=2, strategy=strategy))
    rollout.at(5)
    broken = deployment(f"x:{tag}", 2, strategy=strategy, progressDeadlineSeconds=60)
    assert rollout.at(10, broken) == (3, 1, 2, 2)
    assert rollout.at(69) == (3, 1, 2, 2)
    assert rollout.reason() == "ReplicaSetUpdated"
    rollout.at(70)
    assert rollout.reason() == "ProgressDeadlineExceeded"
    assert rollout.reason("Available") == "MinimumReplicasAvailable"
    assert rollout.at(80, deployment(replicas=2, strategy=strategy))[2:] == (2, 2)
    assert rollout.reason() == "NewReplicaSetAvailable"


def test_going_back_finds_the_old_pods_ready() -> None:
    rollout = Rollout()
    rollout.at(0, deployment())
    rollout.at(5)
    rollout.at(10, deployment("x:broken"))
    assert rollout.at(11, deployment())[3] >= 3
    assert rollout.at(16) == (4, 4, 4, 4)


def test_scaling_up_adds_pods_that_are_not_ready_yet() -> None:
    rollout = Rollout()
    rollout.at(0, deployment(replicas=1))
    rollout.at(5)
    assert rollout.at(10, deployment(replicas=3)) == (3, 3, 1, 1)
    assert rollout.at(15) == (3, 3, 3, 3)
    assert rollout.at(16, deployment(replicas=2)) == (2, 2, 2, 2)


def test_scaled_to_zero_a_new_template_is_complete_at_once() -> None:
    rollout = Rollout()
    rollout.at(0, deployment(replicas=0))
    assert rollout.at(1, deployment("x:broken", 0)) == (0, 0, 0, 0)
    assert rollout.reason() == "NewReplicaSetAvailable"
    assert "replicas" not in rollout.status
    # As in Kubernetes, completeness once reached is not taken back by scaling up.
    assert rollout.at(2, deployment("x:broken", 2)) == (2, 2, 0, 0)
    rollout.at(2000)
    assert rollout.reason() == "NewReplicaSetAvailable"
    assert rollout.reason("Available") == "MinimumReplicasUnavailable"


def test_a_paused_deployment_takes_no_new_template() -> None:
    rollout = Rollout()
    rollout.at(0, deployment())
    rollout.at(5)
    assert rollout.at(10, deployment("x:2", paused=True)) == (4, 0, 4, 4)
    assert rollout.reason() == "DeploymentPaused"
    assert rollout.pods.template == template_digest(deployment())
    assert rollout.at(11, deployment("x:2")) == (5, 2, 3, 3)


def test_a_condition_that_stays_keeps_its_times() -> None:
    rollout = Rollout()
    rollout.at(0, deployment())
    first = rollout.status["conditions"]
    rollout.at(1)
    assert rollout.status["conditions"] == first
    rollout.at(5)
    assert [c["lastUpdateTime"] for c in rollout.status["conditions"]] == [
        "2026-01-01T00:00:05Z",
        "2026-01-01T00:00:05Z",
    ]
    assert rollout.status["conditions"][1]["lastTransitionTime"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("meta", "image", "failing"),
    [
        ({}, "x:1", False),
        ({}, "x:broken", True),
        ({}, "x:crash", True),
        ({"labels": {"rig/never-ready": "true"}}, "x:1", True),
        ({"annotations": {"rig/never-ready": "true"}}, "x:1", True),
        ({"annotations": {"rig/never-ready": "false"}}, "x:1", False),
    ],
)
def test_templates_that_ask_to_fail(meta: Manifest, image: str, failing: bool) -> None:
    workload = deployment(image)
    workload["spec"]["template"]["metadata"] = meta
    assert never_ready(workload) is failing


@pytest.mark.parametrize(
    ("selector", "pods"), [({}, 1), ({"flagger.app/scale-to-zero": "true"}, 0)]
)
def test_a_daemon_set_runs_where_its_node_selector_allows(selector: Manifest, pods: int) -> None:
    workload = {**deployment(), "kind": "DaemonSet"}
    workload["spec"]["template"]["spec"]["nodeSelector"] = selector
    rollout = Rollout()
    rollout.at(0, workload)
    rollout.at(5)
    counts = count(rollout.pods, limits_of(workload, DELAY, pods), TS0 + DELAY)
    status = daemon_set_status(workload, counts)
    assert status["desiredNumberScheduled"] == pods
    assert status.get("numberAvailable", 0) == pods
    assert status["observedGeneration"] == 3


def test_a_stateful_set_names_its_revisions() -> None:
    workload = {**deployment(), "kind": "StatefulSet"}
    rollout = Rollout()
    rollout.at(0, workload)
    rollout.at(5)
    rollout.at(10, replace_image(workload, "x:2"))
    counts = count(rollout.pods, limits_of(workload, DELAY, 4), TS0 + timedelta(seconds=10))
    status = stateful_set_status(workload, rollout.pods, counts)
    assert status["currentRevision"] != status["updateRevision"]
    assert status["readyReplicas"] == 3
    done = replace(counts, updated=4, updated_ready=4, updated_available=4, old=0)
    status = stateful_set_status(workload, rollout.pods, done)
    assert status["currentRevision"] == status["updateRevision"]


def replace_image(workload: Manifest, image: str) -> Manifest:
    template = {"spec": {"containers": [{"name": "c", "image": image}]}}
    return {**workload, "spec": {**workload["spec"], "template": template}}
