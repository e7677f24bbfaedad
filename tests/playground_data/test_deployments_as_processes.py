"""Deployments are played by processes: rollouts, scaling, crashes, and nothing left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.storage.store import Store
from burgee.playground.workloads.processes import Processes
from tests.playground_data.cluster_objects import MERGE, deployment

Eventually = Callable[..., None]


class _Plane:
    """A data plane that says what it is told to say about endpoints that are in use."""

    def __init__(self) -> None:
        self.busy = False

    def uses(self, _endpoint: Endpoint) -> bool:
        return self.busy


@pytest.fixture
def plane() -> _Plane:
    return _Plane()


@pytest.fixture
def processes(store: Store, tmp_path: Path, plane: _Plane) -> Iterator[Processes]:
    made = Processes(store, tmp_path, in_use=plane.uses)
    made.start()
    yield made
    made.close()


def _status(store: Store) -> dict[str, Any]:
    found = store.get(store.resource("apps/v1", "deployments"), "test", "web")
    status: dict[str, Any] = found.get("status") or {}
    return status


def _condition(store: Store, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        (c for c in _status(store).get("conditions", []) if c["type"] == kind), {}
    )
    return found


def _pods(store: Store) -> list[dict[str, Any]]:
    return store.list(store.resource("v1", "pods"))[0]


def _port(pod: dict[str, Any]) -> int:
    return int(pod["metadata"]["annotations"]["burgee.dev/playground-port"])


def _version(pod: dict[str, Any]) -> str:
    response = requests.get(f"http://127.0.0.1:{_port(pod)}/", timeout=5)
    return response.headers["x-version"]


def _create(store: Store, version: str = "v1", **options: Any) -> None:
    store.create(store.resource("apps/v1", "deployments"), deployment("web", version, **options))


def _change(store: Store, spec: dict[str, Any]) -> None:
    deployments = store.resource("apps/v1", "deployments")
    store.patch(deployments, "test", "web", {"spec": spec}, content_type=MERGE)


def _ready(store: Store, count: int) -> bool:
    status = _status(store)
    generation = store.get(store.resource("apps/v1", "deployments"), "test", "web")["metadata"][
        "generation"
    ]
    return (
        status.get("observedGeneration") == generation
        and status.get("readyReplicas") == status.get("updatedReplicas") == count
        and status.get("replicas") == count
        and len(_pods(store)) == count
    )


@pytest.mark.usefixtures("processes")
def test_replicas_answer_and_status_says_so(store: Store, eventually: Eventually) -> None:
    _create(store, "v3", replicas=2)
    eventually(lambda: _ready(store, 2))
    assert _status(store)["availableReplicas"] == 2
    assert _condition(store, "Available")["status"] == "True"
    assert _condition(store, "Progressing")["reason"] == "NewReplicaSetAvailable"
    pods = _pods(store)
    assert {_version(pod) for pod in pods} == {"v3"}
    assert {pod["status"]["podIP"] for pod in pods} == {"127.0.0.1"}
    assert all(pod["metadata"]["labels"]["app"] == "web" for pod in pods)
    assert all(pod["metadata"]["ownerReferences"][0]["name"] == "web" for pod in pods)


@pytest.mark.usefixtures("processes")
def test_template_decides_behaviour(store: Store, eventually: Eventually) -> None:
    _create(store, FAIL_SHARE="1", LATENCY_MS="30")
    eventually(lambda: _ready(store, 1))
    [pod] = _pods(store)
    response = requests.get(f"http://127.0.0.1:{_port(pod)}/", timeout=5)
    assert response.status_code == 500
    assert response.elapsed.total_seconds() >= 0.03


@pytest.mark.usefixtures("processes")
def test_new_pods_are_ready_before_old_ones_leave(store: Store, eventually: Eventually) -> None:
    _create(store, "v1", replicas=2)
    eventually(lambda: _ready(store, 2))
    fewest = [2]
    _change(store, deployment("web", "v2", replicas=2)["spec"])

    def rolled() -> bool:
        ready = [
            pod
            for pod in _pods(store)
            if any(
                c["type"] == "Ready" and c["status"] == "True"
                for c in pod.get("status", {}).get("conditions", [])
            )
        ]
        fewest.append(len(ready))
        return _ready(store, 2) and {_version(pod) for pod in ready} == {"v2"}

    eventually(rolled)
    assert min(fewest) == 2


@pytest.mark.usefixtures("processes")
def test_pod_is_stopped_only_after_the_data_plane_let_go(
    store: Store, plane: _Plane, eventually: Eventually
) -> None:
    _create(store)
    eventually(lambda: _ready(store, 1))
    [pod] = _pods(store)
    plane.busy = True
    _change(store, {"replicas": 0})
    eventually(lambda: _status(store).get("readyReplicas") == 0)
    time.sleep(0.4)
    assert _version(pod) == "v1"
    plane.busy = False
    eventually(lambda: _pods(store) == [])
    with pytest.raises(requests.ConnectionError):
        _version(pod)


@pytest.mark.usefixtures("processes")
def test_scale_to_zero_is_observed(store: Store, eventually: Eventually) -> None:
    _create(store, replicas=2)
    eventually(lambda: _ready(store, 2))
    _change(store, {"replicas": 0})
    eventually(lambda: _ready(store, 0))
    assert _condition(store, "Available")["status"] == "True"


@pytest.mark.usefixtures("processes")
def test_process_that_ends_is_started_again(store: Store, eventually: Eventually) -> None:
    _create(store)
    eventually(lambda: _ready(store, 1))
    [pod] = _pods(store)
    os.kill(_pid_of(pod["metadata"]["name"]), signal.SIGKILL)
    eventually(lambda: _status(store)["readyReplicas"] == 0)
    assert _condition(store, "Available")["reason"] == "MinimumReplicasUnavailable"
    eventually(lambda: _ready(store, 1))
    [again] = _pods(store)
    assert again["status"]["containerStatuses"][0]["restartCount"] == 1
    assert _version(again) == "v1"


@pytest.mark.usefixtures("processes")
def test_template_that_cannot_run_misses_its_deadline(
    store: Store, eventually: Eventually
) -> None:
    broken = deployment("web", "v1", FAIL_SHARE="half of them")
    broken["spec"]["progressDeadlineSeconds"] = 1
    store.create(store.resource("apps/v1", "deployments"), broken)
    eventually(
        lambda: _condition(store, "Progressing").get("reason") == "ProgressDeadlineExceeded"
    )
    assert _condition(store, "Progressing")["status"] == "False"
    assert _status(store)["readyReplicas"] == 0


@pytest.mark.usefixtures("processes")
def test_pod_that_somebody_deletes_is_replaced(store: Store, eventually: Eventually) -> None:
    _create(store)
    eventually(lambda: _ready(store, 1))
    [pod] = _pods(store)
    store.delete(store.resource("v1", "pods"), "test", pod["metadata"]["name"])
    eventually(lambda: _ready(store, 1) and _pods(store)[0]["metadata"]["uid"] != _uid(pod))


def _uid(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["uid"])


@pytest.mark.usefixtures("processes")
def test_deleted_deployment_takes_its_processes_along(
    store: Store, eventually: Eventually
) -> None:
    _create(store, replicas=2)
    eventually(lambda: _ready(store, 2))
    pids = [_pid_of(pod["metadata"]["name"]) for pod in _pods(store)]
    store.delete(store.resource("apps/v1", "deployments"), "test", "web")
    eventually(lambda: not any(_alive(pid) for pid in pids))
    assert _pods(store) == []


def test_close_leaves_no_process(store: Store, tmp_path: Path, eventually: Eventually) -> None:
    processes = Processes(store, tmp_path)
    processes.start()
    _create(store, replicas=3)
    eventually(lambda: _ready(store, 3))
    pids = [_pid_of(pod["metadata"]["name"]) for pod in _pods(store)]
    processes.close()
    assert not any(_alive(pid) for pid in pids)


def test_killed_parent_takes_its_processes_along(tmp_path: Path, eventually: Eventually) -> None:
    """SIGKILL runs no handler: pods end with their stdin, programs by the kernel's word."""
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from burgee.playground.dataplane.envoy import Envoy
        from burgee.playground.workloads.processes import Processes
        from burgee.playground.storage.store import Store
        from tests.playground_data.cluster_objects import deployment

        folder = Path({str(tmp_path)!r})
        store = Store()
        store.create(store.resource("v1", "namespaces"), {{"metadata": {{"name": "test"}}}})
        envoy = Envoy(folder / "envoy")
        envoy.start()
        Processes(store, folder / "pods").start()
        deployments = store.resource("apps/v1", "deployments")
        store.create(deployments, deployment("web", "v1", replicas=2))
        while not store.get(deployments, "test", "web").get("status", {{}}).get("readyReplicas") == 2:
            time.sleep(0.01)
        print("up", flush=True)
        time.sleep(60)
    """)
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == b"up\n"
        children = _children_of(parent.pid)
        assert len(children) == 3
        parent.kill()
        parent.wait()
    eventually(lambda: not any(_alive(pid) for pid in children), 5)


def _pid_of(pod_name: str) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if pod_name.encode() in command:
                return int(entry.name)
    raise AssertionError(f"no process plays {pod_name}")


def _children_of(parent: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.usefixtures("processes")
def test_a_paused_deployment_keeps_its_pods_and_can_be_scaled_down(
    store: Store, eventually: Eventually
) -> None:
    _create(store, "v1", replicas=2)
    eventually(lambda: _ready(store, 2))
    _change(store, {"paused": True})

    _change(store, {**deployment("web", "v2")["spec"], "replicas": 1, "paused": True})
    eventually(lambda: len(_pods(store)) == 1)

    assert [_version(pod) for pod in _pods(store)] == ["v1"]
    eventually(lambda: _status(store)["updatedReplicas"] == 0)
    _change(store, {"paused": None})
    eventually(lambda: _ready(store, 1) and _version(_pods(store)[0]) == "v2")
