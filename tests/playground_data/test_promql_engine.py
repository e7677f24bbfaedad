"""What the engine computes, on samples that can be checked by hand."""

import math

import pytest

from burgee.playground.metrics.promql import (
    Engine,
    ExecutionError,
    ParseError,
    Point,
    SampleStore,
    Selected,
    labels_from,
)
from burgee.playground.metrics.promql.histogram import bucket_quantile
from burgee.playground.metrics.promql.values import divide, number_text
from tests.playground_data import prom_samples

NOW_MS = 1_000_000


def _engine() -> Engine:
    """A counter that grows by 2 a second (500s by 1), scraped each second for a minute."""
    store = SampleStore()
    for second in range(61):
        at_ms = NOW_MS - (60 - second) * 1000
        for code, pace in (("200", 2.0), ("500", 1.0)):
            labels = labels_from({"__name__": "requests_total", "code": code})
            store.append(labels, at_ms, 100 + pace * second)
        store.append(labels_from({"__name__": "load", "zone": "a"}), at_ms, float(second))
    store.append(labels_from({"__name__": "load", "zone": "b"}), NOW_MS, -1.0)
    return Engine(store)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("1 + 2 * 3", 7.0, id="precedence"),
        pytest.param("2 ^ 3 ^ 2", 512.0, id="power binds to the right"),
        pytest.param("-1 % 3", -1.0, id="modulo keeps the sign"),
        pytest.param("1 > bool 2", 0.0, id="comparison of scalars"),
        pytest.param("time()", 1000.0, id="time"),
        pytest.param("scalar(sum(requests_total))", 380.0, id="scalar of one element"),
        pytest.param('"words"', "words", id="string"),
    ],
)
def test_query_gives_scalar(query: str, expected: float | str) -> None:
    assert _engine().query(query, NOW_MS) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(
            'rate(requests_total{code="200"}[10s])', {(("code", "200"),): 2.0}, id="rate"
        ),
        pytest.param(
            'increase(requests_total{code="500"}[10s])', {(("code", "500"),): 10.0}, id="increase"
        ),
        pytest.param("sum(rate(requests_total[10s]))", {(): 3.0}, id="sum of rates"),
        pytest.param(
            'sum(rate(requests_total{code!~"5.*"}[10s])) / sum(rate(requests_total[10s])) * 100',
            {(): 200 / 3},
            id="success rate",
        ),
        pytest.param(
            "sum by (code) (requests_total)",
            {(("code", "200"),): 220.0, (("code", "500"),): 160.0},
            id="by",
        ),
        pytest.param("sum without (code) (requests_total)", {(): 380.0}, id="without"),
        pytest.param("load offset 10s", {(("zone", "a"),): 50.0}, id="offset"),
        pytest.param("max_over_time(load[5s])", {(("zone", "a"),): 60.0, (("zone", "b"),): -1.0}),
        pytest.param("load > 0", {(("zone", "a"),): 60.0}, id="filter keeps the value"),
        pytest.param("0 < bool load", {(("zone", "a"),): 1.0, (("zone", "b"),): 0.0}, id="bool"),
        pytest.param("missing or vector(7)", {(): 7.0}, id="or fills a gap"),
        pytest.param("vector(1)", {(): 1.0}, id="vector"),
        pytest.param("topk(1, load)", {(("zone", "a"),): 60.0}, id="topk"),
        pytest.param('absent(missing{a="b"})', {(("a", "b"),): 1.0}, id="absent"),
        pytest.param("load @ 990", {(("zone", "a"),): 50.0}, id="at a moment"),
        pytest.param("missing", {}, id="nothing"),
    ],
)
def test_query_gives_vector(query: str, expected: dict[object, float]) -> None:
    found = _engine().query(query, NOW_MS)
    assert isinstance(found, list)
    shown = {
        tuple(pair for pair in point.labels if pair[0] != "__name__"): point.value
        for point in found
    }
    assert shown == pytest.approx(expected)


def test_range_vector_includes_both_ends() -> None:
    found = _engine().query('load{zone="a"}[2s]', NOW_MS)
    assert isinstance(found, Selected)
    [series] = found.series
    assert list(series.values) == [58.0, 59.0, 60.0]


def test_counter_reset_counts_as_growth() -> None:
    store = SampleStore()
    for index, value in enumerate((10.0, 20.0, 5.0, 15.0)):
        store.append(labels_from({"__name__": "c"}), index * 1000, value)
    [point] = _values(Engine(store), "increase(c[3s])", 3000)
    assert point.value == pytest.approx(25.0)


def test_irate_takes_last_two_samples() -> None:
    store = SampleStore()
    for at_ms, value in ((0, 0.0), (1000, 10.0), (2000, 40.0)):
        store.append(labels_from({"__name__": "c"}), at_ms, value)
    [point] = _values(Engine(store), "irate(c[5s])", 2000)
    assert point.value == 30.0


def test_one_sample_has_no_rate() -> None:
    store = SampleStore()
    store.append(labels_from({"__name__": "c"}), 1000, 5.0)
    assert _values(Engine(store), "rate(c[5s])", 2000) == []


def test_series_that_a_scrape_no_longer_shows_is_gone_at_once() -> None:
    store = SampleStore()
    kept, lost = labels_from({"__name__": "a"}), labels_from({"__name__": "b"})
    store.append_scrape("t", 1000, {kept: 1.0, lost: 2.0})
    store.append_scrape("t", 2000, {kept: 1.0})
    engine = Engine(store)
    assert _values(engine, "b", 1999) != []
    assert _values(engine, "b", 2000) == []
    assert [p.value for p in _values(engine, "sum_over_time(b[5s])", 2000)] == [2.0]


def test_sample_older_than_five_minutes_is_not_now() -> None:
    store = SampleStore()
    store.append(labels_from({"__name__": "a"}), 0, 1.0)
    assert _values(Engine(store), "a", 300_000) != []
    assert _values(Engine(store), "a", 300_001) == []


def test_store_forgets_what_is_older_than_its_retention() -> None:
    store = SampleStore(retention_ms=10_000)
    old, fresh = labels_from({"__name__": "old"}), labels_from({"__name__": "fresh"})
    store.append_scrape("t", 1_000, {old: 1.0, fresh: 1.0})
    for second in range(2, 40):
        store.append_scrape("t", second * 1_000, {fresh: float(second)})
    assert len(store) == 1
    assert _values(Engine(store), "count_over_time(fresh[1h])", 39_000)[0].value <= 12


@pytest.mark.parametrize(
    ("query", "error"),
    [
        pytest.param("", ParseError, id="empty"),
        pytest.param("sum(", ParseError, id="unfinished"),
        pytest.param("rate(load)", ParseError, id="rate of an instant vector"),
        pytest.param("load * on(job) load", ExecutionError, id="many to many"),
        pytest.param("days_in_month(load)", ExecutionError, id="function that is not supported"),
        pytest.param(
            'sum_over_time({__name__=~"load|requests_total"}[1s]) * 2 + load{zone="nope"}',
            None,
            id="different series are no duplicates",
        ),
    ],
)
def test_query_is_refused(query: str, error: type[Exception] | None) -> None:
    if error is None:
        assert _values(_engine(), query, NOW_MS) == []
        return
    with pytest.raises(error):
        _engine().query(query, NOW_MS)


@pytest.mark.parametrize(
    ("share", "buckets", "expected"),
    [
        pytest.param(0.5, [(10.0, 10.0), (math.inf, 10.0)], 5.0, id="first bucket starts at zero"),
        pytest.param(0.5, [(1.0, 0.0), (3.0, 4.0), (math.inf, 4.0)], 2.0, id="interpolated"),
        pytest.param(0.99, [(1.0, 1.0), (math.inf, 9.0)], 1.0, id="beyond the last bound"),
        pytest.param(0.5, [(1.0, 4.0)], math.nan, id="no +Inf bucket"),
        pytest.param(0.5, [(1.0, 0.0), (math.inf, 0.0)], math.nan, id="no observation"),
        pytest.param(1.5, [(1.0, 1.0), (math.inf, 1.0)], math.inf, id="above one"),
        pytest.param(-1, [(1.0, 1.0), (math.inf, 1.0)], -math.inf, id="below zero"),
        pytest.param(0.5, [(1.0, 4.0), (2.0, 3.0), (math.inf, 4.0)], 0.5, id="made monotonic"),
    ],
)
def test_bucket_quantile(
    share: float, buckets: list[tuple[float, float]], expected: float
) -> None:
    assert bucket_quantile(share, buckets) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (-0.0, "-0"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_number_is_written_as_prometheus_does(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(1.0, 0.0, math.inf), (-1.0, 0.0, -math.inf), (0.0, 0.0, math.nan), (3.0, 2.0, 1.5)],
)
def test_division_never_raises(left: float, right: float, expected: float) -> None:
    assert divide(left, right) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("query", prom_samples.SHAPES_OF_ALL_PROVIDERS)
def test_every_shape_of_builtin_query_is_evaluated(query: str) -> None:
    assert isinstance(_engine().query(query, NOW_MS), list)


def _values(engine: Engine, query: str, at_ms: int) -> list[Point]:
    found = engine.query(query, at_ms)
    assert isinstance(found, list)
    return found
