"""Strategic merge patch: what kubectl sends for the built-in kinds.

Lists that are keyed merge item by item, by the first of their keys; all others are replaced.
Directives: `$patch`, `$deleteFromPrimitiveList/x`, `$setElementOrder/x`, `$retainKeys`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from burgee.playground.kinds.apierror import bad_request
from burgee.playground.kinds.shapes import Shape

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
            before = target.get(field) if isinstance(target, dict) else None
            if isinstance(result.get(field), list):
                result[field] = _ordered(_below(shape, field), result[field], part, before)
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
        live: list[Any] = result.get(name) or []
        found = _merged_list(place, live, part)
        result[name] = _ordered(place, found, part, live) if place.keys else found
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
    """Items of the patch, and those that it does not name."""
    if not shape.keys:
        return [*target, *(v for v in patch if v not in target)]
    key = shape.keys[0]
    live = [] if any(_replaces(p) for p in patch) else list(target)
    named: list[Any] = []
    for item in patch:
        if _replaces(item):
            continue
        if not isinstance(item, dict) or key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        place = next((i for i, v in enumerate(live) if v.get(key) == item[key]), None)
        known: Any = {} if place is None else live.pop(place)
        if item.get(_PATCH) != "delete":
            named.append(strategic_patch(shape.item(), known, item))
    return named + live


def _replaces(item: Any) -> bool:
    return isinstance(item, dict) and item == {_PATCH: "replace"}


def _ordered(
    shape: Shape, values: Sequence[Any], order: Sequence[Any], live: Sequence[Any] | None
) -> list[Any]:
    """The items that an order names, in that order; the others where they stood before them."""
    wanted = {_key(shape, v): place for place, v in enumerate(order)}
    places = {_key(shape, v): place for place, v in enumerate(live or ())}
    named = sorted(
        (v for v in values if _key(shape, v) in wanted), key=lambda v: wanted[_key(shape, v)]
    )
    others = [v for v in values if _key(shape, v) not in wanted]
    result: list[Any] = []
    for item in named:
        place = places.get(_key(shape, item), -1)
        while others and places.get(_key(shape, others[0]), place) < place:
            result.append(others.pop(0))
        result.append(item)
    return result + others


def _key(shape: Shape, value: Any) -> Any:
    if isinstance(value, Mapping) and shape.keys:
        return value.get(shape.keys[0])
    return value if isinstance(value, (str, int, float)) else str(value)
