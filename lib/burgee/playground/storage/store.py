"""The embedded API server without its HTTP face: kinds, objects and the rules between them.

Objects that come out are shared with everybody: who wants to change one makes a copy. Reads are
lookups, without a lock and without a copy; writes are one at a time.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.playground.kinds import lifecycle
from burgee.playground.kinds.apierror import ApiError, Cause, bad_request, invalid, not_found
from burgee.playground.kinds.catalog import Catalog
from burgee.playground.kinds.resources import CRD_KEY, SCALE, Resource, from_crd
from burgee.playground.kinds.scale import scale_of, with_scale
from burgee.playground.merging.patching import APPLY, patched
from burgee.playground.storage.collector import Collector
from burgee.playground.storage.database import Database, Key
from burgee.playground.storage.query_selectors import label_filter
from burgee.playground.storage.watches import Entry, Watch
from burgee.playground.storage.writing import Clock, Writer

__all__ = ["ApiError", "Resource", "Store", "Watch"]

Patch: TypeAlias = Manifest | list[Manifest]

_NOBODY = "unknown"
"""The manager of writes that name none."""


class Store:
    """A cluster's objects. Safe to use from many threads."""

    def __init__(self, *, now: Clock | None = None) -> None:
        clock = now or (lambda: datetime.now(UTC))
        self._catalog = Catalog()
        self._db = Database()
        self._collector = Collector(self._db, clock, self._removed)
        self._writer = Writer(self._db, self._collector, clock, self._stored)
        namespaces = self.resource("v1", "namespaces")
        for name in ("default", "kube-system"):
            self.create(namespaces, {"metadata": {"name": name}}, manager="playground")

    # Kinds

    def register(self, resource: Resource) -> None:
        """Serve a kind from now on."""
        self._catalog.register(resource)

    def register_crd(self, crd: Manifest) -> None:
        """Create or replace a CustomResourceDefinition; its kind is served at once."""
        crds = self.resource("apiextensions.k8s.io/v1", "customresourcedefinitions")
        with self._db.lock:
            known = self._db.entry(CRD_KEY, "", name_of(crd))
            if known is None:
                self.create(crds, crd)
            else:
                self.update(crds, lifecycle.with_metadata(crd, resourceVersion=None))

    def resource(self, api_version: str, kind_or_plural: str) -> Resource:
        """The kind by its name or plural.

        Raises:
            ApiError: 404 for a kind that is not served.
        """
        return self._catalog.find(api_version, kind_or_plural)

    def resources(self) -> list[Resource]:
        """Every kind that is served, once per version."""
        return self._catalog.all()

    # Reading

    def entry(self, resource: Resource, namespace: str, name: str) -> Entry:
        """A stored object with its encoded form.

        Raises:
            ApiError: 404.
        """
        found = self._db.entry(resource.key, namespace if resource.namespaced else "", name)
        if found is None:
            raise not_found(*resource.key, name)
        return _as_version(resource, found)

    def get(self, resource: Resource, namespace: str, name: str) -> Manifest:
        """A stored object, not to be changed.

        Raises:
            ApiError: 404.
        """
        return self.entry(resource, namespace, name).manifest

    def entries(self, resource: Resource, namespace: str = "") -> tuple[Sequence[Entry], int]:
        """All objects of a kind (in a namespace), and the version that this list is of."""
        with self._db.lock:
            found = self._db.entries(resource.key, namespace if resource.namespaced else "")
            return [_as_version(resource, e) for e in found], self._db.version

    def list(
        self, resource: Resource, namespace: str = "", label_selector: str = ""
    ) -> tuple[list[Manifest], int]:
        """The objects that a label selector chooses, and the version that this list is of."""
        entries, version = self.entries(resource, namespace)
        matches = label_filter(label_selector)
        return [e.manifest for e in entries if matches is None or matches(e.manifest)], version

    def watch(
        self,
        resource: Resource,
        namespace: str = "",
        since: int = 0,
        matches: Callable[[Manifest], bool] | None = None,
    ) -> Watch:
        """Changes after the version `since`; from now on where it is 0.

        Raises:
            ApiError: 410 when changes after `since` are forgotten.
        """
        return self._db.watch(resource.key, namespace, since, matches)

    def watch_all(self, resources: Iterable[Resource]) -> Watch:
        """Changes of several kinds from now on, in the order in which they are written."""
        return self._db.watch_all(resource.key for resource in resources)

    def list_and_watch(
        self,
        resource: Resource,
        namespace: str = "",
        matches: Callable[[Manifest], bool] | None = None,
    ) -> tuple[Sequence[Entry], int, Watch]:
        """What is there, its version, and all changes after that: nothing falls between."""
        with self._db.lock:
            entries, version = self.entries(resource, namespace)
            chosen = [e for e in entries if matches is None or matches(e.manifest)]
            return chosen, version, self.watch(resource, namespace, matches=matches)

    def scale(self, resource: Resource, namespace: str, name: str) -> Manifest:
        """The scale subresource of an object.

        Raises:
            ApiError: 404.
        """
        return scale_of(resource, self.get(resource, namespace, name))

    # Writing

    def create(
        self,
        resource: Resource,
        manifest: Manifest,
        *,
        manager: str = "",
        namespace: str = "",
        dry_run: bool = False,
    ) -> Manifest:
        """Store a new object.

        Raises:
            ApiError: 409 for a taken name, 404 for a missing namespace, 422 for a broken rule.
        """
        new = lifecycle.identified(resource, lifecycle.clone(manifest), namespace)
        lifecycle.named(new)
        if not name_of(new):
            message = "Required value: name or generateName is required"
            raise invalid(
                resource.group, resource.kind, "", [Cause(field="metadata.name", message=message)]
            )
        with self._db.lock:
            return self._writer.insert(resource, new, manager=manager or _NOBODY, dry_run=dry_run)

    def update(
        self,
        resource: Resource,
        manifest: Manifest,
        *,
        manager: str = "",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Manifest:
        """Replace an object, or its status, or its scale.

        Raises:
            ApiError: 404; 409 when metadata.resourceVersion is set and old; 422.
        """
        with self._db.lock:
            if subresource == SCALE:
                return self._rescale(resource, manifest, manager, dry_run=dry_run)
            new = lifecycle.identified(resource, lifecycle.clone(manifest))
            return self._writer.replace(
                resource,
                self.get(resource, namespace_of(new), name_of(new)),
                new,
                manager=manager or _NOBODY,
                subresource=subresource,
                dry_run=dry_run,
            )

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Patch,
        *,
        content_type: str,
        manager: str = "",
        force: bool = False,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Manifest:
        """Change an object by a patch; with a server-side apply patch, create it where missing.

        Raises:
            ApiError: 404, 409, 415, 422; 400 for a broken patch.
        """
        if content_type == APPLY and subresource != SCALE:
            config = _configuration(resource, namespace, name, patch, manager)
            with self._db.lock:
                return self._writer.apply(
                    resource,
                    config,
                    manager=manager,
                    force=force,
                    subresource=subresource,
                    dry_run=dry_run,
                )
        with self._db.lock:
            old = self.get(resource, namespace, name)
            if subresource == SCALE:
                scale = patched(resource, scale_of(resource, old), patch, content_type)
                return self._rescale(resource, scale, manager, dry_run=dry_run)
            return self._writer.replace(
                resource,
                old,
                patched(resource, old, patch, content_type),
                manager=manager or _NOBODY,
                subresource=subresource,
                dry_run=dry_run,
            )

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        propagation: str = "Background",
        uid: str = "",
        resource_version: str = "",
    ) -> Manifest:
        """Delete an object; it stays, marked, while finalizers hold it. Returns its last state.

        Raises:
            ApiError: 404; 409 when it has another uid or version.
        """
        with self._db.lock:
            old = self.get(resource, namespace, name)
            expected = {"uid": uid, "resourceVersion": resource_version}
            given = {field: value for field, value in expected.items() if value}
            lifecycle.check_preconditions(resource, old, {"metadata": given})
            return self._collector.delete((resource.key, namespace_of(old), name), propagation)

    def _rescale(
        self, resource: Resource, scale: Manifest, manager: str, *, dry_run: bool
    ) -> Manifest:
        old = self.get(resource, namespace_of(scale), name_of(scale))
        new = self._writer.replace(
            resource,
            old,
            with_scale(resource, old, scale),
            manager=manager or _NOBODY,
            face=SCALE,
            dry_run=dry_run,
        )
        return scale_of(resource, new)

    def _stored(self, resource: Resource, manifest: Manifest) -> None:
        if resource.key == CRD_KEY:
            self._catalog.serve(manifest)

    def _removed(self, key: Key, last: Manifest) -> None:
        """A definition takes its objects and its kind along."""
        if key != CRD_KEY:
            return
        for served in from_crd(last):
            for entry in self._db.entries(served.key):
                place = (served.key, namespace_of(entry.manifest), name_of(entry.manifest))
                self._collector.delete(place)
        self._catalog.withdraw(last)


def _configuration(
    resource: Resource, namespace: str, name: str, patch: Patch, manager: str
) -> Manifest:
    """What is applied, a copy, checked against the place that it is sent to."""
    if not isinstance(patch, dict):
        raise bad_request("an apply patch must be an object")
    if not manager:
        raise bad_request("PatchOptions.meta.k8s.io is invalid: fieldManager: Required value")
    config = lifecycle.identified(resource, lifecycle.clone(patch), namespace)
    if metadata(config).setdefault("name", name) != name:
        raise bad_request(
            f"the name of the object ({name_of(config)}) does not match the name on the URL ({name})"
        )
    if metadata(config).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    return config


def _as_version(resource: Resource, entry: Entry) -> Entry:
    """Objects are kept as they were written; another served version only changes the label."""
    if entry.manifest["apiVersion"] == resource.api_version:
        return entry
    return Entry({**entry.manifest, "apiVersion": resource.api_version})
