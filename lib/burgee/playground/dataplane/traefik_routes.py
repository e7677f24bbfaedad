r"""Traefik: what its routers should look like for the objects in the cluster. Pure.

Traefik reads IngressRoutes and TraefikServices itself. This is a second reading of the same
objects: when both say the same, a route is in force.

    IngressRoute ──▶ router (rule, priority) ──▶ Service, or TraefikService ──▶ Services
                                                             weighted, or mirroring

A route to a Service without endpoints is left out, as Traefik does it by itself.
Source: traefik, pkg/provider/kubernetes/crd; names of services are namespace-name-port.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.objects import Endpoints, Objects
from burgee.playground.dataplane.plane import (
    NOT_UNDERSTOOD,
    Dialect,
    Plan,
    Refused,
    Verdict,
    refusal_of,
)
from burgee.playground.dataplane.steering import Rule, percents
from burgee.playground.dataplane.unknown import only
from burgee.playground.kinds.resources import Resource

GROUP = "traefik.io"
_ALL = 100
_HOST = re.compile(r"Host\(`([^`]+)`\)")
_LOOKED_AT = re.compile(r"\b(?:Header|HeaderRegexp|Query|QueryRegexp)\(`([^`]+)`")
_BACKEND_FIELDS = {"name", "namespace", "port", "kind", "weight", "percent"}


def _kind(kind: str, plural: str) -> Resource:
    return Resource(
        group=GROUP, version="v1alpha1", plural=plural, kind=kind, generation=True, custom=True
    )


INGRESS_ROUTE = _kind("IngressRoute", "ingressroutes")
TRAEFIK_SERVICE = _kind("TraefikService", "traefikservices")
OTHERS = (
    _kind("IngressRouteTCP", "ingressroutetcps"),
    _kind("IngressRouteUDP", "ingressrouteudps"),
    _kind("Middleware", "middlewares"),
    _kind("MiddlewareTCP", "middlewaretcps"),
    _kind("ServersTransport", "serverstransports"),
    _kind("ServersTransportTCP", "serverstransporttcps"),
    _kind("TLSOption", "tlsoptions"),
    _kind("TLSStore", "tlsstores"),
)
"""Traefik does not start before it could list these."""


def balancer(port: ServicePort) -> str:
    """What Traefik calls the load balancer of a Service's port."""
    return f"{port.namespace}-{port.service}-{port.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ends:
    """Where the requests of a router end up, in percent."""

    weights: Mapping[ServicePort, float] = field(default_factory=dict[ServicePort, float])
    mirrored: Mapping[ServicePort, float] = field(default_factory=dict[ServicePort, float])

    def named(self) -> "Named":
        """By the names of load balancers."""
        return (
            {balancer(port): share for port, share in self.weights.items()},
            {balancer(port): share for port, share in self.mirrored.items()},
        )

    def rule(self, matching: tuple[str, ...]) -> Rule:
        """For those who have these headers and parameters."""
        return Rule(
            matching=matching,
            weights={port.service: share for port, share in self.weights.items()},
            mirrored={port.service: share for port, share in self.mirrored.items()},
        )


Named: TypeAlias = tuple[Mapping[str, float], Mapping[str, float]]
"""Percent of the requests and of the copies, by the name of a load balancer."""
Routers: TypeAlias = Mapping[tuple[str, int], Named]
"""By rule and priority."""


class _Unserved(Exception):
    """A route leads to a Service without endpoints, or to nothing: Traefik leaves it out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """What routes can lead to.

    Attributes:
        services: TraefikServices by namespace and name.
        endpoints: behind the Services.
    """

    services: Mapping[tuple[str, str], Manifest]
    endpoints: Endpoints

    def routes(self, route: Manifest) -> dict[tuple[str, int], Ends]:
        """The routers of an IngressRoute."""
        only(route["spec"], {"entryPoints", "routes"}, "spec")
        found: dict[tuple[str, int], Ends] = {}
        for number, given in enumerate(route["spec"].get("routes") or []):
            where = f"spec.routes[{number}]"
            only(given, {"kind", "match", "priority", "services"}, where)
            match = str(given["match"])
            priority = int(given.get("priority") or 0) or len(match.encode())
            with contextlib.suppress(_Unserved):
                found[match, priority] = self._split(given.get("services") or [], route, where)
        return found

    def _split(self, backends: Sequence[Manifest], owner: Manifest, where: str) -> Ends:
        """Requests that are split by weight; one backend gets all, and no weight is 1."""
        if len(backends) == 1:
            return self._end(backends[0], owner, where)
        ends = [self._end(backend, owner, where) for backend in backends]
        given = [backend.get("weight") for backend in backends]
        shares = percents({str(n): 1 if w is None else w for n, w in enumerate(given)})
        weights: dict[ServicePort, float] = {}
        for number, share in shares.items():
            inner = ends[int(number)]
            if inner.mirrored:
                raise Refused(f"{where}: copies of a part of the requests are not known here")
            for port, part in inner.weights.items():
                weights[port] = round(weights.get(port, 0) + share * part / _ALL, 2)
        return Ends(weights=weights)

    def _end(self, backend: Manifest, owner: Manifest, where: str) -> Ends:
        only(backend, _BACKEND_FIELDS, f"{where}.services")
        namespace = str(backend.get("namespace") or namespace_of(owner))
        name = str(backend["name"])
        if backend.get("kind") in {None, "Service"}:
            return Ends(weights={self._port(namespace, name, backend["port"]): float(_ALL)})
        if backend["kind"] != TRAEFIK_SERVICE.kind:
            raise Refused(f"{where}: {backend['kind']} is not known to the playground")
        found = self.services.get((namespace, name))
        if found is None:
            raise _Unserved
        spec: Manifest = found["spec"]
        at = f"TraefikService {namespace}/{name}"
        only(spec, {"weighted", "mirroring"}, at)
        if spec.get("weighted"):
            only(spec["weighted"], {"services"}, f"{at} weighted")
            return self._split(spec["weighted"].get("services") or [], found, at)
        return self._mirrored(spec["mirroring"], found, at)

    def _mirrored(self, mirroring: Manifest, owner: Manifest, where: str) -> Ends:
        only(mirroring, {*_BACKEND_FIELDS, "mirrors"}, f"{where} mirroring")
        main = {key: value for key, value in mirroring.items() if key != "mirrors"}
        copies: dict[ServicePort, float] = {}
        for mirror in mirroring.get("mirrors") or []:
            end = self._end(mirror, owner, where)
            if len(end.weights) != 1:
                raise Refused(f"{where}: copies go to one Service")
            copies |= {port: float(mirror.get("percent") or 0) for port in end.weights}
        shares = {port: share for port, share in copies.items() if share}
        return Ends(weights=self._end(main, owner, where).weights, mirrored=shares)

    def _port(self, namespace: str, name: str, port: object) -> ServicePort:
        if not str(port).isdecimal():
            raise Refused(f"the port {port} of {name} has a name, which is not known here")
        made = ServicePort(namespace=namespace, service=name, port=int(str(port)))
        if not self.endpoints.get(made):
            raise _Unserved
        return made


def plan(objects: Objects) -> Plan:
    """What Traefik should come to for these objects."""
    endpoints = objects.endpoints()
    services = {(namespace_of(s), name_of(s)): s for s in objects.of(TRAEFIK_SERVICE.kind)}
    reading = _Reading(services=services, endpoints=endpoints)
    routers: dict[tuple[str, int], Named] = {}
    hosts: dict[str, list[tuple[int, Rule]]] = {}
    verdicts: list[Verdict] = []
    for route in objects.of(INGRESS_ROUTE.kind):
        try:
            found = reading.routes(route)
        except NOT_UNDERSTOOD as error:
            verdicts.append(Verdict(subject=route, refusal=refusal_of(error)))
            continue
        for (match, priority), ends in found.items():
            routers[match, priority] = ends.named()
            host = _HOST.search(match)
            if host and ends.weights:
                matching = tuple(name.lower() for name in _LOOKED_AT.findall(match))
                key = f"{namespace_of(route)}/{host[1]}"
                hosts.setdefault(key, []).append((priority, ends.rule(matching)))
    return Plan(
        endpoints=endpoints,
        config=routers,
        rules={
            key: tuple(rule for _, rule in sorted(found, key=lambda pair: -pair[0]))
            for key, found in hosts.items()
        },
        verdicts=verdicts,
    )


TRAEFIK = Dialect(kinds=(INGRESS_ROUTE, TRAEFIK_SERVICE), translate=plan, silent=OTHERS)
