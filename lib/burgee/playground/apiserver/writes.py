"""Writing over HTTP."""

from burgee.api.manifest import Manifest, metadata, name_of
from burgee.playground.apiserver.addresses import Address
from burgee.playground.apiserver.httpd import Answer, Request
from burgee.playground.apiserver.wire import (
    body_of,
    chosen,
    encoded,
    is_dry,
    manager_of,
    object_of,
    warnings_for,
)
from burgee.playground.kinds.apierror import ApiError, bad_request
from burgee.playground.kinds.lifecycle import with_metadata
from burgee.playground.merging.patching import APPLY, MERGE
from burgee.playground.storage.store import Store


def create(store: Store, place: Address, request: Request) -> Answer:
    """A new object."""
    manifest = object_of(request)
    warnings = warnings_for(request, place.resource, manifest)
    created = store.create(
        place.resource,
        manifest,
        manager=manager_of(request),
        namespace=place.namespace,
        dry_run=is_dry(request),
    )
    return encoded(201, created, warnings)


def update(store: Store, place: Address, request: Request) -> Answer:
    """A whole object, status or scale instead of the stored one."""
    manifest = object_of(request)
    meta: Manifest = manifest.setdefault("metadata", {})
    if meta.setdefault("name", place.name) != place.name:
        raise bad_request(
            f"the name of the object ({name_of(manifest)}) does not match the name on the URL "
            f"({place.name})"
        )
    if place.resource.namespaced and (
        meta.setdefault("namespace", place.namespace) != place.namespace
    ):
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    warnings = [] if place.subresource else warnings_for(request, place.resource, manifest)
    updated = store.update(
        place.resource,
        manifest,
        manager=manager_of(request),
        subresource=place.subresource,
        dry_run=is_dry(request),
    )
    return encoded(200, updated, warnings)


def patch(store: Store, place: Address, request: Request) -> Answer:
    """A patch of any type."""
    patch = body_of(request)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    warnings: list[str] = []
    if content_type == MERGE and not place.subresource:
        warnings = warnings_for(request, place.resource, patch)
    known = content_type != APPLY or _exists(store, place)
    changed = store.patch(
        place.resource,
        place.namespace,
        place.name,
        patch,
        content_type=content_type,
        manager=_applier(request, content_type),
        force=request.query.get("force") == "true",
        subresource=place.subresource,
        dry_run=is_dry(request),
    )
    return encoded(200 if known else 201, changed, warnings)


def _exists(store: Store, place: Address) -> bool:
    try:
        store.entry(place.resource, place.namespace, place.name)
    except ApiError:
        return False
    return True


def _applier(request: Request, content_type: str) -> str:
    """An apply must name its manager; for everything else the program's name will do."""
    if content_type == APPLY:
        return request.query.get("fieldManager", "")
    return manager_of(request)


def delete(store: Store, place: Address, request: Request) -> Answer:
    """One object."""
    options: Manifest = object_of(request) if request.body else {}
    preconditions: Manifest = options.get("preconditions") or {}
    if is_dry(request) or options.get("dryRun"):
        return _gone(place, store.get(place.resource, place.namespace, place.name))
    last = store.delete(
        place.resource,
        place.namespace,
        place.name,
        propagation=_propagation(request, options),
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
    )
    if metadata(last).get("deletionTimestamp"):
        return encoded(200, last)
    return _gone(place, last)


def _propagation(request: Request, options: Manifest) -> str:
    if options.get("orphanDependents"):
        return "Orphan"
    given = options.get("propagationPolicy") or request.query.get("propagationPolicy")
    return given or "Background"


def _gone(place: Address, last: Manifest) -> Answer:
    details = {"name": name_of(last), "kind": place.resource.plural, "uid": metadata(last)["uid"]}
    if place.resource.group:
        details["group"] = place.resource.group
    return encoded(
        200,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        },
    )


def delete_collection(store: Store, place: Address, request: Request) -> Answer:
    """All that the selectors choose."""
    options: Manifest = object_of(request) if request.body else {}
    matches = chosen(place, request)
    entries, version = store.entries(place.resource, place.namespace)
    gone = [e.manifest for e in entries if matches is None or matches(e.manifest)]
    for manifest in gone:
        meta = metadata(manifest)
        propagation = _propagation(request, options)
        namespace = meta.get("namespace", "")
        store.delete(place.resource, namespace, meta["name"], propagation=propagation)
    listed: Manifest = {
        "kind": f"{place.resource.kind}List",
        "apiVersion": place.resource.api_version,
        "items": gone,
    }
    return encoded(200, with_metadata(listed, resourceVersion=str(version)))
