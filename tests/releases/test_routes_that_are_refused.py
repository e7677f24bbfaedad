"""A Gateway that refuses a Canary's route, and a primary that does not come: nobody waits silently."""

from collections.abc import Iterator

import pytest
from release_world import APP, App, Arena, analysis, deployment

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import Resource

pytestmark = pytest.mark.slow

ROUTE = ("gateway.networking.k8s.io/v1", "HTTPRoute")
GATEWAY = {"name": "public"}
# The answer is about every generation that is to come.
ALWAYS = 1000
MERGE = "application/merge-patch+json"


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("routes"), ready_delay_seconds=1.0) as made:
        group, _, version = ROUTE[0].partition("/")
        made.cluster.store.register(
            Resource(
                group=group,
                version=version,
                plural="httproutes",
                kind=ROUTE[1],
                subresources=frozenset({"status"}),
                generation=True,
                custom=True,
            )
        )
        yield made
        assert not made.cluster.controller.tally.crashed


def answer(app: App, word: str) -> None:
    """What the Gateway says of the route."""
    accepted: Manifest = {
        "type": "Accepted",
        "status": word,
        "reason": "ByTheTest",
        "observedGeneration": ALWAYS,
    }
    store = app.arena.cluster.store
    store.patch(
        store.resource(*ROUTE),
        app.namespace,
        APP,
        {"status": {"parents": [{"parentRef": GATEWAY, "conditions": [accepted]}]}},
        content_type=MERGE,
        subresource="status",
    )


def test_a_promotion_whose_last_route_is_refused_ends(
    arena: Arena, numbers: Iterator[int]
) -> None:
    check = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
    app = arena.app(
        f"route{next(numbers)}",
        provider="gatewayapi:v1",
        service={"port": 9898, "gatewayRefs": [GATEWAY]},
        analysis=analysis(metrics=[check]),
        progressDeadlineSeconds=3,
    )
    app.wait_phase("Initialized")
    app.wait_scaled(0)
    answer(app, "True")
    app.set_image("app:2")
    app.wait_phase("Promoting", seconds=30)
    answer(app, "False")

    failed = app.wait_phase("Failed", seconds=30)

    assert failed["failure"]["reason"] == "RouteNotInForce"
    assert "ByTheTest" in failed["failure"]["message"]
    assert failed["lastPromotedSpec"] == failed["lastAppliedSpec"]
    assert app.phases[-2:] == ["Finalising", "Failed"]
    assert app.image() == "app:2"
    assert app.deployment()["spec"]["replicas"] == 2

    answer(app, "True")
    app.wait_scaled(0)
    app.set_image("app:3")
    app.wait_phase("Succeeded", seconds=40)
    arena.cluster.delete("v1", "Namespace", "", app.namespace)


def test_a_set_up_that_does_not_come_to_an_end_says_so_once(
    arena: Arena, numbers: Iterator[int]
) -> None:
    app = arena.app(
        f"route{next(numbers)}", objects=[deployment("app:broken")], progressDeadlineSeconds=2
    )

    app.wait_for(app.warnings, seconds=20)

    syncs = arena.cluster.controller.tally["syncs"]
    app.wait_for(lambda: arena.cluster.controller.tally["syncs"] > syncs + 3)
    (told,) = app.warnings()
    assert "The set-up does not come to an end: waiting for primary" in told
    assert app.status["phase"] == "Initializing"
    assert app.deployment()["spec"]["replicas"] == 2
    app.set_image("app:2")
    app.wait_phase("Initialized")
    arena.cluster.delete("v1", "Namespace", "", app.namespace)
