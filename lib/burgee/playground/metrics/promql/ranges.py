"""Functions of a range vector: rate and its kin, and everything `_over_time`.

Source: prometheus promql/functions.go of 2.x (extrapolatedRate and others), whose numbers these
functions reproduce.
"""

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from burgee.playground.metrics.promql.values import RangeSeries, Window, divide


def _extrapolated(
    series: RangeSeries, window: Window, *, counter: bool, per_second: bool
) -> float | None:
    """The change over the window, estimated beyond the first and the last sample.

    The estimate goes to the window's edge if that is about one scrape away, else half a scrape
    further; a counter is never followed to before it was zero.
    """
    times, values = series.times_ms, series.values
    if len(values) < 2:
        return None
    change = values[-1] - values[0]
    if counter:
        change += sum(before for before, after in itertools.pairwise(values) if after < before)
    to_start = (times[0] - window.start_ms) / 1000
    to_end = (window.end_ms - times[-1]) / 1000
    sampled = (times[-1] - times[0]) / 1000
    between = sampled / (len(values) - 1)
    if counter and change > 0 and values[0] >= 0:
        to_start = min(to_start, sampled * (values[0] / change))
    threshold = between * 1.1
    estimated = sampled
    estimated += to_start if to_start < threshold else between / 2
    estimated += to_end if to_end < threshold else between / 2
    factor = estimated / sampled
    return change * (factor / window.seconds if per_second else factor)


def rate(series: RangeSeries, window: Window) -> float | None:
    """Growth of a counter per second."""
    return _extrapolated(series, window, counter=True, per_second=True)


def increase(series: RangeSeries, window: Window) -> float | None:
    """Growth of a counter."""
    return _extrapolated(series, window, counter=True, per_second=False)


def delta(series: RangeSeries, window: Window) -> float | None:
    """Change of a gauge."""
    return _extrapolated(series, window, counter=False, per_second=False)


def irate(series: RangeSeries, _window: Window) -> float | None:
    """Growth of a counter per second between its last two samples."""
    if len(series.values) < 2:
        return None
    before, after = series.values[-2:]
    elapsed = (series.times_ms[-1] - series.times_ms[-2]) / 1000
    return (after if after < before else after - before) / elapsed


def idelta(series: RangeSeries, _window: Window) -> float | None:
    """Change of a gauge between its last two samples."""
    if len(series.values) < 2:
        return None
    return series.values[-1] - series.values[-2]


def deriv(series: RangeSeries, _window: Window) -> float | None:
    """Slope per second of the line through the samples (least squares)."""
    if len(series.values) < 2:
        return None
    seconds = [(at - series.times_ms[0]) / 1000 for at in series.times_ms]
    if all(value == series.values[0] for value in series.values):
        return 0.0 if math.isfinite(series.values[0]) else math.nan
    return statistics.linear_regression(seconds, series.values).slope


def quantile(share: float, values: Sequence[float]) -> float:
    """The quantile with linear interpolation between the two nearest ranks."""
    if not values or math.isnan(share):
        return math.nan
    if share < 0:
        return -math.inf
    if share > 1:
        return math.inf
    ordered = sorted(values)
    rank = share * (len(ordered) - 1)
    low = max(0, math.floor(rank))
    high = min(len(ordered) - 1, low + 1)
    weight = rank - math.floor(rank)
    return ordered[low] * (1 - weight) + ordered[high] * weight


def _mean(values: Sequence[float]) -> float:
    return divide(math.fsum(values), len(values))


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values)


def _resets(values: Sequence[float]) -> float:
    return float(sum(b < a for a, b in itertools.pairwise(values)))


def _changes(values: Sequence[float]) -> float:
    return float(
        sum(
            b != a and not (math.isnan(a) and math.isnan(b)) for a, b in itertools.pairwise(values)
        )
    )


def _smallest(values: Sequence[float]) -> float:
    return min((v for v in values if not math.isnan(v)), default=math.nan)


def _largest(values: Sequence[float]) -> float:
    return max((v for v in values if not math.isnan(v)), default=math.nan)


WINDOWED: Mapping[str, Callable[[RangeSeries, Window], float | None]] = {
    "delta": delta,
    "deriv": deriv,
    "idelta": idelta,
    "increase": increase,
    "irate": irate,
    "rate": rate,
}
"""Functions that look at times; None means that the series has no result."""

OVER_TIME: Mapping[str, Callable[[Sequence[float]], float]] = {
    "avg_over_time": _mean,
    "changes": _changes,
    "count_over_time": lambda values: float(len(values)),
    "last_over_time": lambda values: values[-1],
    "max_over_time": _largest,
    "min_over_time": _smallest,
    "present_over_time": lambda _: 1.0,
    "resets": _resets,
    "stddev_over_time": lambda values: math.sqrt(_variance(values)),
    "stdvar_over_time": _variance,
    "sum_over_time": math.fsum,
}
"""Functions of the values alone."""
