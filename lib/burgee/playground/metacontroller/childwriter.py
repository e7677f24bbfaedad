"""Children are written: deletes first, then server-side apply, one error stops nothing else.

Source: Metacontroller pkg/controller/common/manage_children.go with
--apply-strategy=server-side-apply. A child of a listed kind that was applied before, and whose
generation (or resourceVersion where it has no generation) did not move since, is skipped; a child
of an unlisted kind is never observed, so it is applied at every sync and never deleted.
"""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from burgee.api.manifest import Manifest, annotations_of, metadata, name_of, namespace_of
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.resources import Resource
from burgee.playground.machinery.atomic import MANAGER
from burgee.playground.metacontroller.claims import controller_reference
from burgee.playground.metacontroller.envelope import Grouped, SyncFailed, inner_key
from burgee.playground.metacontroller.faults import Faults
from burgee.playground.storage.store import Store

LAST_APPLIED = "metacontroller.k8s.io/last-applied-configuration"
_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
_SYSTEM_FIELDS = frozenset(
    {
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    }
)

Place: TypeAlias = tuple[str, str, str, str]
"""Group, kind, namespace and name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What was sent in the last apply of one child, and what the API server made of it."""

    digest: bytes
    uid: str
    generation: int
    version: str


class ChildrenFailed(SyncFailed):
    """Some children could not be written; the others were."""


class ChildWriter:
    """Writes the children of all parents of one controller.

    Args:
        store: where they are written.
        methods: the update method of each listed kind, by (apiVersion, kind).
        faults: may let single writes fail.
    """

    def __init__(
        self, store: Store, methods: Mapping[tuple[str, str], str], faults: Faults
    ) -> None:
        self._store = store
        self._methods = methods
        self._faults = faults
        self._lock = threading.Lock()
        self._applied: dict[Place, Applied] = {}

    def manage(self, parent: Manifest, observed: Grouped, desired: Grouped) -> None:
        """Delete what is observed and not desired, then create and update what is desired.

        Raises:
            ChildrenFailed: with every error, after everything was tried.
        """
        errors: list[str] = []
        for kind in sorted(observed, key=_order):
            wanted = desired.get(kind, {})
            for key, child in observed[kind].items():
                if key not in wanted and not metadata(child).get("deletionTimestamp"):
                    self._delete(kind, child, errors)
        for kind in sorted(desired, key=_order):
            seen = observed.get(kind, {})
            for key in self._faults.dice.shuffled("order", desired[kind]):
                self._update(kind, parent, desired[kind][key], seen.get(key), errors)
        if errors:
            raise ChildrenFailed("; ".join(errors))

    def _delete(self, kind: tuple[str, str], child: Manifest, errors: list[str]) -> None:
        namespace, name = namespace_of(child), name_of(child)
        try:
            resource = self._store.resource(*kind)
            self._break("child_failure")
            uid = str(metadata(child)["uid"])
            self._store.delete(resource, namespace, name, propagation="Background", uid=uid)
        except ApiError as error:
            if error.reason != "NotFound":
                errors.append(f"can't delete {kind[1]} {name}: {error}")
            return
        with self._lock:
            self._applied.pop((resource.group, resource.kind, namespace, name), None)

    def _update(
        self,
        kind: tuple[str, str],
        parent: Manifest,
        child: Manifest,
        seen: Manifest | None,
        errors: list[str],
    ) -> None:
        try:
            self._apply(self._store.resource(*kind), parent, child, seen)
        except ApiError as error:
            # Somebody else was faster: the next event brings the next sync. Nobody is told.
            if error.reason != "Conflict":
                errors.append(f"can't apply {kind[1]} {name_of(child)}: {error}")

    def _apply(
        self, resource: Resource, parent: Manifest, child: Manifest, seen: Manifest | None
    ) -> None:
        if seen is not None and metadata(seen).get("deletionTimestamp"):
            return
        body = _owned(_without_system_fields(child), parent)
        namespace, name = namespace_of(body), name_of(body)
        place = (resource.group, resource.kind, namespace, name)
        digest = _digest(body)
        if seen is not None:
            if self._unchanged(place, digest, seen):
                return
            if self._methods.get((resource.api_version, resource.kind)) != "InPlace":
                self._remember(place, digest, seen)
                return
            if LAST_APPLIED in annotations_of(seen):
                self._drop_last_applied(resource, namespace, name)
        self._break("child_conflict", status=409, reason="Conflict")
        self._break("child_failure")
        patched = self._store.patch(
            resource, namespace, name, body, content_type=_APPLY, manager=MANAGER, force=True
        )
        self._remember(place, digest, patched)

    def _drop_last_applied(self, resource: Resource, namespace: str, name: str) -> None:
        path = "/metadata/annotations/" + LAST_APPLIED.replace("/", "~1")
        patch: list[Manifest] = [{"op": "remove", "path": path}]
        self._store.patch(
            resource, namespace, name, patch, content_type=_JSON_PATCH, manager=MANAGER
        )

    def _unchanged(self, place: Place, digest: bytes, seen: Manifest) -> bool:
        with self._lock:
            last = self._applied.get(place)
        meta = metadata(seen)
        generation = int(meta.get("generation", 0))
        if last is None or last.uid != meta["uid"] or last.digest != digest:
            return False
        if generation == 0 and last.version != meta["resourceVersion"]:
            return False
        return last.generation == generation

    def _remember(self, place: Place, digest: bytes, answered: Manifest) -> None:
        meta = metadata(answered)
        applied = Applied(
            digest=digest,
            uid=meta["uid"],
            generation=int(meta.get("generation", 0)),
            version=meta["resourceVersion"],
        )
        with self._lock:
            self._applied[place] = applied

    def _break(self, fault: str, *, status: int = 500, reason: str = "InternalError") -> None:
        if self._faults.hit(fault):
            raise ApiError(status, reason, f"injected: {fault}")


def group_children(
    children: Iterable[Manifest], parent_namespace: str, listed: Iterable[tuple[str, str]]
) -> Grouped:
    """The desired children by kind and name; of two with one name the last wins.

    Args:
        children: as the hook answered; those without namespace get the parent's, in place.
        parent_namespace: empty for a cluster-scoped parent.
        listed: the kinds that must be there even when nothing is desired.
    """
    grouped: Grouped = {kind: {} for kind in listed}
    for child in children:
        meta = child["metadata"] = child.get("metadata") or {}
        if parent_namespace and not meta.get("namespace"):
            meta["namespace"] = parent_namespace
        kind = (str(child.get("apiVersion", "")), str(child["kind"]))
        grouped.setdefault(kind, {})[inner_key(child)] = child
    return grouped


def _order(kind: tuple[str, str]) -> tuple[str, str, str]:
    group, _, version = kind[0].rpartition("/")
    return group, version, kind[1]


def _without_system_fields(child: Manifest) -> Manifest:
    meta = {k: v for k, v in metadata(child).items() if k not in _SYSTEM_FIELDS}
    if LAST_APPLIED in annotations_of(child):
        meta["annotations"] = {k: v for k, v in meta["annotations"].items() if k != LAST_APPLIED}
    kept = {k: v for k, v in child.items() if k != "status"}
    return {**kept, "metadata": meta}


def _owned(child: Manifest, parent: Manifest) -> Manifest:
    meta = metadata(child)
    owners: list[Manifest] = meta.get("ownerReferences") or []
    reference = controller_reference(parent)
    if any(owner.get("uid") == reference["uid"] for owner in owners):
        return child
    return {**child, "metadata": {**meta, "ownerReferences": [*owners, reference]}}


def _digest(body: Manifest) -> bytes:
    return hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=16).digest()
