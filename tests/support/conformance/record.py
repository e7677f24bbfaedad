"""What happens in one namespace, as it happens."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from conformance.kinds import ROUTES, WATCHED, short
from release_journal import Journal

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.storage.store import Store
from burgee.playground.storage.watches import Change

DELETED = "deleted"
GONE = "<deleted>"


class NotReached(Exception):
    """A step waited in vain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A webhook call with its answer."""

    path: str
    phase: str | None
    code: int


class Record:
    """The history of a namespace; the store and the receivers write into it.

    Attributes:
        live: the objects by kind and name.
        statuses: those of the Canary, one for each of its writes.
        routes: by kind and name, the versions of a route object, DELETED at its end.
        calls: webhooks in the order of arrival.
        queries: how often each was asked.
    """

    def __init__(self, namespace: str, canary: str) -> None:
        self.namespace = namespace
        self._canary = canary
        self.changed = threading.Condition()
        self.live: dict[tuple[str, str], Manifest] = {}
        self.statuses: list[Manifest] = []
        self.routes: defaultdict[tuple[str, str], list[Manifest | str]] = defaultdict(list)
        self.calls: list[Call] = []
        self.queries: defaultdict[str, int] = defaultdict(int)
        self._last = time.monotonic()

    def see(self, change: Change) -> None:
        """One write of the store; called under its lock, so nothing here may ask the store."""
        manifest = change.entry.manifest
        kind, name = short(manifest), name_of(manifest)
        gone = change.type == "DELETED"
        with self.changed:
            self._last = time.monotonic()
            if gone:
                self.live.pop((kind, name), None)
            else:
                self.live[kind, name] = manifest
            if kind in ROUTES:
                self.routes[kind, name].append(DELETED if gone else manifest)
            if (kind, name) == ("Canary", self._canary):
                self.statuses.append({"phase": GONE} if gone else manifest.get("status") or {})
            self.changed.notify_all()

    def called(self, call: Call) -> None:
        """A webhook arrived."""
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()

    def asked(self, query: str) -> None:
        """A query arrived."""
        with self.changed:
            self.queries[query] += 1
            self.changed.notify_all()

    def wait(self, reached: Callable[[], object], seconds: float, what: str) -> None:
        """Until something holds, which is looked at after every change.

        Raises:
            NotReached: it did not come to that.
        """
        end = time.monotonic() + seconds
        with self.changed:
            while not reached():
                left = end - time.monotonic()
                if left <= 0:
                    last = self.statuses[-1] if self.statuses else {}
                    shown = {k: last.get(k) for k in ("phase", "canaryWeight", "failedChecks")}
                    raise NotReached(f"{what}: {shown} {last.get('conditions')}")
                self.changed.wait(left)

    def wait_quiet(self, quiet_seconds: float, limit_seconds: float) -> None:
        """Until nothing was written for a while, or the limit is over."""
        end = time.monotonic() + limit_seconds
        while (now := time.monotonic()) < end:
            left = self._last + quiet_seconds - now
            if left <= 0:
                return
            time.sleep(left)

    def snapshot(self) -> dict[tuple[str, str], Manifest]:
        """The objects as they are now."""
        with self.changed:
            return dict(self.live)


class Ledger(Journal):
    """Hands every write to the record of its namespace."""

    def __init__(self, store: Store, records: Mapping[str, Record]) -> None:
        self._records = records
        self.listeners: list[Callable[[Change], None]] = []
        super().__init__(store, [store.resource(*kind) for kind in WATCHED])

    def _record(self, change: Change) -> None:
        record = _owner(self._records, change.entry.manifest)
        if record is not None:
            record.see(change)
            for listener in self.listeners:
                listener(change)


def _owner(records: Mapping[str, Record], manifest: Manifest) -> Record | None:
    """Objects of the whole cluster have the namespace in their name."""
    namespace = namespace_of(manifest)
    if namespace:
        return records.get(namespace)
    return mentioned(records, [name_of(manifest)])


def mentioned(records: Mapping[str, Record], texts: Sequence[str]) -> Record | None:
    """The record whose namespace occurs in a text."""
    found = (r for name, r in list(records.items()) if any(name in text for text in texts))
    return next(found, None)
