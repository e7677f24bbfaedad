"""The components and examples of ingresses, Kuma and Knative."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.engine.reading.validate import check_supported
from burgee.routers.base import Aim, Role, Weights
from burgee.routers.registry import router_of
from burgee.targets.naming import Names
from burgee.targets.workload import kind_of

Objects = list[dict[str, Any]]
Rights = set[tuple[str, str, str]]

APPLIES = "get list watch create patch"
READS = "get list watch"
PATCHES = "get patch"
ENDS = "get patch delete"
# By component: what Metacontroller may do, what the hook server may do.
COMPONENTS: dict[str, tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]] = {
    "apisix": (
        [("apisix.apache.org", "apisixroutes", APPLIES)],
        [("apisix.apache.org", "apisixroutes", ENDS)],
    ),
    "contour": (
        [("projectcontour.io", "httpproxies", APPLIES)],
        [("projectcontour.io", "httpproxies", ENDS)],
    ),
    "gloo": (
        [
            ("gateway.solo.io", "routetables", APPLIES),
            ("gloo.solo.io", "upstreams", APPLIES),
        ],
        [
            ("gateway.solo.io", "routetables", ENDS),
            ("gloo.solo.io", "upstreams", ENDS),
        ],
    ),
    "knative": (
        [("serving.knative.dev", "services revisions", READS)],
        [
            ("serving.knative.dev", "services", PATCHES),
            ("serving.knative.dev", "revisions", "get"),
        ],
    ),
    "kuma": (
        [("kuma.io", "trafficroutes", READS)],
        [("kuma.io", "trafficroutes", "get create patch delete")],
    ),
    # Ingresses are among the children that Metacontroller lists.
    "nginx": ([], [("networking.k8s.io", "ingresses", f"{PATCHES} list")]),
    "skipper": ([], [("networking.k8s.io", "ingresses", PATCHES)]),
    "traefik": (
        [("traefik.io", "traefikservices ingressroutes", APPLIES)],
        [("traefik.io", "traefikservices ingressroutes", ENDS)],
    ),
}


def rights(rows: list[tuple[str, str, str]]) -> Rights:
    return {
        (group, resource, verb)
        for group, resources, verbs in rows
        for resource, verb in product(resources.split(), verbs.split())
    }


def granted_to(objects: Objects, account: str, component: str) -> Rights:
    """The rights of the one role of that account; none where there is no such role."""
    name = f"{account}-{component}"
    named = [m for m in objects if m["metadata"]["name"] == name]
    if not named:
        return set()
    role, binding = sorted(named, key=lambda m: m["kind"])
    assert binding["roleRef"]["name"] == name
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": account, "namespace": "burgee-system"}
    ]
    return {
        right
        for rule in role["rules"]
        for right in product(rule["apiGroups"], rule["resources"], rule["verbs"])
    }


@pytest.mark.parametrize("component", sorted(COMPONENTS))
def test_an_ingress_component_grants_exactly_these_rights(
    kustomize: Callable[[Path], Objects], repository: Path, tmp_path: Path, component: str
) -> None:
    (tmp_path / "components").symlink_to(repository / "manifests" / "components")
    user = tmp_path / "user"
    user.mkdir()
    (user / "kustomization.yaml").write_text(f"components: [../components/{component}]\n")
    objects = kustomize(user)
    metacontroller, hooks = COMPONENTS[component]

    assert len(objects) == (4 if metacontroller else 2)
    assert granted_to(objects, "burgee-metacontroller", component) == rights(metacontroller)
    assert granted_to(objects, "burgee-hooks", component) == rights(hooks)


@pytest.mark.parametrize("component", sorted(COMPONENTS))
def test_what_a_provider_does_is_granted(component: str) -> None:
    metacontroller, hooks = (rights(rows) for rows in COMPONENTS[component])
    watched = {(group, resource) for group, resource, verb in metacontroller if verb == "watch"}
    read = {(group, resource) for group, resource, verb in hooks if verb == "get"}
    if not metacontroller:
        watched = {("networking.k8s.io", "ingresses")}

    kinds = {
        (kind.api_version.partition("/")[0], kind.resource)
        for kind in router_of(component).kinds()
    }
    assert kinds == watched == read


@pytest.mark.parametrize("example", sorted(COMPONENTS))
def test_an_ingress_example_can_be_worked_with(
    kustomize: Callable[[Path], Objects], repository: Path, example: str
) -> None:
    objects = kustomize(repository / "manifests" / "examples" / example)
    (found,) = [m for m in objects if m["kind"] == "Canary"]
    canary = Canary.model_validate(found)
    router = router_of(canary.provider("none"))
    names = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")

    assert canary.spec.provider == example
    check_supported(canary, router)
    # A Knative Service has no primary before its Canary is set up.
    assert bool(
        router.render(Aim(canary=canary, names=names, weights=Weights(), originals=objects))
    ) is (example != "knative")


@pytest.mark.parametrize("example", sorted(COMPONENTS))
def test_an_ingress_example_has_what_its_canary_names(
    kustomize: Callable[[Path], Objects], repository: Path, example: str
) -> None:
    objects = kustomize(repository / "manifests" / "examples" / example)
    (found,) = [m for m in objects if m["kind"] == "Canary"]
    canary = Canary.model_validate(found)
    there = {(m["apiVersion"], m["kind"], m["metadata"]["name"]) for m in objects}
    kind = kind_of(canary.spec.target_ref)
    read = {
        (related.kind.api_version, related.kind.kind, name)
        for related in router_of(example).related(canary)
        if related.role is Role.READ
        for name in related.names
    }

    assert (kind.api_version, kind.kind, canary.spec.target_ref.name) in there
    assert read <= there
