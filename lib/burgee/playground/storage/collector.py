"""Deletion: finalizers, owners and dependents, namespaces.

In a real cluster the garbage collector follows some time later; here everything has happened
when the call returns. The caller holds the database's lock.
"""

from collections.abc import Callable
from datetime import datetime

from burgee.api.manifest import Manifest, metadata, namespace_of
from burgee.playground.kinds.lifecycle import timestamp, with_metadata
from burgee.playground.kinds.resources import NAMESPACE_KEY
from burgee.playground.storage.database import Database, Key, Place

FOREGROUND = "foregroundDeletion"


class Collector:
    """Takes objects away, and with them what they own."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        on_removed: Callable[[Key, Manifest], None],
    ) -> None:
        self._db = database
        self._now = now
        self._on_removed = on_removed

    def delete(self, place: Place, propagation: str = "Background") -> Manifest:
        """Delete an object, or mark it where finalizers hold it; returns its last state.

        Args:
            place: of an object that exists.
            propagation: Background, Foreground or Orphan.
        """
        manifest = self._stored(place)
        if manifest is None or metadata(manifest).get("deletionTimestamp"):
            return manifest or {}
        uid: str = metadata(manifest)["uid"]
        if propagation == "Orphan":
            for dependent in self._db.dependents(uid):
                self._drop_owner(dependent, uid)
        finalizers: list[str] = list(metadata(manifest).get("finalizers") or [])
        if propagation == "Foreground" and self._db.dependents(uid):
            finalizers.append(FOREGROUND)
        if place[0] == NAMESPACE_KEY:
            return self._delete_namespace(place, finalizers)
        if not finalizers:
            return self.remove(place)
        marked = self._mark(place, finalizers)
        if FOREGROUND in finalizers:
            for dependent in self._db.dependents(uid):
                self.delete(dependent, "Foreground")
            self._settle(uid)
        return self._stored(place) or marked

    def remove(self, place: Place) -> Manifest:
        """Take an object away for good, then whatever depended on it alone."""
        manifest = self._stored(place)
        if manifest is None:
            return {}
        last = with_metadata(manifest, resourceVersion=str(self._db.next_version()))
        self._db.remove(place[0], last)
        uid: str = metadata(last)["uid"]
        for dependent in self._db.dependents(uid):
            self._orphaned(dependent, uid)
        owners: list[Manifest] = metadata(last).get("ownerReferences") or []
        for owner in owners:
            self._settle(owner.get("uid", ""))
        self._on_removed(place[0], last)
        self._settle_namespace(namespace_of(last))
        return last

    def sweep(self, place: Place) -> None:
        """Collect an object that was created for owners of which none exists any more."""
        manifest = self._stored(place)
        owners: list[Manifest] = metadata(manifest or {}).get("ownerReferences") or []
        if owners and not any(self._db.has_uid(o.get("uid", "")) for o in owners):
            self.delete(place)

    def _stored(self, place: Place) -> Manifest | None:
        entry = self._db.entry(*place)
        return None if entry is None else entry.manifest

    def _mark(self, place: Place, finalizers: list[str]) -> Manifest:
        manifest = self._stored(place) or {}
        generation: int | None = metadata(manifest).get("generation")
        marked = with_metadata(
            manifest,
            finalizers=finalizers or None,
            deletionTimestamp=timestamp(self._now()),
            deletionGracePeriodSeconds=0,
            generation=generation + 1 if generation else None,
            resourceVersion=str(self._db.next_version()),
        )
        self._db.put(place[0], marked)
        return marked

    def _orphaned(self, place: Place, gone: str) -> None:
        """A dependent of `gone`: another living owner keeps it, else it goes too."""
        manifest = self._stored(place) or {}
        owners: list[Manifest] = metadata(manifest).get("ownerReferences") or []
        if any(o.get("uid") != gone and self._db.has_uid(o.get("uid", "")) for o in owners):
            self._drop_owner(place, gone)
        else:
            self.delete(place)

    def _drop_owner(self, place: Place, uid: str) -> None:
        manifest = self._stored(place) or {}
        owners: list[Manifest] = metadata(manifest).get("ownerReferences") or []
        kept = [o for o in owners if o.get("uid") != uid]
        version = str(self._db.next_version())
        freed = with_metadata(manifest, ownerReferences=kept or None, resourceVersion=version)
        self._db.put(place[0], freed)

    def _settle(self, uid: str) -> None:
        """Release an owner that waits in the foreground for dependents that are all gone."""
        place = self._db.place_of(uid)
        manifest = self._stored(place) if place else None
        if place is None or manifest is None or self._db.dependents(uid):
            return
        finalizers: list[str] = metadata(manifest).get("finalizers") or []
        if FOREGROUND not in finalizers:
            return
        kept = [f for f in finalizers if f != FOREGROUND]
        if not kept:
            self.remove(place)
            return
        version = str(self._db.next_version())
        self._db.put(place[0], with_metadata(manifest, finalizers=kept, resourceVersion=version))

    def _delete_namespace(self, place: Place, finalizers: list[str]) -> Manifest:
        marked = self._mark(place, finalizers)
        version = str(self._db.next_version())
        ending = with_metadata(
            {**marked, "status": {"phase": "Terminating"}}, resourceVersion=version
        )
        self._db.put(place[0], ending)
        for content in self._db.contents(place[2]):
            self.delete(content)
        self._settle_namespace(place[2])
        return ending

    def _settle_namespace(self, namespace: str) -> None:
        """A namespace that is being deleted goes with the last of its contents."""
        place = (NAMESPACE_KEY, "", namespace)
        manifest = self._stored(place) if namespace else None
        if manifest is None or not metadata(manifest).get("deletionTimestamp"):
            return
        if not metadata(manifest).get("finalizers") and not self._db.contents(namespace):
            self.remove(place)
