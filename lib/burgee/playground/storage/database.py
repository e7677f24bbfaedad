"""The tables behind the store: objects, indexes, one counter of versions, and the log of changes.

Nothing here knows a rule of Kubernetes besides ownership by uid. The caller holds `lock` for
every write, and for reads that must see several objects at one moment.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.playground.kinds.apierror import expired
from burgee.playground.storage.watches import Change, Entry, Matches, Watch

Key: TypeAlias = tuple[str, str]
"""Group and plural."""

Place: TypeAlias = tuple[Key, str, str]
"""Key, namespace and name of one object."""

LOG_LENGTH = 4096
"""Changes kept per kind for watchers that come late."""


class Database:
    """Objects by kind, namespace and name."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.version = 0
        self._objects: dict[Key, dict[str, dict[str, Entry]]] = {}
        self._by_uid: dict[str, Place] = {}
        self._by_owner: defaultdict[str, set[Place]] = defaultdict(set)
        self._log: dict[Key, deque[Change]] = {}
        self._forgotten: dict[Key, int] = {}
        self._watches: defaultdict[Key, set[Watch]] = defaultdict(set)

    def next_version(self) -> int:
        """Count up; the version of the write that follows."""
        self.version += 1
        return self.version

    def entry(self, key: Key, namespace: str, name: str) -> Entry | None:
        """One stored object."""
        spaces = self._objects.get(key)
        names = spaces.get(namespace) if spaces else None
        return names.get(name) if names else None

    def entries(self, key: Key, namespace: str = "") -> list[Entry]:
        """All objects of a kind, in one namespace or in all, by namespace and name."""
        with self.lock:
            spaces = self._objects.get(key, {})
            chosen = [namespace] if namespace else sorted(spaces)
            return [e for n in chosen for _, e in sorted(spaces.get(n, {}).items())]

    def contents(self, namespace: str) -> list[Place]:
        """Everything that lives in a namespace."""
        return [
            (key, namespace, name)
            for key, spaces in self._objects.items()
            for name in spaces.get(namespace, ())
        ]

    def all_keys(self) -> Iterator[Key]:
        """The kinds of which something was stored."""
        return iter(list(self._objects))

    def has_uid(self, uid: str) -> bool:
        """Whether an object of that uid is stored."""
        return uid in self._by_uid

    def place_of(self, uid: str) -> Place | None:
        """Where the object of that uid is stored."""
        return self._by_uid.get(uid)

    def dependents(self, uid: str) -> list[Place]:
        """Objects that name `uid` among their owners."""
        return sorted(self._by_owner.get(uid, ()))

    def put(self, key: Key, manifest: Manifest) -> Entry:
        """Store an object, whose resourceVersion is the current version, and tell the watchers."""
        namespace, name = namespace_of(manifest), name_of(manifest)
        previous = self.entry(key, namespace, name)
        entry = Entry(manifest)
        self._objects.setdefault(key, {}).setdefault(namespace, {})[name] = entry
        place = (key, namespace, name)
        if previous is not None:
            self._unindex(place, previous.manifest)
        self._by_uid[metadata(manifest)["uid"]] = place
        for owner in _owners(manifest):
            self._by_owner[owner].add(place)
        self._tell(key, "MODIFIED" if previous else "ADDED", namespace, entry, previous)
        return entry

    def remove(self, key: Key, last: Manifest) -> None:
        """Forget an object; `last` is its final state with the version of the removal."""
        namespace, name = namespace_of(last), name_of(last)
        previous = self._objects[key][namespace].pop(name)
        self._unindex((key, namespace, name), previous.manifest)
        self._tell(key, "DELETED", namespace, Entry(last), previous)

    def _unindex(self, place: Place, manifest: Manifest) -> None:
        self._by_uid.pop(metadata(manifest)["uid"], None)
        for owner in _owners(manifest):
            places = self._by_owner[owner]
            places.discard(place)
            if not places:
                del self._by_owner[owner]

    def _tell(
        self, key: Key, kind: str, namespace: str, entry: Entry, previous: Entry | None
    ) -> None:
        change = Change(
            version=self.version, type=kind, namespace=namespace, entry=entry, previous=previous
        )
        log = self._log.setdefault(key, deque(maxlen=LOG_LENGTH))
        if len(log) == LOG_LENGTH:
            self._forgotten[key] = log[0].version
        log.append(change)
        for watch in self._watches[key]:
            watch.offer(change)

    def watch(self, key: Key, namespace: str, since: int, matches: Matches | None) -> Watch:
        """Changes after the version `since`; from now on where it is 0.

        Raises:
            ApiError: 410 when changes after `since` are forgotten.
        """
        with self.lock:
            oldest = self._forgotten.get(key, 0)
            if since and since < oldest:
                raise expired(since, oldest)
            watch = Watch(namespace, matches, lambda w: self._forget_watch(key, watch=w))
            if since:
                for change in self._log.get(key, ()):
                    if change.version > since:
                        watch.offer(change)
            self._watches[key].add(watch)
            return watch

    def watch_all(self, keys: Iterable[Key]) -> Watch:
        """Changes of several kinds from now on, in the order in which they are written."""
        chosen = tuple(keys)
        with self.lock:
            watch = Watch("", None, lambda w: self._forget_watch(*chosen, watch=w))
            for key in chosen:
                self._watches[key].add(watch)
            return watch

    def _forget_watch(self, *keys: Key, watch: Watch) -> None:
        with self.lock:
            for key in keys:
                self._watches[key].discard(watch)


def _owners(manifest: Manifest) -> Iterable[str]:
    owners: list[Manifest] = metadata(manifest).get("ownerReferences") or []
    return [str(owner.get("uid", "")) for owner in owners]
