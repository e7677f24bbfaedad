"""Syncs that are shown an old world: the Canary is read live, and so is what traffic rests on."""

from collections.abc import Iterator

import pytest
from release_journal import canary_share
from release_world import APP, App, Arena, analysis, deployment

pytestmark = pytest.mark.slow

ROUTE = ("networking.istio.io/v1beta1", "VirtualService")


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A cluster whose controller syncs when the test says so, with caches as old as it says."""
    with Arena(tmp_path_factory.mktemp("stepped"), workers=0) as made:
        yield made


@pytest.fixture
def resting(stepped: Arena, request: pytest.FixtureRequest) -> Iterator[App]:
    """An initialized app, alone in its cluster."""
    app = stepped.app(request.node.name.replace("_", "-")[:50].rstrip("-"))
    stepped.settle_until(lambda: app.status.get("phase") == "Initialized")
    stepped.settle_until(lambda: replicas(app) == 0)
    stepped.settle()
    yield app
    problems = app.problems()
    stepped.cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)
    stepped.settle()
    assert problems == []


def replicas(app: App) -> int:
    return int(app.deployment()["spec"]["replicas"])


def is_ready(app: App) -> bool:
    status = app.deployment().get("status") or {}
    return bool(status.get("availableReplicas") == 2 and status.get("updatedReplicas") == 2)


def resync(app: App) -> None:
    """One sync that sees what the caches held before."""
    controller = app.arena.cluster.controller
    controller.loop.resync()
    assert controller.step(pump=False) is not None


def test_no_traffic_goes_to_pods_that_only_an_old_cache_knows(resting: App) -> None:
    app, arena = resting, resting.arena
    app.set_image("app:2")
    arena.settle_until(lambda: replicas(app) == 2 and is_ready(app))
    assert app.status["canaryWeight"] == 0
    arena.cluster.controller.loop.informers.pump()

    app.rescale(0)
    resync(app)

    assert app.routes == [0]
    assert app.status["canaryWeight"] == 0
    arena.settle_until(lambda: app.status["phase"] == "Succeeded")


def test_the_target_keeps_its_pods_while_only_an_old_cache_says_that_nobody_goes_there(
    resting: App,
) -> None:
    app, arena = resting, resting.arena
    app.rescale(2)
    arena.settle_until(lambda: is_ready(app) or replicas(app) == 0, seconds=2)
    app.rescale(2)
    app.wait_for(lambda: is_ready(app))
    arena.cluster.controller.loop.informers.pump()

    app.steer(30)
    resync(app)

    route = app.get(*ROUTE)
    assert route is not None
    assert replicas(app) == 2 or canary_share(route) == 0
    arena.settle_until(lambda: replicas(app) == 0)
    route = app.get(*ROUTE)
    assert route is not None
    assert canary_share(route) == 0


def test_the_primary_never_shrinks_to_pods_that_only_an_old_cache_knows(
    stepped: Arena,
) -> None:
    """What the target has when a run begins is what the user wants; it is remembered till its end."""
    target = deployment()
    target["spec"]["replicas"] = 4
    check = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
    app = stepped.app(
        "by-pods", objects=[target], provider="kubernetes", analysis=analysis(metrics=[check])
    )
    stepped.settle_until(lambda: app.status.get("phase") == "Initialized")
    stepped.settle_until(lambda: replicas(app) == 0)
    stepped.settle()
    app.set_image("app:2")
    app.rescale(2)
    stepped.cluster.controller.loop.informers.pump()

    app.rescale(0)
    resync(app)

    assert app.status["phase"] == "Progressing"
    assert app.status["replicaRatio"]["promoted"] == 4
    stepped.settle_until(lambda: app.status["phase"] == "Succeeded")
    assert app.deployment(f"{APP}-primary")["spec"]["replicas"] == 4
    stepped.cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)
    stepped.settle()


def test_an_old_parent_takes_nothing_back(resting: App) -> None:
    app, arena = resting, resting.arena
    app.set_image("app:2")
    arena.settle_until(lambda: app.status["canaryWeight"] == 25)

    for _ in range(3):
        resync(app)

    # On a slow machine the next step may be due by now.
    assert app.status["canaryWeight"] in {25, 50}
    arena.settle_until(lambda: app.status["phase"] == "Succeeded")
    assert app.routes == [0, 25, 50, 0]


def test_a_sync_of_an_old_spec_writes_nothing(resting: App) -> None:
    app, arena = resting, resting.arena
    arena.cluster.controller.loop.informers.pump()
    before = app.canary["metadata"]["resourceVersion"]

    app.edit(analysis=analysis(stepWeight=10))
    throttled = arena.cluster.controller.tally["throttled"]
    resync(app)

    assert arena.cluster.controller.tally["throttled"] == throttled + 1
    assert app.canary["status"].get("observedGeneration") == 1
    assert app.canary["metadata"]["resourceVersion"] != before
    arena.settle_until(lambda: app.status["observedGeneration"] == 2)


def test_a_manifest_that_brings_its_replicas_along_does_not_cost_the_target_its_pods(
    resting: App,
) -> None:
    app, arena = resting, resting.arena

    app.apply(deployment("app:2"))
    app.wait_for(lambda: is_ready(app))
    arena.settle_until(lambda: app.status["phase"] == "Succeeded")
    arena.settle_until(lambda: replicas(app) == 0)

    counts = [
        w.new["spec"]["replicas"]
        for w in app.writes
        if w.key == ("Deployment", APP) and w.new is not None
    ]
    assert [c for i, c in enumerate(counts) if i == 0 or counts[i - 1] != c] == [2, 0, 2, 0]
