"""Services alone: each request goes to a random ready pod of its Service, as kube-proxy does it.

Pure. kube-proxy chooses a pod for each connection; here it is for each request, as for a client
that opens a connection for every one. What this means for a release is told by whose pods stand
behind the Service that clients use.
"""

from collections.abc import Sequence

from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.objects import Endpoints, Objects
from burgee.playground.dataplane.plane import Dialect, Plan
from burgee.playground.dataplane.steering import Rule, percents
from burgee.playground.dataplane.virtual_service import plain_host

_SIDES = ("-primary", "-canary")


def plan(objects: Objects) -> Plan:
    """What Envoy should serve for these Services."""
    endpoints = objects.endpoints()
    firsts = {(port.namespace, port.service): port for port in sorted(endpoints, reverse=True)}
    services = sorted(firsts.values())
    rules = {
        f"{port.namespace}/{port.service}": shared
        for port in services
        if (shared := _rules(port, endpoints, services))
    }
    names = [port.service for port in services]
    hosts = [
        {**host, "domains": [port.service, *host["domains"]]}
        if names.count(port.service) == 1
        else host
        for port, host in ((port, plain_host(port)) for port in services)
    ]
    return Plan(endpoints=endpoints, config=hosts, rules=rules)


def _rules(
    port: ServicePort, endpoints: Endpoints, services: Sequence[ServicePort]
) -> tuple[Rule, ...]:
    """Whose pods stand behind a Service that has a primary and a canary beside it."""
    behind = set(endpoints[port])
    counts = {
        side.service: len(behind & set(endpoints[side]))
        for side in services
        if side.namespace == port.namespace
        and side.service in {port.service + suffix for suffix in _SIDES}
    }
    weights = percents(counts)
    return (Rule(weights=weights, pods=counts),) if weights else ()


KUBERNETES = Dialect(kinds=(), translate=plan)
