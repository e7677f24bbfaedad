"""What Gloo says of a RouteTable or an Upstream. Source: gloo, api/v1/core, Status.

A controller says it for itself, so that there may be several; older ones say it directly. None says
about which generation, so that this explains, and decides nothing.
"""

from collections.abc import Iterator
from typing import Final

from burgee.api.manifest import Manifest

GROUP: Final = "gloo.solo.io"
GATEWAY_GROUP: Final = "gateway.solo.io"

# A state is a word, or its number.
_BAD: Final = frozenset({"Rejected", "Warning", 2, 3})


def said_of(found: Manifest) -> str:
    """The reasons of whoever rejects it or warns of it, empty for nobody."""
    return "; ".join(dict.fromkeys(_reasons(found)))


def _reasons(found: Manifest) -> Iterator[str]:
    status: Manifest = found.get("status") or {}
    several: Manifest = status.get("statuses") or {}
    for said in (status, *several.values()):
        if isinstance(said, dict) and said.get("state") in _BAD:
            yield str(said.get("reason") or said.get("state"))
