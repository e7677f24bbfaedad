"""Hosts and gateways of a VirtualService, and what Istio's own admission says to them.

Source: flagger pkg/router/istio.go; istio, pkg/config/validation, ValidateVirtualService.
"""

from collections.abc import Sequence

from burgee.api.canary import Canary, Service
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.base import ServiceNames
from burgee.routers.istio.rules import MESH_GATEWAY, is_tcp

ANY_HOST = "*"


def hosts_and_gateways(canary: Canary, names: ServiceNames) -> Manifest:
    """The part of the spec that says where the rules hold.

    Raises:
        InvalidCanary: Istio would not admit it.
    """
    service = canary.spec.service
    if service.delegation:
        _check_delegation(canary)
        return {"hosts": []}
    hosts, gateways = list(service.hosts), list(service.gateways) or [MESH_GATEWAY]
    if ANY_HOST in hosts and MESH_GATEWAY in gateways:
        raise InvalidCanary(
            "InvalidHosts",
            f"spec.service.hosts has {ANY_HOST}, which needs spec.service.gateways without "
            f"{MESH_GATEWAY}: inside the mesh every host is named",
        )
    if names.apex not in hosts and ANY_HOST not in hosts:
        hosts.append(names.apex)
    _check_twice(hosts)
    return {"hosts": hosts, "gateways": gateways}


def _check_delegation(canary: Canary) -> None:
    service: Service = canary.spec.service
    if service.hosts or service.gateways:
        raise InvalidCanary(
            "DelegationConflict",
            "spec.service.delegation leaves hosts and gateways to the delegating VirtualService, "
            "so spec.service.hosts and spec.service.gateways must be empty",
        )
    if is_tcp(canary):
        raise InvalidCanary(
            "DelegationConflict",
            "spec.service.delegation goes with HTTP only, and spec.service.appProtocol is "
            f"{service.app_protocol}",
        )


def _check_twice(hosts: Sequence[str]) -> None:
    """Refuses a host that another one covers: Istio takes them for duplicates."""
    for index, host in enumerate(hosts):
        for other in hosts[:index]:
            if _covers(host, other) or _covers(other, host):
                raise InvalidCanary(
                    "InvalidHosts",
                    f"spec.service.hosts: {other} and {host} are the same for Istio",
                )


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith(ANY_HOST):
        return host.endswith(pattern.removeprefix(ANY_HOST))
    return pattern == host
