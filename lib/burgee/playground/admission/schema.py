"""Structural schemas of CRDs: unknown fields are pruned, missing ones get their defaults."""

from collections.abc import Iterator, Mapping
from typing import Any

from burgee.api.manifest import Manifest
from burgee.playground.kinds.lifecycle import clone

_IDENTITY = frozenset({"apiVersion", "kind", "metadata"})


def pruned(schema: Mapping[str, Any], value: Any, *, root: bool = False) -> Any:
    """The value without fields that the schema does not declare.

    Args:
        schema: structural.
        value: JSON.
        root: the value is a whole object: apiVersion, kind and metadata are always known.
    """
    if isinstance(value, dict):
        return _pruned_map(schema, value, root=root)
    if isinstance(value, list):
        items: Manifest = schema.get("items") or {}
        return [pruned(items, v) for v in value]
    return value


def _pruned_map(
    schema: Mapping[str, Any], value: Mapping[str, Any], *, root: bool
) -> dict[str, Any]:
    properties: Mapping[str, Any] = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    open_ = additional is True or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    embedded = root or bool(schema.get("x-kubernetes-embedded-resource"))
    result: dict[str, Any] = {}
    for name, part in value.items():
        if embedded and name in _IDENTITY:
            result[name] = part
        elif name in properties:
            result[name] = pruned(properties[name], part)
        elif isinstance(additional, Mapping):
            result[name] = pruned(additional, part)
        elif open_:
            result[name] = part
    return result


def defaulted(schema: Mapping[str, Any], value: Any) -> Any:
    """The value with the schema's defaults for what is missing."""
    if isinstance(value, dict):
        return _defaulted_map(schema, value)
    if isinstance(value, list):
        items: Manifest = schema.get("items") or {}
        return [defaulted(items, v) for v in value]
    return value


def _defaulted_map(schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    properties: Mapping[str, Any] = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    result: dict[str, Any] = dict(value)
    for name, below in properties.items():
        missing = name not in result or (result[name] is None and not below.get("nullable"))
        if missing and "default" in below:
            result[name] = clone(below["default"])
        if name in result:
            result[name] = defaulted(below, result[name])
    if isinstance(additional, Mapping):
        for name in result.keys() - properties.keys():
            result[name] = defaulted(additional, result[name])
    return result


def unknown_fields(
    schema: Mapping[str, Any], value: Any, path: str = "", *, root: bool = False
) -> Iterator[str]:
    """The paths of all fields that pruning would take away."""
    if isinstance(value, list):
        items: Manifest = schema.get("items") or {}
        for index, part in enumerate(value):
            yield from unknown_fields(items, part, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    kept = _pruned_map(schema, value, root=root)
    properties: Mapping[str, Any] = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    for name, part in value.items():
        place = f"{path}.{name}" if path else name
        if name not in kept:
            yield place
        elif name in properties and not (root and name in _IDENTITY):
            yield from unknown_fields(properties[name], part, place)
        elif isinstance(additional, Mapping):
            yield from unknown_fields(additional, part, place)
