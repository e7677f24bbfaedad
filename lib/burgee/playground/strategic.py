"""Strategic merge patch: what kubectl sends for the built-in kinds.

Lists that are keyed merge item by item, by the first of their keys; all others are replaced.
Directives: `$patch`, `$deleteFromPrimitiveList/x`, `$setElementOrder/x`, `$retainKeys`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from burgee.playground.apierror import bad_request
from burgee.playground.shapes import Shape

_PATCH, _RETAIN = "$patch", "$retainKeys"
_DELETE, _ORDER = "$deleteFromPrimitiveList/", "$setElementOrder/"


def strategic_patch(shape: Shape, target: Any, patch: Any) -> Any:
    """The target after the patch; neither is changed.

    Raises:
        ApiError: 400 for a directive that is none, or an item without its key.
    """
    if not isinstance(patch, dict):
        return patch
    mode = patch.get(_PATCH)
    if mode == "replace":
        return _plain({k: v for k, v in patch.items() if k != _PATCH})
    if mode == "delete":
        return {}
    if mode not in {None, "merge"}:
        raise bad_request(f"unknown patch type: {mode}")
    result = dict(target) if isinstance(target, dict) else {}
    retain: Sequence[str] | None = patch.get(_RETAIN)
    if retain is not None:
        result = {k: v for k, v in result.items() if k in retain}
    for name, part in patch.items():
        if not name.startswith("$"):
            _merge_field(shape, result, name, part)
    for name, part in patch.items():
        if name.startswith(_DELETE):
            field = name.removeprefix(_DELETE)
            result[field] = [v for v in result.get(field) or [] if v not in part]
        elif name.startswith(_ORDER):
            field = name.removeprefix(_ORDER)
            if isinstance(result.get(field), list):
                result[field] = _ordered(_below(shape, field), result[field], part)
    return result


def _below(shape: Shape, name: str) -> Shape:
    return shape.field(name) or shape


def _merge_field(shape: Shape, result: dict[str, Any], name: str, part: Any) -> None:
    place = _below(shape, name)
    if part is None:
        result.pop(name, None)
    elif isinstance(part, dict):
        result[name] = strategic_patch(place, result.get(name), part)
    elif isinstance(part, list) and place.keys is not None:
        result[name] = _merged_list(place, result.get(name) or [], part)
    else:
        result[name] = _plain(part)


def _plain(value: Any) -> Any:
    """A value that is put in whole: without nulls and directives."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None and not k.startswith("$")}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def _merged_list(shape: Shape, target: Sequence[Any], patch: Sequence[Any]) -> list[Any]:
    if not shape.keys:
        return [*target, *(v for v in patch if v not in target)]
    key = shape.keys[0]
    items = [p for p in patch if not (isinstance(p, dict) and p.keys() == {_PATCH})]
    replace = len(items) < len(patch) and any(
        isinstance(p, dict) and p.keys() == {_PATCH} and p[_PATCH] == "replace" for p in patch
    )
    result = [] if replace else list(target)
    for item in items:
        if not isinstance(item, dict) or key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        place = next((i for i, v in enumerate(result) if v.get(key) == item[key]), None)
        if item.get(_PATCH) == "delete":
            if place is not None:
                del result[place]
        elif place is None:
            result.append(strategic_patch(shape.item(), {}, item))
        else:
            result[place] = strategic_patch(shape.item(), result[place], item)
    return result


def _ordered(shape: Shape, values: Sequence[Any], order: Sequence[Any]) -> list[Any]:
    """The items that the order names, in its order; after them those that it does not know."""
    wanted = [_key(shape, v) for v in order]
    known = {key: place for place, key in enumerate(wanted)}
    return sorted(values, key=lambda v: known.get(_key(shape, v), len(known)))


def _key(shape: Shape, value: Any) -> Any:
    if isinstance(value, Mapping) and shape.keys:
        return value.get(shape.keys[0])
    return value if isinstance(value, (str, int, float)) else str(value)
