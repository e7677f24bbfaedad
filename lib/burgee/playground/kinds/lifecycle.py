"""What happens to an object's metadata and status on its way into the store. All pure."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from burgee.api.manifest import Manifest, metadata, name_of
from burgee.playground.kinds.apierror import MODIFIED, bad_request, conflict
from burgee.playground.kinds.resources import STATUS, Resource

_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes leaves out what could spell words or be mistaken."""

_SYSTEM_FIELDS = ("uid", "creationTimestamp", "name", "namespace")
_DELETION_FIELDS = ("deletionTimestamp", "deletionGracePeriodSeconds", "generation")


def clone(value: Any) -> Any:
    """A copy of JSON that shares nothing changeable."""
    if isinstance(value, dict):
        return {k: clone(v) for k, v in value.items()}
    if isinstance(value, list):
        return [clone(v) for v in value]
    return value


def timestamp(now: datetime) -> str:
    """RFC 3339 with whole seconds, as metadata has it."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_metadata(manifest: Mapping[str, Any], **fields: Any) -> Manifest:
    """The object with other metadata fields; None takes one away. The original stays as it is."""
    meta = {**metadata(manifest), **fields}
    return {**manifest, "metadata": {k: v for k, v in meta.items() if v is not None}}


def identified(resource: Resource, manifest: Manifest, namespace: str = "") -> Manifest:
    """The object with kind, apiVersion, name and namespace complete, checked against its kind.

    Args:
        resource: the kind it is meant to be.
        manifest: changed in place.
        namespace: from the URL; the object's own must not contradict.

    Raises:
        ApiError: 400 where they contradict or something is missing.
    """
    for field, wanted in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        given = manifest.setdefault(field, wanted)
        if given != wanted:
            raise bad_request(
                f"{manifest.get('kind')} in version {manifest.get('apiVersion')!r} cannot be "
                f"handled as a {resource.kind} of {resource.api_version}: {field} is {given!r}"
            )
    meta: Manifest = manifest.setdefault("metadata", {})
    if not resource.namespaced:
        meta.pop("namespace", None)
        return manifest
    wanted = namespace or meta.get("namespace") or "default"
    if meta.setdefault("namespace", wanted) != wanted:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return manifest


def named(manifest: Manifest) -> Manifest:
    """The object with a name, made from generateName where it has none. Changed in place."""
    meta: Manifest = manifest["metadata"]
    if not meta.get("name") and meta.get("generateName"):
        suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(5))
        meta["name"] = f"{meta['generateName']}{suffix}"
    return manifest


def born(resource: Resource, manifest: Manifest, uid: UUID, now: datetime) -> Manifest:
    """A new object with the fields that the server gives. Changed in place."""
    meta: Manifest = manifest["metadata"]
    for field in ("resourceVersion", "selfLink", "managedFields", *_DELETION_FIELDS):
        meta.pop(field, None)
    meta["uid"] = str(uid)
    meta["creationTimestamp"] = timestamp(now)
    if resource.generation:
        meta["generation"] = 1
    if STATUS in resource.subresources:
        manifest.pop("status", None)
    return manifest


def check_preconditions(resource: Resource, old: Manifest, new: Manifest) -> None:
    """Refuse a write that was made for another version, or for another object, than is stored.

    Raises:
        ApiError: 409.
    """
    was, given = metadata(old), metadata(new)
    group, plural = resource.key
    if given.get("uid", was["uid"]) != was["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {given['uid']}, "
            f"UID in object meta: {was['uid']}"
        )
        raise conflict(group, plural, name_of(old), why)
    version = str(given.get("resourceVersion") or was["resourceVersion"])
    if version != was["resourceVersion"]:
        raise conflict(group, plural, name_of(old), MODIFIED)


def replaced(resource: Resource, old: Manifest, new: Manifest, subresource: str) -> Manifest:
    """The object after a write, before defaults: only what this face may change is taken over.

    Args:
        resource: the kind.
        old: what is stored.
        new: what was sent; it may share parts with `old`.
        subresource: "" for the object itself, else "status".
    """
    if subresource == STATUS:
        found = {**old, "status": new.get("status")}
        return found if found["status"] is not None else _without(found, "status")
    found = {**new, "metadata": _kept_metadata(metadata(old), metadata(new))}
    found |= {"apiVersion": old["apiVersion"], "kind": old["kind"]}
    if STATUS in resource.subresources:
        return {**found, "status": old["status"]} if "status" in old else _without(found, "status")
    return found


def _without(manifest: Manifest, field: str) -> Manifest:
    return {k: v for k, v in manifest.items() if k != field}


def _kept_metadata(was: Manifest, given: Manifest) -> Manifest:
    """Metadata as given, but for what only the server sets."""
    meta = {k: v for k, v in given.items() if k not in _DELETION_FIELDS}
    kept = (*_SYSTEM_FIELDS, *_DELETION_FIELDS, "resourceVersion")
    meta |= {k: was[k] for k in kept if k in was}
    known = was.get("managedFields")
    # Where nothing changed, the stored list itself goes on: readers of it remember it.
    if known and (not meta.get("managedFields") or meta["managedFields"] == known):
        meta["managedFields"] = known
    if was.get("deletionTimestamp"):
        # An object that is being deleted takes no new finalizers.
        allowed: list[str] = was.get("finalizers") or []
        finalizers: list[str] = meta.get("finalizers") or []
        meta["finalizers"] = [f for f in finalizers if f in allowed]
    return meta


def next_generation(resource: Resource, old: Manifest, new: Manifest) -> int | None:
    """The generation after a write; None for kinds without one."""
    if not resource.generation:
        return None
    generation: int = metadata(old).get("generation", 1)
    return generation + 1 if _wish_changed(resource, old, new) else generation


def _wish_changed(resource: Resource, old: Manifest, new: Manifest) -> bool:
    if resource.custom:
        ignored = {"metadata", "apiVersion", "kind"}
        if STATUS in resource.subresources:
            ignored.add("status")
        fields = (old.keys() | new.keys()) - ignored
        return any(old.get(f) != new.get(f) for f in fields)
    if old.get("spec") != new.get("spec"):
        return True
    # A Deployment counts annotations as its wish: the controller copies them to ReplicaSets.
    return resource.key == ("apps", "deployments") and (
        (metadata(old).get("annotations") or {}) != (metadata(new).get("annotations") or {})
    )
