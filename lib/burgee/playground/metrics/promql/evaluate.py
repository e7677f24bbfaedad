"""Evaluation of a parsed query at one instant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import promql_parser as parser

from burgee.playground.metrics.promql import functions, operators, ranges, selectors
from burgee.playground.metrics.promql.aggregate import Grouping, aggregate
from burgee.playground.metrics.promql.histogram import histogram_quantile
from burgee.playground.metrics.promql.samples import SampleStore
from burgee.playground.metrics.promql.values import (
    ExecutionError,
    Labels,
    ParseError,
    Point,
    RangeSeries,
    Window,
    nameless,
    unique,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selected:
    """A range vector with the span that it came from."""

    series: list[RangeSeries]
    window: Window


Result: TypeAlias = float | str | list[Point] | Selected

_SUBQUERY_STEP = timedelta(minutes=1)
"""Prometheus's default evaluation interval, which a subquery without a step takes."""


class Engine:
    """Answers instant queries over a store."""

    def __init__(self, store: SampleStore) -> None:
        self._store = store

    def query(self, text: str, at_ms: int) -> Result:
        """Evaluate a query.

        Args:
            text: PromQL.
            at_ms: Unix time in milliseconds.

        Raises:
            ParseError: it is no PromQL.
            ExecutionError: it cannot be answered.
        """
        try:
            expression = parser.parse(text)
        except ValueError as error:
            raise ParseError(str(error)) from error
        if isinstance(expression, (parser.MatrixSelector, parser.SubqueryExpr)):
            return self._range(expression, at_ms)
        return self._evaluate(expression, at_ms)

    def _evaluate(self, node: parser.Expr, at_ms: int) -> float | str | list[Point]:
        match node:
            case parser.NumberLiteral():
                return node.val
            case parser.StringLiteral():
                return node.val
            case parser.ParenExpr():
                return self._evaluate(node.expr, at_ms)
            case parser.UnaryExpr():
                return self._negated(node, at_ms)
            case parser.VectorSelector():
                return self._instant(node, at_ms)
            case parser.Call():
                return self._call(node, at_ms)
            case parser.AggregateExpr():
                return self._aggregated(node, at_ms)
            case parser.BinaryExpr():
                return self._binary(node, at_ms)
            case _:
                raise ExecutionError(f"{type(node).__name__} is not supported here")

    def _vector(self, node: parser.Expr, at_ms: int) -> list[Point]:
        value = self._evaluate(node, at_ms)
        if not isinstance(value, list):
            raise ExecutionError("expected an instant vector")
        return value

    def _scalar(self, node: parser.Expr, at_ms: int) -> float:
        value = self._evaluate(node, at_ms)
        if not isinstance(value, (int, float)):
            raise ExecutionError("expected a scalar")
        return float(value)

    def _text(self, node: parser.Expr, at_ms: int) -> str:
        value = self._evaluate(node, at_ms)
        if not isinstance(value, str):
            raise ExecutionError("expected a string")
        return value

    def _negated(self, node: parser.UnaryExpr, at_ms: int) -> float | list[Point]:
        value = self._evaluate(node.expr, at_ms)
        if isinstance(value, list):
            return unique(Point(labels=nameless(p.labels), value=-p.value) for p in value)
        return -float(value)

    def _instant(self, node: parser.VectorSelector, at_ms: int) -> list[Point]:
        moment = selectors.moment(node.at, at_ms) - selectors.milliseconds(node.offset)
        return [
            point
            for matchers in selectors.matchers(node)
            for point in self._store.instant(matchers, moment)
        ]

    def _range(self, node: parser.Expr, at_ms: int) -> Selected:
        match node:
            case parser.ParenExpr():
                return self._range(node.expr, at_ms)
            case parser.MatrixSelector():
                selector = node.vector_selector
                end_ms = selectors.moment(selector.at, at_ms) - selectors.milliseconds(
                    selector.offset
                )
                window = Window(
                    start_ms=end_ms - selectors.milliseconds(node.range), end_ms=end_ms
                )
                series = [
                    found
                    for matchers in selectors.matchers(selector)
                    for found in self._store.between(matchers, window.start_ms, window.end_ms)
                ]
                return Selected(series=series, window=window)
            case parser.SubqueryExpr():
                return self._subquery(node, at_ms)
            case _:
                raise ExecutionError("expected a range vector")

    def _subquery(self, node: parser.SubqueryExpr, at_ms: int) -> Selected:
        """The inner query at every step of the span; steps are multiples of their length."""
        end_ms = selectors.moment(node.at, at_ms) - selectors.milliseconds(node.offset)
        start_ms = end_ms - selectors.milliseconds(node.range)
        step_ms = selectors.milliseconds(node.step or _SUBQUERY_STEP)
        collected: dict[Labels, tuple[list[int], list[float]]] = {}
        first_ms = -(-start_ms // step_ms) * step_ms
        for moment_ms in range(first_ms, end_ms + 1, step_ms):
            value = self._evaluate(node.expr, moment_ms)
            points = value if isinstance(value, list) else [Point(labels=(), value=float(value))]
            for point in points:
                times, values = collected.setdefault(point.labels, ([], []))
                times.append(moment_ms)
                values.append(point.value)
        return Selected(
            series=[
                RangeSeries(labels=labels, times_ms=times, values=values)
                for labels, (times, values) in collected.items()
            ],
            window=Window(start_ms=start_ms, end_ms=end_ms),
        )

    def _call(self, node: parser.Call, at_ms: int) -> float | list[Point]:
        name: str = node.func.name
        arguments: Sequence[parser.Expr] = node.args
        if name in ranges.WINDOWED or name in ranges.OVER_TIME:
            return self._over_range(name, arguments[0], at_ms)
        if name in functions.ELEMENTWISE:
            parameters = [self._scalar(argument, at_ms) for argument in arguments[1:]]
            return functions.elementwise(name, self._vector(arguments[0], at_ms), parameters)
        match name:
            case "time":
                return at_ms / 1000
            case "pi":
                return math.pi
            case "vector":
                return [Point(labels=(), value=self._scalar(arguments[0], at_ms), at_ms=at_ms)]
            case "scalar":
                return functions.to_scalar(self._vector(arguments[0], at_ms))
            case "timestamp":
                return functions.timestamps(self._vector(arguments[0], at_ms))
            case "sort" | "sort_desc":
                points = self._vector(arguments[0], at_ms)
                return functions.ordered(points, descending=name == "sort_desc")
            case "histogram_quantile":
                share = self._scalar(arguments[0], at_ms)
                return histogram_quantile(share, self._vector(arguments[1], at_ms))
            case "quantile_over_time":
                share = self._scalar(arguments[0], at_ms)
                return unique(
                    Point(labels=nameless(s.labels), value=ranges.quantile(share, s.values))
                    for s in self._range(arguments[1], at_ms).series
                )
            case "absent":
                return selectors.absent(
                    arguments[0], found=bool(self._vector(arguments[0], at_ms))
                )
            case "absent_over_time":
                selected = self._range(arguments[0], at_ms)
                return selectors.absent(arguments[0], found=bool(selected.series))
            case "label_replace" | "label_join":
                texts = [self._text(argument, at_ms) for argument in arguments[1:]]
                change = getattr(functions, name)
                replaced: list[Point] = change(self._vector(arguments[0], at_ms), texts)
                return replaced
            case _:
                raise ExecutionError(f"function {name} is not supported by this engine")

    def _over_range(self, name: str, argument: parser.Expr, at_ms: int) -> list[Point]:
        selected = self._range(argument, at_ms)
        found: list[Point] = []
        for series in selected.series:
            if name in ranges.WINDOWED:
                value = ranges.WINDOWED[name](series, selected.window)
            else:
                value = ranges.OVER_TIME[name](series.values)
            if value is not None:
                labels = series.labels if name == "last_over_time" else nameless(series.labels)
                found.append(Point(labels=labels, value=value))
        return unique(found)

    def _aggregated(self, node: parser.AggregateExpr, at_ms: int) -> list[Point]:
        parameter: float | str | None = None
        if node.param is not None:
            found = self._evaluate(node.param, at_ms)
            if isinstance(found, list):
                raise ExecutionError("the parameter of an aggregation is no vector")
            parameter = found
        grouping = Grouping()
        if node.modifier is not None:
            grouping = Grouping(
                names=tuple(node.modifier.labels),
                without=node.modifier.type == parser.AggModifierType.Without,
            )
        return aggregate(str(node.op), grouping, self._vector(node.expr, at_ms), parameter)

    def _binary(self, node: parser.BinaryExpr, at_ms: int) -> float | list[Point]:
        symbol = str(node.op)
        left, right = self._evaluate(node.lhs, at_ms), self._evaluate(node.rhs, at_ms)
        as_bool = node.modifier is not None and node.modifier.return_bool
        match left, right:
            case (list(), list()):
                matching = selectors.matching(node.modifier)
                if symbol in operators.SET_OPERATORS:
                    return operators.sets(symbol, left, right, matching)
                return operators.vectors(symbol, left, right, matching, as_bool=as_bool)
            case (list(), float()):
                return operators.vector_scalar(
                    symbol, left, right, scalar_left=False, as_bool=as_bool
                )
            case (float(), list()):
                return operators.vector_scalar(
                    symbol, right, left, scalar_left=True, as_bool=as_bool
                )
            case (float(), float()):
                return operators.scalars(symbol, left, right)
            case _:
                raise ExecutionError("a string is no operand")
