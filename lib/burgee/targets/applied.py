"""Fields that burgee sets on an object which is not its own, and whether they are there."""

from typing import Any

from burgee.api.manifest import Manifest


def carries(observed: Manifest, wanted: Manifest) -> bool:
    """True where all of `wanted` is in an observed object; more is allowed.

    Null means that a field must not be there. Lists have as many items, each of which may have
    more fields: servers fill in defaults.
    """
    return _carries(observed, wanted)


def _carries(observed: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        pairs: Manifest = wanted
        found: Manifest = observed if isinstance(observed, dict) else {}
        return all(_carries(found.get(key), value) for key, value in pairs.items())
    if isinstance(wanted, list):
        items: list[Any] = wanted
        seen: list[Any] = observed if isinstance(observed, list) else []
        return len(seen) == len(items) and all(map(_carries, seen, items))
    return bool(observed == wanted)
