"""The merge of server-side apply: values in, values taken out, item by item."""

from collections.abc import Mapping
from typing import Any

from burgee.playground.kinds.shapes import Shape
from burgee.playground.merging.fields import FieldSet, below, element, items_of


def merged(shape: Shape, live: Any, config: Any) -> Any:
    """The live value with everything that the configuration says."""
    if isinstance(live, dict) and isinstance(config, dict) and shape.granular:
        result = dict(live)
        for name, part in config.items():
            place = below(shape, name, ())
            result[name] = merged(place, live[name], part) if name in live else part
        return result
    if isinstance(live, list) and isinstance(config, list) and shape.keys is not None:
        return _merged_list(shape, live, config)
    return config


def _merged_list(shape: Shape, live: list[Any], config: list[Any]) -> list[Any]:
    """Items of the configuration in its order, those that are only live where they stood.

    Live items go before what they preceded, and before items that are new.
    """
    was, wanted = items_of(shape, live), items_of(shape, config)
    order = list(was)
    places = {key: place for place, key in enumerate(order)}
    result: list[Any] = []
    done: set[str] = set()
    cursor = 0
    for key, item in wanted.items():
        place = places.get(key, -1)
        if place >= cursor:
            passed, cursor = order[cursor:place], place + 1
        else:
            end = cursor
            while end < len(order) and (order[end] not in wanted or order[end] in done):
                end += 1
            passed, cursor = order[cursor:end], end
        result += [was[k] for k in passed if k not in wanted]
        result.append(merged(shape.item(), was[key], item) if key in was else item)
        done.add(key)
    return result + [was[k] for k in order[cursor:] if k not in wanted]


def without(shape: Shape, value: Any, fields: FieldSet) -> Any:
    """The value without some fields, each taken out with everything below it."""
    tree: dict[str, Any] = {}
    for path in fields:
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node["."] = {}
    return _taken(shape, value, tree)


def _taken(shape: Shape, value: Any, tree: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        result: dict[str, Any] = {}
        for name, part in value.items():
            node = tree.get(f"f:{name}")
            if node is None:
                result[name] = part
            elif "." not in node:
                place = shape.field(name)
                result[name] = part if place is None else _taken(place, part, node)
        return result
    if isinstance(value, list) and shape.keys is not None:
        kept: list[Any] = []
        for item in value:
            node = tree.get(element(shape, item))
            if node is None:
                kept.append(item)
            elif "." not in node:
                # What tells an item apart stays as long as the item does.
                below_keys = {k: v for k, v in node.items() if k[2:] not in (shape.keys or ())}
                kept.append(_taken(shape.item(), item, below_keys))
        return kept
    return value
