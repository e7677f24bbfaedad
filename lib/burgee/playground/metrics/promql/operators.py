"""Binary operators between scalars and vectors, with vector matching.

Source: prometheus promql/engine.go of 2.x (VectorBinop, VectorscalarBinop, resultMetric).
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from burgee.playground.metrics.promql.values import (
    METRIC_NAME,
    ExecutionError,
    Labels,
    Point,
    divide,
    drop,
    keep,
    label,
    labels_from,
    nameless,
    unique,
)


class Side(StrEnum):
    """Which side of an operator may have several elements per match."""

    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, kw_only=True, slots=True)
class Matching:
    """How elements of two vectors find each other.

    Attributes:
        on: the labels that must agree, None for all but `ignoring` and the name.
        many: the side of group_left or group_right.
        include: labels taken over from the side that is single.
    """

    on: tuple[str, ...] | None = None
    ignoring: tuple[str, ...] = ()
    many: Side = Side.NONE
    include: tuple[str, ...] = ()

    def key(self, labels: Labels) -> Labels:
        """What must be equal on both sides."""
        if self.on is not None:
            return keep(labels, self.on)
        return drop(labels, (*self.ignoring, METRIC_NAME))


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


def _modulo(left: float, right: float) -> float:
    if right == 0 or math.isinf(left):
        return math.nan
    return math.fmod(left, right)


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "%": _modulo,
    "^": _power,
    "atan2": math.atan2,
}
_COMPARISON: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
SET_OPERATORS = frozenset({"and", "or", "unless"})


def _compute(symbol: str, left: float, right: float, *, as_bool: bool) -> float | None:
    """The result of two numbers; None where a comparison filters it out."""
    compare = _COMPARISON.get(symbol)
    if compare is None:
        return _ARITHMETIC[symbol](left, right)
    if as_bool:
        return float(compare(left, right))
    return left if compare(left, right) else None


def scalars(symbol: str, left: float, right: float) -> float:
    """An operator between two scalars; a comparison gives 0 or 1 there."""
    if symbol in _COMPARISON:
        return float(_COMPARISON[symbol](left, right))
    return _ARITHMETIC[symbol](left, right)


def vector_scalar(
    symbol: str, points: Iterable[Point], scalar: float, *, scalar_left: bool, as_bool: bool
) -> list[Point]:
    """An operator between each element and a number; a filter keeps the element's own value."""
    found: list[Point] = []
    for point in points:
        left, right = (scalar, point.value) if scalar_left else (point.value, scalar)
        value = _compute(symbol, left, right, as_bool=as_bool)
        if value is None:
            continue
        if symbol in _COMPARISON and not as_bool:
            found.append(Point(labels=point.labels, value=point.value))
        else:
            found.append(Point(labels=nameless(point.labels), value=value))
    return unique(found)


def vectors(
    symbol: str,
    left: Iterable[Point],
    right: Iterable[Point],
    matching: Matching,
    *,
    as_bool: bool,
) -> list[Point]:
    """An operator between the elements of two vectors that match.

    Raises:
        ExecutionError: a side that must be single has several elements for one match.
    """
    many, one = (right, left) if matching.many is Side.RIGHT else (left, right)
    single: dict[Labels, Point] = {}
    for point in one:
        if single.setdefault(matching.key(point.labels), point) is not point:
            side = "left" if matching.many is Side.RIGHT else "right"
            raise ExecutionError(
                f"found duplicate series for the match group on the {side} hand-side of the "
                "operation: many-to-many matching not allowed: matching labels must be unique "
                "on one side"
            )
    seen: set[Labels] = set()
    found: list[Point] = []
    for point in many:
        key = matching.key(point.labels)
        partner = single.get(key)
        if partner is None:
            continue
        pair = (partner, point) if matching.many is Side.RIGHT else (point, partner)
        value = _compute(symbol, pair[0].value, pair[1].value, as_bool=as_bool)
        if value is None:
            continue
        labels = _result_labels(symbol, point.labels, partner.labels, matching)
        if as_bool:
            labels = nameless(labels)
        identity = key if matching.many is Side.NONE else labels
        if identity in seen:
            raise ExecutionError(
                "multiple matches for labels: many-to-one matching must be explicit "
                "(group_left/group_right)"
                if matching.many is Side.NONE
                else "multiple matches for labels: grouping labels must ensure unique matches"
            )
        seen.add(identity)
        found.append(Point(labels=labels, value=value))
    return found


def _result_labels(symbol: str, many: Labels, one: Labels, matching: Matching) -> Labels:
    labels = nameless(many) if symbol in _ARITHMETIC else many
    if matching.many is Side.NONE:
        labels = (
            keep(labels, matching.on)
            if matching.on is not None
            else drop(labels, matching.ignoring)
        )
    if not matching.include:
        return labels
    return labels_from({**dict(labels), **{name: label(one, name) for name in matching.include}})


def sets(
    symbol: str, left: Iterable[Point], right: Iterable[Point], matching: Matching
) -> list[Point]:
    """`and`, `or`, `unless`: which elements stay, with their own labels and values."""
    kept, others = list(left), list(right)
    right_keys = {matching.key(point.labels) for point in others}
    match symbol:
        case "and":
            return [point for point in kept if matching.key(point.labels) in right_keys]
        case "unless":
            return [point for point in kept if matching.key(point.labels) not in right_keys]
        case _:
            left_keys = {matching.key(point.labels) for point in kept}
            return kept + [p for p in others if matching.key(p.labels) not in left_keys]
