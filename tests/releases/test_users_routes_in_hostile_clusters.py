"""A route that its user wrote, in a cluster in which everything goes wrong now and then."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from release_objects import APP
from release_story import EVERYTHING, GOOD, Act, Story, objects, play, title
from release_world import App, Arena

from burgee.api.manifest import Manifest, metadata
from burgee.playground.metacontroller.faults import HOSTILE, FaultRates, Faults

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("BURGEE_HOSTILE_RUNS", "1"))
APPS, ACTS = 3, 3
READY_SECONDS = 0.1
ROUTE = ("networking.istio.io/v1beta1", "VirtualService")
REFERENCE = {"apiVersion": ROUTE[0], "kind": ROUTE[1], "name": APP}
ONE_WRITER = replace(HOSTILE, double_sync=0.0, hook_timeout=0.15)
TWO_WRITERS = replace(HOSTILE, double_sync=0.2)


@pytest.mark.parametrize(
    ("rates", "acts"),
    [
        pytest.param(ONE_WRITER, EVERYTHING, id="hostile"),
        pytest.param(TWO_WRITERS, GOOD, id="two controllers"),
    ],
)
@pytest.mark.parametrize("seed", range(1, RUNS + 1))
def test_a_users_route_carries_every_story(
    tmp_path: Path, seed: int, rates: FaultRates, acts: Sequence[Act]
) -> None:
    told = [Story.of(9000 * seed + number, ACTS, acts) for number in range(APPS)]
    faults = Faults(rates, seed=seed)
    with Arena(tmp_path, hooks=2, faults=faults, ready_delay_seconds=READY_SECONDS) as arena:
        apps = [started(arena, f"route-{story.seed}") for story in told]
        with ThreadPoolExecutor(len(apps)) as pool:
            ends = [pool.submit(play, app, story) for app, story in zip(apps, told, strict=True)]
        for app, story, end in zip(apps, told, ends, strict=True):
            assert end.exception() is None, f"{title(story)}: {end.exception()}\n{app.status}"
            assert app.problems(twins=rates.double_sync > 0) == [], title(story)
            route = app.get(*ROUTE)
            assert route is not None
            assert route["spec"] == users_route()["spec"]
            assert "ownerReferences" not in metadata(route)
        assert not arena.cluster.controller.tally.crashed
        assert [line for hook in arena.hooks for line in hook.errors()] == []


def started(arena: Arena, namespace: str) -> App:
    app = arena.app(namespace, objects=[*objects(), users_route()], routeRef=REFERENCE)
    first = next(written for written in app.writes if written.key == (ROUTE[1], APP))
    app.by_hand.add(first.version)
    return app


def users_route() -> Manifest:
    backends = [(f"{APP}-primary", 100), (f"{APP}-canary", 0)]
    mine = [{"destination": {"host": host}, "weight": weight} for host, weight in backends]
    return {
        "apiVersion": ROUTE[0],
        "kind": ROUTE[1],
        "metadata": {"name": APP},
        "spec": {"hosts": ["app.example.com"], "http": [{"timeout": "7s", "route": mine}]},
    }
