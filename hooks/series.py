"""The Canaries that this process has seen, as a collector of Prometheus' client.

Any replica may answer any sync: a Canary may go on without this one, or be deleted through
another. So a picture is shown only while calls about its Canary come in, and goes with the third
resync that is missing. Counts stay for an hour longer, so that rates over the usual windows are
right.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hooks import gauges, tally
from hooks.sighting import Sighting
from hooks.tally import Ending, Release, Tally

RESYNCS = 3
LEAST_SECONDS = 60.0
COUNTS_SECONDS = 3600.0
# What Metacontroller does by itself where a CompositeController names no period.
DEFAULT_RESYNC_SECONDS = 1800.0


@dataclass(kw_only=True, slots=True)
class _Seen:
    """One Canary.

    Attributes:
        at: when a call about it came last, monotonic.
        lifetime: seconds for which its picture is worth showing.
    """

    sighting: Sighting
    at: float
    lifetime: float
    tally: Tally = field(default_factory=Tally)


def lifetime_of(controller: Mapping[str, Any]) -> float:
    """How long a Canary may go unseen, by the CompositeController that a request carries."""
    spec: object = controller.get("spec")
    period: object = spec.get("resyncPeriodSeconds") if isinstance(spec, dict) else None
    if not isinstance(period, int | float) or period <= 0:
        period = DEFAULT_RESYNC_SECONDS
    return max(RESYNCS * period, LEAST_SECONDS)


class Series(Collector):
    """The Canaries of one process; every method may be called from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with none."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._by_uid: dict[str, _Seen] = {}

    def touch(self, uid: str) -> bool:
        """A call about this Canary came in; whether it is known here."""
        seen = self._by_uid.get(uid)
        if seen is None:
            return False
        seen.at = self._monotonic()
        return True

    def see(self, sighting: Sighting, *, lifetime: float) -> None:
        """A sync left a Canary like this.

        Args:
            sighting: replaces what was seen before; a metric without a value keeps its last one.
            lifetime: seconds for which the picture is worth showing.
        """
        now = self._monotonic()
        with self._lock:
            seen = self._by_uid.get(sighting.uid)
            if seen is None:
                self._drop_old(now)
                self._by_uid[sighting.uid] = _Seen(sighting=sighting, at=now, lifetime=lifetime)
                return
            seen.sighting = _with_last_values(sighting, seen.sighting)
            seen.at, seen.lifetime = now, lifetime

    def expect(self, uid: str, release: Release) -> None:
        """The Canary's releases are of this kind."""
        with self._lock:
            if seen := self._by_uid.get(uid):
                seen.tally.expect(release)

    def count_ending(self, uid: str, ending: Ending, release: Release, transition: object) -> None:
        """Count the end of a release, if this transition was not counted yet."""
        with self._lock:
            if seen := self._by_uid.get(uid):
                seen.tally.end(ending, release, transition)

    def count_step(self, uid: str, seconds: float) -> None:
        """Count a step of the analysis, and how long it took."""
        with self._lock:
            if seen := self._by_uid.get(uid):
                seen.tally.step(seconds)

    def forget(self, uid: str) -> None:
        """A Canary is gone."""
        with self._lock:
            self._by_uid.pop(uid, None)

    def collect(self) -> Iterator[Metric]:
        """All series as of now."""
        now = self._monotonic()
        with self._lock:
            self._drop_old(now)
            # Of two with one target, one was deleted and made anew: the later one is the one.
            in_order = sorted(self._by_uid.values(), key=lambda seen: seen.at)
            by_target = {(s.sighting.namespace, s.sighting.target): s for s in in_order}
            kept = [replace(seen, tally=seen.tally.copy()) for seen in by_target.values()]
        yield from gauges.families([s.sighting for s in kept if now - s.at <= s.lifetime])
        yield from tally.families(
            (seen.sighting.target, seen.sighting.namespace, seen.tally) for seen in kept
        )

    def _drop_old(self, now: float) -> None:
        for uid, seen in list(self._by_uid.items()):
            if now - seen.at > seen.lifetime + COUNTS_SECONDS:
                del self._by_uid[uid]


def _with_last_values(new: Sighting, old: Sighting) -> Sighting:
    if all(value is not None for value in new.values.values()):
        return new
    values = {
        metric: old.values.get(metric) if value is None else value
        for metric, value in new.values.items()
    }
    return replace(new, values=values)
