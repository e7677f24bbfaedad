"""Weights that climb: a good version is promoted, a bad one rolled back, a gate holds a third."""

from collections.abc import Iterator

from burgee.playground.demo import analyses
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.judgement import (
    CALM_SECONDS,
    besides,
    listed,
    measured,
    phases,
    settled,
    splits,
    went,
    windows,
)
from burgee.playground.demo.objects import APP, PRIMARY, TEMPLATE, Version
from burgee.playground.demo.stage import Stage

_HELD_SECONDS = 3.0
_FAIL_SHARE = 0.2
_PROMOTED = ("Progressing", "Promoting", "Finalising", "Succeeded")


def promote(stage: Stage) -> Iterator[Finding]:
    """A good version is promoted, step by step."""
    climb = stage.cluster.provider.climb
    stage.configure(analyses.weighted(stage.cluster.provider))
    version = stage.next_version()
    stage.title = f"{version.name} is released"
    at = stage.deploy(version)
    stage.until_over(at, climb.release_seconds)
    yield phases(stage, at, _PROMOTED)
    yield measured(stage, TEMPLATE)
    yield from promoted(stage, version, at, climb.steps)


def roll_back(stage: Stage) -> Iterator[Finding]:
    """A version that fails is rolled back; the primary never notices."""
    climb = stage.cluster.provider.climb
    stage.configure(analyses.weighted(stage.cluster.provider))
    good, bad = stage.current, stage.next_version(fail_share=_FAIL_SHARE)
    stage.title = f"{bad.name} fails {bad.fail_share:.0%} of its requests"
    before = stage.workload(PRIMARY)
    at = stage.deploy(bad)
    stage.until_over(at, climb.release_seconds)
    stage.until(lambda: serves(stage, 0), climb.release_seconds, "weight 0")
    stage.until_served()
    yield phases(stage, at, ("Progressing", "Failed"))
    stage.wait(CALM_SECONDS)
    seen = windows(stage, at)
    weights = [window.weight for window in seen]
    steps = list(climb.steps)
    shifted = weights[1:-1]
    yield Finding(
        holds=bool(shifted) and shifted == steps[: len(shifted)] and weights[-1] == 0,
        text=f"{bad.name} got {listed(shifted)} % of the traffic and then nothing",
    )
    yield from splits(stage, seen)
    yield from besides(stage, at, seen)
    untouched = stage.workload(PRIMARY)
    yield Finding(
        holds=bool(before)
        and before["metadata"]["uid"] == untouched["metadata"]["uid"]
        and before["spec"] == untouched["spec"],
        text=f"the primary is as it was and runs {good.name}",
    )
    yield from settled(stage, good)
    failed = [r for r in stage.cluster.load.all() if r.version == bad.name and r.failed]
    yield Finding(
        holds=bool(failed), text=f"the client saw {len(failed)} failures, all by {bad.name}"
    )


def hold_at_gate(stage: Stage) -> Iterator[Finding]:
    """A version waits for approval before it starts, and is promoted once it has it."""
    gate, climb = stage.cluster.gate, stage.cluster.provider.climb
    stage.configure(analyses.gated(gate.url, stage.cluster.provider))
    gate.shut()
    version = stage.next_version()
    stage.title = f"{version.name} waits at a closed gate"
    at = stage.deploy(version)
    stage.until(
        lambda: gate.asked and stage.cluster.timeline.phase == "Waiting",
        climb.release_seconds,
        "Waiting",
    )
    stage.wait(_HELD_SECONDS)
    seen = [r for r in stage.cluster.load.all() if r.version == version.name]
    target = stage.workload(APP)
    yield Finding(
        holds=stage.cluster.timeline.phase == "Waiting"
        and not seen
        and not target["spec"].get("replicas", 1),
        text=f"the closed gate held {version.name}: no pod of it ran, no request reached it",
    )
    stage.title = f"the gate is open, {version.name} is released"
    gate.open()
    stage.until_over(at, climb.release_seconds)
    yield phases(stage, at, ("Waiting", *_PROMOTED))
    yield from promoted(stage, version, at, climb.steps)


def promoted(
    stage: Stage, version: Version, at: float, weights: tuple[int, ...]
) -> Iterator[Finding]:
    """What has to be true after a release that climbed these weights."""
    stage.wait(CALM_SECONDS)
    seen = windows(stage, at)
    yield went(version, seen, [0, *weights, 0])
    yield from splits(stage, seen)
    yield from besides(stage, at, seen)
    yield from settled(stage, version)
    stage.current = version


def serves(stage: Stage, weight: int) -> bool:
    """Whether the data plane gives the canary this share now."""
    return stage.cluster.provider.served(stage.rules()) == weight
