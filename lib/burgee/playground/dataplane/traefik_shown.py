"""What Traefik's own API shows of its routers and services. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.dataplane.steering import percents
from burgee.playground.dataplane.traefik_routes import Named, Routers

_PROVIDER = "kubernetescrd"
_ALL = 100.0
Shown = Mapping[str, Any]


def routers(shown: Sequence[Shown], services: Sequence[Shown]) -> Routers:
    """The routers that Traefik made of objects in the cluster, and where their requests end."""
    known = _by_name(services)
    return {
        (router["rule"], int(router["priority"])): _ends(router["service"], known)
        for router in shown
        if router.get("provider") == _PROVIDER and router.get("status") == "enabled"
    }


def servers(services: Sequence[Shown]) -> list[tuple[str, set[Endpoint]]]:
    """The name of each load balancer's Service, and where it sends requests."""
    return [
        (
            _balancer(service),
            {
                Endpoint(address=address, port=int(port))
                for server in service["loadBalancer"].get("servers") or []
                for address, _, port in [str(server["url"]).rpartition("//")[2].partition(":")]
            },
        )
        for service in _by_name(services).values()
        if service.get("loadBalancer")
    ]


def _by_name(services: Sequence[Shown]) -> dict[str, Shown]:
    return {
        _bare(service["name"]): service
        for service in services
        if service.get("provider") == _PROVIDER
    }


def _bare(name: str) -> str:
    return name.partition("@")[0]


def _ends(name: str, known: Mapping[str, Shown]) -> Named:
    """Requests and copies of a service, by load balancer."""
    service = known.get(_bare(name))
    match service:
        case None:
            return {}, {}
        case {"weighted": {"services": list(children)}}:
            totals = percents(
                {_bare(c["name"]): 1 if c.get("weight") is None else c["weight"] for c in children}
            )
            weights: dict[str, float] = {}
            for child, share in totals.items():
                for end, part in _ends(child, known)[0].items():
                    weights[end] = round(weights.get(end, 0) + share * part / _ALL, 2)
            return weights, {}
        case {"mirroring": mirroring}:
            copies = {
                _bare(mirror["name"]): float(mirror.get("percent") or 0)
                for mirror in mirroring.get("mirrors") or []
            }
            main, _ = _ends(mirroring["service"], known)
            return main, {name: share for name, share in copies.items() if share}
        case _:
            return {_balancer(service): _ALL}, {}


def _balancer(service: Shown) -> str:
    """The Service's name and port; a route to a single Service has a balancer of its own name."""
    about = service.get("observability", {}).get("metadata", {}).get("kubernetes")
    if not about:
        return _bare(service["name"])
    return f"{about['namespace']}-{about['name']}-{about['port']}"
