"""The load tester in a cluster: who may call it, and how little it may do there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from burgee.loadtester.settings import Settings

Objects = list[dict[str, Any]]
Render = Callable[[Path], Objects]
NAME = "burgee-loadtester"


def only(objects: Objects, kind: str) -> dict[str, Any]:
    (found,) = [m for m in objects if m["kind"] == kind]
    return found


@pytest.fixture
def plain(kustomize: Render, repository: Path) -> Objects:
    return kustomize(repository / "manifests" / "components" / "loadtester")


@pytest.fixture
def kept(kustomize: Render, repository: Path) -> Objects:
    return kustomize(repository / "manifests" / "components" / "loadtester-gates")


def environment(objects: Objects) -> dict[str, str]:
    pod = only(objects, "Deployment")["spec"]["template"]["spec"]
    return {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"]}


def test_it_has_no_rights_and_no_way_to_use_any(plain: Objects) -> None:
    kinds = {m["kind"] for m in plain}
    pod = only(plain, "Deployment")["spec"]["template"]["spec"]

    assert kinds == {"Deployment", "NetworkPolicy", "Service", "ServiceAccount"}
    assert pod["serviceAccountName"] == only(plain, "ServiceAccount")["metadata"]["name"] == NAME
    assert pod["automountServiceAccountToken"] is False
    assert "BURGEE_LOADTESTER_GATES" not in environment(plain)


def test_for_its_gates_it_may_write_one_config_map(kept: Objects) -> None:
    role, binding = only(kept, "Role"), only(kept, "RoleBinding")
    config_map = only(kept, "ConfigMap")["metadata"]
    pod = only(kept, "Deployment")["spec"]["template"]["spec"]
    settings = Settings.from_environment(environment(kept))

    assert not [m for m in kept if m["kind"].startswith("Cluster")]
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": [config_map["name"]],
            "verbs": ["get", "patch"],
        }
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": NAME, "namespace": "burgee-system"}
    ]
    assert settings.gates == (config_map["namespace"], config_map["name"])
    assert pod["automountServiceAccountToken"] is True


def test_applying_it_again_leaves_the_gates_as_they_are(kept: Objects) -> None:
    assert "data" not in only(kept, "ConfigMap")


def test_only_the_hook_server_may_call_it(plain: Objects, installation: Objects) -> None:
    policy = only(plain, "NetworkPolicy")["spec"]
    pod = only(plain, "Deployment")["spec"]["template"]["metadata"]["labels"]
    (hooks,) = [m for m in installation if m["kind"] == "Deployment"]
    labels = hooks["spec"]["template"]["metadata"]["labels"]
    (rule,) = policy["ingress"]
    (caller,) = rule["from"]

    assert policy["policyTypes"] == ["Ingress"]
    assert policy["podSelector"]["matchLabels"].items() <= pod.items()
    assert set(caller) == {"podSelector"}
    assert caller["podSelector"]["matchLabels"].items() <= labels.items()
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]


def test_its_service_leads_to_it(plain: Objects) -> None:
    service = only(plain, "Service")
    template = only(plain, "Deployment")["spec"]["template"]
    (port,) = service["spec"]["ports"]
    (container,) = template["spec"]["containers"]
    ports = {p["name"]: p["containerPort"] for p in container["ports"]}

    assert service["metadata"]["name"] == NAME
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    assert (port["port"], ports[port["targetPort"]]) == (80, 8080)
    assert Settings.from_environment(environment(plain)).bind.endswith(":8080")


def test_there_is_one_of_it_with_probes_and_a_volume_for_every_mount(plain: Objects) -> None:
    deployment = only(plain, "Deployment")["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]

    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    assert environment(plain)["HOME"] == "/tmp"
