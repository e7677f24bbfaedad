"""Caches of one kind each, fed by a watch, as every controller has them.

What a controller reads is its cache, not the store: it is always a little behind, and with a
`lag` it is behind on purpose. Events keep their order; one late event holds up those after it.

Normally a thread feeds the cache. Tests may leave the thread out and call `pump` instead, which
takes in what has arrived until then.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import TypeAlias

from burgee.api.manifest import Manifest, controller_uid, metadata, name_of, namespace_of
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store
from burgee.playground.storage.watches import Event, Watch

Handler: TypeAlias = Callable[[Manifest | None, Manifest | None], None]
"""Called with the old and the new object: None and new when added, old and None when deleted."""

Key: TypeAlias = tuple[str, str]
"""Namespace and name."""

_RELIST_SECONDS = 0.2


def key_of(manifest: Manifest) -> Key:
    """The key of an object in its cache."""
    return namespace_of(manifest), name_of(manifest)


class Informer:
    """A cache of all objects of one kind.

    Args:
        store: where the objects are.
        resource: the kind.
        lag_seconds: asked once for each event; how late it is to arrive.
    """

    def __init__(
        self, store: Store, resource: Resource, *, lag_seconds: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.resource = resource
        self.synced = threading.Event()
        self._store = store
        self._lag_seconds = lag_seconds
        self._lock = threading.RLock()
        self._objects: dict[Key, Manifest] = {}
        self._by_owner: defaultdict[tuple[str, str], set[Key]] = defaultdict(set)
        self._handlers: list[Handler] = []
        self._watch: Watch | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Feed the cache from a thread of its own."""
        self._thread = threading.Thread(
            target=self._run, name=f"informer-{self.resource.plural}", daemon=True
        )
        self._thread.start()

    def request_stop(self) -> None:
        """Wake the thread up to end; `close` waits for it."""
        self._stop.set()
        watch = self._watch
        if watch is not None:
            watch.close()

    def close(self) -> None:
        """Stop the thread and the watch."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join()
        self._end_watch()

    def add_handler(self, handler: Handler) -> None:
        """Tell `handler` of every object there is and of every change from now on."""
        with self._lock:
            self._handlers.append(handler)
            present = list(self._objects.values())
        for manifest in present:
            handler(None, manifest)

    def pump(self) -> int:
        """Take in what has arrived; for use without a thread.

        Returns:
            The number of events.
        """
        if self._watch is None:
            self._list()
        count = 0
        while self._watch is not None and (event := self._watch.next(0)) is not None:
            self._take(*event)
            count += 1
        return count

    def get(self, namespace: str, name: str) -> Manifest | None:
        """One object as the cache has it."""
        return self._objects.get((namespace, name))

    def all(self) -> list[Manifest]:
        """Every object in the cache."""
        with self._lock:
            return list(self._objects.values())

    def owned_by(self, uid: str, namespace: str = "") -> list[Manifest]:
        """The objects whose controller has this uid; an empty uid finds those without one."""
        with self._lock:
            keys = self._by_owner.get((uid, namespace), ())
            return [self._objects[key] for key in keys]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._watch is None or self._watch.closed:
                    self._list()
                self._follow()
            except ApiError:
                # The kind went away, or the watch is too old: forget it and list anew.
                self._end_watch()
                self._stop.wait(_RELIST_SECONDS)

    def _follow(self) -> None:
        """Take events in when they are due, in their order: none overtakes a late one."""
        waiting: deque[tuple[float, Event]] = deque()
        while self._watch is not None and not self._watch.closed and not self._stop.is_set():
            pause = _RELIST_SECONDS
            if waiting:
                pause = min(pause, max(0.0, waiting[0][0] - time.monotonic()))
            event = self._watch.next(pause)
            now = time.monotonic()
            if event is not None:
                waiting.append((now + self._lag_seconds(), event))
            while waiting and waiting[0][0] <= now:
                self._take(*waiting.popleft()[1])

    def _list(self) -> None:
        # The watch is opened first, so that nothing falls between it and the list.
        self._end_watch()
        self._watch = self._store.watch(self.resource)
        items, _ = self._store.list(self.resource)
        listed = {key_of(item): item for item in items}
        for key in [key for key in self._objects if key not in listed]:
            self._replace(key, None)
        for key, item in listed.items():
            self._replace(key, item)
        self.synced.set()

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _take(self, kind: str, manifest: Manifest) -> None:
        self._replace(key_of(manifest), None if kind == "DELETED" else manifest, manifest)

    def _replace(self, key: Key, new: Manifest | None, seen: Manifest | None = None) -> None:
        with self._lock:
            old = self._objects.get(key)
            if old is not None and _older(new or seen, old):
                return
            if old is not None:
                self._index(key, old, present=False)
            if new is None:
                self._objects.pop(key, None)
            else:
                self._objects[key] = new
                self._index(key, new, present=True)
            handlers = tuple(self._handlers)
        if old is None and new is None:
            return
        for handler in handlers:
            handler(old, new)

    def _index(self, key: Key, manifest: Manifest, *, present: bool) -> None:
        owner = controller_uid(manifest)
        for place in ((owner, ""), (owner, key[0])) if key[0] else ((owner, ""),):
            if present:
                self._by_owner[place].add(key)
                continue
            self._by_owner[place].discard(key)
            if not self._by_owner[place]:
                del self._by_owner[place]


def version_of(manifest: Manifest) -> int:
    """The resourceVersion as the number that it is in this store."""
    return int(metadata(manifest).get("resourceVersion") or 0)


def _older(seen: Manifest | None, held: Manifest) -> bool:
    """Whether an event tells of a version that the list has shown already."""
    return seen is not None and version_of(seen) < version_of(held)


class InformerSet:
    """One informer per kind, shared by everybody who asks.

    Args:
        store: where the objects are.
        lag_seconds: how late an event of the kind with this plural is to arrive.
        threaded: False leaves feeding the caches to `pump`.
    """

    def __init__(
        self,
        store: Store,
        *,
        lag_seconds: Callable[[str], float] = lambda _: 0.0,
        threaded: bool = True,
    ) -> None:
        self._store = store
        self._lag_seconds = lag_seconds
        self._threaded = threaded
        self._lock = threading.Lock()
        self._informers: dict[tuple[str, str], Informer] = {}

    def get(self, resource: Resource) -> tuple[Informer, bool]:
        """The informer of a kind, and whether it was made just now."""
        key = (resource.api_version, resource.plural)
        with self._lock:
            informer = self._informers.get(key)
            if informer is not None:
                return informer, False
            informer = Informer(
                self._store, resource, lag_seconds=lambda: self._lag_seconds(resource.plural)
            )
            self._informers[key] = informer
        if self._threaded:
            informer.start()
        return informer, True

    def pump(self) -> int:
        """Take in what has arrived for every kind.

        Returns:
            The number of events.
        """
        with self._lock:
            informers = list(self._informers.values())
        return sum(informer.pump() for informer in informers)

    def wait_synced(self, timeout_seconds: float) -> bool:
        """Whether every cache was filled once within the time."""
        end = time.monotonic() + timeout_seconds
        with self._lock:
            informers = list(self._informers.values())
        return all(i.synced.wait(max(0.0, end - time.monotonic())) for i in informers)

    def close(self) -> None:
        """Stop them all."""
        with self._lock:
            informers = list(self._informers.values())
        for informer in informers:
            informer.request_stop()
        for informer in informers:
            informer.close()
