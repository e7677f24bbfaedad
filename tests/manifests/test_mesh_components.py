"""The components and examples of meshes and Gateway API."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.engine.reading.validate import check_supported
from burgee.routers.base import Aim, Weights
from burgee.routers.registry import router_of
from burgee.targets.naming import Names

Objects = list[dict[str, Any]]
Rights = set[tuple[str, str, str]]

APPLIES = ("get", "list", "watch", "create", "patch")
PATCHES = ("get", "patch", "delete")
COMPONENTS = {
    "gatewayapi": {("gateway.networking.k8s.io", "httproutes grpcroutes")},
    "smi": {("split.smi-spec.io", "trafficsplits"), ("specs.smi-spec.io", "httproutegroups")},
    "appmesh": {("appmesh.k8s.aws", "virtualnodes virtualservices virtualrouters")},
}
EXAMPLES = {
    "appmesh": ("appmesh", "appmesh"),
    "appmesh-v1beta2": ("appmesh:v1beta2", "appmesh"),
    "gatewayapi-v1": ("gatewayapi:v1", "gatewayapi"),
    "gatewayapi-v1-grpc": ("gatewayapi:v1:grpc", "gatewayapi"),
    "gatewayapi-v1beta1": ("gatewayapi:v1beta1", "gatewayapi"),
    "linkerd": ("linkerd", "smi"),
    "osm": ("osm", "smi"),
    "smi-v1alpha3": ("smi:v1alpha3", "smi"),
}


def expected(component: str, verbs: tuple[str, ...]) -> Rights:
    return {
        (group, resource, verb)
        for group, resources in COMPONENTS[component]
        for resource, verb in product(resources.split(), verbs)
    }


def granted_to(objects: Objects, account: str, component: str) -> Rights:
    name = f"{account}-{component}"
    (role,) = [m for m in objects if m["kind"] == "ClusterRole" and m["metadata"]["name"] == name]
    (binding,) = [
        m for m in objects if m["kind"] == "ClusterRoleBinding" and m["roleRef"]["name"] == name
    ]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": account, "namespace": "burgee-system"}
    ]
    return {
        right
        for rule in role["rules"]
        for right in product(rule["apiGroups"], rule["resources"], rule["verbs"])
    }


@pytest.mark.parametrize("component", sorted(COMPONENTS))
def test_a_component_grants_exactly_these_rights(
    kustomize: Callable[[Path], Objects], repository: Path, tmp_path: Path, component: str
) -> None:
    (tmp_path / "components").symlink_to(repository / "manifests" / "components")
    user = tmp_path / "user"
    user.mkdir()
    (user / "kustomization.yaml").write_text(f"components: [../components/{component}]\n")
    objects = kustomize(user)

    assert len(objects) == 4
    assert granted_to(objects, "burgee-metacontroller", component) == expected(component, APPLIES)
    # Where two routes of one host may both be accepted, they are looked for.
    contested = expected(component, ("list",)) if component == "gatewayapi" else set()
    hooks = expected(component, PATCHES) | contested
    assert granted_to(objects, "burgee-hooks", component) == hooks


@pytest.mark.parametrize(
    ("example", "provider", "component"), [(k, *v) for k, v in EXAMPLES.items()]
)
def test_an_example_can_be_worked_with_and_needs_only_its_component(
    kustomize: Callable[[Path], Objects],
    repository: Path,
    example: str,
    provider: str,
    component: str,
) -> None:
    objects = kustomize(repository / "manifests" / "examples" / example)
    (found,) = [m for m in objects if m["kind"] == "Canary"]
    canary = Canary.model_validate(found)
    router = router_of(canary.provider("none"))
    names = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")

    assert canary.spec.provider == provider
    check_supported(canary, router)
    assert router.render(Aim(canary=canary, names=names, weights=Weights()))
    rights = {(group, resource) for group, resource, _ in expected(component, PATCHES)}
    assert {
        (kind.api_version.partition("/")[0], kind.resource) for kind in router.kinds()
    } <= rights


@pytest.mark.parametrize("example", sorted(EXAMPLES))
def test_an_example_releases_a_deployment_that_is_there(
    kustomize: Callable[[Path], Objects], repository: Path, example: str
) -> None:
    objects = kustomize(repository / "manifests" / "examples" / example)
    (canary,) = [m for m in objects if m["kind"] == "Canary"]
    ref = canary["spec"]["targetRef"]

    assert [
        m
        for m in objects
        if m["kind"] == ref["kind"]
        and m["metadata"]["name"] == ref["name"]
        and m["metadata"]["namespace"] == canary["metadata"]["namespace"]
    ]
