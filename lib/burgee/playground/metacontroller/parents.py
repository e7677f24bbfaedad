"""What is written to a parent: its finalizer and its status."""

from collections.abc import Callable
from typing import Any

from burgee.api.manifest import Manifest, metadata
from burgee.playground.kinds.apierror import ApiError, conflict
from burgee.playground.kinds.resources import Resource
from burgee.playground.machinery.atomic import update_live, with_metadata
from burgee.playground.metacontroller.faults import Faults
from burgee.playground.storage.store import Store

_GC_FINALIZERS = frozenset({"foregroundDeletion", "orphan"})


def has_finalizer(parent: Manifest, finalizer: str) -> bool:
    """Whether a parent carries the finalizer."""
    return finalizer in (metadata(parent).get("finalizers") or ())


def may_manage_children(parent: Manifest, finalizer: str, *, finalize_hook: bool) -> bool:
    """Whether children are written: not for a parent that goes away without us."""
    if "deletionTimestamp" not in metadata(parent):
        return True
    if _GC_FINALIZERS & set(metadata(parent).get("finalizers") or ()):
        return False
    return finalize_hook and has_finalizer(parent, finalizer)


class ParentWriter:
    """Writes the parents of one controller.

    Args:
        store: where they are.
        resource: their kind.
        finalizer: ours.
        finalize_hook: whether the controller has one; without it the finalizer is taken off.
        faults: may let a status be lost.
    """

    def __init__(
        self,
        store: Store,
        resource: Resource,
        *,
        finalizer: str,
        finalize_hook: bool,
        faults: Faults,
    ) -> None:
        self._store = store
        self._resource = resource
        self._finalizer = finalizer
        self._finalize_hook = finalize_hook
        self._faults = faults

    def sync_finalizer(self, parent: Manifest) -> Manifest:
        """Put the finalizer on or take it off as the controller has a finalize hook or not.

        Returns:
            The parent as it was, or the live one where something was written.
        """
        if has_finalizer(parent, self._finalizer) == self._finalize_hook:
            return parent
        if not self._finalize_hook:
            return self.remove_finalizer(parent)
        if "deletionTimestamp" in metadata(parent):
            return parent
        return update_live(self._store, self._resource, parent, self._with_finalizer)

    def remove_finalizer(self, parent: Manifest) -> Manifest:
        """Take the finalizer off the live parent."""
        return update_live(self._store, self._resource, parent, self._without_finalizer)

    def write_status(self, parent: Manifest, status: Manifest | None) -> str | None:
        """Replace the status of the live parent, with the generation that the hook was shown.

        Returns:
            The resourceVersion after the write, None where nobody is told that it failed: the
            parent is gone or every try met a conflict.

        Raises:
            ApiError: any other refusal.
        """
        wanted = dict(status or {})
        wanted["observedGeneration"] = int(metadata(parent).get("generation", 0))
        try:
            live = update_live(
                self._store,
                self._resource,
                parent,
                self._with_status(wanted),
                subresource="status" if "status" in self._resource.subresources else "",
            )
        except ApiError as error:
            if error.reason in {"NotFound", "Conflict"}:
                return None
            raise
        return str(metadata(live)["resourceVersion"])

    def _with_status(self, wanted: Manifest) -> Callable[[Manifest], Manifest | None]:
        lost = self._faults.hit("status_conflict")
        refused = self._faults.hit("status_failure")

        def change(live: Manifest) -> Manifest | None:
            if same_json(live.get("status"), wanted):
                return None
            if lost:
                name = metadata(live)["name"]
                raise conflict(*self._resource.key, name, "injected: status_conflict")
            if refused:
                raise ApiError(500, "InternalError", "injected: status_failure")
            return {**live, "status": wanted}

        return change

    def _with_finalizer(self, live: Manifest) -> Manifest | None:
        held: list[str] = metadata(live).get("finalizers") or []
        if self._finalizer in held:
            return None
        return with_metadata(live, finalizers=[*held, self._finalizer])

    def _without_finalizer(self, live: Manifest) -> Manifest | None:
        held: list[str] = metadata(live).get("finalizers") or []
        if self._finalizer not in held:
            return None
        return with_metadata(live, finalizers=[f for f in held if f != self._finalizer])


def same_json(left: Any, right: Any) -> bool:
    """Equality as Go sees it after decoding: 7 and 7.0 differ, and so do 1 and true."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same_json(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)
