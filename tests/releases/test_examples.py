"""Every example of the manifests is a whole release, with the rights of its component and no more."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hook_process import ROOT
from provider_world import FakeKnative
from release_world import APP, App, Arena
from scripted_http import Reply
from scripted_peers import vector, well

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, metadata
from burgee.api.settings import EngineSettings
from burgee.engine.reading.related import related_rules
from burgee.playground.kinds.resources import Resource
from burgee.routers.base import RelatedKind
from burgee.routers.registry import all_kinds, capabilities_by_provider, carrier_of, router_of
from burgee.targets.naming import Names

pytestmark = pytest.mark.slow

EXAMPLES = sorted(
    path.parent.name
    for path in (ROOT / "manifests" / "examples").glob("*/kustomization.yaml")
    if path.parent.name != "podinfo"
)
COMPONENTS = {
    "appmesh": "appmesh",
    "gatewayapi": "gatewayapi",
    "istio": "istio",
    "linkerd": "smi",
    "osm": "smi",
}
# What users write besides, for the data planes of the examples.
FURTHER = (
    ("gateway.solo.io/v1", "virtualservices", "VirtualService"),
    ("projectcontour.io/v1", "httpproxies", "HTTPProxy"),
)
NAMES = Names(target=APP, apex=APP, selector_key="app", selector_value=APP)

Objects = list[Manifest]
Rights = set[tuple[str, str, str]]


def kustomize(folder: Path) -> Objects:
    kubectl = Path(sys.executable).parent / "kubectl"
    done = subprocess.run(
        [kubectl, "kustomize", folder], capture_output=True, text=True, timeout=60, check=True
    )
    return list(yaml.safe_load_all(done.stdout))


def resource(api_version: str, plural: str, kind: str) -> Resource:
    group, _, version = api_version.partition("/")
    return Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        namespaced=kind != "TrafficRoute",
        subresources=frozenset({"status"}),
        generation=True,
        custom=True,
    )


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A cluster with every provider, and a Knative that plays along."""
    with Arena(tmp_path_factory.mktemp("examples")) as made:
        kinds = {(k.api_version, k.resource, k.kind) for k in all_kinds()} | set(FURTHER)
        for api_version, plural, kind in sorted(kinds):
            if not api_version.startswith(("networking.istio.io/", "networking.k8s.io/")):
                made.cluster.store.register(resource(api_version, plural, kind))
        made.prometheus.answers[""] = all_is_well
        knative = FakeKnative(made.cluster.store)
        yield made
        knative.close()
        assert not made.cluster.controller.tally.crashed
        assert [line for hook in made.hooks for line in hook.errors()] == []


@pytest.fixture
def overlay(tmp_path: Path) -> Callable[[str], Objects]:
    """The installation with the component of a provider."""

    def render(provider: str) -> Objects:
        family = provider.partition(":")[0]
        for name in ("hooks", "metacontroller", "components"):
            (tmp_path / name).symlink_to(ROOT / "manifests" / name)
        user = tmp_path / "user"
        user.mkdir()
        component = COMPONENTS.get(family, family)
        (user / "kustomization.yaml").write_text(
            yaml.safe_dump(
                {
                    "resources": ["../hooks", "../metacontroller"],
                    "components": [f"../components/{component}"],
                }
            )
        )
        return kustomize(user)

    return render


def granted(objects: Objects, account: str) -> Rights:
    roles = {m["metadata"]["name"]: m for m in objects if m["kind"] == "ClusterRole"}
    bound = [
        m["roleRef"]["name"]
        for m in objects
        if m["kind"] == "ClusterRoleBinding" and m["subjects"][0]["name"] == account
    ]
    return {
        right
        for name in bound
        for rule in roles[name]["rules"]
        for right in product(rule["apiGroups"], rule["resources"], rule["verbs"])
    }


def in_a_hurry(objects: Objects, namespace: str, arena: Arena) -> Objects:
    """The objects of an example in a namespace of their own, at the pace of a test."""
    text = yaml.safe_dump_all(objects).replace("namespace: podinfo", f"namespace: {namespace}")
    moved: Objects = list(yaml.safe_load_all(text))
    for manifest in moved:
        spec: Any = manifest.get("spec") or {}
        if manifest["kind"] == "Canary":
            spec["analysis"]["interval"] = "250ms"
        if manifest["kind"] == "MetricTemplate":
            spec["provider"]["address"] = arena.prometheus.url
        if manifest["kind"] == "Deployment":
            spec.pop("minReadySeconds", None)
    return [manifest for manifest in moved if manifest["kind"] != "Namespace"]


def all_is_well(query: str) -> Reply:
    """Nobody gets 404, requests are quick in whatever unit, and the server is there."""
    if "404" in query:
        return vector(0)
    if "histogram_quantile" in query and "_seconds" in query:
        return vector(0.025)
    return vector(1) if query == "vector(1)" else well(query)


def deploy(app: App, image: str) -> None:
    """Another image for the target, of whatever kind it is."""
    ref = app.canary["spec"]["targetRef"]
    kind = (ref["apiVersion"], ref["kind"])
    target = app.get(*kind)
    assert target is not None
    (container,) = target["spec"]["template"]["spec"]["containers"]
    containers = [{**container, "image": image}]
    app.merge(kind, APP, {"spec": {"template": {"spec": {"containers": containers}}}})


def test_every_provider_has_an_example() -> None:
    found = {
        manifest["spec"]["provider"]
        for example in EXAMPLES
        for manifest in kustomize(ROOT / "manifests" / "examples" / example)
        if manifest["kind"] == "Canary"
    }

    assert found == set(capabilities_by_provider())


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_released_with_the_rights_of_its_component(
    arena: Arena, numbers: Iterator[int], overlay: Callable[[str], Objects], example: str
) -> None:
    namespace = f"e{next(numbers)}"
    rendered = kustomize(ROOT / "manifests" / "examples" / example)
    objects = in_a_hurry(rendered, namespace, arena)
    app = App(arena, namespace)
    app.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    arena.prometheus.answers[namespace] = all_is_well
    arena.cluster.server.reset_calls()
    for manifest in sorted(objects, key=lambda m: m["kind"] == "Canary"):
        app.apply(manifest)
    canary = Canary.model_validate(app.canary)
    router = router_of(carrier_of(canary, EngineSettings()))

    app.wait_phase("Initialized")
    before = app.status["lastAppliedSpec"]
    deploy(app, "ghcr.io/stefanprodan/podinfo:6.7.1")
    app.wait(lambda s: s["phase"] == "Succeeded" and s["lastAppliedSpec"] != before, seconds=60)

    assert not app.condition("Accepted")
    assert not app.condition("Honoured")
    assert [e["message"] for e in app.events() if e["type"] == "Warning"] == []
    routes = [found for kind in router.kinds() for found in objects_of(arena, kind, namespace)]
    assert bool(routes) is bool(router.kinds())
    assert router.canary_weight_seen(routes, NAMES) == 0

    _check_rights(arena, app, canary, overlay(canary.spec.provider))
    arena.cluster.delete("flagger.app/v1beta1", "Canary", namespace, APP)
    app.wait_for(lambda: app.get("flagger.app/v1beta1", "Canary") is None)
    app.wait_for(lambda: objects_of_burgee(arena, router.kinds(), namespace) == [])
    arena.cluster.delete("v1", "Namespace", "", namespace)


def _check_rights(arena: Arena, app: App, canary: Canary, installed: Objects) -> None:
    """What was asked of the API server, and by whom it would have been allowed."""
    hooks = granted(installed, "burgee-hooks")
    allowed = {(word, verb) for _, word, verb in hooks}
    asked = {
        (call.resource, call.verb)
        for call in arena.cluster.server.calls()
        if call.agent == "burgee"
    }
    assert asked
    assert asked <= allowed

    metacontroller = granted(installed, "burgee-metacontroller")
    target = app.get("apps/v1", "Deployment")
    for rule in related_rules(canary, target, EngineSettings()):
        group = str(rule["apiVersion"]).rpartition("/")[0]
        for verb in ("list", "watch"):
            assert (group, rule["resource"], verb) in metacontroller
    for kind in router_of(carrier_of(canary, EngineSettings())).kinds():
        written = [
            found
            for found in objects_of(arena, kind, app.namespace)
            if "metacontroller" in managers(found)
        ]
        group = kind.api_version.rpartition("/")[0]
        for verb in ("get", "create", "patch") if written else ():
            assert (group, kind.resource, verb) in metacontroller


def managers(found: Manifest) -> set[str]:
    entries: Objects = metadata(found).get("managedFields") or []
    return {entry["manager"] for entry in entries}


def objects_of(arena: Arena, kind: RelatedKind, namespace: str) -> Objects:
    store = arena.cluster.store
    found = store.resource(kind.api_version, kind.kind)
    return store.list(found, namespace if found.namespaced else "")[0]


def objects_of_burgee(arena: Arena, kinds: tuple[RelatedKind, ...], namespace: str) -> Objects:
    """What would be left behind: objects that burgee made."""
    return [
        found
        for kind in kinds
        for found in objects_of(arena, kind, namespace)
        if "ownerReferences" in metadata(found)
        or "burgee.dev/owner" in (metadata(found).get("annotations") or {})
    ]
