"""Every write of a cluster in the order in which the store made them, with its time."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store
from burgee.playground.storage.watches import Change, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """One write.

    Attributes:
        at: monotonic seconds, taken under the store's lock.
        old: what was there before, None for a new object.
        new: what is there after, None for a deleted one.
    """

    version: int
    at: float
    old: Manifest | None
    new: Manifest | None

    @property
    def object(self) -> Manifest:
        """The object that was written, in its last state."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.object["kind"], name_of(self.object)


class _Tap(Watch):
    """A watch that hands changes over at the moment of the write."""

    def __init__(self, sink: Callable[[Change], None], on_close: Callable[[Watch], None]) -> None:
        super().__init__("", None, on_close)
        self._sink = sink

    def offer(self, change: Change) -> None:
        self._sink(change)


class Journal:
    """Listens to some kinds of a store from now on.

    Entries of one store are totally ordered: they are made under its lock.
    """

    def __init__(self, store: Store, resources: Iterable[Resource]) -> None:
        self._entries: list[Written] = []
        watches = store._db._watches
        with store._db.lock:
            for resource in resources:
                tapped = watches[resource.key]
                tapped.add(_Tap(self._record, tapped.discard))

    def of(self, namespace: str) -> list[Written]:
        """The writes in one namespace so far."""
        return [w for w in list(self._entries) if namespace_of(w.object) == namespace]

    def _record(self, change: Change) -> None:
        written = Written(
            version=change.version,
            at=time.monotonic(),
            old=change.previous.manifest if change.previous else None,
            new=None if change.type == "DELETED" else change.entry.manifest,
        )
        self._entries.append(written)


def statuses(entries: Iterable[Written]) -> list[Manifest]:
    """The statuses that the Canary had, one after the other, without repeats."""
    seen: list[Manifest] = []
    for written in entries:
        if written.key[0] == "Canary" and written.new is not None:
            status: Manifest = written.new.get("status") or {}
            if status and (not seen or seen[-1] != status):
                seen.append(status)
    return seen


def steps(entries: Iterable[Written]) -> list[tuple[str, int]]:
    """Phase and canaryWeight as they changed."""
    shown = [(s.get("phase", ""), int(s.get("canaryWeight", 0))) for s in statuses(entries)]
    return [*shown[:1], *(b for a, b in pairwise(shown) if a != b)]


def routes(entries: Iterable[Written]) -> list[int]:
    """The canary's weights that the VirtualService had, as they changed."""
    seen = [
        canary_share(w.new) for w in entries if w.key[0] == "VirtualService" and w.new is not None
    ]
    return [*seen[:1], *(b for a, b in pairwise(seen) if a != b)]


def canary_share(virtual_service: Manifest) -> int:
    """The largest share that a rule gives the canary."""
    return max((weight for host, weight in _shares(virtual_service) if host == "canary"))


def primary_share(virtual_service: Manifest) -> int:
    """The largest share that a rule gives the primary."""
    return max((weight for host, weight in _shares(virtual_service) if host == "primary"))


def _shares(virtual_service: Manifest) -> Iterator[tuple[str, int]]:
    for rule in virtual_service["spec"]["http"]:
        yield "canary", 0
        yield "primary", 0
        for route in rule["route"]:
            weight = 100 if len(rule["route"]) == 1 else int(route.get("weight", 0))
            yield route["destination"]["host"].rpartition("-")[2], weight
