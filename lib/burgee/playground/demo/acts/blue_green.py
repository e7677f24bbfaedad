"""Blue/Green: a version is tested where no client goes, then all clients go there at once."""

from collections.abc import Iterator
from dataclasses import replace

from burgee.playground.demo import analyses
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.judgement import (
    CALM_SECONDS,
    alike,
    by_primary,
    phases,
    settled,
    splits,
    went,
    windows,
)
from burgee.playground.demo.stage import Stage

_RELEASE_SECONDS = 40.0
_FEWEST_TESTS = 100
_SPREAD_SECONDS = 0.3
"""After a reload old workers of an nginx go on for a moment, by what they know."""


def switch(stage: Stage) -> Iterator[Finding]:
    """The tester finds a version good, the traffic is switched, the primary follows."""
    cluster = stage.cluster
    stage.configure(analyses.blue_green(cluster.tester.url, cluster.provider))
    old, version = stage.current, stage.next_version()
    stage.title = f"{version.name} is tested aside, then switched to"
    at = stage.deploy(version)
    stage.until_over(at, _RELEASE_SECONDS)
    yield phases(stage, at, ("Progressing", "Promoting", "Finalising", "Succeeded"))
    stage.wait(CALM_SECONDS)
    seen = windows(stage, at)
    switched = cluster.provider.capabilities.weights
    yield went(version, seen, [0, 100, 0] if switched else [0])
    # without a switch clients come to the version once the primary runs it
    before = seen[0] if switched else replace(seen[0], end=_promoting(stage, at))
    tests = cluster.tester.between(at, before.end)
    good = [test for test in tests if test.version == version.name and not test.failed]
    first = good[0].started + _SPREAD_SECONDS if good else before.end
    failed = [test for test in tests if test.failed and test.started > first]
    yield Finding(
        holds=len(good) >= _FEWEST_TESTS and not failed,
        text=f"before the switch the tester got {len(good)} answers of {version.name}, "
        f"{len(failed)} failed",
    )
    yield alike(
        cluster.load,
        [before],
        lambda r: r.version == old.name and by_primary(r),
        f"answers to clients came from {old.name} until then",
    )
    yield from splits(stage, seen)
    yield from settled(stage, version)
    stage.current = version


def _promoting(stage: Stage, at: float) -> float:
    """When the promotion began."""
    moments = stage.cluster.timeline.moments()
    return next(m.at for m in moments if m.at >= at and m.phase == "Promoting")
