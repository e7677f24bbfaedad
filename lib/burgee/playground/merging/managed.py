"""managedFields: who owns which field, and what an update changes about that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from burgee.api.manifest import Manifest, metadata
from burgee.playground.kinds.resources import Resource
from burgee.playground.kinds.shapes import shape_of
from burgee.playground.merging.fields import (
    NONE,
    FieldSet,
    difference,
    from_fields_v1,
    to_fields_v1,
)

APPLY, UPDATE = "Apply", "Update"

UNOWNED_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """One entry of managedFields."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = field(default="", compare=False)
    fields: FieldSet = NONE
    source: Manifest | None = field(default=None, compare=False)
    """The entry that this was read from, while it says the same."""

    def is_same(self, other: "Owner") -> bool:
        """Whether both are one entry at different times."""
        mine = (self.manager, self.operation, self.subresource)
        theirs = (other.manager, other.operation, other.subresource)
        return mine == theirs and (
            self.operation == APPLY or self.api_version == other.api_version
        )


def owners_of(manifest: Mapping[str, Any]) -> list[Owner]:
    """The entries of an object's managedFields."""
    entries: list[Manifest] = metadata(manifest).get("managedFields") or []
    return [_read(e) for e in entries if e]


_REMEMBERED = 8192
_known: dict[int, Owner] = {}
"""Owners by the identity of their entries, which are never changed once they are stored."""


def _read(entry: Manifest) -> Owner:
    known = _known.get(id(entry))
    if known is not None and known.source is entry:
        return known
    owner = Owner(
        manager=entry.get("manager", ""),
        operation=entry.get("operation", UPDATE),
        api_version=entry.get("apiVersion", ""),
        subresource=entry.get("subresource", ""),
        time=entry.get("time", ""),
        fields=from_fields_v1(entry.get("fieldsV1") or {}),
        source=entry,
    )
    if len(_known) >= _REMEMBERED:
        _known.clear()
    _known[id(entry)] = owner
    return owner


def written(owners: Iterable[Owner]) -> list[Manifest]:
    """The entries as managedFields holds them; who owns nothing is left out."""
    return [_entry(o) for o in owners if o.fields]


def _entry(owner: Owner) -> Manifest:
    if owner.source is not None:
        return owner.source
    entry: Manifest = {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": owner.api_version,
        "time": owner.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": to_fields_v1(owner.fields),
    }
    if owner.subresource:
        entry["subresource"] = owner.subresource
    return entry


def projected(manifest: Mapping[str, Any]) -> Manifest:
    """The part of an object that can be owned."""
    found = {k: v for k, v in manifest.items() if k not in {"apiVersion", "kind"}}
    found["metadata"] = {k: v for k, v in metadata(manifest).items() if k not in UNOWNED_METADATA}
    return found


def after_update(
    resource: Resource,
    old: Manifest | None,
    new: Manifest,
    *,
    manager: str,
    subresource: str,
    now: str,
) -> list[Manifest]:
    """The managedFields after a create, an update or a patch (which owns what it changed).

    Entries that the writer sent along count as the ones to start from, as in Kubernetes, so that
    tools can move ownership; a single empty entry clears them.
    """
    before: Manifest = old or {"metadata": {}, **({} if resource.custom else {"spec": {}})}
    entries: list[Manifest] = metadata(new).get("managedFields") or []
    if entries == [{}]:
        return []
    owners = owners_of(new if entries else before)
    diff = difference(shape_of(resource), projected(before), projected(new))
    if not diff.changed and not diff.removed:
        return entries or (metadata(before).get("managedFields") or [])
    mine = Owner(
        manager=manager,
        operation=UPDATE,
        api_version=resource.api_version,
        subresource=subresource,
        time=now,
    )
    others: list[Owner] = []
    for owner in owners:
        if owner.is_same(mine):
            mine = replace(mine, fields=owner.fields)
        else:
            others.append(without_fields(owner, diff.changed | diff.removed))
    mine = replace(mine, fields=(mine.fields | diff.changed) - diff.removed)
    return written([*others, mine])


def without_fields(owner: Owner, fields: FieldSet) -> Owner:
    """The owner after others took some of its fields, or nobody has them any more."""
    if owner.fields.isdisjoint(fields):
        return owner
    return replace(owner, fields=owner.fields - fields, source=None)
