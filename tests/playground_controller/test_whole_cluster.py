"""Everything together: API server, fake workloads, controller with workers, hook servers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from hook_world import HookServer, Reply, World, crd

from burgee.api.manifest import Manifest
from burgee.playground.cluster import Cluster, TimedOut
from burgee.playground.metacontroller.faults import HOSTILE, Faults

CANARY = ("flagger.app/v1beta1", "Canary")
STEPS = 5


def primary(parent: Manifest, image: str) -> Manifest:
    name = parent["metadata"]["name"] + "-primary"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": {"image": image}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
        },
    }


def stepping(body: Manifest) -> Reply:
    """A release in small: a step each time the child is observed at the step before.

    It never goes backwards, because the step is derived from the child that is observed, which
    is the only thing that a stale parent can't falsify.
    """
    parent, children = body["parent"], body["children"]["Deployment.apps/v1"]
    found = next(iter(children.values()), None)
    step = 0
    if found is not None:
        seen = int(found["metadata"]["annotations"]["image"].split(":")[1])
        status = found.get("status") or {}
        current = status.get("observedGeneration") == found["metadata"]["generation"]
        step = seen + (1 if current and status.get("availableReplicas") else 0)
    step = min(step, STEPS)
    return Reply(
        body={
            "status": {"step": step},
            "children": [primary(parent, f"x:{step}")],
            "resyncAfterSeconds": 0.2,
        }
    )


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    definitions = [crd("flagger.app", "Canary", "canaries", "v1beta1")]
    with Cluster(crds=definitions, namespaces=["t1"]) as made:
        yield made


def parent(name: str) -> Manifest:
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": name, "namespace": "t1"},
        "spec": {"targetRef": {"name": name}},
    }


def done(manifest: Manifest) -> bool:
    return bool((manifest.get("status") or {}).get("step") == STEPS)


def deployments_only(world: World) -> Manifest:
    listed: list[dict[str, Any]] = [
        {
            "apiVersion": "apps/v1",
            "resource": "deployments",
            "updateStrategy": {"method": "InPlace"},
        }
    ]
    return world.composite(childResources=listed, hooks=("sync", "finalize"))


def test_a_release_runs_over_two_hook_servers(
    cluster: Cluster, world: World, hook_server: Callable[[], HookServer]
) -> None:
    other = hook_server()
    for server in (world.hooks, other):
        server.answers["/sync"] = stepping
        server.answers["/finalize"] = lambda _: Reply(body={"status": {}, "finalized": True})
    controller = cluster.control(deployments_only(world), hook_urls=[world.hooks.url, other.url])
    cluster.apply(parent("app"))
    cluster.wait_until(*CANARY, "t1", "app", done)
    assert world.hooks.calls
    assert other.calls
    assert controller.tally["failed"] == 0
    cluster.delete(*CANARY, "t1", "app")
    cluster.wait_gone(*CANARY, "t1", "app")
    cluster.wait_gone("apps/v1", "Deployment", "t1", "app-primary")


@pytest.mark.parametrize("seed", range(3))
def test_a_hostile_cluster_only_delays_it(cluster: Cluster, world: World, seed: int) -> None:
    world.hooks.answers["/sync"] = stepping
    world.hooks.answers["/finalize"] = lambda _: Reply(body={"status": {}, "finalized": True})
    faults = Faults(HOSTILE, seed=seed)
    cluster.control(deployments_only(world), faults=faults)
    names = [f"app{number}" for number in range(5)]
    for name in names:
        cluster.apply(parent(name))
    for name in names:
        cluster.wait_until(*CANARY, "t1", name, done, timeout_seconds=30)
    assert faults.happened["stale_parent"]
    assert faults.happened["double_sync"]


def test_the_api_server_shows_what_the_controller_wrote(
    cluster: Cluster, world: World, tmp_path: Path
) -> None:
    world.hooks.answers["/sync"] = stepping
    cluster.control(deployments_only(world))
    cluster.apply(parent("app"))
    cluster.wait_until(*CANARY, "t1", "app", done)
    config = yaml.safe_load(cluster.kubeconfig(tmp_path / "config").read_text())
    server = config["clusters"][0]["cluster"]["server"]
    token = config["users"][0]["user"].get("token", "")
    url = f"{server}/apis/apps/v1/namespaces/t1/deployments/app-primary"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert answer.status_code == 200
    managers = {entry["manager"] for entry in answer.json()["metadata"]["managedFields"]}
    assert "metacontroller" in managers


def test_waiting_in_vain_tells_the_last_state(cluster: Cluster) -> None:
    cluster.apply(parent("app"))
    with pytest.raises(TimedOut, match="Canary t1/app"):
        cluster.wait_until(*CANARY, "t1", "app", done, timeout_seconds=0.05)
    with pytest.raises(TimedOut):
        cluster.wait_gone(*CANARY, "t1", "app", timeout_seconds=0.05)
