"""What an observed route does with requests, in a form that is the same for all providers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from burgee.routers.base import ServiceNames


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A backend of a rule; weights count in relation to those of the rule's other backends."""

    backend: str
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Requests that match go to backends by weight, and copies of some to others.

    Attributes:
        match: who the rule is for, in the provider's own words; only compared.
        shares: backends that get requests; those with weight 0 are left out.
        copies: backends that get copies, with the percentage of requests.
    """

    match: Any = None
    shares: tuple[Share, ...] = ()
    copies: tuple[Share, ...] = ()


def rule(
    weights: Iterable[tuple[str, float]],
    *,
    copies: Iterable[tuple[str, float]] = (),
    match: Any = None,
) -> Rule:
    """A rule from pairs of backend and weight."""
    return Rule(match=match, shares=_shares(weights), copies=_shares(copies))


def _shares(pairs: Iterable[tuple[str, float]]) -> tuple[Share, ...]:
    return tuple(Share(backend=backend, weight=weight) for backend, weight in pairs if weight > 0)


def canary_share(
    rules: Sequence[Rule], names: ServiceNames, *, primary: str = "", canary: str = ""
) -> int | None:
    """The canary's largest share of any rule in percent, copies included.

    None where no rule names one of the two backends.

    Args:
        rules: of the observed route.
        names: the Services, which most providers name as backends.
        primary: the primary backend where it is called otherwise.
        canary: the canary backend where it is called otherwise.
    """
    primary, canary = primary or names.primary, canary or names.canary
    seen: list[float] = []
    known = False
    for found in rules:
        total = sum(share.weight for share in found.shares)
        for share in found.shares:
            known = known or share.backend in {primary, canary}
            if share.backend == canary:
                seen.append(100 * share.weight / total)
        for share in found.copies:
            if share.backend == canary:
                known = True
                seen.append(share.weight)
    return ceil(max(seen, default=0)) if known else None
