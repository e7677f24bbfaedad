"""Pieces of Envoy's routes that several providers' objects become. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burgee.playground.dataplane.xds import Config

SET, ADD = "OVERWRITE_IF_EXISTS_OR_ADD", "APPEND_IF_EXISTS_OR_ADD"
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A cluster of a route.

    Attributes:
        cluster: its name.
        weight: in relation to those of the route's other clusters.
        changes: of headers, for requests and answers that go this way.
    """

    cluster: str
    weight: int
    changes: Config = field(default_factory=dict[str, Any])


def split(shares: Iterable[Share], *, otherwise: int = 503, **more: Any) -> Config:
    """The action of a route: requests go to clusters by weight.

    Args:
        shares: one without weight gets nothing.
        otherwise: the status of all answers where no cluster has a weight.
        more: further fields of the action.
    """
    weighted = [
        {"name": share.cluster, "weight": share.weight, **share.changes}
        for share in shares
        if share.weight > 0
    ]
    if not weighted:
        return respond(otherwise)
    return {"route": {"weighted_clusters": {"clusters": weighted}, **more}}


def respond(status: int) -> Config:
    """The action of a route that leads nowhere."""
    return {"direct_response": {"status": status}}


def copied(cluster: str, percent: float) -> Config:
    """A mirror policy: so many of the requests are sent there as well."""
    return {
        "cluster": cluster,
        "runtime_fraction": {
            "default_value": {"numerator": round(percent * 10_000), "denominator": "MILLION"}
        },
    }


def header_changes(
    side: str,
    *,
    set_: Mapping[str, str] | None = None,
    add: Mapping[str, str] | None = None,
    remove: Sequence[str] = (),
) -> Config:
    """Changes of headers, for a route or for one of its clusters.

    Args:
        side: `request` or `response`.
        set_: replace what is there.
        add: are appended to it.
        remove: are taken away.
    """
    found: Config = {}
    added = [
        {"header": {"key": key, "value": value}, "append_action": action}
        for changes, action in ((set_, SET), (add, ADD))
        for key, value in (changes or {}).items()
    ]
    if added:
        found[f"{side}_headers_to_add"] = added
    if remove:
        found[f"{side}_headers_to_remove"] = list(remove)
    return found


def duration(text: str) -> str:
    """A Go duration such as 1m30s, in the seconds that protobuf's JSON wants."""
    parts = re.findall(r"([0-9.]+)(ms|us|ns|h|m|s)", text)
    return f"{sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts):.9f}s"
