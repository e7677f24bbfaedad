"""What a parsed query says about series: names, conditions, matching and moments."""

from datetime import timedelta

import promql_parser as parser

from burgee.playground.metrics.promql import operators
from burgee.playground.metrics.promql.samples import LabelMatch, MatchKind
from burgee.playground.metrics.promql.values import METRIC_NAME, Point, labels_from


def milliseconds(span: timedelta | None) -> int:
    """A span in whole milliseconds, 0 without one."""
    return round(span / timedelta(milliseconds=1)) if span else 0


def moment(at: parser.AtModifier | None, at_ms: int) -> int:
    """The time that `@` pins a selector to; start() and end() are now in an instant query."""
    if at is None or at.at is None:
        return at_ms
    return round(at.at.timestamp() * 1000)


_KINDS = {
    "Equal": MatchKind.EQUAL,
    "NotEqual": MatchKind.NOT_EQUAL,
    "Re": MatchKind.REGEX,
    "NotRe": MatchKind.NOT_REGEX,
}


def matchers(node: parser.VectorSelector) -> list[list[LabelMatch]]:
    """The conditions of a selector; more than one list are alternatives (`or`)."""
    name = (
        [LabelMatch(name=METRIC_NAME, kind=MatchKind.EQUAL, value=node.name)] if node.name else []
    )
    groups = node.matchers.or_matchers or [node.matchers.matchers]
    return [
        name
        + [
            LabelMatch(name=m.name, kind=_KINDS[str(m.op).rpartition(".")[2]], value=m.value)
            for m in group
        ]
        for group in groups
    ]


def matching(modifier: parser.BinModifier | None) -> operators.Matching:
    """How the operands of a binary operator find each other."""
    if modifier is None:
        return operators.Matching()
    many = operators.Side.NONE
    if modifier.card == parser.VectorMatchCardinality.ManyToOne:
        many = operators.Side.LEFT
    elif modifier.card == parser.VectorMatchCardinality.OneToMany:
        many = operators.Side.RIGHT
    include = tuple(modifier.group_labels or ())
    if modifier.matching is None:
        return operators.Matching(many=many, include=include)
    labels = tuple(modifier.matching.labels)
    if modifier.matching.type == parser.LabelModifierType.Include:
        return operators.Matching(on=labels, many=many, include=include)
    return operators.Matching(ignoring=labels, many=many, include=include)


def absent(node: parser.Expr, *, found: bool) -> list[Point]:
    """One point where nothing was found, labelled by what the selector demanded to be equal."""
    if found:
        return []
    if isinstance(node, parser.MatrixSelector):
        node = node.vector_selector
    labels: dict[str, str] = {}
    if isinstance(node, parser.VectorSelector):
        equal = [m for m in node.matchers.matchers if m.op == parser.MatchOp.Equal]
        names = [matcher.name for matcher in node.matchers.matchers]
        labels = {m.name: m.value for m in equal if names.count(m.name) == 1}
        labels.pop(METRIC_NAME, None)
    return [Point(labels=labels_from(labels), value=1.0)]
