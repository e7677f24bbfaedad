"""What a data plane is to the rest of the playground, and what moves one.

objects in the store ──▶ Dialect.translate ──▶ Plan ──▶ Proxy
                                (pure)                    │ takes it, or does not
status of the objects ◀── Dialect.report ◀────────────────┘
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.dataplane.objects import Endpoints, Objects
from burgee.playground.dataplane.steering import RouteChange, Rules
from burgee.playground.kinds.resources import Resource


class Refused(Exception):
    """An object asks for something that the translation does not know; the text says what."""


NOT_UNDERSTOOD = (Refused, KeyError, TypeError, ValueError, AttributeError)
"""What a translation raises for an object: no schema demands its fields, as a CRD's would."""


def refusal_of(error: Exception) -> str:
    """The reason for a person."""
    if isinstance(error, Refused):
        return str(error)
    return f"it is malformed: {type(error).__name__} {error}"


class DataPlane(Protocol):
    """What clients send their requests to, programmed from the objects in the cluster.

    Attributes:
        url: where clients send to; the Host header says which service they mean.
        description: for a person.
    """

    url: str
    description: str

    def start(self) -> None:
        """Come up; returns when requests are taken."""
        ...

    def close(self) -> None:
        """Stop."""
        ...

    def history(self) -> list[RouteChange]:
        """Every change of the rules since the start, oldest first."""
        ...

    def uses(self, endpoint: Endpoint) -> bool:
        """Whether new requests may still be sent to an endpoint."""
        ...

    def is_caught_up(self) -> bool:
        """Whether requests go by what is in the cluster now, so that a change has its effect."""
        ...

    def refusals(self) -> Mapping[str, str]:
        """Why objects (kind namespace/name) are not served, now."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a control plane makes of one object.

    Attributes:
        subject: the object as it was read.
        refusal: why it is not served; empty where it is.
        details: what the dialect's report has to know besides.
    """

    subject: Manifest
    refusal: str = ""
    details: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a proxy should serve.

    Attributes:
        endpoints: behind each port of each Service.
        config: the routes, in the proxy's own words.
        rules: what they mean for a release.
        verdicts: on the objects that have a status to report in.
    """

    endpoints: Endpoints
    config: Any
    rules: Rules
    verdicts: Sequence[Verdict] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How a provider's objects are understood.

    Attributes:
        kinds: of its objects; a change of one may change the plan.
        translate: a pure function from objects to what a proxy should serve.
        report: the status of an object that was read, as the provider's own controller writes
            it; None where there is nothing to say.
        silent: kinds that burgee writes and that mean nothing here.
    """

    kinds: Sequence[Resource]
    translate: Callable[[Objects], Plan]
    report: Callable[[Verdict, datetime], Manifest | None] = lambda _verdict, _now: None
    silent: Sequence[Resource] = field(default=())


class Proxy(Protocol):
    """A program that serves plans.

    Attributes:
        url: of its listener, once it is up.
        description: for a person.
    """

    url: str
    description: str

    def start(self) -> None:
        """Come up, with nothing to serve."""
        ...

    def close(self) -> None:
        """Stop."""
        ...

    def serve(self, plan: Plan) -> None:
        """Ask for a plan to be served; it may take a moment."""
        ...

    def serves(self, plan: Plan) -> bool:
        """Whether it shows that requests go by this plan now."""
        ...

    def uses(self, endpoint: Endpoint) -> bool:
        """Whether it still sends new requests to an endpoint."""
        ...
