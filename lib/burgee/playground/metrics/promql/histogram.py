"""histogram_quantile over classic buckets.

Source: prometheus promql/quantile.go of 2.x, bucketQuantile.
"""

import itertools
import math
from collections.abc import Iterable, Sequence

from burgee.playground.metrics.promql.values import (
    METRIC_NAME,
    Labels,
    Point,
    divide,
    drop,
    label,
    number_from,
)

Bucket = tuple[float, float]
"""Upper bound and cumulative count."""


def histogram_quantile(share: float, points: Iterable[Point]) -> list[Point]:
    """The quantile of each histogram, a histogram being points that differ only in `le`."""
    histograms: dict[Labels, list[Bucket]] = {}
    for point in points:
        try:
            bound = number_from(label(point.labels, "le"))
        except ValueError:
            continue
        rest = drop(point.labels, ("le", METRIC_NAME))
        histograms.setdefault(rest, []).append((bound, point.value))
    return [
        Point(labels=labels, value=bucket_quantile(share, buckets))
        for labels, buckets in histograms.items()
    ]


def bucket_quantile(share: float, unsorted: Iterable[Bucket]) -> float:
    """The quantile of one histogram, as if values were spread evenly inside a bucket."""
    if math.isnan(share):
        return math.nan
    if share < 0:
        return -math.inf
    if share > 1:
        return math.inf
    buckets = _monotonic(_merged(unsorted))
    if len(buckets) < 2 or buckets[-1][0] != math.inf or buckets[-1][1] == 0:
        return math.nan
    if math.isnan(buckets[-1][1]):
        return math.nan
    rank = share * buckets[-1][1]
    found = next(
        i for i, (_, count) in enumerate(buckets) if count >= rank or i == len(buckets) - 1
    )
    if found == len(buckets) - 1:
        return buckets[-2][0]
    end, count = buckets[found]
    if found == 0:
        return end if end <= 0 else end * divide(rank, count)
    start, below = buckets[found - 1]
    return start + (end - start) * divide(rank - below, count - below)


def _merged(buckets: Iterable[Bucket]) -> list[Bucket]:
    """Sorted by bound; counts of the same bound are added."""
    ordered = sorted(buckets, key=lambda bucket: bucket[0])
    return [
        (bound, math.fsum(count for _, count in same))
        for bound, same in itertools.groupby(ordered, key=lambda bucket: bucket[0])
    ]


def _monotonic(buckets: Sequence[Bucket]) -> list[Bucket]:
    """Cumulative counts never shrink: rounding in a rate may have made them."""
    highest = itertools.accumulate((count for _, count in buckets), max)
    return [(bound, count) for (bound, _), count in zip(buckets, highest, strict=True)]
