"""Sightings of Canaries as Prometheus shows them, a table of series.

Those named flagger_* have Flagger's names, labels and meanings. burgee's own carry the Canary's
name besides, and say times as time stamps: of several replicas that have seen a Canary at
different times, the greatest one is right.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from burgee.api.status import Phase
from burgee.engine.reading.traffic import FULL_PERCENT
from hooks.sighting import Plan, Sighting

Sample: TypeAlias = tuple[tuple[str, ...], float]
"""Label values and the number."""

_RUNNING, _GOOD, _BAD = 0, 1, 2
_RESULTS = {Phase.PROGRESSING: _RUNNING, Phase.FAILED: _BAD}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauge:
    """One metric of a Canary; `samples` makes its series from a sighting."""

    name: str
    text: str
    labels: tuple[str, ...]
    samples: Callable[[Sighting], Iterable[Sample]]


def families(seen: Sequence[Sighting]) -> Iterator[Metric]:
    """All series of these Canaries, no two of which may have one target."""
    total = GaugeMetricFamily("flagger_canary_total", "Canaries.", labels=("namespace",))
    for namespace, count in Counter(sighting.namespace for sighting in seen).items():
        total.add_metric((namespace,), count)
    yield total
    for gauge in GAUGES:
        family = GaugeMetricFamily(gauge.name, gauge.text, labels=gauge.labels)
        # The primary of one Canary may be the target of another.
        for labels, value in dict(s for seen_ in seen for s in gauge.samples(seen_)).items():
            family.add_metric(labels, value)
        yield family


def _result(seen: Sighting) -> Iterator[Sample]:
    yield (seen.target, seen.namespace), _RESULTS.get(seen.phase, _GOOD)


def _weights(seen: Sighting) -> Iterator[Sample]:
    yield (f"{seen.target}-primary", seen.namespace), FULL_PERCENT - seen.weight
    yield (seen.target, seen.namespace), seen.weight


def _measurements(seen: Sighting) -> Iterator[Sample]:
    for metric, value in seen.values.items():
        if value is not None:
            yield (seen.target, seen.namespace, metric), value


def _own(
    name: str,
    text: str,
    value: Callable[[Sighting], tuple[str, float] | float | None],
    *further: str,
) -> Gauge:
    """A metric of burgee's own: at most one series for a Canary.

    Args:
        name: without what all have in front.
        text: for people.
        value: the number, with the value of the further label if there is one; None for none.
        further: a label besides those that all have.
    """

    def samples(seen: Sighting) -> Iterator[Sample]:
        found = value(seen)
        match found:
            case None:
                return
            case (word, number):
                yield (seen.namespace, seen.name, seen.target, word), number
            case number:
                yield (seen.namespace, seen.name, seen.target), number

    return Gauge(
        name=f"burgee_canary_{name}",
        text=text,
        labels=("namespace", "canary", "name", *further),
        samples=samples,
    )


def _of_plan(value: Callable[[Plan], float]) -> Callable[[Sighting], float | None]:
    return lambda seen: None if seen.plan is None else value(seen.plan)


GAUGES = (
    Gauge(
        name="flagger_canary_status",
        text="Last canary analysis result (0 running, 1 successful, 2 failed).",
        labels=("name", "namespace"),
        samples=_result,
    ),
    Gauge(
        name="flagger_canary_weight",
        text="The traffic share of a workload, in percent.",
        labels=("workload", "namespace"),
        samples=_weights,
    ),
    Gauge(
        name="flagger_canary_metric_analysis",
        text="The last value of a metric of the analysis; durations in seconds.",
        labels=("name", "namespace", "metric"),
        samples=_measurements,
    ),
    _own(
        "phase_start_timestamp_seconds",
        "When the phase began; a Canary's newest is the phase that it is in.",
        lambda seen: (seen.phase.value, seen.phase_start) if seen.phase else None,
        "phase",
    ),
    _own(
        "last_step_timestamp_seconds",
        "When the last step was taken, a check failed or a phase began.",
        lambda seen: seen.last_step or None,
    ),
    _own(
        "held_timestamp_seconds",
        "Since when a Canary is not accepted; only while it is not.",
        lambda seen: seen.held,
        "reason",
    ),
    _own(
        "waiting_timestamp_seconds",
        "Since when something holds a release: a workload, data, a gate, a person.",
        lambda seen: seen.waits,
        "on",
    ),
    _own(
        "failed_checks",
        "Failed checks of the run.",
        lambda seen: seen.failed_checks,
    ),
    _own(
        "failed_checks_limit",
        "So many failed checks end a run.",
        _of_plan(lambda plan: plan.most_failed_checks),
    ),
    _own(
        "interval_seconds",
        "The pace of the analysis.",
        _of_plan(lambda plan: plan.interval_seconds),
    ),
    _own(
        "deadline_seconds",
        "How long a release may wait for its workloads (progressDeadlineSeconds).",
        _of_plan(lambda plan: plan.deadline_seconds),
    ),
    _own(
        "alerts_untold",
        "Alerts that some receiver is still to hear.",
        lambda seen: seen.untold,
    ),
)
