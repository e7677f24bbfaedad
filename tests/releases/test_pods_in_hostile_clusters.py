"""Weights by numbers of pods in a cluster in which everything goes wrong now and then.

The seeds are fixed. BURGEE_HOSTILE_RUNS=100 plays more of them; a failure names its story.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pod_rules import PRIMARY_ONLY, broken_rules
from release_objects import APP, analysis
from release_story import Act, Story, objects, play, title
from release_world import App, Arena

from burgee.playground.metacontroller.faults import HOSTILE, FaultRates, Faults

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("BURGEE_HOSTILE_RUNS", "1"))
APPS, ACTS, PODS = 3, 3, 4
READY_SECONDS = 0.1
SECONDS = 30.0
POSSIBLE = (Act.PROMOTE, Act.ROLL_BACK, Act.STUCK, Act.RESTART, Act.CONFIG, Act.SUSPEND)
ONE_WRITER = replace(HOSTILE, double_sync=0.0, hook_timeout=0.15)
TWO_WRITERS = replace(HOSTILE, double_sync=0.2)


@pytest.mark.parametrize(
    "rates",
    [pytest.param(ONE_WRITER, id="hostile"), pytest.param(TWO_WRITERS, id="two controllers")],
)
@pytest.mark.parametrize("seed", range(1, RUNS + 1))
def test_pods_serve_and_nothing_is_left(tmp_path: Path, seed: int, rates: FaultRates) -> None:
    told = [Story.of(7000 * seed + number, ACTS, POSSIBLE) for number in range(APPS)]
    faults = Faults(rates, seed=seed)
    with Arena(tmp_path, hooks=2, faults=faults, ready_delay_seconds=READY_SECONDS) as arena:
        apps = [started(arena, f"pods-{story.seed}") for story in told]
        with ThreadPoolExecutor(len(apps)) as pool:
            ends = [pool.submit(play, app, story) for app, story in zip(apps, told, strict=True)]
        for app, story, end in zip(apps, told, ends, strict=True):
            assert end.exception() is None, f"{title(story)}: {end.exception()}\n{app.status}"
            assert broken_rules(app.writes, PODS) == [], title(story)
            is_as_before(app)
        assert not arena.cluster.controller.tally.crashed
        assert [line for hook in arena.hooks for line in hook.errors()] == []
    assert faults.happened["stale_parent"] > 10


def started(arena: Arena, namespace: str) -> App:
    config, target = objects()
    target["spec"]["replicas"] = PODS
    check = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
    plan = analysis(metrics=[check])
    return arena.app(namespace, objects=[config, target], provider="kubernetes", analysis=plan)


def is_as_before(app: App) -> None:
    app.wait_for(lambda: "replicaRatio" not in app.status, seconds=SECONDS)
    app.wait_scaled(PODS, f"{APP}-primary", seconds=SECONDS)
    service = app.get("v1", "Service")
    assert service is not None
    assert service["spec"]["selector"] == PRIMARY_ONLY
    assert not app.deployment()["spec"].get("paused")
