"""Metacontroller's v2 bodies: what is sent to a hook and what may come back.

Objects are grouped by `Kind.version` (core) or `Kind.group/version`, and inside a group by
`namespace/name`, or by name alone where they have no namespace. A group that was asked for is
there even when it is empty.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from burgee.api.manifest import Manifest, name_of, namespace_of

Grouped: TypeAlias = dict[tuple[str, str], dict[str, Manifest]]
"""(apiVersion, kind) -> `namespace/name` -> object."""


class SyncFailed(Exception):
    """A sync that ends early: told as an Event on the parent, and tried again with back-off."""


class InvalidHookAnswer(SyncFailed):
    """The body of a 200 answer is not what the hook may answer."""


class FatalAnswer(Exception):
    """An answer that makes the whole Metacontroller process exit: a null child."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncAnswer:
    """A decoded answer of the sync or the finalize hook."""

    status: Manifest | None
    children: tuple[Manifest, ...]
    resync_after_seconds: float
    finalized: bool


def inner_key(manifest: Mapping[str, Any]) -> str:
    """The key of an object inside its group."""
    namespace = namespace_of(manifest)
    return f"{namespace}/{name_of(manifest)}" if namespace else name_of(manifest)


def group_key(api_version: str, kind: str) -> str:
    """The key of a group of objects: `Kind.v1` or `Kind.group/version`."""
    return f"{kind}.{api_version}"


def sync_body(
    *,
    controller: Manifest,
    parent: Manifest,
    children: Grouped,
    related: Grouped,
    finalizing: bool,
) -> bytes:
    """The request of the sync and of the finalize hook."""
    return _encode(
        {
            "controller": controller,
            "parent": parent,
            "children": _named(children),
            "related": _named(related),
            "finalizing": finalizing,
        }
    )


def customize_body(*, controller: Manifest, parent: Manifest) -> bytes:
    """The request of the customize hook."""
    return _encode({"controller": controller, "parent": parent})


def decode_sync(body: bytes) -> SyncAnswer:
    """Decode an answer of sync or finalize, strictly at the top level as v2 demands.

    Raises:
        InvalidHookAnswer: no JSON object, an unknown or repeated field, a wrong type, or a child
            without kind.
        FatalAnswer: a null child.
    """
    fields = decode_object(body, {"status", "children", "resyncAfterSeconds", "finalized"})
    status = _typed(fields, "status", dict)
    children: list[Any] = _typed(fields, "children", list) or []
    after = _typed(fields, "resyncAfterSeconds", (int, float)) or 0.0
    finalized = _typed(fields, "finalized", bool) or False
    for child in children:
        if child is not None:
            _check_child(child)
    if None in children:
        raise FatalAnswer("a child is null")
    return SyncAnswer(
        status=status,
        children=tuple(children),
        resync_after_seconds=float(after),
        finalized=bool(finalized),
    )


def decode_object(body: bytes, allowed: Iterable[str]) -> Manifest:
    """A JSON object with no other top-level fields than `allowed` and none of them twice."""
    repeated = False

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # The outermost object is finished last, so its verdict is the one that remains.
        nonlocal repeated
        found = dict(pairs)
        repeated = len(found) != len(pairs)
        return found

    try:
        decoded = json.loads(body, object_pairs_hook=collect, parse_float=_number)
    except ValueError as error:
        raise InvalidHookAnswer(f"the answer is no JSON: {error}") from error
    if decoded is None:
        return {}
    if not isinstance(decoded, dict):
        raise InvalidHookAnswer("the answer is no JSON object")
    unknown = sorted(set(decoded) - set(allowed))
    if unknown or repeated:
        raise InvalidHookAnswer(f"unknown fields {unknown}" if unknown else "a repeated field")
    return decoded


def _number(text: str) -> float:
    """A number as it is after Go has read and written it again: 7.0 becomes 7."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _encode(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def _named(grouped: Grouped) -> dict[str, dict[str, Manifest]]:
    return {group_key(*key): objects for key, objects in grouped.items()}


def _typed(fields: Manifest, name: str, wanted: type | tuple[type, ...]) -> Any:
    value = fields.get(name)
    is_flag = isinstance(value, bool) and wanted is not bool
    if value is not None and (is_flag or not isinstance(value, wanted)):
        raise InvalidHookAnswer(f"{name} has a wrong type")
    return value


def _check_child(child: object) -> None:
    """Refuse a child that does not even have the outline of an object."""
    if not isinstance(child, dict) or not isinstance(child.get("kind"), str) or not child["kind"]:
        raise InvalidHookAnswer("a child is no object with a kind")
    meta = child.get("metadata") or {}
    if not isinstance(meta, dict):
        raise InvalidHookAnswer(f"the metadata of a child {child['kind']} is no object")
    for field, wanted in (("labels", dict), ("annotations", dict), ("ownerReferences", list)):
        if not isinstance(meta.get(field) or wanted(), wanted):
            raise InvalidHookAnswer(f"{field} of a child {child['kind']} has a wrong type")
