"""What a traffic provider is to the engine: a function from weights to route objects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol, runtime_checkable

from burgee.api.canary import Canary
from burgee.api.guards import OWN_PREFIX
from burgee.api.manifest import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """Shares of the traffic in percent; together they are 100.

    Attributes:
        primary: what the primary gets.
        canary: what the canary gets.
        mirrored: requests to the primary are copied to the canary besides.
    """

    primary: int = 100
    canary: int = 0
    mirrored: bool = False

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        if min(self.primary, self.canary) < 0 or self.primary + self.canary != 100:
            raise ValueError(f"weights {self.primary}/{self.canary} are no shares of 100")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookies:
    """The cookies of session affinity as `name=value`; empty for none.

    Attributes:
        canary: keeps a client on the canary during this run.
        primary: keeps a client on the primary for one interval.
        previous: the canary's of the run before; clients are told to forget it.
    """

    canary: str = ""
    primary: str = ""
    previous: str = ""


NO_COOKIES: Final = Cookies()

OWNER_ANNOTATION: Final = f"{OWN_PREFIX}owner"
"""namespace/name of the Canary, on objects that it cannot own and that burgee deletes with it."""

HOLDER_ANNOTATION: Final = f"{OWN_PREFIX}canary"
"""namespace/name of the Canary, on a user's object of which it alone sets fields."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a provider can do.

    Attributes:
        weights: shares of the traffic.
        by_replicas: shares of the traffic by numbers of pods, where a target has such a number.
        matching: A/B tests by request attributes.
        mirroring: copies of requests to the canary.
        mirror_weight: copies of a share of the requests.
        session_affinity: cookies that keep a client on the canary.
        primary_cookie: cookies that keep a client on the primary.
        before_primary: its objects have to be there before the primary's pods are created.
        honours: what of `spec.service` reaches the route objects, by the names of its fields.
        first_only: what of these is a list of which only the first entry counts; of a condition,
            its prefix.
    """

    weights: bool = False
    by_replicas: bool = False
    matching: bool = False
    mirroring: bool = False
    mirror_weight: bool = False
    session_affinity: bool = False
    primary_cookie: bool = False
    before_primary: bool = False
    honours: frozenset[str] = frozenset()
    first_only: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class RelatedKind:
    """A kind of route objects, as a customize rule names it."""

    api_version: str
    resource: str
    kind: str


class Role(Enum):
    """What burgee does with an object of a provider.

    CHILD objects are returned to Metacontroller. APPLIED ones burgee writes itself, under its own
    field manager, because the Canary cannot own them: they are the user's, or belong to the
    whole cluster. WEIGHED ones are the user's as well, and get nothing but weights: lists of
    theirs are applied, as they are observed otherwise. READ ones are only looked at.
    """

    CHILD = auto()
    APPLIED = auto()
    WEIGHED = auto()
    READ = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """The objects of one kind that belong to a Canary.

    Attributes:
        kind: of all of them.
        names: of the objects; empty where `labels` tells them.
        namespace: None for the Canary's own, empty for objects of the whole cluster.
        role: what is done with them.
        labels: the objects with all of these labels, where names are not known beforehand.
    """

    kind: RelatedKind
    names: tuple[str, ...] = ()
    namespace: str | None = None
    role: Role = Role.CHILD
    labels: Mapping[str, str] = field(default_factory=dict)


class ServiceNames(Protocol):
    """The names that a router needs; targets.naming.Names has them."""

    @property
    def target(self) -> str:
        """The object that the user changes."""
        ...

    @property
    def apex(self) -> str:
        """The Service that clients use."""
        ...

    @property
    def primary(self) -> str:
        """The Service in front of the primary workload."""
        ...

    @property
    def canary(self) -> str:
        """The Service in front of the target."""
        ...

    @property
    def selector_key(self) -> str:
        """Key of the label that Services carry their own name under."""
        ...

    @property
    def selector_value(self) -> str:
        """What the canary Service selects by that key."""
        ...

    @property
    def primary_label_value(self) -> str:
        """What the primary Service selects by that key."""
        ...


@dataclass(frozen=True, slots=True)
class Aim:
    """What a route has to do.

    Attributes:
        canary: says everything but the weights.
        names: names of the Services.
        weights: always given, never read back from an object.
        apex_service: the observed apex Service; its unmanaged metadata follows to the route.
        cookies: of session affinity; only providers that are capable of it look at them.
        originals: observed objects of the user that the route objects are made from.
    """

    canary: Canary
    names: ServiceNames
    weights: Weights
    apex_service: Manifest | None = None
    cookies: Cookies = NO_COOKIES
    originals: Sequence[Manifest] = ()


class Router(Protocol):
    """One traffic provider; every method is a pure function."""

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        ...

    def kinds(self) -> tuple[RelatedKind, ...]:
        """The kinds of its route objects."""
        ...

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """The names of a Canary's route objects; they depend on its spec alone."""
        ...

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The route objects for the given weights, the one that carries them last.

        Raises:
            InvalidCanary: the spec cannot be expressed.
        """
        ...

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed route sends exactly these shares to exactly these backends."""
        ...

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The largest share that the observed route gives the canary, copies included.

        None where there is no route object, or none that names one of the two backends: then
        nothing is known about where traffic goes.
        """
        ...


@runtime_checkable
class Releasing(Protocol):
    """A provider that sets fields of the user's objects, and takes them away again."""

    def release(self, canary: Canary, originals: Sequence[Manifest]) -> tuple[Manifest, ...]:
        """Merge patches, with their object's identity, for a Canary that goes.

        Args:
            canary: as it is being deleted.
            originals: observed objects of the user.
        """
        ...


@runtime_checkable
class Advising(Protocol):
    """A provider that does not do all of what it is asked for in the way that is meant."""

    def advice(self, canary: Canary) -> Iterator[str]:
        """What it does otherwise, each with the field."""
        ...
