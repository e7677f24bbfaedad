"""The values that PromQL computes with."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

METRIC_NAME = "__name__"

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Label pairs sorted by name, none of them empty: hashable, so it identifies a series."""


class QueryError(Exception):
    """A query has no answer."""


class ParseError(QueryError):
    """The text is no PromQL."""


class ExecutionError(QueryError):
    """The query is PromQL, but the data or this engine cannot answer it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One element of an instant vector.

    Attributes:
        at_ms: time of the sample, which only `timestamp()` looks at.
    """

    labels: Labels
    value: float
    at_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RangeSeries:
    """One element of a range vector: samples in order of time."""

    labels: Labels
    times_ms: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The span that a range vector was selected from, after its offset."""

    start_ms: int
    end_ms: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end_ms - self.start_ms) / 1000


def labels_from(pairs: Mapping[str, str]) -> Labels:
    """Labels of a mapping; an empty value is the same as no label."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value))


def label(labels: Labels, name: str) -> str:
    """The value of one label, empty where there is none."""
    return next((value for key, value in labels if key == name), "")


def keep(labels: Labels, names: Iterable[str]) -> Labels:
    """Only the labels that are named."""
    wanted = set(names)
    return tuple(pair for pair in labels if pair[0] in wanted)


def drop(labels: Labels, names: Iterable[str]) -> Labels:
    """All labels but those that are named."""
    unwanted = set(names)
    return tuple(pair for pair in labels if pair[0] not in unwanted)


def nameless(labels: Labels) -> Labels:
    """All labels but the metric's name."""
    return drop(labels, (METRIC_NAME,))


def unique(points: Iterable[Point]) -> list[Point]:
    """The points, unless two of them have the same labels.

    Raises:
        ExecutionError: two of them have.
    """
    found = list(points)
    if len({point.labels for point in found}) < len(found):
        raise ExecutionError("vector cannot contain metrics with the same labelset")
    return found


def divide(left: float, right: float) -> float:
    """Division as IEEE 754 has it: by zero it is infinite or not a number."""
    if right:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def number_text(value: float) -> str:
    """A number as Prometheus writes it: shortest exact digits, never an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number_from(text: str) -> float:
    """A number as Prometheus writes it.

    Raises:
        ValueError: it is none.
    """
    return float(text.replace("Inf", "inf").replace("NaN", "nan"))
