"""What the definitions of Gateway API let through, said in the words of the Canary.

An API server refuses the whole route otherwise, and only its own error tells why. Source: the
schemas and rules of HTTPRoute and GRPCRoute, gateway-api 1.6.
"""

import re
from collections.abc import Sequence
from typing import Final

from burgee.api.canary import Service
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.gateway.defaults import GROUP

MOST_MATCHES: Final = 64

_HOST: Final = re.compile(
    r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_PATH: Final = re.compile(r"/([-A-Za-z0-9._~!$&'()*+,;=:@/]|%[0-9a-fA-F]{2})*")
_CLIMBING: Final = re.compile(r"//|/\.{1,2}(/|$)|%2[fF]")


def check_parents(service: Service) -> None:
    """Refuses a route without a parent, and one that is not told apart from another.

    Raises:
        InvalidCanary: with the field.
    """
    refs = service.gateway_refs
    if not refs:
        raise InvalidCanary(
            "MissingGateway",
            "spec.service.gatewayRefs must name the Gateway that the route belongs to",
        )
    parents = [
        (
            ref.get("group") or GROUP,
            ref.get("kind") or "Gateway",
            ref.get("namespace"),
            ref["name"],
        )
        for ref in refs
    ]
    sections = [(ref.get("sectionName"), ref.get("port")) for ref in refs]
    for index, ref in enumerate(refs):
        same = [other for other, parent in enumerate(parents) if parent == parents[index]]
        twice = sum(sections[other] == sections[index] for other in same) > 1
        if len(same) > 1 and (twice or sections[index] == (None, None)):
            raise InvalidCanary(
                "InvalidGateway",
                f"spec.service.gatewayRefs[{index}] names {ref['name']} once more, so that "
                "each of them needs a sectionName of its own",
            )


def check_hosts(service: Service) -> None:
    """Refuses a host that is no name of a host.

    Raises:
        InvalidCanary: with the field.
    """
    for index, host in enumerate(service.hosts):
        if not _HOST.fullmatch(host):
            raise InvalidCanary(
                "InvalidHosts",
                f"spec.service.hosts[{index}] {host} is no host name of Gateway API; without "
                "hosts the route takes every host",
            )


def check_path(path: str, where: str) -> None:
    """Refuses a path that is exact or a prefix, and not in its plain form.

    Raises:
        InvalidCanary: with the field.
    """
    if not _PATH.fullmatch(path) or _CLIMBING.search(path):
        raise InvalidCanary(
            "InvalidMatch",
            f"{where} {path} must begin with / and have no empty part, no dots and no encoded "
            "slashes to be expressed by Gateway API",
        )


def check_name(name: str, where: str) -> None:
    """Refuses a header or a query parameter by a name that no definition lets through.

    Raises:
        InvalidCanary: with the field.
    """
    if not _NAME.fullmatch(name):
        raise InvalidCanary(
            "InvalidMatch", f"{where} has characters that no name in Gateway API has"
        )


def check_count(rules: Sequence[Manifest]) -> None:
    """Refuses more conditions than one rule may have.

    Raises:
        InvalidCanary: a test and the general conditions make too many together.
    """
    count = max(len(rule["matches"]) for rule in rules)
    if count > MOST_MATCHES:
        raise InvalidCanary(
            "InvalidMatch",
            f"spec.analysis.match within spec.service.match makes {count} conditions, a rule of "
            f"Gateway API has {MOST_MATCHES} at most",
        )
