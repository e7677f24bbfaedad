"""What each provider can do, beside Flagger, as the tables of the documentation."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from burgee.routers.base import Capabilities
from burgee.routers.flagger import FLAGGER, IN_PART
from burgee.routers.registry import capabilities_by_provider, users_routes

YES, NO, SAME = "yes", "no", "the same"

# The words of the table by the capability; Blue/Green goes everywhere.
_FEATURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "weights": "weights",
        "matching": "A/B",
        "": "Blue/Green",
        "mirroring": "mirror",
        "mirror_weight": "mirrorWeight",
        "session_affinity": "session affinity",
        "primary_cookie": "primary cookie",
    }
)
_USERS_ROUTE: Final = "own route"
_BY_PODS: Final = "by pods"


def provider_table() -> str:
    """A Markdown table, a provider a line, from the providers' own capabilities."""
    rows = [
        (_named(name), *_cells(name, able), _own_route(name))
        for name, able in capabilities_by_provider().items()
    ]
    return _table(("provider", *_FEATURES.values(), _USERS_ROUTE), rows)


def field_table() -> str:
    """A Markdown table, a field of `spec.service` a line: whose routes have it."""
    ours = capabilities_by_provider()
    fields = sorted({field for able in ours.values() for field in able.honours})
    rows: list[tuple[str, ...]] = []
    for field in fields:
        here = _providers(field, ours)
        there = _providers(field, FLAGGER)
        known = _providers(field, {name: able for name, able in ours.items() if name in FLAGGER})
        rows.append((f"`{field}`", here, SAME if there in {here, known} else there or NO))
    return _table(("`spec.service`", "in the routes of", "in Flagger"), rows)


def _cells(name: str, able: Capabilities) -> Iterable[str]:
    theirs = FLAGGER.get(name)
    for feature in _FEATURES:
        has = _has(able, feature)
        had = has if theirs is None else _has(theirs, feature)
        had = IN_PART.get((name, feature), had)
        yield has if has == had else f"{has} (Flagger: {had})"


def _has(able: Capabilities, feature: str) -> str:
    if feature == "weights" and able.by_replicas:
        return _BY_PODS
    return YES if not feature or getattr(able, feature) else NO


def _own_route(name: str) -> str:
    kinds = users_routes(name)
    if not kinds:
        return NO
    return YES if name not in FLAGGER else f"{YES} (Flagger: {NO})"


def _named(name: str) -> str:
    return f"`{name}`" if name in FLAGGER else f"`{name}` (Flagger: none)"


def _providers(field: str, table: Mapping[str, Capabilities]) -> str:
    """Who has a field, and who has only the first entry of it."""
    whole = [f"`{n}`" for n, able in table.items() if field in able.honours - able.first_only]
    first = [f"`{n}`" for n, able in table.items() if field in able.honours & able.first_only]
    parts = [", ".join(whole)] if whole else []
    if first:
        parts.append(f"the first entry alone: {', '.join(first)}")
    return "; ".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join((_line(head), _line(("---",) * len(head)), *map(_line, rows))) + "\n"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
