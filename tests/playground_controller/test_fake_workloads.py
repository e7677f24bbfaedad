from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hook_world import World

from burgee.api.manifest import Manifest
from burgee.playground.workloads.fake import FakeWorkloads


def workload(kind: str = "Deployment", image: str = "x:1", **spec: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "app", "namespace": "t1"},
        "spec": {
            "selector": {"matchLabels": {"app": "app"}},
            "template": {
                "metadata": {"labels": {"app": "app"}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
            **spec,
        },
    }


@pytest.fixture
def workloads(world: World) -> Iterator[Callable[..., None]]:
    made = []

    def start(**options: Any) -> None:
        made.append(FakeWorkloads(world.store, **options).start())

    yield start
    for one in made:
        one.close()


def status(world: World, kind: str = "Deployment") -> Manifest:
    return world.get("apps/v1", kind, "app").get("status") or {}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Deployment", "availableReplicas"),
        ("StatefulSet", "availableReplicas"),
        ("DaemonSet", "numberAvailable"),
    ],
)
def test_workloads_become_ready_at_once(
    world: World, workloads: Callable[..., None], kind: str, field: str
) -> None:
    world.put(workload(kind))
    workloads()
    world.wait(lambda: status(world, kind).get(field) == 1)
    assert status(world, kind)["observedGeneration"] == 1


def test_a_rollout_takes_its_delay_and_numbers_the_template(
    world: World, workloads: Callable[..., None]
) -> None:
    workloads(ready_delay_seconds=0.1)
    live = world.put(workload())
    world.wait(lambda: status(world).get("unavailableReplicas") == 1)
    world.wait(lambda: status(world).get("availableReplicas") == 1)
    world.change(live, spec=workload(image="x:2")["spec"])
    world.wait(lambda: status(world).get("observedGeneration") == 2)
    world.wait(lambda: status(world).get("updatedReplicas") == 1)


def test_a_broken_image_exceeds_its_deadline(world: World, workloads: Callable[..., None]) -> None:
    workloads()
    world.put(workload(image="x:broken", progressDeadlineSeconds=1))
    world.wait(lambda: status(world).get("unavailableReplicas") == 1)

    def reasons() -> None:
        return {c["reason"] for c in status(world)["conditions"]}

    assert "ProgressDeadlineExceeded" not in reasons()
    world.wait(lambda: "ProgressDeadlineExceeded" in reasons())
    assert "readyReplicas" not in status(world)


def test_scaling_and_many_changes_end_in_the_last_wish(
    world: World, workloads: Callable[..., None]
) -> None:
    workloads()
    live = world.put(workload())
    for replicas in (3, 0, 5, 2):
        world.change(live, spec={**live["spec"], "replicas": replicas})
    world.wait(lambda: status(world).get("availableReplicas") == 2)
    assert status(world)["observedGeneration"] == 5
    assert status(world)["replicas"] == 2


def test_pods_that_fall_ill_are_replaced_with_their_template(world: World) -> None:
    with FakeWorkloads(world.store) as fakes:
        live = world.put(workload(replicas=2))
        world.wait(lambda: status(world).get("readyReplicas") == 2)
        fakes.sicken("t1", {"app": "other"})
        fakes.sicken("t1", {"app": "app"})
        world.wait(lambda: status(world).get("readyReplicas") == 1)
        assert status(world)["updatedReplicas"] == 2
        world.change(live, spec=workload(image="x:2", replicas=2)["spec"])
        world.wait(lambda: status(world).get("readyReplicas") == 2)


def test_a_quota_that_is_used_up_holds_a_rollout(
    world: World, workloads: Callable[..., None]
) -> None:
    workloads()
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    live = world.put(workload(strategy=rolling, progressDeadlineSeconds=1))
    world.wait(lambda: status(world).get("readyReplicas") == 1)
    meta = {"name": "q", "namespace": "t1"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta}
    world.put({**quota, "spec": {"hard": {"pods": "1"}}})
    newer = workload(image="x:2", strategy=rolling, progressDeadlineSeconds=1)
    world.change(live, spec=newer["spec"])

    def progressing() -> str:
        conditions = {c["type"]: c for c in status(world)["conditions"]}
        return str(conditions["Progressing"]["reason"])

    world.wait(lambda: progressing() == "ProgressDeadlineExceeded")
    assert status(world)["readyReplicas"] == 1
    assert "updatedReplicas" not in status(world)
    world.store.delete(world.store.resource("v1", "resourcequotas"), "t1", "q")
    world.wait(lambda: progressing() == "NewReplicaSetAvailable")
    assert status(world)["updatedReplicas"] == 1
