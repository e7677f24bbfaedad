"""Routes of others that ask for the same requests, and what a provider makes of the two.

Most data planes serve both as long as they differ somewhere, and take one of them where they do
not. Which one that is shows in no status, or only after the second was written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, controller_of, metadata, name_of
from burgee.routers.base import RelatedKind

REMEDY: Final = "or name that route in spec.routeRef"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clash:
    """A route that asks for requests which the Canary's route asks for as well.

    Attributes:
        other: it.
        ours_first: the Canary's route comes first where the data plane has to choose.
        certain: whoever comes second gets none of the requests that are meant; False where it
            loses a part of them, or nobody can tell.
        field: of the Canary, which says what both ask for.
        text: what the data plane does.
        remedy: what else can be done than to let one of the two ask for something else.
    """

    other: Manifest
    ours_first: bool
    certain: bool
    field: str
    text: str
    remedy: str = ""

    @property
    def words(self) -> str:
        """The whole of it, for a person."""
        owner = controller_of(self.other)
        whose = f" (of the {owner.get('kind')} {owner.get('name')})" if owner else ""
        return f"{self.field}: {self.other['kind']} {name_of(self.other)}{whose} {self.text}"


class Clashes(Protocol):
    """Finds routes of others that ask for the same."""

    def __call__(
        self, canary: Canary, wanted: Manifest, mine: Manifest | None, others: Sequence[Manifest]
    ) -> Iterator[Clash]:
        """Look at each of the others.

        Args:
            canary: whose fields are named.
            wanted: the route that the Canary is to have.
            mine: the same as it is observed, None where it is not there yet.
            others: all routes of the kind in the namespace.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Rivalry:
    """How routes of one kind ask for the same requests.

    Attributes:
        kind: of these routes.
        claim: what a route asks for, in a form to compare; weights have no part in it. None for a
            route that asks for nothing by itself.
        clashes: finds the others.
    """

    kind: RelatedKind
    claim: Callable[[Manifest], object]
    clashes: Clashes


@runtime_checkable
class Contested(Protocol):
    """A provider whose routes may ask for the same requests as those of others."""

    def rivalry(self) -> Rivalry:
        """How they do."""
        ...


def comes_first(mine: Manifest | None, other: Manifest) -> bool:
    """True where the Canary's route is the older one; of two of one second, the first by name."""
    return mine is not None and _age(mine) < _age(other)


def without(others: Sequence[Manifest], name: str) -> Iterator[Manifest]:
    """All but the one of that name, and those that are being deleted."""
    for other in others:
        if name_of(other) != name and not metadata(other).get("deletionTimestamp"):
            yield other


def _age(route: Manifest) -> tuple[str, str]:
    return str(metadata(route).get("creationTimestamp", "")), name_of(route)
