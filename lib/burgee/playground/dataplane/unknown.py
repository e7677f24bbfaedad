"""Refusing what a translation does not know, rather than guess what it would do. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from burgee.playground.dataplane.plane import Refused


def only(given: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Demand that an object has no other fields than these.

    Args:
        given: a part of the object.
        known: the names of its fields that are translated.
        where: the path of the part, for the person who wrote it.

    Raises:
        Refused: a field is unknown; one that is empty or false does not count.
    """
    for name, value in given.items():
        if value not in (None, False, "", [], {}) and name not in known:
            raise Refused(f"{where}.{name} is not known to the playground")
