"""A/B testing: who has a header, or a cookie, gets the new version; everybody else does not."""

from collections.abc import Iterator

from burgee.playground.dataplane.load import Load
from burgee.playground.dataplane.visitors import Visitor
from burgee.playground.demo import analyses
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.judgement import (
    CALM_SECONDS,
    alike,
    by_canary,
    by_primary,
    phases,
    settled,
    went,
    windows,
)
from burgee.playground.demo.objects import APP
from burgee.playground.demo.shares import weight_of_matching
from burgee.playground.demo.stage import Stage

_RELEASE_SECONDS = 40.0
_REQUESTS_PER_SECOND = 80.0


def try_on_insiders(stage: Stage) -> Iterator[Finding]:
    """Two insiders, one known by a header and one by a cookie, try a version for everybody."""
    stage.configure(analyses.ab(stage.cluster.provider))
    old, version = stage.current, stage.next_version()
    insiders = stage.admit(
        "insiders",
        Load(
            stage.cluster.plane.url,
            host=APP,
            requests_per_second=_REQUESTS_PER_SECOND,
            threads=2,
            visitors=[
                Visitor("by header", headers={analyses.HEADER: analyses.INSIDER}),
                Visitor("by cookie", headers={"cookie": analyses.ADMISSION}),
            ],
        ),
    )
    stage.title = f"{version.name} is tested by insiders"
    at = stage.deploy(version)
    stage.until_over(at, _RELEASE_SECONDS)
    yield phases(stage, at, ("Progressing", "Promoting", "Finalising", "Succeeded"))
    stage.wait(CALM_SECONDS)
    seen = windows(stage, at, weight_of_matching)
    yield went(version, seen, [0, 100, 0])
    tested = [window for window in seen if window.weight]
    yield alike(
        insiders,
        tested,
        lambda r: r.version == version.name and by_canary(r),
        f"answers to insiders came from {version.name} in the canary",
    )
    yield alike(
        stage.cluster.load,
        tested,
        lambda r: by_primary(r) and r.version in {old.name, version.name},
        f"answers to everybody else came from the primary, which ran {old.name}",
    )
    yield from settled(stage, version)
    stage.current = version
    stage.dismiss("insiders")
