"""Whether a measured value is good enough.

Source: flagger pkg/controller/scheduler_metrics.go; a check counts as failed unless it passed.
"""

import math

from burgee.metrics.model import (
    BrokenCheck,
    Check,
    Judged,
    Limits,
    Measurement,
    NoData,
    SourceError,
    Verdict,
)


def judge(check: Check, measurement: Measurement) -> Judged:
    """The verdict on one check, with a message for people."""
    if isinstance(measurement, SourceError):
        return _unmeasured(check, Verdict.ERROR, measurement.message)
    if isinstance(measurement, NoData):
        return _unmeasured(check, Verdict.NO_DATA, measurement.message)
    if math.isnan(measurement.value):
        return _unmeasured(check, Verdict.NO_DATA, NoData().message)
    return _measured(check, measurement.value * check.factor)


def judge_broken(broken: BrokenCheck) -> Judged:
    """The verdict on a check that could not be asked."""
    return Judged(
        id=broken.id,
        name=broken.name,
        verdict=Verdict.ERROR,
        message=broken.reason,
    )


def is_failure(judged: Judged) -> bool:
    """Whether it adds to failedChecks: everything but a pass does."""
    return judged.verdict is not Verdict.PASSED


def _unmeasured(check: Check, verdict: Verdict, why: str) -> Judged:
    return Judged(
        id=check.id,
        name=check.name,
        verdict=verdict,
        message=why,
        limits=check.limits,
        query=check.query,
    )


def _measured(check: Check, measured: float) -> Judged:
    value = _comparable(check, measured)
    minimum = _limit(check, check.limits.minimum)
    maximum = _limit(check, check.limits.maximum)
    verdict = Verdict.FAILED
    if minimum is not None and value < minimum:
        verdict_text = f"below the minimum of {_shown(minimum, check.unit)}"
    elif maximum is not None and value > maximum:
        verdict_text = f"above the maximum of {_shown(maximum, check.unit)}"
    else:
        verdict = Verdict.PASSED
        verdict_text = _allowed(Limits(minimum=minimum, maximum=maximum), check.unit)
    return Judged(
        id=check.id,
        name=check.name,
        verdict=verdict,
        message=f"{_shown(value, check.unit, beside=(minimum, maximum))}, {verdict_text}",
        value=value if math.isfinite(value) else None,
        limits=check.limits,
        query=check.query,
    )


def _limit(check: Check, limit: float | None) -> float | None:
    return None if limit is None else _comparable(check, limit)


def _comparable(check: Check, value: float) -> float:
    """Durations are compared in whole milliseconds; infinity has none."""
    return float(math.trunc(value)) if check.whole and math.isfinite(value) else value


def _allowed(limits: Limits, unit: str) -> str:
    ends = (("at least", limits.minimum), ("at most", limits.maximum))
    allowed = [f"{word} {_shown(limit, unit)}" for word, limit in ends if limit is not None]
    return " and ".join(allowed) or "without limits"


def _shown(value: float, unit: str, beside: tuple[float | None, ...] = ()) -> str:
    """A value for people, in six digits; in all of them where it would look like a limit."""
    text = f"{value:.6g}"
    if float(text) != value and float(text) in beside:
        text = repr(value)
    text = text.removesuffix(".0")
    return f"{text} {unit}" if unit == "ms" else f"{text}{unit}"
