"""What an nginx serves: hosts, their paths, and who of the requests is sent aside. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from burgee.playground.dataplane.endpoints import ServicePort


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """Where requests go instead, and which: the canary annotations of ingress-nginx.

    A header decides first, then a cookie, then chance.

    Attributes:
        port: where they go.
        weight: of `weight_total`, for those whom neither header nor cookie decides about.
        weight_total: what all weights add up to.
        header: whose value decides; with neither of the next two it is `always` or `never`.
        header_value: that it has to have.
        header_pattern: that its value has to contain.
        cookie: whose value is `always` or `never`.
    """

    port: ServicePort
    weight: int = 0
    weight_total: int = 100
    header: str = ""
    header_value: str = ""
    header_pattern: str = ""
    cookie: str = ""

    @property
    def percent(self) -> float:
        """The weight as percent, two digits after the point, as nginx takes it."""
        return round(min(100.0, 100 * self.weight / self.weight_total), 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A path of a host.

    Attributes:
        path: as nginx has it.
        exact: whether nothing may follow.
        shown: the path as the Ingress has it, for metrics.
        ingress: the Ingress, for metrics.
        port: where requests go.
        alternative: where some of them go instead.
        mirror: where copies of all of them go.
        mirror_host: the host that copies are sent with.
    """

    path: str
    exact: bool
    shown: str
    ingress: str
    port: ServicePort
    alternative: Alternative | None = None
    mirror: ServicePort | None = None
    mirror_host: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A host; empty for requests to any other."""

    host: str
    locations: Sequence[Location]
