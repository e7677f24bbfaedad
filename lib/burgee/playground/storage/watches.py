"""Changes as they are kept and handed to those who watch.

An object that is stored is never changed again, only replaced, so that everybody may share it:
readers, watchers, and the bytes that were made from it once.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Self, TypeAlias

from burgee.api.manifest import Manifest

Event: TypeAlias = tuple[str, Manifest]
"""ADDED, MODIFIED or DELETED, and the object."""


class Entry:
    """A stored object with its JSON, made when it is asked for first."""

    __slots__ = ("_json", "manifest")

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """The object as it goes over the wire."""
        if self._json is None:
            self._json = json.dumps(self.manifest, separators=(",", ":")).encode()
        return self._json


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One write: `previous` is None for a new object; for a deleted one `entry` is its last state."""

    version: int
    type: str
    namespace: str
    entry: Entry
    previous: Entry | None


Matches: TypeAlias = Callable[[Manifest], bool]


class Watch:
    """A stream of changes of one kind, from a moment on.

    Iterating blocks until the watch is closed. One thread reads; any thread may close.
    """

    def __init__(
        self, namespace: str, matches: Matches | None, on_close: Callable[["Watch"], None]
    ) -> None:
        self._namespace = namespace
        self._matches = matches
        self._on_close = on_close
        self._queue: SimpleQueue[Change | None] = SimpleQueue()
        self.closed = False

    def offer(self, change: Change) -> None:
        """Hand a change over; called by the store under its lock."""
        if not self._namespace or change.namespace == self._namespace:
            self._queue.put(change)

    def next(self, timeout_seconds: float | None = None) -> Event | None:
        """The next event; None when the time is over or the watch is closed."""
        found = self.next_entry(timeout_seconds)
        return None if found is None else (found[0], found[1].manifest)

    def next_entry(self, timeout_seconds: float | None = None) -> tuple[str, Entry] | None:
        """As `next`, with the shared entry instead of the bare object."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not self.closed:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                change = self._queue.get(timeout=left)
            except Empty:
                return None
            if change is None:
                return None
            if seen := self._seen(change):
                return seen
        return None

    def _seen(self, change: Change) -> tuple[str, Entry] | None:
        """The event as this watcher sees it: leaving the selection looks like a deletion."""
        if self._matches is None:
            return change.type, change.entry
        now = change.type != "DELETED" and self._matches(change.entry.manifest)
        before = change.previous is not None and self._matches(change.previous.manifest)
        match before, now:
            case False, True:
                return "ADDED", change.entry
            case True, True:
                return "MODIFIED", change.entry
            case True, False:
                return "DELETED", change.entry
            case _:
                return None

    def __iter__(self) -> Iterator[Event]:
        while (event := self.next()) is not None:
            yield event

    def close(self) -> None:
        """End the stream; a reader that waits is woken."""
        if not self.closed:
            self.closed = True
            self._on_close(self)
            self._queue.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
