"""The embedded API server without its HTTP face: kinds, objects and the rules between them.

Objects that come out are shared with everybody: who wants to change one makes a copy. Reads are
lookups, without a lock and without a copy; writes are one at a time.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import uuid4

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.playground import lifecycle
from burgee.playground.apierror import (
    ApiError,
    Cause,
    already_exists,
    forbidden,
    invalid,
    not_found,
    unknown_path,
)
from burgee.playground.collector import Collector
from burgee.playground.database import Database, Key
from burgee.playground.patching import patched
from burgee.playground.resources import (
    BUILT_IN,
    CRD_KEY,
    NAMESPACE_KEY,
    SCALE,
    Resource,
    from_crd,
)
from burgee.playground.scale import scale_of, with_scale
from burgee.playground.query_selectors import label_filter
from burgee.playground.watches import Entry, Watch

__all__ = ["ApiError", "Resource", "Store", "Watch"]

Patch: TypeAlias = Manifest | list[Manifest]
Clock: TypeAlias = Callable[[], datetime]


class Store:
    """A cluster's objects. Safe to use from many threads."""

    def __init__(self, *, now: Clock | None = None) -> None:
        self._now = now or (lambda: datetime.now(UTC))
        self._db = Database()
        self._collector = Collector(self._db, self._now, self._removed)
        self._resources: dict[tuple[str, str], Resource] = {}
        for resource in BUILT_IN:
            self.register(resource)
        namespaces = self.resource("v1", "namespaces")
        for name in ("default", "kube-system"):
            self.create(namespaces, {"metadata": {"name": name}})

    # Kinds

    def register(self, resource: Resource) -> None:
        """Serve a kind from now on."""
        with self._db.lock:
            for name in (resource.kind, resource.plural):
                self._resources[resource.api_version, name] = resource

    def register_crd(self, crd: Manifest) -> None:
        """Create or replace a CustomResourceDefinition; its kind is served at once."""
        crds = self.resource("apiextensions.k8s.io/v1", "customresourcedefinitions")
        with self._db.lock:
            known = self._db.entry(CRD_KEY, "", name_of(crd))
            if known is None:
                self.create(crds, crd)
            else:
                version = metadata(known.manifest)["resourceVersion"]
                self.update(crds, lifecycle.with_metadata(crd, resourceVersion=version))

    def resource(self, api_version: str, kind_or_plural: str) -> Resource:
        """The kind by its name or plural.

        Raises:
            ApiError: 404 for a kind that is not served.
        """
        found = self._resources.get((api_version, kind_or_plural))
        if found is None:
            raise unknown_path()
        return found

    def resources(self) -> list[Resource]:
        """All kinds, each once per version."""
        with self._db.lock:
            return list({(r.api_version, r.plural): r for r in self._resources.values()}.values())

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
        """A stored object, not to be changed."""
        return self.entry(resource, namespace, name).manifest

    def entries(self, resource: Resource, namespace: str = "") -> tuple[list[Entry], int]:
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
            cause = Cause(
                field="metadata.name", message="Required value: name or generateName is required"
            )
            raise invalid(resource.group, resource.kind, "", [cause])
        with self._db.lock:
            self._check_namespace(resource, new)
            if self._db.entry(resource.key, namespace_of(new), name_of(new)):
                raise already_exists(*resource.key, name_of(new))
            new = lifecycle.born(resource, new, uuid4(), self._now())
            if dry_run:
                return new
            new["metadata"]["resourceVersion"] = str(self._db.next_version())
            self._db.put(resource.key, new)
            self._stored(resource, new)
            return new

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
        if subresource == SCALE:
            return self._rescale(resource, manifest, manager, dry_run=dry_run)
        new = lifecycle.identified(resource, lifecycle.clone(manifest))
        with self._db.lock:
            old = self.get(resource, namespace_of(new), name_of(new))
            return self._replace(resource, old, new, manager, subresource, dry_run=dry_run)

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
            expected: Manifest = {}
            if uid:
                expected["uid"] = uid
            if resource_version:
                expected["resourceVersion"] = resource_version
            lifecycle.check_preconditions(resource, old, {"metadata": expected})
            return self._collector.delete((resource.key, namespace_of(old), name), propagation)

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
            ApiError: 404, 409, 415, 422.
        """
        with self._db.lock:
            old = self.get(resource, namespace, name)
            shown = scale_of(resource, old) if subresource == SCALE else old
            new = patched(resource, shown, patch, content_type)
            if subresource == SCALE:
                return self._rescale(resource, new, manager, dry_run=dry_run)
            return self._replace(resource, old, new, manager, subresource, dry_run=dry_run)

    def scale(self, resource: Resource, namespace: str, name: str) -> Manifest:
        """The scale subresource of an object."""
        return scale_of(resource, self.get(resource, namespace, name))

    def _rescale(
        self, resource: Resource, scale: Manifest, manager: str, *, dry_run: bool
    ) -> Manifest:
        with self._db.lock:
            old = self.get(resource, namespace_of(scale), name_of(scale))
            new = with_scale(resource, old, scale)
            changed = self._replace(resource, old, new, manager, "", dry_run=dry_run)
            return scale_of(resource, changed)

    def _replace(
        self,
        resource: Resource,
        old: Manifest,
        new: Manifest,
        manager: str,
        subresource: str,
        *,
        dry_run: bool,
    ) -> Manifest:
        lifecycle.check_preconditions(resource, old, new)
        new = lifecycle.replaced(resource, old, new, subresource)
        if new == old:
            return old
        generation = lifecycle.next_generation(resource, old, new)
        if dry_run:
            return new
        version = str(self._db.next_version())
        new = lifecycle.with_metadata(new, generation=generation, resourceVersion=version)
        self._db.put(resource.key, new)
        meta = metadata(new)
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            place = (resource.key, namespace_of(new), name_of(new))
            if resource.key != NAMESPACE_KEY or not self._db.contents(name_of(new)):
                return self._collector.remove(place)
        self._stored(resource, new)
        return new

    def _check_namespace(self, resource: Resource, manifest: Manifest) -> None:
        if not resource.namespaced:
            return
        namespace = self._db.entry(NAMESPACE_KEY, "", namespace_of(manifest))
        if namespace is None:
            raise not_found(*NAMESPACE_KEY, namespace_of(manifest))
        if metadata(namespace.manifest).get("deletionTimestamp"):
            why = (
                f"unable to create new content in namespace {namespace_of(manifest)} "
                "because it is being terminated"
            )
            raise forbidden(*resource.key, name_of(manifest), why)

    def _stored(self, resource: Resource, manifest: Manifest) -> None:
        """What follows from a write."""
        if resource.key == CRD_KEY:
            for served in from_crd(manifest):
                self.register(served)
        self._collector.sweep((resource.key, namespace_of(manifest), name_of(manifest)))

    def _removed(self, key: Key, last: Manifest) -> None:
        """What follows from a removal: a CRD takes its objects and its kind along."""
        if key != CRD_KEY:
            return
        for served in from_crd(last):
            for entry in self._db.entries(served.key):
                meta = metadata(entry.manifest)
                self._collector.delete((served.key, meta.get("namespace", ""), meta["name"]))
            for name in (served.kind, served.plural):
                self._resources.pop((served.api_version, name), None)


def _as_version(resource: Resource, entry: Entry) -> Entry:
    """Objects are kept as they were written; another served version only changes the label."""
    if entry.manifest["apiVersion"] == resource.api_version:
        return entry
    return Entry({**entry.manifest, "apiVersion": resource.api_version})
