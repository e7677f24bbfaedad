"""Tables: what the API server answers when `kubectl get` asks for something to print."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from burgee.api.manifest import Manifest, name_of
from burgee.playground.apiserver.durations import age
from burgee.playground.apiserver.jsonpath import find
from burgee.playground.apiserver.table_columns import LAYOUTS, PLAIN, Cells, Layout, born
from burgee.playground.kinds.resources import Column, Resource

_AGE = Column(name="Age", type="date", json_path=".metadata.creationTimestamp")
_NUMBERS = frozenset({"integer", "number"})


def table(
    resource: Resource,
    manifests: Iterable[Manifest],
    now: datetime,
    *,
    version: str = "",
    include: str = "Metadata",
    headed: bool = True,
) -> Manifest:
    """A meta.k8s.io/v1 Table.

    Args:
        resource: the kind, which decides the columns.
        manifests: one row each.
        now: what ages are counted to.
        version: the resourceVersion of the list.
        include: what of the object goes along: None, Metadata or Object.
        headed: whether the columns are described; a watch does so once.
    """
    columns = _columns(resource)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version} if version else {},
        "columnDefinitions": columns if headed else None,
        "rows": [
            {"cells": [name_of(m), *_cells(resource, m, now)], "object": _included(m, include)}
            for m in manifests
        ],
    }


def _included(manifest: Manifest, include: str) -> Manifest | None:
    match include:
        case "Object":
            return manifest
        case "None":
            return None
        case _:
            return {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": manifest.get("metadata"),
            }


def _definition(
    name: str, *, priority: int = 0, type_: str = "string", text: str = ""
) -> Manifest:
    form = "name" if name == "Name" else ""
    return {
        "name": name,
        "type": type_,
        "format": form,
        "description": text,
        "priority": priority,
    }


def _custom(resource: Resource) -> tuple[Column, ...]:
    return resource.columns or (_AGE,)


def _layout(resource: Resource) -> Layout:
    return LAYOUTS.get(resource.plural, PLAIN)


def _columns(resource: Resource) -> list[Manifest]:
    first = _definition("Name", text="Name must be unique within a namespace.")
    if resource.custom:
        return [first] + [
            _definition(c.name, priority=c.priority, type_=c.type, text=c.description)
            for c in _custom(resource)
        ]
    layout = _layout(resource)
    return [
        first,
        *(_definition(c) for c in layout.columns),
        *(_definition(c, priority=1) for c in layout.wide),
    ]


def _cells(resource: Resource, manifest: Manifest, now: datetime) -> Cells:
    if resource.custom:
        return [_custom_cell(c, manifest, now) for c in _custom(resource)]
    return _layout(resource).cells(manifest, now)


def _custom_cell(column: Column, manifest: Manifest, now: datetime) -> Any:
    if column.json_path == _AGE.json_path:
        return born(manifest, now)
    found = find(column.json_path, manifest)
    if not found or found[0] is None:
        return None
    value = found[0]
    if column.type == "date":
        return age(str(value), now)
    if column.type in _NUMBERS and isinstance(value, (int, float)):
        return value
    if isinstance(value, bool):
        return str(value).lower() if column.type == "string" else value
    return value if isinstance(value, str) else str(value)
