"""The first act of each scenario: a Deployment gets its Canary."""

import time
from collections.abc import Iterator

from burgee.api.manifest import Manifest
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.judgement import CALM_SECONDS, phases, settled
from burgee.playground.demo.stage import Stage

_INITIALIZE_SECONDS = 20.0


def initialize(stage: Stage, analysis: Manifest) -> Iterator[Finding]:
    """Create both; the first version takes all traffic through the primary."""
    stage.title = f"{stage.current.name} is set up"
    cluster = stage.cluster
    at = time.monotonic()
    stage.create(analysis)
    stage.until(
        lambda: cluster.timeline.phase == "Initialized", _INITIALIZE_SECONDS, "Initialized"
    )
    stage.until(lambda: bool(stage.rules()), _INITIALIZE_SECONDS, "the route to the primary")
    stage.until_served()
    cluster.load.start()
    stage.until(cluster.metrics.scrapes, _INITIALIZE_SECONDS, "the first scrape")
    stage.wait(CALM_SECONDS)
    yield phases(stage, at, ("Initialized",))
    yield from settled(stage, stage.current)
