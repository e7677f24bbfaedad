"""Which objects are a parent's children: claim, adopt, release.

Source: Metacontroller pkg/third_party/kubernetes/controller_ref_manager.go. With a generated
selector the label `controller-uid` decides beside the controller's ownerReference.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from burgee.api.manifest import Manifest, controller_uid, labels_of, metadata
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.object_selectors import matches
from burgee.playground.kinds.resources import Resource
from burgee.playground.machinery.atomic import update_live, with_metadata
from burgee.playground.metacontroller.envelope import SyncFailed
from burgee.playground.storage.store import Store

UID_LABEL = "controller-uid"


class NotAdoptable(SyncFailed):
    """The live parent is going away or is another one: it may not adopt."""


class Claim(StrEnum):
    """What is to happen to a candidate."""

    IGNORE = "ignore"
    KEEP = "keep"
    RELEASE = "release"
    ADOPT = "adopt"


def decide(
    candidate: Manifest, *, parent_uid: str, parent_deleting: bool, selector: Mapping[str, Any]
) -> Claim:
    """What is to happen to a candidate.

    Args:
        candidate: an object of a listed kind in the parent's namespace.
        parent_uid: the parent's uid.
        parent_deleting: whether the parent is being deleted; then nothing changes hands.
        selector: the parent's selector for children.
    """
    owner, matching = controller_uid(candidate), matches(selector, labels_of(candidate))
    if owner and owner != parent_uid:
        return Claim.IGNORE
    if owner:
        if matching:
            return Claim.KEEP
        return Claim.IGNORE if parent_deleting else Claim.RELEASE
    going = parent_deleting or metadata(candidate).get("deletionTimestamp")
    return Claim.ADOPT if matching and not going else Claim.IGNORE


def generated_selector(parent: Manifest) -> Manifest:
    """The selector that `generateSelector: true` gives."""
    return {"matchLabels": {UID_LABEL: metadata(parent)["uid"]}}


def controller_reference(parent: Manifest) -> Manifest:
    """The ownerReference that marks a child of `parent`."""
    return {
        "apiVersion": parent["apiVersion"],
        "kind": parent["kind"],
        "name": metadata(parent)["name"],
        "uid": metadata(parent)["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


class Claimer:
    """Claims the children of one parent, with the writes that this takes.

    Args:
        store: where objects are written.
        parents: the kind of the parent.
        parent: as the cache has it.
        selector: its selector for children.
    """

    def __init__(
        self, store: Store, parents: Resource, parent: Manifest, selector: Mapping[str, Any]
    ) -> None:
        self._store = store
        self._parents = parents
        self._parent = parent
        self._selector = selector
        self._may_adopt = False

    def claim(self, resource: Resource, candidates: Iterable[Manifest]) -> list[Manifest]:
        """The candidates of one kind that are children, after adopting and releasing.

        Raises:
            ApiError: a write failed for another reason than that the object is gone.
            NotAdoptable: there is something to adopt and the live parent may not.
        """
        meta = metadata(self._parent)
        found: list[Manifest] = []
        for candidate in candidates:
            claim = decide(
                candidate,
                parent_uid=meta["uid"],
                parent_deleting="deletionTimestamp" in meta,
                selector=self._selector,
            )
            kept = self._carry_out(claim, resource, candidate)
            if kept is not None:
                found.append(kept)
        return found

    def _carry_out(self, claim: Claim, resource: Resource, candidate: Manifest) -> Manifest | None:
        try:
            match claim:
                case Claim.IGNORE:
                    return None
                case Claim.KEEP:
                    return candidate
                case Claim.RELEASE:
                    update_live(self._store, resource, candidate, self._without_reference)
                    return None
                case Claim.ADOPT:
                    self._check_live_parent()
                    return update_live(self._store, resource, candidate, self._with_reference)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
            return None

    def _check_live_parent(self) -> None:
        if self._may_adopt:
            return
        meta = metadata(self._parent)
        live = metadata(self._store.get(self._parents, meta.get("namespace", ""), meta["name"]))
        if live["uid"] != meta["uid"] or "deletionTimestamp" in live:
            raise NotAdoptable(f"{meta['name']} was deleted or replaced meanwhile")
        self._may_adopt = True

    def _with_reference(self, live: Manifest) -> Manifest:
        owners: list[Manifest] = metadata(live).get("ownerReferences") or []
        return with_metadata(live, ownerReferences=[*owners, controller_reference(self._parent)])

    def _without_reference(self, live: Manifest) -> Manifest | None:
        owners: list[Manifest] = metadata(live).get("ownerReferences") or []
        uid = metadata(self._parent)["uid"]
        kept = [owner for owner in owners if owner.get("uid") != uid]
        return with_metadata(live, ownerReferences=kept) if len(kept) != len(owners) else None
