"""What Envoy's routes mean for a release: who is sent where, and whose requests are copied. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burgee.playground.dataplane.xds import Config

_MILLION_TO_PERCENT = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One route of a virtual host.

    Attributes:
        matching: the names of headers and parameters that it looks at; none for everybody.
        weights: percent by Service.
        mirrored: percent of the requests that are copied, by Service.
    """

    matching: tuple[str, ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict[str, int])
    mirrored: Mapping[str, float] = field(default_factory=dict[str, float])


def rules_of(virtual_hosts: Sequence[Config]) -> dict[str, tuple[Rule, ...]]:
    """The rules of each virtual host that a VirtualService made, in their order."""
    found = {
        host["name"]: tuple(_rule(route) for route in host["routes"] if _clusters(route))
        for host in virtual_hosts
    }
    return {name: rules for name, rules in found.items() if rules}


def _rule(route: Config) -> Rule:
    match: Config = route.get("match") or {}
    conditions: list[Config] = [*match.get("headers", ()), *match.get("query_parameters", ())]
    mirrors: list[Config] = route["route"].get("request_mirror_policies", [])
    return Rule(
        matching=tuple(str(condition["name"]).lower() for condition in conditions),
        weights={_service(c["name"]): c["weight"] for c in _clusters(route)},
        mirrored={
            _service(mirror["cluster"]): mirror["runtime_fraction"]["default_value"]["numerator"]
            / _MILLION_TO_PERCENT
            for mirror in mirrors
        },
    )


def _clusters(route: Config) -> list[Any]:
    split: list[Any] = route.get("route", {}).get("weighted_clusters", {}).get("clusters", [])
    return split


def _service(cluster: str) -> str:
    """Clusters are named {namespace}_{service}_{port}."""
    return cluster.split("_")[1]
