"""What is told of one Canary: a few numbers of its status and spec, so that it can be forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from burgee.api.analysis import Metric
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.api.status import CanaryStatus, Condition, Phase
from burgee.engine.clock import moment_of
from burgee.engine.transitions import ACCEPTED
from burgee.metrics.queries import BUILT_IN, DURATION

PAUSE = "pause"
_MILLISECONDS = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a release is measured against; seconds, and how many failed checks end it."""

    interval_seconds: float
    deadline_seconds: float
    most_failed_checks: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One Canary as one sync left it. Moments are seconds since 1970.

    Attributes:
        target: its name; Flagger's series know a Canary by it.
        weight: percent that the route gives the canary.
        plan: None where the spec cannot be read.
        phase_start: 0 where it is not known.
        last_step: when the last step or phase began or a check failed; 0 where it is not known.
        held: why it is not accepted, and since when.
        waits: what holds the release, and since when.
        untold: alerts that somebody is still to hear.
        values: the last measurement of every metric, as Flagger shows it (durations in seconds);
            None where there is none.
    """

    uid: str
    namespace: str
    name: str
    target: str
    phase: Phase
    weight: int
    failed_checks: int
    plan: Plan | None = None
    phase_start: float = 0.0
    last_step: float = 0.0
    held: tuple[str, float] | None = None
    waits: tuple[str, float] | None = None
    untold: int = 0
    values: Mapping[str, float | None] = field(default_factory=dict[str, float | None])


def sighting_of(
    live: Manifest, canary: Canary | None, status: CanaryStatus, *, floor_seconds: float
) -> Sighting:
    """What is to be told.

    Args:
        live: the Canary.
        canary: the same, None where its spec is not of the right shape.
        status: as it is answered.
        floor_seconds: the least interval of the installation.
    """
    last_step = _seconds(status.last_transition_time)
    return Sighting(
        uid=str(metadata(live).get("uid", "")),
        namespace=namespace_of(live),
        name=name_of(live),
        target=canary.spec.target_ref.name if canary else _raw_target(live),
        phase=status.phase,
        weight=status.routed_weight,
        failed_checks=status.failed_checks,
        plan=_plan(canary, floor_seconds) if canary else None,
        phase_start=_seconds(status.phase_start_time) or last_step,
        last_step=last_step,
        held=_held(status.condition(ACCEPTED)),
        waits=_waits(status, last_step),
        untold=sum(1 for record in status.alerts if record.pending),
        values=_values(canary.spec.plan.metrics, status.checks) if canary else {},
    )


def _plan(canary: Canary, floor_seconds: float) -> Plan:
    analysis = canary.spec.plan
    return Plan(
        interval_seconds=analysis.interval_seconds(floor_seconds),
        deadline_seconds=float(canary.spec.deadline_seconds),
        most_failed_checks=analysis.failure_threshold,
    )


def _raw_target(live: Manifest) -> str:
    spec: object = live.get("spec")
    ref: object = spec.get("targetRef") if isinstance(spec, dict) else None
    name: object = ref.get("name") if isinstance(ref, dict) else None
    return str(name or name_of(live))


def _held(condition: Condition | None) -> tuple[str, float] | None:
    if condition is None or condition.status != "False":
        return None
    return condition.reason, _seconds(condition.last_transition_time)


def _waits(status: CanaryStatus, last_step: float) -> tuple[str, float] | None:
    """A person comes first: whatever else is missing, nothing moves before they say so."""
    if status.paused:
        command = (status.commands or {}).get(PAUSE, {})
        return PAUSE, _seconds(command.get("at")) or last_step
    if status.waiting:
        return str(status.waiting.get("on", "")), _seconds(status.waiting.get("since"))
    return None


def _values(metrics: Sequence[Metric], checks: Sequence[Manifest]) -> dict[str, float | None]:
    """By metric, the value of its last check that has one; the last of several counts.

    Status does not say which query of a metric an entry is from. The built-in one comes first
    (burgee.metrics.checks), and that of the durations is in milliseconds.
    """
    found: dict[str, float | None] = {metric.name: None for metric in metrics}
    built_in = set(found) & BUILT_IN
    for check in checks:
        name, value = str(check.get("name")), check.get("value")
        in_milliseconds = name == DURATION and name in built_in
        built_in.discard(name)
        if name in found and isinstance(value, int | float):
            found[name] = value / _MILLISECONDS if in_milliseconds else float(value)
    return found


def _seconds(text: object) -> float:
    moment: datetime | None = moment_of(text) if isinstance(text, str) else None
    return moment.timestamp() if moment else 0.0
