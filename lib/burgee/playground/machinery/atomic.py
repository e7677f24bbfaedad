"""Read-modify-write of a live object, retried on conflicts.

Source: Metacontroller pkg/dynamic/clientset/clientset.go, AtomicUpdate and AtomicStatusUpdate:
the object that the caller has only says which one is meant; what is changed is the live one.
"""

import time
from collections.abc import Callable

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.playground.kinds.apierror import ApiError, not_found
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store

MANAGER = "metacontroller"
_PAUSES_SECONDS = (0.010, 0.050, 0.250)


def update_live(
    store: Store,
    resource: Resource,
    meant: Manifest,
    change: Callable[[Manifest], Manifest | None],
    *,
    subresource: str = "",
) -> Manifest:
    """Change the live object that has the identity of `meant`.

    Args:
        store: where it is.
        resource: its kind.
        meant: gives namespace, name and uid.
        change: makes the new object from the live one without touching it; None leaves it.
        subresource: `status` or empty.

    Returns:
        The object as it is now.

    Raises:
        ApiError: NotFound also when the live object is another one of the same name; Conflict
            when four tries met one.
    """
    for pause in (*_PAUSES_SECONDS, None):
        live = store.get(resource, namespace_of(meant), name_of(meant))
        if metadata(live).get("uid") != metadata(meant).get("uid"):
            raise not_found(resource.group, resource.plural, name_of(meant))
        changed = change(live)
        if changed is None:
            return live
        try:
            return store.update(resource, changed, manager=MANAGER, subresource=subresource)
        except ApiError as error:
            if error.reason != "Conflict" or pause is None:
                raise
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def with_metadata(manifest: Manifest, **fields: object) -> Manifest:
    """A copy whose metadata has other values; the rest is shared."""
    meta = {**metadata(manifest), **fields}
    return {**manifest, "metadata": {k: v for k, v in meta.items() if v not in (None, [])}}
