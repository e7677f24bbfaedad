"""Istio: VirtualServices program Envoy, as istiod does for the proxies of a mesh. Pure."""

from collections.abc import Sequence

from burgee.api.manifest import Manifest
from burgee.playground.dataplane import virtual_service
from burgee.playground.dataplane.envoy_rules import rules_of
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.plane import Dialect, Plan
from burgee.playground.kinds.resources import Resource

_ISTIO = "networking.istio.io"
VIRTUAL_SERVICE = Resource(
    group=_ISTIO,
    version="v1beta1",
    plural="virtualservices",
    kind="VirtualService",
    short_names=("vs",),
    generation=True,
)
DESTINATION_RULE = Resource(
    group=_ISTIO,
    version="v1beta1",
    plural="destinationrules",
    kind="DestinationRule",
    short_names=("dr",),
    generation=True,
)


def plan(objects: Objects) -> Plan:
    """What Envoy should serve for these objects.

    A Service that no VirtualService speaks for is reached by its own name. A single
    VirtualService answers for every other host as well, so that a bare `curl` reaches it.
    """
    endpoints = objects.endpoints()
    routes: Sequence[Manifest] = objects.of(VIRTUAL_SERVICE.kind)
    hosts = [virtual_service.virtual_host(route, endpoints) for route in routes]
    if len(hosts) == 1 and "*" not in hosts[0]["domains"]:
        hosts[0]["domains"].append("*")
    taken = {domain for host in hosts for domain in host["domains"]}
    firsts = {(port.namespace, port.service): port for port in sorted(endpoints, reverse=True)}
    for port in sorted(firsts.values()):
        host = virtual_service.plain_host(port)
        host["domains"] = [name for name in host["domains"] if name not in taken]
        if host["domains"]:
            hosts.append(host)
    return Plan(endpoints=endpoints, config=hosts, rules=rules_of(hosts))


ISTIO = Dialect(kinds=(VIRTUAL_SERVICE,), translate=plan, silent=(DESTINATION_RULE,))
