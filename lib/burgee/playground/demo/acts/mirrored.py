"""Mirroring: the new version gets copies of requests, and its answers go nowhere."""

import time
from collections.abc import Iterator

from burgee.playground.demo import analyses
from burgee.playground.demo.acts.weighted import promoted
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.judgement import (
    CALM_SECONDS,
    Window,
    alike,
    by_primary,
    phases,
    settled,
    went,
    windows,
)
from burgee.playground.demo.objects import APP, PRIMARY, Version
from burgee.playground.demo.shares import mirrored_to_canary
from burgee.playground.demo.stage import Stage
from burgee.playground.workloads.sample_app import ACCESS

_RELEASE_SECONDS = 40.0
_FAIL_SHARE = 0.2


def mirror(stage: Stage) -> Iterator[Finding]:
    """A good version passes the copies and goes on with weights."""
    stage.configure(analyses.mirrored(stage.cluster.provider))
    old, version = stage.current, stage.next_version(access_log=True)
    stage.title = f"{version.name} gets copies of requests first"
    at = stage.deploy(version)
    stage.until_over(at, _RELEASE_SECONDS)
    yield phases(stage, at, ("Progressing", "Promoting", "Finalising", "Succeeded"))
    yield from _copies(stage, version, old, at)  # long over, weights came after
    yield from promoted(stage, version, at, analyses.WEIGHTS_AFTER_MIRROR)


def refuse_mirrored(stage: Stage) -> Iterator[Finding]:
    """A bad version fails on copies alone: it is rolled back and no client saw a failure."""
    stage.configure(analyses.mirrored(stage.cluster.provider))
    good, bad = stage.current, stage.next_version(fail_share=_FAIL_SHARE, access_log=True)
    stage.title = f"{bad.name} fails {bad.fail_share:.0%} of its copies"
    at = stage.deploy(bad)
    stage.until_over(at, _RELEASE_SECONDS)
    yield phases(stage, at, ("Progressing", "Failed"))
    stage.wait(CALM_SECONDS)
    yield from _copies(stage, bad, good, at)
    yield alike(
        stage.cluster.load,
        [Window(start=at, end=time.monotonic(), weight=0)],
        lambda r: r.version == good.name and by_primary(r) and not r.failed,
        f"answers to clients came from {good.name} all the time, none failed",
    )
    yield from settled(stage, good)


def _copies(stage: Stage, version: Version, old: Version, at: float) -> Iterator[Finding]:
    """Whether the canary logged as many copies as it should, and clients noticed nothing."""
    seen = windows(stage, at, mirrored_to_canary)
    yield went(
        version, seen, [0, stage.cluster.provider.mirror_weight, 0], what="mirrored traffic"
    )
    climb = stage.cluster.provider.climb
    for window in seen:
        if window.weight == 0:
            continue
        sent = len(stage.cluster.load.between(window.start, window.end))
        copies = _logged_copies(stage, window)
        share = 100 * copies / sent if sent else 0.0
        yield Finding(
            holds=sent >= climb.fewest_requests
            and abs(share - window.weight) <= climb.tolerance_points,
            text=f"the canary's access log has {copies} copies of {sent} requests "
            f"({share:.1f} %, {window.weight:g} % are mirrored)",
        )
        yield alike(
            stage.cluster.load,
            [window],
            lambda r: r.version == old.name and by_primary(r),
            f"answers to clients came from {old.name} meanwhile",
        )


def _logged_copies(stage: Stage, window: Window) -> int:
    """What the canary's pods logged in a span of time in which nobody else is sent there."""
    count = 0
    for line in stage.cluster.pods_log.read_text().splitlines():
        word, *fields = line.split()
        if word != ACCESS:
            continue
        at, pod, _host = fields
        inside = window.start <= float(at) <= window.end
        count += inside and pod.startswith(f"{APP}-") and not pod.startswith(f"{PRIMARY}-")
    return count
