"""Weights by numbers of pods, by the real hook server: who stands behind the apex Service."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from pod_rules import PRIMARY_ONLY, broken_rules
from release_world import APP, App, Arena, analysis, deployment
from scripted_peers import vector

from burgee.api.manifest import Manifest, labels_of

pytestmark = pytest.mark.slow

Make = Callable[..., App]
LABEL = "burgee.dev/apex"
PODS = 4


def shared_out(*, objects: Sequence[Manifest] = (), **plan: object) -> Manifest:
    """What makes an app of the provider kubernetes with weights of 25 and 50 percent."""
    target = deployment()
    check = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
    return {
        "objects": [{**target, "spec": {**target["spec"], "replicas": PODS}}, *objects],
        "provider": "kubernetes",
        "analysis": analysis(metrics=[check], **plan),
    }


@pytest.fixture
def shared(arena: Arena, numbers: Iterator[int]) -> Iterator[Make]:
    """Makes such apps; never may fewer pods have served, or a revision nobody analysed."""
    made: list[App] = []

    def make(**how: object) -> App:
        app = arena.app(f"p{next(numbers)}", **shared_out(**how))
        made.append(app)
        app.wait_phase("Initialized")
        app.wait_scaled(0)
        return app

    yield make
    problems = [problem for app in made for problem in broken_rules(app.writes, PODS)]
    for app in made:
        arena.cluster.delete("v1", "Namespace", "", app.namespace)
    assert problems == []


def shares(app: App) -> list[tuple[int, int]]:
    """(primary, canary) pods behind the apex Service, each time both were what was asked for."""
    seen: list[tuple[int, int]] = []
    for status in app.statuses:
        record = status.get("replicaRatio") or {}
        pair = record.get("requestedWeight", 0), record.get("achievedWeight", 0)
        if pair[0] == pair[1] and (not seen or seen[-1] != pair):
            seen.append(pair)
    return seen


def is_as_before(app: App) -> None:
    app.wait_scaled(0)
    app.wait_for(lambda: "replicaRatio" not in app.status)
    app.wait_scaled(PODS, f"{APP}-primary")
    service = app.get("v1", "Service")
    assert service is not None
    assert service["spec"]["selector"] == PRIMARY_ONLY
    assert not app.deployment()["spec"].get("paused")


def test_weights_climb_as_pods_and_the_revision_is_promoted(shared: Make) -> None:
    app = shared()

    app.release("app:2")

    assert [w for w, _ in shares(app)] == [0, 25, 50, 0]
    is_as_before(app)
    assert app.image() == "app:2"
    assert app.phases[-4:] == ["Progressing", "Promoting", "Finalising", "Succeeded"]


def test_a_bad_revision_is_rolled_back_and_nothing_is_left(shared: Make, arena: Arena) -> None:
    app = shared(threshold=1)
    app.set_image("app:2")
    app.wait_weight(50)
    arena.prometheus.answers[app.namespace] = lambda _: vector(50)

    app.wait_run("Failed")

    is_as_before(app)
    assert app.image() == "app:1"


def test_a_newer_revision_is_not_rolled_out_behind_the_apex_service(shared: Make) -> None:
    app = shared(interval="3s")
    app.set_image("app:2")
    app.wait_weight(25)
    app.wait_for(lambda: app.deployment()["spec"].get("paused"))

    app.set_image("app:3")
    app.wait_run("Succeeded", seconds=30)

    is_as_before(app)
    assert app.image() == "app:3"


def test_the_users_own_service_and_deployment_are_given_back(shared: Make, arena: Arena) -> None:
    mine: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": APP, "annotations": {"keep": "me"}},
        "spec": {"selector": {"app": APP}, "ports": [{"port": 80, "name": "web"}]},
    }
    app = shared(objects=[mine])
    app.edit(revertOnDeletion=True)
    app.release("app:2")
    is_as_before(app)
    assert labels_of(app.deployment()["spec"]["template"])[LABEL] == APP

    arena.cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)
    arena.cluster.wait_gone("flagger.app/v1beta1", "Canary", app.namespace, APP)

    found = app.get("v1", "Service")
    assert found is not None
    assert found["spec"]["selector"] == {"app": APP}
    assert {80} <= {port["port"] for port in found["spec"]["ports"]}
    assert LABEL not in labels_of(app.deployment()["spec"]["template"])
    assert app.deployment()["spec"]["replicas"] == PODS


def test_a_newer_revision_gets_nothing_while_the_canary_goes(
    arena: Arena, numbers: Iterator[int]
) -> None:
    mine: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": APP},
        "spec": {"selector": {"app": APP}, "ports": [{"port": 80, "name": "web"}]},
    }
    wanted = shared_out(objects=[mine], interval="30s")
    app = arena.app(f"p{next(numbers)}", **wanted, revertOnDeletion=True)
    app.wait_phase("Initialized")
    app.wait_scaled(0)
    app.set_image("app:2")
    app.wait_weight(25)
    app.wait_for(lambda: app.deployment()["spec"].get("paused"))
    app.set_image("app:3")
    app.wait_for(lambda: app.image(APP) == "app:3")

    arena.cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)
    arena.cluster.wait_gone("flagger.app/v1beta1", "Canary", app.namespace, APP)

    assert broken_rules(app.writes, PODS, leaving=True) == []
    found = app.get("v1", "Service")
    assert found is not None
    assert found["spec"]["selector"] == {"app": APP}
    target = app.deployment()
    assert target["spec"]["replicas"] == target["status"]["updatedReplicas"] == PODS
    assert not target["spec"].get("paused")
    assert LABEL not in labels_of(target["spec"]["template"])
    arena.cluster.delete("v1", "Namespace", "", app.namespace)
