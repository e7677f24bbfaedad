"""Steering by hand: annotations on the Canary, written by kubectl, while traffic flows."""

import time
from collections.abc import Iterator

from burgee.playground.demo import analyses
from burgee.playground.demo.acts.weighted import RELEASE_SECONDS, promoted, serves
from burgee.playground.demo.judgement import (
    CALM_SECONDS,
    alike,
    by_primary,
    phases,
    settled,
    windows,
)
from burgee.playground.demo.kubectl import Kubectl
from burgee.playground.demo.stage import Finding, Stage

_SET_WEIGHT = 50
_PAUSED_SECONDS = 1.5 * analyses.INTERVAL_SECONDS
_WATCHED_SECONDS = 2.5


def steer(stage: Stage) -> Iterator[Finding]:
    """A release is paused, given another weight, resumed, and promoted past a closed gate."""
    gate, timeline = stage.cluster.gate, stage.cluster.timeline
    kubectl = Kubectl(stage)
    gate.shut()
    stage.configure(analyses.steered(gate.url))
    version = stage.next_version()
    stage.title = f"{version.name} is paused by kubectl annotate"
    at = stage.deploy(version)
    first = analyses.STEERED_WEIGHTS[0]
    stage.until(lambda: serves(stage, first), RELEASE_SECONDS, f"weight {first}")
    yield kubectl.annotate("pause", "1", lambda: bool(timeline.status.get("paused")))
    stage.wait(_PAUSED_SECONDS)
    yield Finding(
        holds=serves(stage, first) and timeline.phase == "Progressing",
        text=f"paused: the weight stayed at {first} % for longer than an interval",
    )
    stage.title = f"{version.name} gets {_SET_WEIGHT} % by kubectl annotate"
    yield kubectl.annotate("set-weight", str(_SET_WEIGHT), lambda: serves(stage, _SET_WEIGHT))
    stage.wait(_WATCHED_SECONDS)
    yield kubectl.annotate("resume", "1", lambda: not timeline.status.get("paused"))
    stage.title = f"{version.name} waits at a closed gate"
    stage.until(
        lambda: gate.asked and timeline.phase == "WaitingPromotion",
        RELEASE_SECONDS,
        "WaitingPromotion",
    )
    stage.wait(_WATCHED_SECONDS)
    yield Finding(
        holds=timeline.phase == "WaitingPromotion" and serves(stage, _SET_WEIGHT),
        text=f"the closed gate held {version.name} at {_SET_WEIGHT} %",
    )
    stage.title = f"{version.name} is promoted by kubectl annotate"
    yield kubectl.annotate(
        "promote", "1", lambda: timeline.phase in {"Promoting", "Finalising", "Succeeded"}
    )
    stage.until(lambda: stage.is_over(at), RELEASE_SECONDS, "the end of the release")
    yield phases(
        stage, at, ("Progressing", "WaitingPromotion", "Promoting", "Finalising", "Succeeded")
    )
    yield from promoted(stage, version, at, (first, _SET_WEIGHT))
    yield kubectl.acknowledged({"pause", "set-weight", "resume", "promote"})


def abort_and_retry(stage: Stage) -> Iterator[Finding]:
    """A release is aborted, run again without touching the workload, and promoted at once."""
    timeline = stage.cluster.timeline
    kubectl = Kubectl(stage)
    stage.configure(analyses.steered(stage.cluster.gate.url))
    old, version = stage.current, stage.next_version()
    stage.title = f"{version.name} is aborted by kubectl annotate"
    at = stage.deploy(version)
    first = analyses.STEERED_WEIGHTS[0]
    stage.until(lambda: serves(stage, first), RELEASE_SECONDS, f"weight {first}")
    yield kubectl.annotate("abort", "1", lambda: timeline.phase == "Failed")
    stage.until(lambda: serves(stage, 0), RELEASE_SECONDS, "weight 0")
    stage.wait(CALM_SECONDS)
    yield phases(stage, at, ("Progressing", "Failed"))
    yield alike(
        stage.cluster.load,
        windows(stage, at)[-1:],
        lambda r: r.version == old.name and by_primary(r),
        f"answers came from {old.name} in the primary after it was aborted",
    )
    stage.title = f"{version.name} is retried by kubectl annotate"
    again = time.monotonic()
    yield kubectl.annotate("retry", "1", lambda: timeline.phase == "Progressing")
    stage.until(lambda: serves(stage, first), RELEASE_SECONDS, f"weight {first}")
    yield kubectl.annotate(
        "promote", "2", lambda: timeline.phase in {"Promoting", "Finalising", "Succeeded"}
    )
    stage.until(lambda: stage.is_over(again), RELEASE_SECONDS, "the end of the release")
    yield phases(stage, again, ("Progressing", "Promoting", "Finalising", "Succeeded"))
    stage.wait(CALM_SECONDS)
    yield from settled(stage, version)
    stage.current = version
