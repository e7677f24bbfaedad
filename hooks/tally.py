"""What is counted of one Canary: releases by how they ended, steps by how long they took.

Names, labels and meanings are Flagger's. Source: flagger pkg/metrics/recorder.go.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Those of Prometheus' clients, in seconds."""


class Ending(StrEnum):
    """How a release ended."""

    SUCCESS = "successes"
    FAILURE = "failures"


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A kind of release.

    Attributes:
        strategy: canary, blue-green or ab-testing.
        analysis: completed or skipped.
    """

    strategy: str
    analysis: str


@dataclass(kw_only=True, slots=True)
class Tally:
    """The counts of one Canary.

    Attributes:
        endings: how many releases of a kind ended in which way.
        last: the transition that was counted last.
        buckets: steps by how long they took, the last one for those beyond all bounds.
        seconds: of all steps together.
    """

    endings: dict[tuple[Ending, Release], int] = field(
        default_factory=dict[tuple[Ending, Release], int]
    )
    last: object = None
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0

    def expect(self, release: Release) -> None:
        """Begin both counts of this kind at zero, so that the first release is an increase."""
        for ending in Ending:
            self.endings.setdefault((ending, release), 0)

    def end(self, ending: Ending, release: Release, transition: object) -> None:
        """Count the end of a release; once for a transition, however often it is tried."""
        if self.last != transition:
            self.last = transition
            self.endings[ending, release] = self.endings.get((ending, release), 0) + 1

    def step(self, seconds: float) -> None:
        """Count a step of the analysis."""
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds

    def copy(self) -> Self:
        """The counts as they are now."""
        return replace(self, endings=dict(self.endings), buckets=list(self.buckets))


def families(tallies: Iterable[tuple[str, str, Tally]]) -> Iterator[Metric]:
    """The series of Canaries: target, namespace and counts."""
    kept = list(tallies)
    for ending in Ending:
        yield _endings(ending, kept)
    steps = HistogramMetricFamily(
        "flagger_canary_duration_seconds",
        "Seconds spent performing canary analysis.",
        labels=("name", "namespace"),
    )
    for target, namespace, tally in kept:
        if any(tally.buckets):
            steps.add_metric((target, namespace), _cumulated(tally), sum_value=tally.seconds)
    yield steps


def _endings(ending: Ending, tallies: Iterable[tuple[str, str, Tally]]) -> Metric:
    family = CounterMetricFamily(
        f"flagger_canary_{ending}_total",
        f"Total number of canary {ending}.",
        labels=("name", "namespace", "deployment_strategy", "analysis_status"),
    )
    for target, namespace, tally in tallies:
        for (which, release), count in tally.endings.items():
            if which is ending:
                family.add_metric((target, namespace, release.strategy, release.analysis), count)
    return family


def _cumulated(tally: Tally) -> list[tuple[str, float]]:
    total, found = 0, list[tuple[str, float]]()
    for bound, count in zip((*map(str, BUCKETS), "+Inf"), tally.buckets, strict=True):
        total += count
        found.append((bound, total))
    return found
