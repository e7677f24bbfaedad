"""Server-side apply: a manager's whole wish is merged, and what it no longer wishes goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from burgee.api.manifest import Manifest, metadata
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.resources import STATUS, Resource
from burgee.playground.kinds.shapes import shape_of
from burgee.playground.merging.apply import merged, without
from burgee.playground.merging.fields import (
    FieldSet,
    UndeclaredField,
    difference,
    dotted,
    owned,
    with_parents,
)
from burgee.playground.merging.managed import (
    APPLY,
    UNOWNED_METADATA,
    UPDATE,
    Owner,
    owners_of,
    projected,
    without_fields,
    written,
)

_METADATA = ("f:metadata",)
"""Every object has it: nobody owns it as such, and it never goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """An object after an apply, and who owns what then."""

    manifest: Manifest
    managed_fields: Sequence[Manifest]


def apply(
    resource: Resource,
    live: Manifest | None,
    config: Manifest,
    *,
    manager: str,
    force: bool,
    subresource: str,
    now: str,
) -> Applied:
    """Merge a configuration into an object as its manager's whole wish.

    Raises:
        ApiError: 409 where others own a field with another value and `force` is not given; 500
            for a field that the schema does not declare, as Kubernetes answers.
    """
    shape = shape_of(resource)
    wish = _wish(resource, config, subresource)
    try:
        mine = Owner(
            manager=manager,
            operation=APPLY,
            api_version=resource.api_version,
            subresource=subresource,
            time=now,
            fields=owned(shape, wish) - {_METADATA},
        )
    except UndeclaredField as e:
        name = metadata(config).get("name", "")
        message = (
            f"failed to create typed patch object ({metadata(config).get('namespace', '')}/{name}; "
            f"{resource.api_version}, Kind={resource.kind}): {e}"
        )
        raise ApiError(500, "InternalError", message) from e
    owners = _owners_before(resource, live)
    last = next((o for o in owners if o.is_same(mine)), None)
    others = [o for o in owners if not o.is_same(mine)]
    before = projected(live or {})
    after = merged(shape, before, wish)
    changed = difference(shape, before, after).changed
    clashes = [(o, o.fields & changed) for o in others if o.fields & changed]
    if clashes and not force:
        raise _clash(clashes)
    others = [without_fields(o, changed) for o in others]
    if last is not None and (gone := last.fields - mine.fields):
        kept = with_parents(shape, mine.fields.union(*(o.fields for o in others)))
        after = without(shape, after, with_parents(shape, gone) - kept - {_METADATA})
        lost = difference(shape, before, after).removed
        others = [without_fields(o, lost) for o in others]
    return _applied(live, before, after, config, [*others, mine], last)


def _applied(
    live: Manifest | None,
    before: Manifest,
    after: Manifest,
    config: Manifest,
    owners: list[Owner],
    last: Owner | None,
) -> Applied:
    known: list[Manifest] = metadata(live or {}).get("managedFields") or []
    unchanged = after == before and last is not None
    if unchanged and [o for o in owners if o.fields] == _reordered(owners_of(live or {}), owners):
        entries = known
    else:
        entries = written(owners)
    base = live or {}
    identity: Manifest = {k: config[k] for k in ("apiVersion", "kind") if k in config}
    system = {k: v for k, v in metadata(base).items() if k in UNOWNED_METADATA}
    named = {
        k: v
        for k, v in metadata(config).items()
        if k in {"name", "namespace", "uid", "resourceVersion"}
    }
    after = {**identity, **after, "metadata": {**system, **named, **after["metadata"]}}
    return Applied(manifest=after, managed_fields=entries)


def _reordered(entries: list[Owner], like: list[Owner]) -> list[Owner]:
    """The entries in the order of others that are the same but for their time."""
    return [e for o in like for e in entries if e.is_same(o)]


def _wish(resource: Resource, config: Manifest, subresource: str) -> Manifest:
    """What an apply through this face may say: the rest is ignored, and so is null."""
    wish = projected(_without_null(config))
    if subresource == STATUS:
        return {"metadata": {}, "status": wish.get("status", {})}
    if STATUS in resource.subresources:
        wish.pop("status", None)
    return wish


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_null(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_null(v) for v in value]
    return value


def _owners_before(resource: Resource, live: Manifest | None) -> list[Owner]:
    """The owners of what is there; fields that nobody owns were there before the first apply."""
    if live is None:
        return []
    owners = owners_of(live)
    if owners:
        return owners
    everything = owned(shape_of(resource), projected(live))
    return [
        Owner(
            manager="before-first-apply",
            operation=UPDATE,
            api_version=resource.api_version,
            fields=everything,
        )
    ]


def _clash(clashes: Sequence[tuple[Owner, FieldSet]]) -> ApiError:
    count = sum(len(fields) for _, fields in clashes)
    parts: list[str] = []
    causes: list[Manifest] = []
    for owner, fields in clashes:
        who = f'"{owner.manager}"'
        if owner.subresource:
            who += f' with subresource "{owner.subresource}"'
        if owner.operation == UPDATE:
            who += f" using {owner.api_version}"
        paths = [dotted(p) for p in sorted(fields)]
        told = f" {paths[0]}" if len(paths) == 1 else "".join(f"\n- {p}" for p in paths)
        parts.append(f"conflict{'s' if len(paths) > 1 else ''} with {who}:{told}")
        causes += [
            {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": p}
            for p in paths
        ]
    message = f"Apply failed with {count} conflict{'s' if count > 1 else ''}: {', '.join(parts)}"
    return ApiError(409, "Conflict", message, {"causes": causes})
