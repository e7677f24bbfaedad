"""An in-process PromQL engine: instant queries over samples kept in memory.

It exists so that the demo needs no Prometheus binary. The parser is the package
`promql-parser`; what is here is storage and evaluation, by the rules of Prometheus 2 (ranges
closed on both sides), with times in integer milliseconds so that results equal the real server's.
"""

from burgee.playground.metrics.promql.evaluate import Engine, Result, Selected
from burgee.playground.metrics.promql.samples import SampleStore
from burgee.playground.metrics.promql.values import (
    ExecutionError,
    Labels,
    ParseError,
    Point,
    QueryError,
    RangeSeries,
    labels_from,
)

__all__ = [
    "Engine",
    "ExecutionError",
    "Labels",
    "ParseError",
    "Point",
    "QueryError",
    "RangeSeries",
    "Result",
    "SampleStore",
    "Selected",
    "labels_from",
]
