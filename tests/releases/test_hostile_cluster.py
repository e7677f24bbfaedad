"""Releases in a cluster in which everything goes wrong now and then; it only takes longer.

The seeds are fixed. BURGEE_HOSTILE_RUNS=100 plays more of them; a failure names its seed.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from release_story import EVERYTHING, GOOD, Act, Story, differences, ending, objects, play, title
from release_world import App, Arena

from burgee.api.manifest import Manifest
from burgee.playground.metacontroller.faults import AS_MEASURED, HOSTILE, FaultRates, Faults

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("BURGEE_HOSTILE_RUNS", "1"))
APPS = 4
ACTS = 3
READY_SECONDS = 0.1

# Metacontroller writes the answer of one call at a time: what overlaps is only the calls.
ONE_WRITER = replace(HOSTILE, double_sync=0.0, hook_timeout=0.15)
# Two of them in one cluster may undo each other's last step. Nothing can be done about that
# before the answer; it must not hurt traffic, and a good revision must arrive all the same.
TWO_WRITERS = replace(HOSTILE, double_sync=0.2)


def stories(seed: int, acts: Sequence[Act]) -> list[Story]:
    return [Story.of(1000 * seed + number, ACTS, acts) for number in range(APPS)]


def play_all(arena: Arena, told: Sequence[Story], prefix: str) -> list[App]:
    """Every story at the same time, each to its end."""
    apps = [arena.app(f"{prefix}-{story.seed}", objects=objects()) for story in told]
    with ThreadPoolExecutor(len(apps)) as pool:
        ends = [pool.submit(play, app, story) for app, story in zip(apps, told, strict=True)]
    for app, story, end in zip(apps, told, ends, strict=True):
        assert end.exception() is None, f"{title(story)}: {end.exception()}\n{app.statuses[-3:]}"
    return apps


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("calm"), ready_delay_seconds=READY_SECONDS) as made:
        yield made


_calm_ends: dict[Story, Manifest] = {}


def calm_ends(calm: Arena, told: Sequence[Story]) -> dict[Story, Manifest]:
    """How these stories end where nothing goes wrong."""
    new = [story for story in told if story not in _calm_ends]
    apps = play_all(calm, new, f"calm-{len(_calm_ends)}") if new else []
    problems = {title(story): app.problems() for story, app in zip(new, apps, strict=True)}
    for story, app in zip(new, apps, strict=True):
        _calm_ends[story] = ending(app)
        calm.cluster.delete("v1", "Namespace", "", app.namespace)
    assert not any(problems.values()), problems
    return {story: _calm_ends[story] for story in told}


@contextmanager
def killer(arena: Arena, pause_seconds: float) -> Iterator[None]:
    """Kills the hook servers in turn, and starts each again."""
    stop = threading.Event()

    def reap() -> None:
        for hook in arena.hooks * 2:
            if stop.wait(pause_seconds):
                return
            hook.kill()
            stop.wait(pause_seconds / 4)
            hook.begin().wait_ready()

    thread = threading.Thread(target=reap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("rates", "acts", "kills"),
    [
        pytest.param(ONE_WRITER, EVERYTHING, False, id="hostile"),
        pytest.param(TWO_WRITERS, GOOD, False, id="two controllers"),
        pytest.param(AS_MEASURED, EVERYTHING, True, id="hooks killed"),
    ],
)
@pytest.mark.parametrize("seed", range(1, RUNS + 1))
def test_whatever_goes_wrong_a_story_ends_the_same(
    calm: Arena, tmp_path: Path, seed: int, rates: FaultRates, acts: Sequence[Act], kills: bool
) -> None:
    told = stories(seed, acts)
    quiet = calm_ends(calm, told)
    faults = Faults(rates, seed=seed)
    with Arena(tmp_path, hooks=2, faults=faults, ready_delay_seconds=READY_SECONDS) as hostile:
        with killer(hostile, 0.8) if kills else nullcontext():
            apps = play_all(hostile, told, "hostile")
        twins = rates.double_sync > 0
        for app, story in zip(apps, told, strict=True):
            problems = "\n".join(app.problems(twins=twins))
            assert not problems, f"{title(story)}, faults of seed {seed}:\n{problems}"
            assert differences(ending(app), quiet[story]) == [], title(story)
        assert not hostile.cluster.controller.tally.crashed
        assert [line for hook in hostile.hooks for line in hook.errors()] == []
    assert faults.happened["stale_parent"] > 10
