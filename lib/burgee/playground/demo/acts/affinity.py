"""Session affinity: who was sent to the new version stays with it."""

from collections.abc import Iterator

from burgee.playground.dataplane.load import Load
from burgee.playground.dataplane.visitors import Visitor
from burgee.playground.demo import analyses
from burgee.playground.demo.acts.weighted import promoted
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.judgement import phases, turned_back
from burgee.playground.demo.objects import APP
from burgee.playground.demo.stage import Stage

_RELEASE_SECONDS = 40.0
_VISITORS = 60
_REQUESTS_PER_SECOND = 120.0
_FEWEST_MOVED = 10


def keep_visitors(stage: Stage) -> Iterator[Finding]:
    """Visitors with a cookie jar, and a crowd without, while a version is released."""
    stage.configure(analyses.affine())
    version = stage.next_version()
    visitors = [Visitor(f"visitor {n}", keeps_cookies=True) for n in range(_VISITORS)]
    load = stage.admit(
        "visitors",
        Load(
            stage.cluster.plane.url,
            host=APP,
            requests_per_second=_REQUESTS_PER_SECOND,
            threads=3,
            visitors=visitors,
        ),
    )
    stage.title = f"{version.name} is released, visitors keep their cookies"
    at = stage.deploy(version)
    stage.until(
        lambda: any(analyses.COOKIE in visitor.cookies() for visitor in visitors),
        _RELEASE_SECONDS,
        "the first cookie",
    )
    stage.until_over(at, _RELEASE_SECONDS)
    yield phases(stage, at, ("Progressing", "Promoting", "Finalising", "Succeeded"))
    yield from promoted(stage, version, at, analyses.AFFINE_WEIGHTS)
    moved, back = turned_back([r for r in load.all() if r.started >= at], version.name)
    yield Finding(
        holds=moved >= _FEWEST_MOVED and back == 0,
        text=f"{moved} of {len(visitors)} visitors came to {version.name} before the rest, "
        f"{back} of their later answers were of another version",
    )
    left = sum(analyses.COOKIE in visitor.cookies() for visitor in visitors)
    yield Finding(holds=left == 0, text=f"after the release {left} visitors have its cookie")
    stage.dismiss("visitors")
