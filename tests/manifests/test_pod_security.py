"""Every pod meets the restricted profile, and more: no writable root, memory bounded."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Objects = list[dict[str, Any]]
Pod = dict[str, Any]

HARMLESS_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "name",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def breaches(pod: Pod) -> list[str]:
    """What keeps a pod spec out of a namespace that enforces the restricted profile."""
    found = [f"{key} is set" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
    for volume in pod.get("volumes", []):
        found += [f"volume type {key}" for key in volume if key not in HARMLESS_VOLUMES]
    whole = pod.get("securityContext", {})
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        own = container.get("securityContext", {})
        settings = {**whole, **own}
        if settings.get("runAsNonRoot") is not True or settings.get("runAsUser") == 0:
            found.append("may run as root")
        if settings.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
            found.append("no seccomp profile")
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            found.append("may gain privileges")
        capabilities = own.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", []):
            found.append("keeps capabilities")
        if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            found.append("adds capabilities")
        found += ["a host port" for port in container.get("ports", []) if port.get("hostPort")]
    return found


def pods(objects: Objects) -> dict[str, Pod]:
    return {
        m["metadata"]["name"]: m["spec"]["template"]["spec"]
        for m in objects
        if m["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job"}
    }


@pytest.fixture
def every_pod(
    installation: Objects, kustomize: Callable[[Path], Objects], repository: Path
) -> dict[str, Pod]:
    example = kustomize(repository / "manifests" / "examples" / "podinfo-istio")
    loadtester = kustomize(repository / "manifests" / "components" / "loadtester")
    return {**pods(installation), **pods(example), **pods(loadtester)}


def test_every_pod_is_restricted(every_pod: dict[str, Pod]) -> None:
    assert set(every_pod) == {
        "burgee-hooks",
        "burgee-loadtester",
        "burgee-metacontroller",
        "podinfo",
        "load",
    }
    assert [(name, b) for name, pod in every_pod.items() for b in breaches(pod)] == []


def test_every_container_has_a_read_only_root_and_bounded_memory(
    every_pod: dict[str, Pod],
) -> None:
    for container in (c for pod in every_pod.values() for c in pod["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert "memory" in container["resources"]["limits"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_no_image_floats(every_pod: dict[str, Pod]) -> None:
    for container in (c for pod in every_pod.values() for c in pod["containers"]):
        tag = container["image"].rpartition(":")[2]
        assert tag[:1].isdigit() or (tag[:1] == "v" and tag[1:2].isdigit())


def test_our_pods_have_probes_for_life_and_readiness(every_pod: dict[str, Pod]) -> None:
    for name in ("burgee-hooks", "burgee-metacontroller"):
        (container,) = every_pod[name]["containers"]
        ports = {port["name"] for port in container["ports"]}
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert container["livenessProbe"]["httpGet"]["port"] in ports
        assert container["readinessProbe"]["httpGet"]["port"] in ports


def test_every_mount_of_the_hook_server_has_its_volume(every_pod: dict[str, Pod]) -> None:
    pod = every_pod["burgee-hooks"]
    mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}

    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    assert mounts["tmp"]["mountPath"] == "/tmp"
    heartbeat = next(v for v in pod["volumes"] if v["name"] == "heartbeat")
    assert heartbeat["emptyDir"]["medium"] == "Memory"


def test_the_namespace_enforces_what_the_pods_keep(installation: Objects) -> None:
    (namespace,) = [m for m in installation if m["kind"] == "Namespace"]

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        pytest.param("pod", "runAsNonRoot", False, id="root"),
        pytest.param("pod", "seccompProfile", {"type": "Unconfined"}, id="seccomp"),
        pytest.param("container", "allowPrivilegeEscalation", True, id="escalation"),
        pytest.param("container", "capabilities", {}, id="capabilities"),
        pytest.param("container", "privileged", True, id="privileged"),
    ],
)
def test_a_laxer_pod_would_be_noticed(
    every_pod: dict[str, Pod], where: str, key: str, value: object
) -> None:
    pod = copy.deepcopy(every_pod["burgee-hooks"])
    part = pod if where == "pod" else pod["containers"][0]
    part["securityContext"][key] = value

    assert breaches(pod)
