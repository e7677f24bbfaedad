"""Two Canaries in one namespace that ask for the same objects."""

from collections.abc import Iterator

import pytest
from release_world import APP, CANARY, App, Arena, canary, deployment

from burgee.api.manifest import Manifest, controller_uid, metadata

pytestmark = pytest.mark.slow


@pytest.fixture
def first(arena: Arena, numbers: Iterator[int]) -> Iterator[App]:
    """The app of the first Canary, at rest; the journal knows one Canary for a namespace."""
    app = arena.app(f"two{next(numbers)}")
    app.wait_phase("Initialized")
    app.wait_scaled(0)
    yield app
    arena.cluster.delete("v1", "Namespace", "", app.namespace)


def named(manifest: Manifest, name: str) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def condition(app: App, name: str, kind: str = "Accepted") -> Manifest:
    found = app.get(*CANARY, name) or {}
    conditions: list[Manifest] = (found.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c["type"] == kind), {})


def is_refused(app: App, name: str, reason: str) -> bool:
    return condition(app, name).get("reason") == reason


def phase(app: App, name: str) -> str:
    found = app.get(*CANARY, name) or {}
    return str((found.get("status") or {}).get("phase", ""))


def test_the_second_of_one_target_waits_until_the_first_is_gone(first: App, arena: Arena) -> None:
    app = first
    before = app.world()
    second = canary(service={"port": 9898, "name": "other"})

    app.apply(named(second, "second"))
    app.wait_for(lambda: is_refused(app, "second", "TargetConflict"))

    assert (
        "Deployment podinfo-primary belongs to the Canary podinfo"
        in (condition(app, "second")["message"])
    )
    assert app.world() == before
    assert not app.condition("Accepted")
    app.release("app:2")

    arena.cluster.delete(*CANARY, app.namespace, APP)
    app.wait_for(lambda: phase(app, "second") == "Initialized", seconds=30)
    assert not condition(app, "second")
    primary = app.deployment(f"{APP}-primary")
    assert controller_uid(primary) == metadata(app.get(*CANARY, "second") or {})["uid"]


def test_the_second_of_one_service_leaves_it_to_the_first(first: App) -> None:
    app = first
    before = app.world()
    another = named(deployment(), "another")
    another["spec"]["selector"]["matchLabels"]["app"] = "another"
    another["spec"]["template"]["metadata"]["labels"]["app"] = "another"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "another"}

    app.apply(another)
    app.apply(named(canary(targetRef=target, service={"port": 9898, "name": APP}), "second"))
    app.wait_for(lambda: is_refused(app, "second", "ServiceConflict"))

    assert "spec.service.name" in condition(app, "second")["message"]
    assert {k: v for k, v in app.world().items() if k in before} == before
    assert app.get("apps/v1", "Deployment", "another-primary") is None
    app.release("app:2")

    app.merge(CANARY, "second", {"spec": {"service": {"name": "own"}}})
    app.wait_for(lambda: phase(app, "second") == "Initialized")
