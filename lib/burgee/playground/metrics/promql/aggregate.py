"""Aggregation: sum, avg, topk and the rest, by or without labels."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from burgee.playground.metrics.promql.ranges import quantile
from burgee.playground.metrics.promql.values import (
    METRIC_NAME,
    ExecutionError,
    Labels,
    Point,
    drop,
    keep,
    labels_from,
    number_text,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouping:
    """`by (names)`, or `without (names)`; no clause at all is `by ()`."""

    names: tuple[str, ...] = ()
    without: bool = False

    def key(self, labels: Labels) -> Labels:
        """The labels of the group that a point belongs to."""
        if self.without:
            return drop(labels, (*self.names, METRIC_NAME))
        return keep(labels, self.names)


def _mean(values: Sequence[float]) -> float:
    return _sum(values) / len(values)


def _sum(values: Sequence[float]) -> float:
    """Exact sum; opposite infinities are not a number instead of an error."""
    if all(map(math.isfinite, values)):
        return math.fsum(values)
    return sum(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return _sum([(value - mean) ** 2 for value in values]) / len(values)


_PLAIN: Mapping[str, Callable[[Sequence[float]], float]] = {
    "avg": _mean,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "max": lambda values: max((v for v in values if not math.isnan(v)), default=math.nan),
    "min": lambda values: min((v for v in values if not math.isnan(v)), default=math.nan),
    "stddev": lambda values: math.sqrt(_variance(values)),
    "stdvar": _variance,
    "sum": _sum,
}


def aggregate(
    operator: str, grouping: Grouping, points: Iterable[Point], parameter: float | str | None
) -> list[Point]:
    """Aggregate a vector.

    Args:
        operator: as written in PromQL.
        grouping: which labels stay.
        points: the vector.
        parameter: the number or text that topk, bottomk, quantile and count_values take.

    Raises:
        ExecutionError: an operator that this engine does not know.
    """
    if operator == "count_values":
        return _count_values(str(parameter), grouping, points)
    groups: dict[Labels, list[Point]] = {}
    for point in points:
        groups.setdefault(grouping.key(point.labels), []).append(point)
    if operator in {"topk", "bottomk"}:
        return _outermost(groups, float(parameter or 0), largest=operator == "topk")
    compute: Callable[[Sequence[float]], float]
    if operator == "quantile":
        compute = functools.partial(quantile, float(parameter or 0))
    elif operator in _PLAIN:
        compute = _PLAIN[operator]
    else:
        raise ExecutionError(f"aggregation {operator} is not supported")
    return [
        Point(labels=labels, value=compute([point.value for point in members]))
        for labels, members in groups.items()
    ]


def _outermost(
    groups: Mapping[Labels, Sequence[Point]], wanted: float, *, largest: bool
) -> list[Point]:
    """The points with the largest or smallest values of each group, with their own labels."""
    if math.isnan(wanted):
        raise ExecutionError("Scalar value NaN overflows int64")
    count = max(0, int(min(wanted, 1e9)))

    def order(point: Point) -> tuple[bool, float]:
        return math.isnan(point.value), -point.value if largest else point.value

    return [point for members in groups.values() for point in sorted(members, key=order)[:count]]


def _count_values(name: str, grouping: Grouping, points: Iterable[Point]) -> list[Point]:
    """How often each value occurs in a group; the value becomes a label."""
    counts: dict[Labels, int] = {}
    for point in points:
        labels = labels_from({**dict(grouping.key(point.labels)), name: number_text(point.value)})
        counts[labels] = counts.get(labels, 0) + 1
    return [Point(labels=labels, value=float(count)) for labels, count in counts.items()]
