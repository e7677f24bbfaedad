"""Functions of scalars and instant vectors."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from burgee.playground.metrics.promql.values import (
    ExecutionError,
    Point,
    label,
    labels_from,
    nameless,
    unique,
)


def _round(value: float, nearest: float = 1.0) -> float:
    """Half up, to a multiple of `nearest`."""
    if not math.isfinite(value):
        return value
    inverse = 1.0 / nearest
    return math.floor(value * inverse + 0.5) / inverse


def _logarithm(compute: Callable[[float], float]) -> Callable[[float], float]:
    def total(value: float) -> float:
        if value == 0:
            return -math.inf
        return math.nan if value < 0 else compute(value)

    return total


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _whole(compute: Callable[[float], int]) -> Callable[[float], float]:
    """A rounding that leaves infinities and NaN as they are."""

    def total(value: float) -> float:
        return float(compute(value)) if math.isfinite(value) else value

    return total


def _clamp(value: float, low: float, high: float) -> float:
    return math.nan if math.isnan(value) else max(low, min(high, value))


def _clamp_max(value: float, high: float) -> float:
    return _clamp(value, -math.inf, high)


def _clamp_min(value: float, low: float) -> float:
    return _clamp(value, low, math.inf)


def _sign(value: float) -> float:
    return value if value == 0 or math.isnan(value) else math.copysign(1, value)


def _root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


_ELEMENTWISE: Mapping[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": _whole(math.ceil),
    "clamp": _clamp,
    "clamp_max": _clamp_max,
    "clamp_min": _clamp_min,
    "exp": _exp,
    "floor": _whole(math.floor),
    "ln": _logarithm(math.log),
    "log10": _logarithm(math.log10),
    "log2": _logarithm(math.log2),
    "round": _round,
    "sgn": _sign,
    "sqrt": _root,
}
ELEMENTWISE = frozenset(_ELEMENTWISE)


def elementwise(name: str, points: Iterable[Point], parameters: Sequence[float]) -> list[Point]:
    """A function of each value; the metric's name is lost."""
    if name == "clamp" and parameters[0] > parameters[1]:
        return []
    compute = _ELEMENTWISE[name]
    return unique(
        Point(labels=nameless(point.labels), value=compute(point.value, *parameters))
        for point in points
    )


def ordered(points: Iterable[Point], *, descending: bool) -> list[Point]:
    """Sorted by value, NaN last."""

    def key(point: Point) -> tuple[bool, float]:
        return math.isnan(point.value), -point.value if descending else point.value

    return sorted(points, key=key)


def timestamps(points: Iterable[Point]) -> list[Point]:
    """The time of each sample, in seconds."""
    return unique(
        Point(labels=nameless(point.labels), value=point.at_ms / 1000) for point in points
    )


def to_scalar(points: Sequence[Point]) -> float:
    """The only value of a vector, else NaN."""
    return points[0].value if len(points) == 1 else math.nan


def expand(template: str, match: re.Match[str]) -> str:
    """Fill `$1`, `${1}` and `${name}` in; a group that is unknown or unmatched is empty."""

    def fill(reference: re.Match[str]) -> str:
        if reference[0] == "$$":
            return "$"
        name = reference[1] or reference[2]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", fill, template)


def label_replace(points: Iterable[Point], arguments: Sequence[str]) -> list[Point]:
    """The PromQL function; the arguments are destination, replacement, source and regex."""
    destination, replacement, source, pattern = arguments
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise ExecutionError(
            f"invalid regular expression in label_replace(): {pattern}"
        ) from error
    found: list[Point] = []
    for point in points:
        match = regex.fullmatch(label(point.labels, source))
        labels = point.labels
        if match is not None:
            labels = labels_from({**dict(labels), destination: expand(replacement, match)})
        found.append(Point(labels=labels, value=point.value, at_ms=point.at_ms))
    return unique(found)


def label_join(points: Iterable[Point], arguments: Sequence[str]) -> list[Point]:
    """The PromQL function; the arguments are destination, separator and sources."""
    destination, separator, *sources = arguments
    return unique(
        Point(
            labels=labels_from(
                {
                    **dict(point.labels),
                    destination: separator.join(label(point.labels, name) for name in sources),
                }
            ),
            value=point.value,
            at_ms=point.at_ms,
        )
        for point in points
    )
