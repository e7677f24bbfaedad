"""Steering by hand: annotations on the Canary, written by kubectl, while traffic flows."""

import time
from collections.abc import Iterator

from burgee.playground.demo import analyses
from burgee.playground.demo.acts.weighted import promoted, serves
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.judgement import (
    CALM_SECONDS,
    alike,
    besides,
    by_primary,
    phases,
    settled,
    windows,
)
from burgee.playground.demo.kubectl import Kubectl
from burgee.playground.demo.stage import Stage

_PAUSED_INTERVALS = 1.5
_WATCHED_INTERVALS = 0.625


def steer(stage: Stage) -> Iterator[Finding]:
    """A release is paused, given another weight, resumed, and promoted past a closed gate."""
    gate, timeline = stage.cluster.gate, stage.cluster.timeline
    climb = stage.cluster.provider.climb
    watched_seconds = _WATCHED_INTERVALS * climb.interval_seconds
    kubectl = Kubectl(stage)
    gate.shut()
    stage.configure(analyses.steered(gate.url, stage.cluster.provider))
    version = stage.next_version()
    stage.title = f"{version.name} is paused by kubectl annotate"
    at = stage.deploy(version)
    first = climb.steered[0]
    stage.until(lambda: serves(stage, first), climb.release_seconds, f"weight {first}")
    yield kubectl.annotate("pause", "1", lambda: bool(timeline.status.get("paused")))
    stage.wait(_PAUSED_INTERVALS * climb.interval_seconds)
    yield Finding(
        holds=serves(stage, first) and timeline.phase == "Progressing",
        text=f"paused: the weight stayed at {first} % for longer than an interval",
    )
    stage.title = f"{version.name} gets {climb.by_hand} % by kubectl annotate"
    yield kubectl.annotate(
        "set-weight",
        str(climb.by_hand),
        lambda: serves(stage, climb.by_hand),
        seconds=climb.effect_seconds,
    )
    stage.wait(watched_seconds)
    yield kubectl.annotate("resume", "1", lambda: not timeline.status.get("paused"))
    stage.title = f"{version.name} waits at a closed gate"
    stage.until(
        lambda: gate.asked and timeline.phase == "WaitingPromotion",
        climb.release_seconds,
        "WaitingPromotion",
    )
    stage.wait(watched_seconds)
    yield Finding(
        holds=timeline.phase == "WaitingPromotion" and serves(stage, climb.by_hand),
        text=f"the closed gate held {version.name} at {climb.by_hand} %",
    )
    stage.title = f"{version.name} is promoted by kubectl annotate"
    yield kubectl.annotate(
        "promote", "1", lambda: timeline.phase in {"Promoting", "Finalising", "Succeeded"}
    )
    stage.until_over(at, climb.release_seconds)
    yield phases(
        stage, at, ("Progressing", "WaitingPromotion", "Promoting", "Finalising", "Succeeded")
    )
    yield from promoted(stage, version, at, (first, climb.by_hand))
    yield kubectl.acknowledged({"pause", "set-weight", "resume", "promote"})


def abort_and_retry(stage: Stage) -> Iterator[Finding]:
    """A release is aborted, run again without touching the workload, and promoted at once."""
    timeline, climb = stage.cluster.timeline, stage.cluster.provider.climb
    kubectl = Kubectl(stage)
    stage.configure(analyses.steered(stage.cluster.gate.url, stage.cluster.provider))
    old, version = stage.current, stage.next_version()
    stage.title = f"{version.name} is aborted by kubectl annotate"
    at = stage.deploy(version)
    first = climb.steered[0]
    stage.until(lambda: serves(stage, first), climb.release_seconds, f"weight {first}")
    yield kubectl.annotate("abort", "1", lambda: timeline.phase == "Failed")
    stage.until(lambda: serves(stage, 0), climb.release_seconds, "weight 0")
    stage.until_served()
    stage.wait(CALM_SECONDS)
    yield phases(stage, at, ("Progressing", "Failed"))
    seen = windows(stage, at)
    yield from besides(stage, at, seen)
    yield alike(
        stage.cluster.load,
        seen[-1:],
        lambda r: r.version == old.name and by_primary(r),
        f"answers came from {old.name} in the primary after it was aborted",
    )
    stage.title = f"{version.name} is retried by kubectl annotate"
    again = time.monotonic()
    yield kubectl.annotate("retry", "1", lambda: timeline.phase == "Progressing")
    stage.until(lambda: serves(stage, first), climb.release_seconds, f"weight {first}")
    yield kubectl.annotate(
        "promote", "2", lambda: timeline.phase in {"Promoting", "Finalising", "Succeeded"}
    )
    stage.until_over(again, climb.release_seconds)
    yield phases(stage, again, ("Progressing", "Promoting", "Finalising", "Succeeded"))
    stage.wait(CALM_SECONDS)
    yield from besides(stage, again, windows(stage, again))
    yield from settled(stage, version)
    stage.current = version
