"""How a write becomes a stored object: preconditions, defaults, rules, ownership, versions.

The caller holds the database's lock.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias
from uuid import uuid4

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.playground.admission.admit import admitted, admitted_status
from burgee.playground.kinds import lifecycle
from burgee.playground.kinds.apierror import already_exists, conflict, forbidden, not_found
from burgee.playground.kinds.resources import NAMESPACE_KEY, STATUS, Resource
from burgee.playground.merging.managed import after_update
from burgee.playground.merging.server_apply import apply
from burgee.playground.storage.collector import Collector
from burgee.playground.storage.database import Database

Clock: TypeAlias = Callable[[], datetime]

_FIRST_ADDRESS = 10
_OCTET = 254


class Writer:
    """Creates, replaces and applies."""

    def __init__(
        self,
        database: Database,
        collector: Collector,
        now: Clock,
        on_stored: Callable[[Resource, Manifest], None],
    ) -> None:
        self._db = database
        self._collector = collector
        self._now = now
        self._on_stored = on_stored
        self._addresses = _FIRST_ADDRESS

    def insert(
        self, resource: Resource, manifest: Manifest, *, manager: str, dry_run: bool
    ) -> Manifest:
        """Store a new object; `manifest` is the caller's own copy.

        Raises:
            ApiError: 409 for a taken name, 404 for a missing namespace, 422 for a broken rule.
        """
        self._check_place(resource, manifest)
        now = self._now()
        new = lifecycle.born(resource, manifest, uuid4(), now)
        new = admitted(resource, new, None, self._allocate)
        entries = after_update(
            resource, None, new, manager=manager, subresource="", now=lifecycle.timestamp(now)
        )
        return self._first(resource, new, entries, dry_run=dry_run)

    def _first(
        self, resource: Resource, new: Manifest, entries: list[Manifest], *, dry_run: bool
    ) -> Manifest:
        version = None if dry_run else str(self._db.next_version())
        new = lifecycle.with_metadata(new, resourceVersion=version, managedFields=entries or None)
        if not dry_run:
            self._db.put(resource.key, new)
            self._follow_up(resource, new)
        return new

    def replace(
        self,
        resource: Resource,
        old: Manifest,
        new: Manifest,
        *,
        manager: str,
        subresource: str = "",
        face: str | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        """Replace what is stored; `new` is the caller's own copy.

        Args:
            resource: the kind.
            old: what is stored.
            new: what was sent.
            manager: who writes.
            subresource: what may change: "" for all but status, "status" for that alone.
            face: the subresource that managedFields names, where it differs.
            dry_run: only show what would be stored.

        Raises:
            ApiError: 409 for a version or uid that is not the stored one, 422 for a broken rule.
        """
        lifecycle.check_preconditions(resource, old, new)
        new = lifecycle.replaced(resource, old, new, subresource)
        new = self._admitted(resource, new, old, subresource)
        entries = after_update(
            resource,
            old,
            new,
            manager=manager,
            subresource=subresource if face is None else face,
            now=lifecycle.timestamp(self._now()),
        )
        return self._next(resource, old, new, entries, dry_run=dry_run)

    def apply(
        self,
        resource: Resource,
        config: Manifest,
        *,
        manager: str,
        force: bool,
        subresource: str,
        dry_run: bool,
    ) -> Manifest:
        """Server-side apply: merge, or create where nothing is; `config` is the caller's own.

        Raises:
            ApiError: 404, 409, 422; 500 for a field that the schema does not declare.
        """
        found = self._db.entry(resource.key, namespace_of(config), name_of(config))
        old = None if found is None else found.manifest
        now = self._now()
        if old is None:
            self._check_absent(resource, config, subresource)
        else:
            lifecycle.check_preconditions(resource, old, config)
        applied = apply(
            resource,
            old,
            config,
            manager=manager,
            force=force,
            subresource=subresource,
            now=lifecycle.timestamp(now),
        )
        entries = list(applied.managed_fields)
        if old is None:
            new = lifecycle.born(resource, applied.manifest, uuid4(), now)
            new = admitted(resource, new, None, self._allocate)
            return self._first(resource, new, entries, dry_run=dry_run)
        new = lifecycle.replaced(resource, old, applied.manifest, subresource)
        new = self._admitted(resource, new, old, subresource)
        return self._next(resource, old, new, entries, dry_run=dry_run)

    def _admitted(
        self, resource: Resource, new: Manifest, old: Manifest, subresource: str
    ) -> Manifest:
        if subresource == STATUS:
            return admitted_status(resource, new)
        return admitted(resource, new, old, self._allocate)

    def _check_absent(self, resource: Resource, config: Manifest, subresource: str) -> None:
        if subresource:
            raise not_found(*resource.key, name_of(config))
        given = metadata(config)
        if given.get("uid") or given.get("resourceVersion"):
            why = "the object does not exist, but the patch expects a uid or resourceVersion"
            raise conflict(*resource.key, name_of(config), why)
        self._check_place(resource, config)

    def _next(
        self,
        resource: Resource,
        old: Manifest,
        new: Manifest,
        entries: list[Manifest],
        *,
        dry_run: bool,
    ) -> Manifest:
        new = lifecycle.with_metadata(new, managedFields=entries or None)
        if new == old:
            return old
        generation = lifecycle.next_generation(resource, old, new)
        new = lifecycle.with_metadata(new, generation=generation)
        if dry_run:
            return new
        version = str(self._db.next_version())
        new = lifecycle.with_metadata(new, resourceVersion=version)
        self._db.put(resource.key, new)
        if self._is_finished(resource, new):
            return self._collector.remove((resource.key, namespace_of(new), name_of(new)))
        self._follow_up(resource, new)
        return new

    def _is_finished(self, resource: Resource, manifest: Manifest) -> bool:
        """Whether the last finalizer is gone from an object that is being deleted."""
        meta = metadata(manifest)
        if not meta.get("deletionTimestamp") or meta.get("finalizers"):
            return False
        return resource.key != NAMESPACE_KEY or not self._db.contents(name_of(manifest))

    def _follow_up(self, resource: Resource, manifest: Manifest) -> None:
        self._on_stored(resource, manifest)
        self._collector.sweep((resource.key, namespace_of(manifest), name_of(manifest)))

    def _check_place(self, resource: Resource, manifest: Manifest) -> None:
        namespace, name = namespace_of(manifest), name_of(manifest)
        if resource.namespaced:
            home = self._db.entry(NAMESPACE_KEY, "", namespace)
            if home is None:
                raise not_found(*NAMESPACE_KEY, namespace)
            if metadata(home.manifest).get("deletionTimestamp"):
                why = (
                    f"unable to create new content in namespace {namespace} "
                    "because it is being terminated"
                )
                raise forbidden(*resource.key, name, why)
        if self._db.entry(resource.key, namespace, name):
            raise already_exists(*resource.key, name)

    def _allocate(self) -> str:
        """A cluster IP that was never given before."""
        self._addresses += 1
        high, low = divmod(self._addresses, _OCTET)
        return f"10.96.{high}.{low + 1}"
