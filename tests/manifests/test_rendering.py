"""Every file parses, everything renders, and every built-in kind fits its schema."""

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

MANIFESTS = Path(__file__).parents[2] / "manifests"
FOLDERS = sorted(path.parent for path in MANIFESTS.rglob("kustomization.yaml"))
COMPONENTS = [folder for folder in FOLDERS if folder.parent.name == "components"]
RENDERED = [folder for folder in FOLDERS if folder not in COMPONENTS]
SERVERS = ["1.25", kubernetes_validate.latest_version()]
FOREIGN = {
    "apisix.apache.org",
    "flagger.app",
    "gateway.networking.k8s.io",
    "gateway.solo.io",
    "metacontroller.k8s.io",
    "monitoring.coreos.com",
    "projectcontour.io",
    "serving.knative.dev",
    "traefik.io",
}

Render = Callable[[Path], list[dict[str, Any]]]


def shown(folder: Path) -> str:
    return str(folder.relative_to(MANIFESTS))


def group(manifest: dict[str, Any]) -> str:
    return str(manifest["apiVersion"]).rpartition("/")[0]


@cache
def _fits(written: str, server: str) -> None:
    kubernetes_validate.validate(json.loads(written), server, strict=True)


def fits(manifest: dict[str, Any], server: str) -> None:
    """Raises where a built-in kind does not fit; most renderings share most objects."""
    if group(manifest) not in FOREIGN:
        _fits(json.dumps(manifest), server)


def overlay(tmp_path: Path, component: Path) -> Path:
    """A kustomization as a user would write it: the installation and one component."""
    for name in ("hooks", "metacontroller", "components"):
        (tmp_path / name).symlink_to(MANIFESTS / name)
    user = tmp_path / "user"
    user.mkdir()
    (user / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "resources": ["../hooks", "../metacontroller"],
                "components": [f"../components/{component.name}"],
            }
        )
    )
    return user


@pytest.mark.parametrize("path", sorted(MANIFESTS.rglob("*.yaml")), ids=shown)
def test_every_manifest_file_parses(path: Path) -> None:
    documents = list(yaml.safe_load_all(path.read_text()))

    assert documents
    assert all("kind" in document for document in documents)


@pytest.mark.parametrize("path", sorted(MANIFESTS.rglob("*.yaml")), ids=shown)
def test_every_manifest_file_is_used(path: Path) -> None:
    if path.name == "kustomization.yaml" or path.parent.name == "namespaced-secrets":
        return
    kustomization = yaml.safe_load((path.parent / "kustomization.yaml").read_text())

    assert path.name in kustomization["resources"]


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("folder", RENDERED, ids=shown)
def test_what_renders_fits_the_schemas_of_kubernetes(
    kustomize: Render, folder: Path, server: str
) -> None:
    for manifest in kustomize(folder):
        fits(manifest, server)


@pytest.mark.parametrize("component", COMPONENTS, ids=shown)
def test_a_component_renders_on_top_of_the_installation(
    kustomize: Render, tmp_path: Path, component: Path
) -> None:
    objects = kustomize(overlay(tmp_path, component))

    assert {"Deployment", "StatefulSet"} <= {manifest["kind"] for manifest in objects}
    for manifest in objects:
        fits(manifest, SERVERS[-1])


def test_the_validator_would_notice_a_misspelt_field(installation: list[dict[str, Any]]) -> None:
    service = next(m for m in installation if m["kind"] == "Service")
    misspelt = {**service, "spec": {**service["spec"], "slector": {}}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(misspelt, SERVERS[-1], strict=True)


def test_the_service_monitors_find_their_services(kustomize: Render, tmp_path: Path) -> None:
    objects = kustomize(overlay(tmp_path, MANIFESTS / "components" / "service-monitor"))
    services = [m for m in objects if m["kind"] == "Service"]

    for monitor in (m for m in objects if m["kind"] == "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        matching = [s for s in services if wanted <= s["metadata"]["labels"].items()]
        assert [s["metadata"]["name"] for s in matching] == [monitor["metadata"]["name"]]
        ports = {port["name"] for port in matching[0]["spec"]["ports"]}
        assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= ports


def test_series_of_canaries_keep_their_namespace(kustomize: Render, tmp_path: Path) -> None:
    objects = kustomize(overlay(tmp_path, MANIFESTS / "components" / "service-monitor"))
    (monitor,) = [
        m
        for m in objects
        if m["kind"] == "ServiceMonitor" and m["metadata"]["name"] == "burgee-hooks"
    ]

    assert [endpoint["honorLabels"] for endpoint in monitor["spec"]["endpoints"]] == [True]


def test_the_installation_is_complete(installation: list[dict[str, Any]]) -> None:
    assert Counter(manifest["kind"] for manifest in installation) == {
        "ClusterRole": 7,
        "ClusterRoleBinding": 7,
        "CompositeController": 1,
        "ConfigMap": 1,
        "CustomResourceDefinition": 3,
        "Deployment": 1,
        "Namespace": 1,
        "NetworkPolicy": 2,
        "PodDisruptionBudget": 1,
        "Service": 2,
        "ServiceAccount": 2,
        "StatefulSet": 1,
    }


def test_the_installation_holds_no_secret_and_stays_in_its_namespace(
    installation: list[dict[str, Any]],
) -> None:
    assert not [manifest for manifest in installation if manifest["kind"] == "Secret"]
    namespaces = {m["metadata"].get("namespace", "burgee-system") for m in installation}
    assert namespaces == {"burgee-system"}
