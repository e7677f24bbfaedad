"""Sets of fields: what somebody owns, what a write changes, and their form in managedFields.

A path is a tuple of elements as fieldsV1 writes them: `f:name` for a field, `k:{...}` for an
item by its keys, `v:...` for an item of a set.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from burgee.playground.kinds.apierror import bad_request
from burgee.playground.kinds.shapes import Shape

Path: TypeAlias = tuple[str, ...]
FieldSet: TypeAlias = frozenset[Path]

NONE: FieldSet = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What a write did: `changed` holds new and altered fields."""

    changed: FieldSet
    removed: FieldSet


def element(shape: Shape, item: Any) -> str:
    """The path element of an item of a keyed list or set.

    Raises:
        ApiError: 400 for an item without its key.
    """
    if not shape.keys:
        return f"v:{json.dumps(item, separators=(',', ':'))}"
    keys: list[tuple[str, Any]] = []
    for key in shape.keys:
        value = item.get(key) if isinstance(item, Mapping) else None
        if value is None:
            value = shape.key_default(key)
        if value is None:
            raise bad_request(f"associative list with keys has an element that omits {key!r}")
        keys.append((key, value))
    return _keyed(tuple(keys))


@lru_cache(maxsize=8192)
def _keyed(keys: tuple[tuple[str, Any], ...]) -> str:
    return f"k:{json.dumps(dict(sorted(keys)), separators=(',', ':'))}"


def below(shape: Shape, name: str, path: Path) -> Shape:
    """The shape of a field.

    Raises:
        UndeclaredField: the schema has no such field.
    """
    found = shape.field(name)
    if found is None:
        raise UndeclaredField(f"{dotted((*path, f'f:{name}'))}: field not declared in schema")
    return found


class UndeclaredField(ValueError):
    """A field that the schema does not declare."""


def owned(shape: Shape, value: Any, path: Path = ()) -> FieldSet:
    """The fields that an applied configuration claims: its leaves, and its items."""
    found: set[Path] = set()
    _collect(shape, value, path, found, containers=False)
    return frozenset(found)


def _collect(shape: Shape, value: Any, path: Path, found: set[Path], *, containers: bool) -> None:
    if isinstance(value, dict) and value and shape.granular:
        if containers:
            found.add(path)
        for name, part in value.items():
            place = (*path, f"f:{name}")
            if not shape.declares(name):
                found.add(place)
            _collect(below(shape, name, path), part, place, found, containers=containers)
    elif isinstance(value, list) and value and shape.keys is not None:
        if containers:
            found.add(path)
        for part in value:
            place = (*path, element(shape, part))
            found.add(place)
            if shape.keys:
                _collect(shape.item(), part, place, found, containers=containers)
    else:
        found.add(path)


def difference(shape: Shape, old: Any, new: Any) -> Difference:
    """The fields in which two states of an object differ."""
    changed: set[Path] = set()
    removed: set[Path] = set()
    _compare(shape, old, new, (), changed, removed)
    return Difference(changed=frozenset(changed), removed=frozenset(removed))


def _compare(
    shape: Shape, old: Any, new: Any, path: Path, changed: set[Path], removed: set[Path]
) -> None:
    if old is new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and shape.granular:
        for name in old.keys() | new.keys():
            part, place = shape.field(name), (*path, f"f:{name}")
            if part is not None:
                _compare_part(part, old, new, name, place, changed, removed)
    elif isinstance(old, list) and isinstance(new, list) and shape.keys is not None:
        was, now = items_of(shape, old), items_of(shape, new)
        for key in was.keys() | now.keys():
            _compare_part(shape.item(), was, now, key, (*path, key), changed, removed)
    elif old != new:
        changed.add(path)


def _compare_part(
    shape: Shape,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    key: str,
    path: Path,
    changed: set[Path],
    removed: set[Path],
) -> None:
    if key not in old:
        _collect(shape, new[key], path, changed, containers=True)
    elif key not in new:
        _collect(shape, old[key], path, removed, containers=True)
    else:
        _compare(shape, old[key], new[key], path, changed, removed)


def items_of(shape: Shape, values: Iterable[Any]) -> dict[str, Any]:
    """The items of a keyed list by their path elements."""
    return {element(shape, v): v for v in values}


def with_parents(shape: Shape, fields: FieldSet) -> FieldSet:
    """The fields and the declared fields that they lie in.

    Items of lists and freely chosen keys are not among the parents: whoever owns only a part of
    an item does not own the item.
    """
    found = set(fields)
    for path in fields:
        _add_parents(shape, path, found)
    return frozenset(found)


def _add_parents(shape: Shape, path: Path, found: set[Path]) -> None:
    place = shape
    for length, part in enumerate(path, 1):
        if not part.startswith("f:"):
            place = place.item()
            continue
        name = part[2:]
        if place.declares(name):
            found.add(path[:length])
        following = place.field(name)
        if following is None:
            return
        place = following


def to_fields_v1(fields: FieldSet) -> dict[str, Any]:
    """The nested form of managedFields."""
    root: dict[str, Any] = {}
    for path in sorted(fields):
        node = root
        for part in path:
            node = node.setdefault(part, {})
        node["."] = {}
    return {key: _trim(node) for key, node in root.items()}


def _trim(node: dict[str, Any]) -> dict[str, Any]:
    """A leaf is written as {}, only a field with others below it as {".": {}}."""
    if node.keys() == {"."}:
        return {}
    return {key: below_ if key == "." else _trim(below_) for key, below_ in node.items()}


def from_fields_v1(tree: Mapping[str, Any]) -> FieldSet:
    """The set that the nested form stands for."""
    found: set[Path] = set()
    _read(tree, (), found)
    return frozenset(found)


def _read(tree: Mapping[str, Any], path: Path, found: set[Path]) -> None:
    for key, node in tree.items():
        if key == ".":
            found.add(path)
        elif node:
            _read(node, (*path, key), found)
        else:
            found.add((*path, key))


def dotted(path: Path) -> str:
    """The path as messages show it: .spec.containers[name="app"].image."""
    text = ""
    for part in path:
        kind, _, rest = part.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            keys: dict[str, Any] = json.loads(rest)
            text += f"[{','.join(f'{k}={json.dumps(v)}' for k, v in keys.items())}]"
        else:
            text += f"[={rest}]"
    return text
