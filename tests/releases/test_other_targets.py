"""DaemonSets, Services and KEDA by the real hook server, against the embedded cluster."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from release_world import APP, App, Arena, analysis, deployment

from burgee.api.manifest import Manifest, annotations_of
from burgee.playground.kinds.resources import Resource

pytestmark = pytest.mark.slow

REST = ["Initializing", "Initialized"]
RUN = ["Progressing", "Promoting", "Finalising", "Succeeded"]
DAEMON_SET = ("apps/v1", "DaemonSet")
SERVICE = ("v1", "Service")
SCALED_OBJECT = ("keda.sh/v1alpha1", "ScaledObject")
ZERO = {"flagger.app/scale-to-zero": "true"}
PAUSED = "autoscaling.keda.sh/paused-replicas"

Make = Callable[..., App]


@pytest.fixture
def other_app(arena: Arena, numbers: Iterator[int]) -> Iterator[Make]:
    """Makes apps whose target is no Deployment, and waits for Initialized."""
    made: list[App] = []

    def make(**how: Any) -> App:
        app = arena.app(f"o{next(numbers)}", **how)
        made.append(app)
        app.wait_phase("Initialized")
        return app

    yield make
    for app in made:
        arena.cluster.delete("v1", "Namespace", "", app.namespace)


def found(app: App, kind: tuple[str, str], name: str = APP) -> Manifest:
    manifest = app.get(*kind, name)
    assert manifest is not None
    return manifest


def daemonset(image: str = "app:1") -> Manifest:
    plain = deployment(image)
    spec = {k: v for k, v in plain["spec"].items() if k != "replicas"}
    return {**plain, "kind": "DaemonSet", "spec": spec}


def node_selector(app: App, name: str = APP) -> Manifest:
    spec = found(app, DAEMON_SET, name)["spec"]["template"]["spec"]
    return dict(spec.get("nodeSelector") or {})


def reference(kind: tuple[str, str]) -> Manifest:
    return {"apiVersion": kind[0], "kind": kind[1], "name": APP}


@pytest.mark.parametrize(
    ("provider", "plan", "routes"),
    [
        pytest.param("istio", analysis(), [0, 25, 50, 0], id="weights"),
        pytest.param(
            "kubernetes",
            analysis(stepWeight=None, maxWeight=None, iterations=2, metrics=None),
            [],
            id="services alone",
        ),
    ],
)
def test_a_daemonset_is_promoted_and_leaves_its_nodes(
    other_app: Make, provider: str, plan: Manifest, routes: list[int]
) -> None:
    app = other_app(
        objects=[daemonset()],
        targetRef=reference(DAEMON_SET),
        provider=provider,
        analysis=plan,
    )
    app.wait_for(lambda: node_selector(app) == ZERO)
    assert node_selector(app, f"{APP}-primary") == {}

    containers = [{"name": "app", "image": "app:2"}]
    app.merge(DAEMON_SET, APP, {"spec": {"template": {"spec": {"containers": containers}}}})
    app.wait_for(lambda: node_selector(app) == {})
    app.wait_phase("Succeeded")
    app.wait_for(lambda: node_selector(app) == ZERO)

    assert app.phases == REST + RUN
    assert app.routes == routes
    primary = found(app, DAEMON_SET, f"{APP}-primary")["spec"]["template"]["spec"]
    assert primary["containers"][0]["image"] == "app:2"
    assert "nodeSelector" not in primary


def test_a_service_with_an_address_is_released_by_its_selector(other_app: Make) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": APP, "labels": {"app": APP}, "annotations": {"keep": "me"}},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.96.7.7",
            "clusterIPs": ["10.96.7.7"],
            "selector": {"app": APP, "version": "1"},
            "ports": [{"name": "web", "port": 80, "targetPort": "http"}],
        },
    }
    app = other_app(objects=[service], targetRef=reference(SERVICE))

    def version(side: str) -> str:
        selector = found(app, SERVICE, f"{APP}-{side}")["spec"]["selector"]
        return str(selector["version"])

    app.merge(SERVICE, APP, {"spec": {"selector": {"version": "2"}}})
    app.wait_for(lambda: version("canary") == "2")
    assert version("primary") == "1"
    app.wait_phase("Succeeded")

    assert app.phases == REST + RUN
    assert app.routes == [0, 25, 50, 0]
    assert (version("primary"), version("canary")) == ("2", "2")
    target = found(app, SERVICE)
    assert "ownerReferences" not in target["metadata"]
    assert annotations_of(target)["keep"] == "me"
    for side in ("primary", "canary"):
        copy = found(app, SERVICE, f"{APP}-{side}")
        assert copy["spec"].get("clusterIP") != "10.96.7.7"
        assert copy["metadata"]["ownerReferences"][0]["name"] == APP


def test_keda_is_paused_at_rest_and_scales_a_run(arena: Arena, other_app: Make) -> None:
    arena.cluster.store.register(
        Resource(
            group="keda.sh",
            version="v1alpha1",
            plural="scaledobjects",
            kind="ScaledObject",
            generation=True,
        )
    )
    scaled_object = {
        "apiVersion": SCALED_OBJECT[0],
        "kind": SCALED_OBJECT[1],
        "metadata": {"name": "so", "annotations": {"x": "y"}},
        "spec": {
            "scaleTargetRef": {"name": APP},
            "minReplicaCount": 3,
            "triggers": [{"type": "prometheus", "metadata": {"query": f"x{{app='{APP}'}}"}}],
        },
    }
    app = other_app(
        objects=[deployment(), scaled_object],
        autoscalerRef={**reference(SCALED_OBJECT), "name": "so"},
    )

    def pause() -> str | None:
        return annotations_of(found(app, SCALED_OBJECT, "so")).get(PAUSED)

    app.wait_for(lambda: pause() == "0")
    app.wait_scaled(0)
    copy = found(app, SCALED_OBJECT, "so-primary")
    assert copy["spec"]["scaleTargetRef"]["name"] == f"{APP}-primary"
    assert copy["spec"]["triggers"][0]["metadata"]["query"] == f"x{{app='{APP}-primary'}}"
    assert annotations_of(copy)["x"] == "y"
    assert PAUSED not in annotations_of(copy)
    assert copy["metadata"]["ownerReferences"][0]["name"] == APP

    app.merge(SCALED_OBJECT, "so", {"metadata": {"annotations": {PAUSED: None}}})
    app.wait_for(lambda: pause() == "0")
    app.set_image("app:2")
    app.wait_for(lambda: pause() is None)
    app.wait_scaled(3)
    app.wait_run("Succeeded")
    app.wait_for(lambda: pause() == "0")
    app.wait_scaled(0)

    assert app.phases == REST + RUN
    assert app.image() == "app:2"
    assert app.problems() == []
