"""JSON patch (RFC 6902)."""

from collections.abc import Sequence
from typing import Any

from burgee.playground.kinds.apierror import ApiError, bad_request
from burgee.playground.kinds.lifecycle import clone


def json_patch(target: Any, operations: Sequence[Any]) -> Any:
    """The target after all operations. Works on the target itself.

    Raises:
        ApiError: 400 for something that is no operation, 422 for one that can't be done.
    """
    for operation in operations:
        if not isinstance(operation, dict) or "op" not in operation or "path" not in operation:
            raise bad_request("a JSON patch is a list of operations with op and path")
        target = _done(target, operation)
    return target


def _done(target: Any, operation: dict[str, Any]) -> Any:
    path = _parts(str(operation["path"]))
    match operation["op"]:
        case "add":
            return _added(target, path, _value(operation))
        case "remove":
            return _removed(target, path)
        case "replace":
            _found(target, path)
            return _replaced(target, path, _value(operation))
        case "test":
            if _found(target, path) != operation.get("value"):
                raise _impossible(f"testing value {operation['path']} failed")
            return target
        case "copy":
            source = _found(target, _parts(str(operation.get("from", ""))))
            return _added(target, path, clone(source))
        case "move":
            origin = _parts(str(operation.get("from", "")))
            moved = _found(target, origin)
            return _added(_removed(target, origin), path, moved)
        case other:
            raise bad_request(f"unknown operation {other!r} in a JSON patch")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise bad_request(f"operation {operation['op']} needs a value")
    return clone(operation["value"])


def _impossible(why: str) -> ApiError:
    message = f"the server rejected our request due to an error in our request: {why}"
    return ApiError(422, "Invalid", message)


def _parts(pointer: str) -> list[str]:
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise bad_request(f"{pointer!r} is no JSON pointer")
    return [t.replace("~1", "/").replace("~0", "~") for t in pointer[1:].split("/")]


def _index(values: list[Any], part: str, *, appending: bool = False) -> int:
    if appending and part == "-":
        return len(values)
    limit = len(values) if appending else len(values) - 1
    if not part.isdecimal() or int(part) > limit:
        raise _impossible(f"no list index {part}")
    return int(part)


def _found(target: Any, path: Sequence[str]) -> Any:
    for part in path:
        if isinstance(target, dict):
            if part not in target:
                raise _impossible(f"missing key {part}")
            target = target[part]
        elif isinstance(target, list):
            target = target[_index(target, part)]
        else:
            raise _impossible(f"nothing below {part}")
    return target


def _added(target: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _found(target, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(_index(parent, last, appending=True), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise _impossible(f"nothing below {last}")
    return target


def _replaced(target: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _found(target, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent[_index(parent, last)] = value
    else:
        parent[last] = value
    return target


def _removed(target: Any, path: Sequence[str]) -> Any:
    if not path:
        return None
    _found(target, path)
    parent, last = _found(target, path[:-1]), path[-1]
    if isinstance(parent, list):
        del parent[_index(parent, last)]
    else:
        del parent[last]
    return target
