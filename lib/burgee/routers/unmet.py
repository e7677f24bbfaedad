"""Conditions in a status that are False for the object as it is now."""

from collections.abc import Collection, Iterable

from burgee.api.manifest import Manifest, metadata


def unmet(conditions: Iterable[Manifest], types: Collection[str], generation: int) -> list[str]:
    """Reason and message of each, in the words of who set it.

    Args:
        conditions: of an object's status.
        types: those that have to be True.
        generation: of the object; what was said of an older one says nothing.
    """
    return [
        _said(condition)
        for condition in conditions
        if condition.get("type") in types
        and condition.get("status") == "False"
        and is_current(condition, generation)
    ]


def is_current(condition: Manifest, generation: int) -> bool:
    """True for a condition that is about this generation, or does not say about which."""
    seen: int | None = condition.get("observedGeneration")
    return seen is None or seen >= generation


def generation_of(found: Manifest) -> int:
    """metadata.generation, 0 where there is none."""
    number: int = metadata(found).get("generation") or 0
    return number


def conditions_of(found: Manifest) -> list[Manifest]:
    """status.conditions, empty where there are none."""
    status: Manifest = found.get("status") or {}
    conditions: list[Manifest] = status.get("conditions") or []
    return conditions


def _said(condition: Manifest) -> str:
    """`Type is False (Reason): message`, without the parts that are missing."""
    reason = f" ({condition['reason']})" if condition.get("reason") else ""
    message = f": {condition['message']}" if condition.get("message") else ""
    return f"{condition['type']} is False{reason}{message}"
