"""Samples in memory: what Prometheus keeps in its head block, bounded in time."""

import math
import re
import struct
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from burgee.playground.metrics.promql.values import METRIC_NAME, Labels, Point, RangeSeries, label

LOOKBACK_MS = 300_000
"""An instant selector takes the newest sample up to this old, as Prometheus does by default."""

_STALE_BITS = b"\x7f\xf8\x00\x00\x00\x00\x5a\x1e"
_STALE: float = struct.unpack(">d", _STALE_BITS)[0]


class MatchKind(StrEnum):
    """The four operators of a label matcher."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelMatch:
    """One condition on a label; a missing label counts as empty."""

    name: str
    kind: MatchKind
    value: str

    def test(self) -> Callable[[str], bool]:
        """The condition as a function of the label's value."""
        wanted = self.value
        match self.kind:
            case MatchKind.EQUAL:
                return lambda value: value == wanted
            case MatchKind.NOT_EQUAL:
                return lambda value: value != wanted
            case MatchKind.REGEX:
                pattern = re.compile(wanted)
                return lambda value: pattern.fullmatch(value) is not None
            case MatchKind.NOT_REGEX:
                pattern = re.compile(wanted)
                return lambda value: pattern.fullmatch(value) is None


@dataclass(slots=True)
class _Series:
    labels: Labels
    times_ms: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def forget_before(self, limit_ms: int) -> None:
        cut = bisect_left(self.times_ms, limit_ms)
        del self.times_ms[:cut]
        del self.values[:cut]


def _is_stale(value: float) -> bool:
    return math.isnan(value) and struct.pack(">d", value) == _STALE_BITS


class SampleStore:
    """Series by their labels. Safe for one writer and many readers."""

    def __init__(self, retention_ms: int = 600_000) -> None:
        self._retention_ms = retention_ms
        self._lock = threading.Lock()
        self._series: dict[Labels, _Series] = {}
        self._by_name: dict[str, dict[Labels, _Series]] = {}
        self._last_scrape: dict[str, frozenset[Labels]] = {}
        self._swept_ms = 0

    def append(self, labels: Labels, at_ms: int, value: float) -> None:
        """Add one sample; one that is not newer than the last of its series is dropped."""
        with self._lock:
            self._append(labels, at_ms, value)

    def append_scrape(self, target: str, at_ms: int, samples: Mapping[Labels, float]) -> None:
        """Add what one scrape of one target showed.

        A series that the scrape before still had is marked stale, so that an instant query
        does not see it any longer.
        """
        with self._lock:
            for labels, value in samples.items():
                self._append(labels, at_ms, value)
            shown = frozenset(samples)
            for labels in self._last_scrape.get(target, frozenset()) - shown:
                self._append(labels, at_ms, _STALE)
            self._last_scrape[target] = shown
            self._sweep(at_ms)

    def instant(self, matchers: Iterable[LabelMatch], at_ms: int) -> list[Point]:
        """The newest sample of each series that matches, if it is not too old or stale."""
        found: list[Point] = []
        with self._lock:
            for series in self._select(matchers):
                index = bisect_right(series.times_ms, at_ms) - 1
                if index < 0 or series.times_ms[index] < at_ms - LOOKBACK_MS:
                    continue
                value = series.values[index]
                if not _is_stale(value):
                    found.append(
                        Point(labels=series.labels, value=value, at_ms=series.times_ms[index])
                    )
        return found

    def between(
        self, matchers: Iterable[LabelMatch], start_ms: int, end_ms: int
    ) -> list[RangeSeries]:
        """The samples from start to end, both included, of each series that has any."""
        found: list[RangeSeries] = []
        with self._lock:
            for series in self._select(matchers):
                first = bisect_left(series.times_ms, start_ms)
                last = bisect_right(series.times_ms, end_ms)
                pairs = [
                    (at_ms, value)
                    for at_ms, value in zip(
                        series.times_ms[first:last], series.values[first:last], strict=True
                    )
                    if not _is_stale(value)
                ]
                if pairs:
                    times_ms, values = zip(*pairs, strict=True)
                    found.append(
                        RangeSeries(labels=series.labels, times_ms=times_ms, values=values)
                    )
        return found

    def __len__(self) -> int:
        with self._lock:
            return len(self._series)

    def _append(self, labels: Labels, at_ms: int, value: float) -> None:
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series(labels)
            self._by_name.setdefault(label(labels, METRIC_NAME), {})[labels] = series
        if not series.times_ms or at_ms > series.times_ms[-1]:
            series.times_ms.append(at_ms)
            series.values.append(value)

    def _select(self, matchers: Iterable[LabelMatch]) -> list[_Series]:
        conditions = list(matchers)
        pool: Iterable[_Series] = self._series.values()
        for matcher in conditions:
            if matcher.name == METRIC_NAME and matcher.kind is MatchKind.EQUAL:
                pool = self._by_name.get(matcher.value, {}).values()
        tests = [(matcher.name, matcher.test()) for matcher in conditions]
        return [
            series
            for series in pool
            if all(test(label(series.labels, name)) for name, test in tests)
        ]

    def _sweep(self, now_ms: int) -> None:
        """Forget what is too old; a tenth of the retention is often enough."""
        if now_ms - self._swept_ms < self._retention_ms // 10:
            return
        self._swept_ms = now_ms
        for labels, series in list(self._series.items()):
            series.forget_before(now_ms - self._retention_ms)
            if not series.times_ms:
                del self._series[labels]
                named = self._by_name[label(labels, METRIC_NAME)]
                del named[labels]
                if not named:
                    del self._by_name[label(labels, METRIC_NAME)]
