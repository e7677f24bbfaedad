"""What routes mean for a release: who is sent where, and whose requests are copied. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Rules: TypeAlias = Mapping[str, Sequence["Rule"]]
"""The rules of each object that carries routes (namespace/name), in the order they are tried."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One route.

    Attributes:
        matching: the names of headers and parameters that it looks at; none for everybody.
        weights: percent by Service.
        mirrored: percent of the requests that are copied, by Service.
        pods: that may get a request, by Service, where their numbers are what makes the weights.
    """

    matching: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    mirrored: Mapping[str, float] = field(default_factory=dict[str, float])
    pods: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteChange:
    """A moment at which a data plane was seen to steer requests otherwise.

    Attributes:
        asked: `time.monotonic()` before the routes were written.
        served: likewise, once the data plane showed them.
        rules: of each object that carries routes, in their order.
        overtaken: what was asked for since the change before, and may have been served for a
            moment: it was written again before the data plane showed it.
    """

    asked: float
    served: float
    rules: Rules
    overtaken: Sequence[Rules] = ()

    @property
    def weights(self) -> dict[str, Mapping[str, float]]:
        """Percent by Service for those whom no earlier rule takes: the last rule's."""
        return {name: rules[-1].weights for name, rules in self.rules.items()}


def percents(weights: Mapping[str, float]) -> dict[str, float]:
    """Shares of a hundred, from weights that count in relation to each other."""
    total = sum(weights.values())
    return {
        name: round(100 * weight / total, 2)
        for name, weight in weights.items()
        if total and weight
    }
